"""What a form says of answers: what is shown, what is computed, what is missing or looks wrong."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from services.reporting.forms.rules import expressions
from services.reporting.forms.rules.context import Context, FormatDate
from services.reporting.forms.rules.evaluation import evaluate, is_hidden, work_out
from services.reporting.forms.rules.form import Form, Severity, Validation, mapping, path_of
from services.reporting.forms.rules.layout import Component, Layout, Place, lookup
from services.reporting.forms.rules.lookups import written_out
from services.reporting.forms.rules.values import ExpressionFailed, Json, to_boolean

ROWS_MAX = 200
"""Rows of one group where the form sets no lower bound (`maxCount`)."""

Answers = Mapping[str, Json]


class Shown(StrEnum):
    """Whether a component is shown; undecided while an answer is missing that it depends on."""

    VISIBLE = "visible"
    HIDDEN = "hidden"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say of the answers.

    Attributes:
        pointer: JSON pointer to the answer.
        place: the component that takes it, and its rows; None where there is none.
        message: a sentence in the language that was asked for, or English for faults of a value.
    """

    code: str
    severity: Severity
    pointer: str
    message: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """Answers as the form sees them.

    Attributes:
        answers: with what is computed.
        shown: of every component, row by row, in the order of the form.
        required: the places whose answer must be given.
    """

    answers: Answers
    shown: Mapping[Place, Shown]
    required: frozenset[Place]
    findings: Sequence[Finding]

    @property
    def blocks(self) -> bool:
        """Whether the answers cannot be handed in as they are."""
        return any(finding.severity == Severity.ERROR for finding in self.findings)


def judge(form: Form, answers: Answers, *, language: str, format_date: FormatDate) -> Judged:
    """Judge answers that fit the schema; numbers in them are exact.

    Args:
        language: of the messages: `nb`, `nn` or `en`.
    """
    crowded = list(_crowded(form.layout, answers))
    if crowded:
        return Judged(answers, {}, frozenset(), crowded)
    context = form.context(answers, language=language, format_date=format_date)
    findings: list[Finding] = []
    context = _computed(form, context, findings)
    shown = {
        place: _shown(place, context, findings) for place in form.layout.places(_answers(context))
    }
    required = frozenset(_required(shown, context, findings))
    findings += _of_presence(shown, required, context)
    findings += _of_rules(form, shown, context)
    return Judged(_answers(context), shown, required, findings)


def pointer_of(layout: Layout, place: Place) -> str:
    """Return the JSON pointer to the answer that a component takes."""
    path = path_of(layout.components[place.component_id]) or ""
    rows = dict(layout.row_paths(place))
    steps, here = [], []
    for name in path.split("."):
        here.append(name)
        steps.append(name)
        row = rows.get(".".join(here))
        if row is not None:
            steps.append(str(row))
    return "".join(f"/{step}" for step in steps)


def answer_at(layout: Layout, answers: Answers, place: Place) -> Json:
    """Return the answer that a component takes; None where there is none."""
    path = path_of(layout.components[place.component_id])
    return None if path is None else lookup(answers, path, layout.row_paths(place))


def _crowded(layout: Layout, answers: Answers) -> Iterator[Finding]:
    """Name groups with more rows than they may have, before any row is looked at."""
    for component in layout.components.values():
        if not component.repeats or component.parents:
            continue
        held = lookup(answers, component.bindings["group"].path, [])
        most = component.settings.get("maxCount", ROWS_MAX)
        bound = most if isinstance(most, int) else ROWS_MAX
        if isinstance(held, list) and len(held) > bound:
            place = Place(component.component_id)
            message = f"at most {bound} rows, got {len(held)}"
            pointer = pointer_of(layout, place)
            yield Finding("rows-too-many", Severity.ERROR, pointer, message, place)


def _computed(form: Form, context: Context, findings: list[Finding]) -> Context:
    """Work out what the form computes, each after what it is computed from."""
    layout = form.layout
    computing = {
        one.component_id: one.settings["calculation"]
        for one in layout.components.values()
        if one.settings.get("calculation") is not None
    }
    id_of = {path_of(layout.components[component_id]): component_id for component_id in computing}
    reads = {
        component_id: {id_of[path] for path in expressions.paths_read(written) if path in id_of}
        | (expressions.components_read(written) & computing.keys())
        for component_id, written in computing.items()
    }
    for component_id in expressions.in_order(reads):
        for place in list(layout.places(_answers(context))):
            if place.component_id == component_id:
                context = _compute(place, computing[component_id], context, findings)
    return context


def _compute(place: Place, expression: Json, context: Context, findings: list[Finding]) -> Context:
    layout, answers = context.layout, _answers(context)
    value = _tried(expression, place, context, findings, evaluate)
    given = answer_at(layout, answers, place)
    if given is not None and value is not None and given != value:
        message = f"this is computed and comes out as {value}, got {given}"
        pointer = pointer_of(layout, place)
        findings.append(Finding("answer-computed", Severity.ERROR, pointer, message, place))
    steps = pointer_of(layout, place).split("/")[1:]
    return replace(context, models={"default": put_at(answers, steps, value)})


