"""A form with answers, as its page shows it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from services.reporting.forms.rules.components import CHOICES, HOLDERS, SUMMARY
from services.reporting.forms.rules.context import Context
from services.reporting.forms.rules.form import Form, Severity, mapping, path_of
from services.reporting.forms.rules.judging import (
    ROWS_MAX,
    Finding,
    Judged,
    Shown,
    answer_at,
    pointer_of,
)
from services.reporting.forms.rules.layout import Component, Place
from services.reporting.forms.rules.lookups import written_out
from services.reporting.forms.rules.schema import Kind, kinds_of
from services.reporting.forms.rules.values import Json, written

_DECIMAL_MARKS = {"nb": ",", "nn": ",", "en": "."}


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be chosen."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Fault:
    """A finding at its field; `message` is the form's own sentence, where it has one."""

    code: str
    severity: Severity
    message: str
    is_number: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One component with its answer.

    Attributes:
        html_id: unique on the page.
        name: the JSON pointer of the answer, under which the browser posts it.
        rows: of a repeating group: the items of each row.
        items: of a group: what stands in it.
        is_full: no row can be added any more.
    """

    type: str
    html_id: str
    name: str
    title: str
    help: str
    value: str
    choices: Sequence[Choice]
    is_required: bool
    is_read_only: bool
    is_number: bool
    faults: Sequence[Fault]
    rows: Sequence[Sequence["Item"]] = ()
    items: Sequence["Item"] = ()
    is_full: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """All that is shown: the pages with their items, and where there are faults."""

    pages: Sequence[Sequence[Item]]
    faulty: Sequence[Item]


def draw(form: Form, judged: Judged, context: Context, *, with_faults: bool) -> Drawing:
    """Return what is shown.

    Args:
        context: of the judged answers, in the reader's language.
        with_faults: whether findings are told; at the first look nobody has done anything wrong.
    """
    drawer = _Drawer(form, judged, context, with_faults=with_faults)
    tops = [one for one in form.layout.components.values() if not one.parents]
    pages = [
        [item for one in tops if one.page == page for item in drawer.items(one, ())]
        for page in form.layout.pages
    ]
    return Drawing(
        [items for items in pages if items],
        [item for items in pages for item in _flat(items) if item.faults],
    )


class _Drawer:
    def __init__(self, form: Form, judged: Judged, context: Context, *, with_faults: bool) -> None:
        self._form = form
        self._judged = judged
        self._context = context
        self._kinds = kinds_of(form.schema)
        self._faults: dict[str, list[Finding]] = {}
        for finding in judged.findings if with_faults else ():
            self._faults.setdefault(finding.pointer, []).append(finding)

    def items(self, component: Component, rows: tuple[int, ...]) -> Iterator[Item]:
        """Yield a component's item, unless it is hidden."""
        place = Place(component.component_id, rows)
        hidden = self._judged.shown.get(place, Shown.VISIBLE) is Shown.HIDDEN
        if hidden or component.type == SUMMARY:
            return
        item = self._item(component, place)
        if component.repeats:
            held = answer_at(self._form.layout, self._judged.answers, place)
            count = len(held) if isinstance(held, list) else 0
            item = replace(
                item,
                rows=[self._below(component, (*rows, row)) for row in range(count)],
                is_full=count >= _most(component),
            )
        elif component.type in HOLDERS:
            item = replace(item, items=self._below(component, rows))
        yield item

    def _below(self, component: Component, rows: tuple[int, ...]) -> list[Item]:
        children = [self._form.layout.components[child] for child in component.children]
        return [item for child in children for item in self.items(child, rows)]

    def _item(self, component: Component, place: Place) -> Item:
        answer = answer_at(self._form.layout, self._judged.answers, place)
        pointer = pointer_of(self._form.layout, place) if path_of(component) else ""
        is_number = self._kinds.get(path_of(component) or "") is Kind.NUMBER
        return Item(
            type=component.type,
            html_id="-".join([component.component_id, *map(str, place.rows)]),
            name=pointer,
            title=self._text(component, "title", place),
            help=self._text(component, "description", place),
            value=self._written(answer),
            choices=list(self._choices(component, answer, place)),
            is_required=place in self._judged.required,
            is_read_only=component.settings.get("calculation") is not None
            or component.settings.get("readOnly") is True,
            is_number=is_number,
            faults=[
                Fault(finding.code, finding.severity, finding.message, is_number)
                for finding in self._faults.get(pointer, ())
                if pointer
            ],
        )

    def _text(self, component: Component, name: str, place: Place) -> str:
        key = mapping(component.settings.get("textResourceBindings")).get(name)
        if key is None:
            return ""
        return written_out(str(key), replace(self._context, place=place))

    def _choices(self, component: Component, answer: Json, place: Place) -> Iterator[Choice]:
        if component.type not in CHOICES:
            return
        given = self._written(answer)
        chosen = given.split(",") if component.type == "Checkboxes" else [given]
        for value, label in component.options:
            text = written_out(label, replace(self._context, place=place))
            yield Choice(value, text, value in chosen)

    def _written(self, answer: Json) -> str:
        if isinstance(answer, bool):
            return "true" if answer else "false"
        if isinstance(answer, int | Decimal):
            mark = _DECIMAL_MARKS[self._context.language]
            return written(Decimal(answer)).replace(".", mark)
        return answer if isinstance(answer, str) else ""


def _most(component: Component) -> int:
    most = component.settings.get("maxCount", ROWS_MAX)
    return most if isinstance(most, int) else ROWS_MAX


def _flat(items: Sequence[Item]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from _flat(item.items)
        for row in item.rows:
            yield from _flat(row)
