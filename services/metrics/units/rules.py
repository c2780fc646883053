"""Which units are withheld so that nobody can find a small cell by subtraction.

A municipality less its published units is a cell like any other. Where it stands for too few
persons, or for an unknown number while a unit is withheld, another unit is withheld too, the
smallest that suffices; so it is where what it has beside a single withheld unit is too little. In a
span of several periods a unit is withheld when it is so in one of them
(docs/decisions/0031-small-cells-and-subtraction.md).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from services.metrics.series.rules.figures import PostedWindow

Span = tuple[int, int]
"""The first and the last month, counted from year 0."""

MUNICIPALITY = ""
"""The name of the whole among the units."""


class Held(NamedTuple):
    """A figure in force of a unit or of the municipality, or one that must stay secret though it is
    in force no more.

    Attributes:
        unit: its name; `MUNICIPALITY` for the whole.
        definition_key: by which definition.
        window: a `PostedWindow`'s number.
        span: the months that it is about.
        persons: head count behind it, where known.
        is_small: it is withheld by itself.
        was_shown: it has been published already.
    """

    unit: str
    definition_key: str
    window: int
    span: Span
    persons: int | None
    is_small: bool
    was_shown: bool


class _Cell(NamedTuple):
    """What a unit, or the municipality, has over a span, by whatever definition.

    Attributes:
        own: its figures for just that span; where there are none, those within it.
        figures: all of these.
    """

    own: Sequence[Held]
    figures: Sequence[Held]

    @property
    def persons(self) -> int | None:
        """The smallest head count; None where one is unknown."""
        counts = [held.persons for held in self.own]
        known = [count for count in counts if count is not None]
        return min(known) if len(known) == len(counts) else None

    @property
    def is_small(self) -> bool:
        """Whether any of it is withheld by itself."""
        return any(held.is_small for held in self.figures)

    @property
    def was_shown(self) -> bool:
        """Whether any of it has been published already."""
        return any(held.was_shown for held in self.figures)


def span_of(last_month: int, months: int, window: int) -> Span:
    """Return the months that a figure is about."""
    if window == PostedWindow.YEAR_TO_DATE:
        return last_month - last_month % 12, last_month
    if window == PostedWindow.ROLLING_12:
        return last_month - 11, last_month
    return last_month - months + 1, last_month


def withheld_beside(figures: Collection[Held], small_persons: int) -> set[Held]:
    """Return the figures that are withheld beside the small ones.

    All definitions are judged as one, because total, doctor-certified and self-certified absence
    add up. The municipality's own figure is withheld only where a unit that had to be has been
    published already, so that withholding the unit helps no more.

    Args:
        figures: of one municipality and its units, of one metric.
        small_persons: a cell of fewer persons is small.
    """
    withheld: set[Held] = set()
    spans = sorted({held.span for held in figures}, key=lambda span: (span[1] - span[0], span))
    is_settled = False
    while not is_settled:
        before = len(withheld)
        for span in spans:
            withheld |= _judged(_cells(figures, span), span, withheld, small_persons)
        is_settled = len(withheld) == before
    return withheld


def _cells(figures: Iterable[Held], span: Span) -> dict[str, _Cell]:
    """Return what each unit has over a span: its figures for just that, and those within."""
    exact: dict[str, list[Held]] = {}
    within: dict[str, list[Held]] = {}
    for held in figures:
        if held.span == span:
            exact.setdefault(held.unit, []).append(held)
        elif span[0] <= held.span[0] and held.span[1] <= span[1]:
            within.setdefault(held.unit, []).append(held)
    return {
        unit: _Cell(exact.get(unit) or within[unit], exact.get(unit, []) + within.get(unit, []))
        for unit in exact.keys() | within.keys()
    }


def _judged(
    cells: dict[str, _Cell], span: Span, withheld: set[Held], small_persons: int
) -> set[Held]:
    """Return what is withheld over one span, so that what is left is no small cell.

    Args:
        cells: of the municipality and its units over the span.
        withheld: what is withheld over shorter ones.
    """
    found = _of_one_kind(cells.values(), span, withheld)
    whole = cells.pop(MUNICIPALITY, None)
    if not cells or (whole is not None and whole.is_small):
        return found
    hidden = {
        unit
        for unit, cell in cells.items()
        if cell.is_small or not withheld.isdisjoint(cell.figures)
    }
    public = {unit for unit, cell in cells.items() if cell.was_shown and not cell.is_small}
    # What has been published is no cover any more, so others are chosen first.
    for known in (public, set[str]()):
        chosen = _chosen(cells, whole, hidden, known, small_persons=small_persons)
        hidden |= chosen
        found.update(held for unit in chosen for held in cells[unit].own)
    if whole is not None and not _is_safe(cells, whole, hidden - public, small_persons):
        found.update(held for held in whole.own if not held.was_shown)
    return found


def _chosen(
    cells: Mapping[str, _Cell],
    whole: _Cell | None,
    hidden: set[str],
    public: set[str],
    *,
    small_persons: int,
) -> set[str]:
    """Return the units to be withheld besides, each the smallest that suffices.

    Args:
        hidden: those that are withheld.
        public: those that are no cover, because they are known.
    """
    chosen: set[str] = set()
    while not _is_safe(cells, whole, (hidden | chosen) - public, small_persons):
        left = sorted(
            cells.keys() - hidden - chosen - public,
            key=lambda unit: (cells[unit].persons or 0, unit),
        )
        if not left:
            break
        secret = (hidden | chosen) - public
        enough = (u for u in left if _is_safe(cells, whole, secret | {u}, small_persons))
        chosen.add(next(enough, left[0]))
    return chosen


def _of_one_kind(cells: Iterable[_Cell], span: Span, withheld: set[Held]) -> set[Held]:
    """Return the figures for just a span that are withheld because one of the same unit by another
    definition is.
    """
    return {
        held
        for cell in cells
        if any(other.is_small or other in withheld for other in cell.own if other.span == span)
        for held in cell.own
        if not held.is_small
    }


def _is_safe(
    cells: Mapping[str, _Cell], whole: _Cell | None, hidden: set[str], small_persons: int
) -> bool:
    """Tell whether nobody can work out a small cell from the municipality and the other units."""
    public = [cell.persons for unit, cell in cells.items() if unit not in hidden]
    secret = [cells[unit].persons for unit in hidden]
    rest = _left(whole.persons if whole else None, public)
    if not any(cells[unit].is_small for unit in hidden):
        return rest is None or rest == 0 or rest >= small_persons
    known = sum(count for count in secret if count is not None)
    if (known if rest is None else rest) < small_persons:
        return False
    beside = None if rest is None else _left(rest, secret)
    return len(secret) > 1 or (beside is not None and beside >= small_persons)


def _left(persons: int | None, taken: Sequence[int | None]) -> int | None:
    """Return how many persons are left; None where that is unknown or cannot be."""
    known = [count for count in taken if count is not None]
    if persons is None or len(known) < len(taken) or persons < sum(known):
        return None
    return persons - sum(known)
