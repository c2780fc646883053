"""The layout of a form: pages with components, some of them in groups that repeat by row.

The names are those of Altinn 3's components (https://docs.altinn.studio), so that a form that was
made there can be read here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from services.reporting.forms.rules.values import ExpressionFailed, Json

REPEATING = "RepeatingGroup"
DEFAULT_MODEL = "default"

_SEGMENT = re.compile(r"([^.\[\]]+)(?:\[(\d+)\])?\Z")


@dataclass(frozen=True, slots=True)
class Binding:
    """Where a value stands in the answers: a path such as `goals.value`, and in which model."""

    path: str
    model: str = DEFAULT_MODEL


@dataclass(frozen=True, slots=True)
class Component:
    """One component of a page.

    Attributes:
        type: Altinn's name of the kind, such as `Input` or `RepeatingGroup`.
        page: the page that it stands on.
        bindings: what it shows or takes, by the name of the binding (`simpleBinding`, `group`, …).
        parents: the components that it stands in, the outermost first.
        children: the ids of what stands in it.
        hidden: when it is not shown: an expression or a yes or no.
        hidden_row: of a repeating group, when a row is not shown.
        options: value and label of what can be chosen.
        settings: what else the layout says of it.
    """

    component_id: str
    type: str
    page: str
    bindings: Mapping[str, Binding] = field(default_factory=dict)
    parents: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    hidden: Json = False
    hidden_row: Json = False
    options: Sequence[tuple[str, str]] = ()
    settings: Mapping[str, Json] = field(default_factory=dict)

    @property
    def repeats(self) -> bool:
        """Whether it is a group with a row for each element of a list.

        Older layouts have a `Group` with a `maxCount` above 1 for it.
        """
        most = self.settings.get("maxCount")
        return self.type == REPEATING or (isinstance(most, int) and most > 1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression is worked out: a component, and the row of each group around it."""

    component_id: str
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """All pages of a form.

    Attributes:
        components: by id; ids are unique over all pages.
        pages: when each page is hidden, in their order.
    """

    components: Mapping[str, Component]
    pages: Mapping[str, Json]

    @classmethod
    def read(cls, pages: Mapping[str, Mapping[str, Json]]) -> "Layout":
        """Read pages as Altinn writes them: `{"page": {"data": {"layout": [...]}}}`."""
        components: dict[str, Component] = {}
        hidden: dict[str, Json] = {}
        for page, content in pages.items():
            body = _mapping(content.get("data"))
            hidden[page] = body.get("hidden", False)
            written = [_mapping(one) for one in _sequence(body.get("layout"))]
            parent_of = {
                str(child).rpartition(":")[2]: str(one["id"])
                for one in written
                for child in _sequence(one.get("children"))
            }
            for one in written:
                component = _component(one, page, parent_of)
                components[component.component_id] = component
        return cls(components, hidden)

    def component(self, component_id: str) -> Component:
        """Return a component.

        Raises:
            ExpressionFailed: there is none of that id.
        """
        found = self.components.get(component_id)
        if found is None:
            raise ExpressionFailed(f"Unable to find component with identifier {component_id}")
        return found

    def groups_around(self, component: Component) -> list[Component]:
        """Return the repeating groups that a component stands in, the outermost first."""
        parents = (self.components[parent] for parent in component.parents)
        return [parent for parent in parents if parent.repeats]

    def row_paths(self, place: Place | None) -> list[tuple[str, int]]:
        """Return the list that each row of a place is an element of, and which one it is."""
        if place is None or place.component_id not in self.components:
            return []
        groups = self.groups_around(self.components[place.component_id])
        return [
            (group.bindings["group"].path, row)
            for group, row in zip(groups, place.rows, strict=False)
            if "group" in group.bindings
        ]

    def reach(self, target: Component, place: Place | None) -> Place:
        """Return where a component is met from a place: in the rows that both stand in.

        Raises:
            ExpressionFailed: it stands in rows that the place says nothing of.
        """
        known = self.row_paths(place)
        rows = []
        for group, (path, row) in zip(self.groups_around(target), [*known, ("", -1)], strict=False):
            if group.bindings["group"].path == path:
                rows.append(row)
        if len(rows) < len(self.groups_around(target)):
            raise ExpressionFailed(
                f"Unable to find component with identifier {target.component_id}: "
                "it stands in a group with rows, and none of them is meant here"
            )
        return Place(target.component_id, tuple(rows))

    def places(self, data: Mapping[str, Json]) -> Iterator[Place]:
        """Yield every component of the form as it is filled in, row by row."""
        for component in self.components.values():
            if not component.parents:
                yield from self._below(component, (), data)

    def _below(
        self, component: Component, rows: tuple[int, ...], data: Mapping[str, Json]
    ) -> Iterator[Place]:
        yield Place(component.component_id, rows)
        children = [self.components[child] for child in component.children]
        if not component.repeats:
            for child in children:
                yield from self._below(child, rows, data)
            return
        here = Place(component.component_id, rows)
        held = lookup(data, component.bindings["group"].path, self.row_paths(here))
        for row in range(len(held) if isinstance(held, list) else 0):
            for child in children:
                yield from self._below(child, (*rows, row), data)


def lookup(data: Json, path: str, rows: Sequence[tuple[str, int]]) -> Json:
    """Return what stands at a path, in the rows of a place; None where nothing does.

    Args:
        data: one model of the answers.
        path: names joined by dots, with `[0]` where a certain row is meant.
        rows: the list that each row is an element of, and which one it is. After a row that the
            path names itself they mean nothing any more.
    """
    row_of = dict(rows)
    here, held = [], data
    segments = path.split(".")
    for number, segment in enumerate(segments):
        found = _SEGMENT.match(segment)
        if found is None or not isinstance(held, Mapping):
            return None
        name, index = found.groups()
        here.append(name)
        held = held.get(name)
        if index is not None:
            row_of = {}
            held = _element(held, int(index))
        elif isinstance(held, list) and number < len(segments) - 1:
            held = _element(held, row_of.get(".".join(here), -1))
    return held


def _element(held: Json, index: int) -> Json:
    return held[index] if isinstance(held, list) and 0 <= index < len(held) else None


def _component(written: Mapping[str, Json], page: str, parent_of: Mapping[str, str]) -> Component:
    component_id = str(written["id"])
    parents: list[str] = []
    above = parent_of.get(component_id)
    while above is not None:
        parents.insert(0, above)
        above = parent_of.get(above)
    known = {"id", "type", "dataModelBindings", "children", "hidden", "hiddenRow", "options"}
    return Component(
        component_id=component_id,
        type=str(written["type"]),
        page=page,
        bindings={
            name: _binding(binding)
            for name, binding in _mapping(written.get("dataModelBindings")).items()
        },
        parents=tuple(parents),
        children=tuple(
            str(child).rpartition(":")[2] for child in _sequence(written.get("children"))
        ),
        hidden=written.get("hidden", False),
        hidden_row=written.get("hiddenRow", False),
        options=[
            (str(_mapping(option)["value"]), str(_mapping(option)["label"]))
            for option in _sequence(written.get("options"))
        ],
        settings={name: value for name, value in written.items() if name not in known},
    )


def _binding(written: Json) -> Binding:
    if isinstance(written, Mapping):
        return Binding(str(written["field"]), str(written["dataType"]))
    return Binding(str(written))


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list) else []