def held_at(answers: Json, steps: Sequence[str]) -> Json:
    """Return what stands in a place, by the steps of its pointer; None where nothing does."""
    for step in steps:
        if isinstance(answers, Mapping):
            answers = answers.get(step)
        elif isinstance(answers, list) and step.isdigit() and int(step) < len(answers):
            answers = answers[int(step)]
        else:
            return None
    return answers


def put_at(held: Json, steps: Sequence[str], value: Json) -> Any:
    """Return data with a value put in its place; what was given is not changed."""
    if not steps:
        return value
    first, *rest = steps
    if isinstance(held, list):
        number = int(first)
        return [*held[:number], put_at(held[number], rest, value), *held[number + 1 :]]
    fields = dict(held) if isinstance(held, Mapping) else {}
    below = put_at(fields.get(first), rest, value)
    return {name: each for name, each in {**fields, first: below}.items() if each is not None}


def _shown(place: Place, context: Context, findings: list[Finding]) -> Shown:
    outcome = _tried(None, place, context, findings, lambda _, there: is_hidden(place, there))
    if outcome is None or not outcome.value:
        decided = outcome is None or outcome.is_decided
        return Shown.VISIBLE if decided else Shown.UNDECIDED
    return Shown.HIDDEN if outcome.is_decided else Shown.UNDECIDED


def _required(
    shown: Mapping[Place, Shown], context: Context, findings: list[Finding]
) -> Iterator[Place]:
    for place, state in shown.items():
        condition = context.layout.components[place.component_id].settings.get("required")
        if state is Shown.VISIBLE and condition is not None:
            outcome = _tried(condition, place, context, findings, work_out)
            if outcome is not None and outcome.is_decided and to_boolean(outcome.value):
                yield place


def _of_presence(
    shown: Mapping[Place, Shown], required: frozenset[Place], context: Context
) -> Iterator[Finding]:
    layout, answers = context.layout, _answers(context)
    for place, state in shown.items():
        given = answer_at(layout, answers, place)
        pointer = pointer_of(layout, place)
        if state is Shown.HIDDEN and not _is_empty(given):
            above = _around(layout, place)
            if any(
                shown[each] is Shown.HIDDEN and path_of(layout.components[each.component_id])
                for each in above
            ):
                continue  # said once, of the list of rows that it stands in
            message = "this is not asked with these answers, so it must not be answered"
            yield Finding("answer-hidden", Severity.ERROR, pointer, message, place)
        elif place in required and _is_empty(given):
            message = "this must be answered"
            yield Finding("answer-missing", Severity.ERROR, pointer, message, place)


def _around(layout: Layout, place: Place) -> list[Place]:
    """Return the places that a place stands in."""
    parents = (layout.components[one] for one in layout.components[place.component_id].parents)
    return [
        Place(parent.component_id, place.rows[: len(layout.groups_around(parent))])
        for parent in parents
    ]


def _of_rules(form: Form, shown: Mapping[Place, Shown], context: Context) -> Iterator[Finding]:
    by_path: dict[str, list[Validation]] = {}
    for rule in form.validations:
        by_path.setdefault(rule.path, []).append(rule)
    for place, state in shown.items():
        component = form.layout.components[place.component_id]
        for rule in by_path.get(path_of(component) or "", ()) if state is Shown.VISIBLE else ():
            failed: list[Finding] = []
            there = replace(context, arguments=(rule.path,))
            outcome = _tried(rule.condition, place, there, failed, work_out)
            yield from failed
            if outcome is not None and outcome.is_decided and to_boolean(outcome.value):
                message = written_out(rule.message, replace(context, place=place))
                pointer = pointer_of(form.layout, place)
                yield Finding(rule.message, rule.severity, pointer, message, place)


def _tried(
    expression: Json,
    place: Place,
    context: Context,
    findings: list[Finding],
    work: Callable[[Json, Context], Any],
) -> Any:
    """Work something out; what fails because of the answers becomes a finding."""
    try:
        return work(expression, replace(context, place=place))
    except ExpressionFailed as error:
        pointer = pointer_of(context.layout, place)
        found = Finding(error.code, Severity.ERROR, pointer, error.message, place)
        if found not in findings:
            findings.append(found)
        return None


def _answers(context: Context) -> Answers:
    return mapping(context.model())


def _is_empty(answer: Json) -> bool:
    return answer is None or answer == "" or answer == []


def title_key(component: Component) -> str | None:
    """Return the key of a component's title; None where it has none."""
    key = mapping(component.settings.get("textResourceBindings")).get("title")
    return None if key is None else str(key)
