"""A form as it is published: schema, layout, validations, options and texts.

The parts have Altinn's names, so that a form that was made there can be read here. Two things are
ours: a component may have a `calculation`, an expression that gives its answer, and the texts are
plain maps by language.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.reporting.forms.rules.context import Context, FormatDate, Text
from services.reporting.forms.rules.layout import Component, Layout, Place
from services.reporting.forms.rules.values import Json

LANGUAGES = ("nb", "nn", "en")


class Severity(StrEnum):
    """How much a finding weighs: an error blocks, a warning asks for an explanation."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Validation:
    """A rule about one answer.

    Attributes:
        path: of the answer; `["argv", 0]` stands for it in the condition.
        condition: an expression that is true when there is something to say.
        message: the key of the text that says it.
    """

    path: str
    condition: Json
    message: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Form:
    """One version of a form.

    Attributes:
        valid_for: which programme it is for.
        names: by language.
        schema: JSON Schema of the answers.
        texts: by language and key.
        options: value and key of the label, by the id of a list.
        definition: all of it, as it was written.
    """

    form_id: str
    report_kind: str
    valid_for: Mapping[str, str]
    names: Mapping[str, str]
    schema: Mapping[str, Json]
    layout: Layout
    validations: Sequence[Validation]
    texts: Mapping[str, Mapping[str, Text]]
    options: Mapping[str, Sequence[tuple[str, str]]]
    definition: Mapping[str, Json]

    def context(
        self,
        answers: Mapping[str, Json],
        *,
        language: str,
        format_date: FormatDate,
        place: Place | None = None,
    ) -> Context:
        """Return what expressions of the form look at."""
        return Context(
            models={"default": answers},
            format_date=format_date,
            layout=self.layout,
            place=place,
            language=language,
            texts=self.texts[language],
            options=self.options,
        )

    def bound_to(self, path: str) -> Component | None:
        """Return the component that takes the answer at a path."""
        return next((one for one in self.layout.components.values() if path_of(one) == path), None)


def path_of(component: Component) -> str | None:
    """Return where a component's answer stands, or the list that a group has a row for each of."""
    for name in ("simpleBinding", "group"):
        if name in component.bindings:
            return component.bindings[name].path
    return None


def read_form(definition: Mapping[str, Json]) -> Form:
    """Read a definition in which `checking.faults` finds nothing."""
    options = {
        list_id: [_option(mapping(one)) for one in sequence(listed)]
        for list_id, listed in mapping(definition.get("options")).items()
    }
    pages = {
        str(page["page"]): {
            "data": {
                "hidden": page.get("hidden", False),
                "layout": [
                    _with_options(mapping(one), options) for one in sequence(page["layout"])
                ],
            }
        }
        for page in map(mapping, sequence(definition["pages"]))
    }
    return Form(
        form_id=str(definition["form_id"]),
        report_kind=str(definition["report_kind"]),
        valid_for={k: str(v) for k, v in mapping(definition.get("valid_for")).items()},
        names={k: str(v) for k, v in mapping(definition["names"]).items()},
        schema=mapping(definition["schema"]),
        layout=Layout.read(pages),
        validations=list(_validations(mapping(definition.get("validations")))),
        texts={
            language: {
                key: Text(str(text))
                for key, text in mapping(mapping(definition["texts"]).get(language)).items()
            }
            for language in LANGUAGES
        },
        options=options,
        definition=definition,
    )


def _option(written: Mapping[str, Json]) -> tuple[str, str]:
    return str(written["value"]), str(written["label"])


def _with_options(
    component: Mapping[str, Json], options: Mapping[str, Sequence[tuple[str, str]]]
) -> Mapping[str, Json]:
    listed = options.get(str(component.get("optionsId")))
    if listed is None:
        return component
    return {**component, "options": [{"value": value, "label": label} for value, label in listed]}


def _validations(written: Mapping[str, Json]) -> Iterator[Validation]:
    for path, rules in written.items():
        for rule in map(mapping, sequence(rules)):
            yield Validation(
                path=path,
                condition=rule["condition"],
                message=str(rule["message"]),
                severity=Severity(str(rule.get("severity", "error"))),
            )


def mapping(value: Json) -> Mapping[str, Json]:
    """Return a JSON object; an empty one where there is something else."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Json) -> Sequence[Json]:
    """Return a JSON array; an empty one where there is something else."""
    return value if isinstance(value, list) else []
