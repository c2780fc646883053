"""The same rules once more, written slowly and independently, to check the fast ones against.

Nothing of `services.metrics` is used. Rates are `Fraction`s, every window is summed anew from the
figures, and months are counted from year 0. The input is what reporting published; the output is
what metrics should have published.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

Windows = dict[str, dict[str, Any]]
Key = tuple[str, str, str]

PERIOD, YEAR_TO_DATE, ROLLING_12 = "period", "year-to-date", "rolling-12"
NAMES = {1: "month", 3: "quarter", 6: "half-year", 12: "year"}


@dataclass(frozen=True)
class Declared:
    """What the registry says of a metric, as far as values follow from it."""

    percent: bool = True
    kind: str = "share"
    over_time: str = "sum"
    decimals: int = 2
    part_decimals: int = 0
    small_persons: int = 5


ABSENCE = Declared(part_decimals=2)


@dataclass(frozen=True)
class Posted:
    """A figure as reporting published it; `withdrawn` when it was taken back later.

    `lost` over `agreed` is numerator over denominator of any metric; `lost` alone is a count;
    `rate` is a value, `agreed-days` the kind of a weight that joins members.
    """

    municipality_id: str
    definition_key: str
    period: str
    vintage: int
    lost: Decimal | None = None
    agreed: Decimal | None = None
    rate: Decimal | None = None
    weight_kind: str | None = None
    weight: Decimal | None = None
    persons: int | None = None
    unit: str | None = None
    window: str = PERIOD
    withdrawn: bool = False
    generated: bool = False

    @property
    def subject(self) -> str:
        return (
            f"unit/{self.municipality_id}/{self.unit}"
            if self.unit
            else f"municipality/{self.municipality_id}"
        )

    @property
    def span(self) -> tuple[int, int]:
        """The last month, counted from year 0, and the number of months."""
        year, _, rest = self.period.partition("-")
        months, number = {
            "": (12, 1),
            "Q": (3, int(rest[1:] or 0)),
            "H": (6, int(rest[1:] or 0)),
        }.get(rest[:1] if not rest[:1].isdigit() else "m", (1, int(rest) if rest.isdigit() else 0))
        return int(year) * 12 + number * months - 1, months

    @property
    def kind(self) -> str:
        """What it weighs in a sum; day counts and agreed days go together."""
        return (
            "days"
            if self.lost is not None or self.weight_kind == "agreed-days"
            else str(self.weight_kind)
        )

    def terms(self, metric: Declared = ABSENCE) -> tuple[Fraction, Fraction]:
        """Numerator, times 100 for per cent, and denominator; or value times weight, and weight."""
        if self.lost is not None:
            factor = 100 if metric.percent and self.agreed is not None else 1
            return factor * Fraction(self.lost), Fraction(1 if self.agreed is None else self.agreed)
        weight = Fraction(1) if self.weight_kind == "equal" else Fraction(self.weight or 0)
        return Fraction(self.rate or 0) * weight, weight

    def value(self, metric: Declared = ABSENCE) -> Fraction | None:
        numerator, denominator = self.terms(metric)
        return numerator / denominator if denominator else None

    def is_small(self, metric: Declared = ABSENCE) -> bool:
        if self.persons is None:
            return self.unit is not None and metric.small_persons > 0
        return self.persons < metric.small_persons


@dataclass
class Cell:
    """One period of a series: the figures in force in it."""

    figures: list[Posted] = field(default_factory=list)
    suppressed: bool = False


def half_up(value: Fraction, places: int) -> str:
    """Round halves away from zero, and write that many decimals."""
    scaled = abs(value) * 10**places
    whole = int(scaled + Fraction(1, 2))
    sign = "-" if value < 0 and whole else ""
    text = f"{whole:0{places + 1}}"
    return f"{sign}{text[:-places]}.{text[-places:]}" if places else f"{sign}{text}"


def days(value: Fraction, places: int = 2) -> str:
    """Write an exact sum, with two decimals (or another number of them) or as many as it needs."""
    text = f"{Decimal(value.numerator) / Decimal(value.denominator):.6f}"
    whole, _, part = text.partition(".")
    part = part.rstrip("0").ljust(places, "0")
    return f"{whole}.{part}" if part else whole


def period_text(last_month: int, months: int) -> str:
    year, number = last_month // 12, (last_month % 12 + 1) // months
    return {
        1: f"{year:04}-{number:02}",
        3: f"{year:04}-Q{number}",
        6: f"{year:04}-H{number}",
        12: f"{year:04}",
    }[months]


def in_force(figures: Iterable[Posted]) -> list[Posted]:
    best: dict[Any, Posted] = {}
    for figure in figures:
        place = (figure.subject, figure.definition_key, figure.span, figure.window)
        if not figure.withdrawn and (place not in best or best[place].vintage < figure.vintage):
            best[place] = figure
    return list(best.values())


def grain(all_vintages: Sequence[Posted]) -> int:
    held = [f.span[1] for f in all_vintages if f.window == PERIOD and not f.withdrawn]
    ever = [f.span[1] for f in all_vintages if f.window == PERIOD]
    if held:
        return min(held)
    return 1 if any(not f.withdrawn for f in all_vintages) or not ever else min(ever)


def windows(last_month: int, months: int, metric: Declared = ABSENCE) -> dict[str, range]:
    """The last months of the periods in each window that ends here."""
    found = {}
    for longer in (1, 3, 6, 12):
        if longer >= months and (last_month + 1) % longer == 0:
            first = last_month if metric.over_time == "last" else last_month - longer + months
            found[NAMES[longer]] = range(first, last_month + 1, months)
    if metric.over_time == "last":
        return found
    january = last_month - last_month % 12
    found[YEAR_TO_DATE] = range(january + months - 1, last_month + 1, months)
    found[ROLLING_12] = range(last_month - 12 + months, last_month + 1, months)
    return found


def rolling_from_anchor(
    cells: Mapping[int, Cell],
    reported: Mapping[tuple[str, int], Posted],
    last_month: int,
    months: int,
) -> Fraction | None:
    """The step rule: last December's figure, else the last reported one, plus the differences
    since, divided once.
    """
    anchors: dict[int, Fraction] = {}
    for (window, month), figure in reported.items():
        if figure.value() is None or figure.is_small() or month >= last_month:
            continue
        if window == ROLLING_12 or (
            window == YEAR_TO_DATE and month % 12 == 11 and (ROLLING_12, month) not in reported
        ):
            anchors[month] = figure.value() or Fraction(0)
    december = last_month - last_month % 12 - 1
    for anchor in sorted(anchors, key=lambda month: (month == december, month), reverse=True):
        differences = Fraction(0)
        for month in range(anchor + months, last_month + 1, months):
            now, then = cells.get(month, Cell()).figures, cells.get(month - 12, Cell()).figures
            if not now or not then or now[0].kind != "equal" or then[0].kind != "equal":
                break
            differences += Fraction(now[0].rate or 0) - Fraction(then[0].rate or 0)
        else:
            return anchors[anchor] + differences / (12 // months)
    return None


def window_value(
    months: Iterable[int],
    cells: Mapping[int, Cell],
    reported: Posted | None,
    expected: int,
    metric: Declared,
) -> tuple[dict[str, Any], Fraction | None]:
    """What is published of one window, and its unrounded value."""
    months = list(months)
    figures = [figure for month in months for figure in cells.get(month, Cell()).figures]
    suppressed = any(cells[month].suppressed for month in months if month in cells)
    rate: dict[str, Any] = dict.fromkeys(
        ("value", "reported", "numerator", "denominator", "reason")
    )
    rate["coverage"] = {"present": len(figures), "expected": expected}
    if suppressed or (reported is not None and reported.is_small(metric)):
        rate["suppressed"] = True
        return rate, None
    stated = None if reported is None else reported.value(metric)
    if stated is not None:
        rate["reported"] = half_up(stated, metric.decimals)
    value = None
    if not figures:
        rate["reason"] = "no-data"
    elif len({figure.kind for figure in figures}) > 1:
        rate["reason"] = "unlike-definitions"
    else:
        terms = [figure.terms(metric) for figure in figures]
        numerator = sum((term[0] for term in terms), Fraction(0))
        denominator = sum((term[1] for term in terms), Fraction(0))
        if metric.kind == "count":
            held = [month for month in months if month in cells and cells[month].figures]
            denominator = Fraction(1 if metric.over_time == "sum" else len(held))
        value = numerator / denominator if denominator else None
        rate["reason"] = None if denominator else "denominator-zero"
        if all(figure.lost is not None for figure in figures):
            factor = 100 if metric.percent and metric.kind != "count" else 1
            rate["numerator"] = days(numerator / factor, metric.part_decimals)
            if metric.kind != "count":
                rate["denominator"] = days(denominator, metric.part_decimals)
    return rate, value


def recompute(
    figures: Sequence[Posted],
    groups: Mapping[str, Sequence[str]] | None = None,
    metric: Declared = ABSENCE,
) -> dict[Key, dict[str, Any]]:
    """Return every state of one metric that should have been published, goals aside, by (subject,
    definition key, period).

    Args:
        figures: every vintage that was posted, in any order.
        groups: the members of each group, by subject.
        metric: what is measured.
    """
    series: dict[tuple[str, str], list[Posted]] = defaultdict(list)
    for figure in figures:
        series[figure.subject, figure.definition_key].append(figure)
    states: dict[Key, dict[str, Any]] = {}
    for (subject, definition_key), vintages in series.items():
        months = grain(vintages)
        cells: dict[int, Cell] = defaultdict(Cell)
        reported: dict[tuple[str, int], Posted] = {}
        for figure in sorted(in_force(vintages), key=lambda f: -f.span[1]):
            last_month, length = figure.span
            if (last_month + 1) % months:
                continue
            if figure.window == PERIOD and length == months:
                cells[last_month] = Cell([figure], figure.is_small(metric))
            else:
                reported[
                    NAMES[length] if figure.window == PERIOD else figure.window, last_month
                ] = figure
        ends = [
            _end(f, months) for f in vintages if f.window == PERIOD or (f.span[0] + 1) % months == 0
        ]
        states |= _states(subject, definition_key, months, ends, cells, reported, 1, metric)
    for group, members in (groups or {}).items():
        states |= _group_states(group, set(members), series, metric)
    return states


def _end(figure: Posted, months: int) -> int:
    return figure.span[0] // months * months + months - 1


def _group_states(
    group: str,
    members: set[str],
    series: Mapping[tuple[str, str], list[Posted]],
    metric: Declared,
) -> dict[Key, dict[str, Any]]:
    states: dict[Key, dict[str, Any]] = {}
    for definition_key in {key for _, key in series}:

        def posted_by(one: str, key: str = definition_key) -> list[Posted]:
            return series.get((f"municipality/{one}", key), [])

        adding = {
            one
            for one in members
            if any(f.window == PERIOD and f.kind == "days" for f in posted_by(one))
        }
        if not adding:
            continue
        months = min(grain(posted_by(one)) for one in adding)
        cells: dict[int, Cell] = defaultdict(Cell)
        figures = [
            f for one in adding for f in posted_by(one) if f.window == PERIOD and f.kind == "days"
        ]
        ends = sorted({f.span[0] for f in figures if f.span[1] == months})
        for end in ends:
            held = [one for member in members for one in _adding(posted_by(member), end, months)]
            cells[end] = Cell(held, any(one.is_small(metric) for one in held))
        if ends:
            states |= _states(group, definition_key, months, ends, cells, {}, len(members), metric)
    return states


def _adding(vintages: Sequence[Posted], end: int, months: int) -> list[Posted]:
    return [
        f
        for f in in_force(vintages)
        if f.window == PERIOD and f.span == (end, months) and f.kind == "days"
    ]


def _states(
    subject: str, definition_key: str, months: int, ends: Sequence[int], cells: Mapping[int, Cell],
    reported: Mapping[tuple[str, int], Posted], members: int, metric: Declared,
) -> dict[Key, dict[str, Any]]:  # fmt: skip
    states: dict[Key, dict[str, Any]] = {}
    values: dict[int, Fraction | None] = {}
    for end in range(min(ends) - 12, max(ends) + 1, months) if ends else ():
        found: Windows = {}
        for name, span in windows(end, months, metric).items():
            expected = len(span) * members
            found[name], value = window_value(
                span, cells, reported.get((name, end)), expected, metric
            )
            kinds = {f.kind for month in span for f in cells.get(month, Cell()).figures}
            if name == ROLLING_12 and kinds == {"equal"} and value is not None:
                carried = rolling_from_anchor(cells, reported, end, months)
                value = value if carried is None else carried
            found[name]["value"] = None if value is None else half_up(value, metric.decimals)
            if name == NAMES[months]:
                values[end] = value
        if end < min(ends):
            continue
        now, then = values[end], values[end - 12]
        suppressed = True in [one.pop("suppressed", False) for one in found.values()]
        states[subject, definition_key, period_text(end, months)] = {
            "windows": found,
            "year_on_year_change_percent": half_up(100 * (now - then) / then, 2)
            if now is not None and then
            else None,
            "suppressed": suppressed,
            "generated": _any_generated(end, months, cells, reported, metric),
        }
    return states


def _any_generated(
    end: int,
    months: int,
    cells: Mapping[int, Cell],
    reported: Mapping[tuple[str, int], Posted],
    metric: Declared,
) -> bool:
    first = end if metric.over_time == "last" else end - 12 + months
    year = range(first, end + 1, months)
    ending = windows(end, months, metric)
    beside = [reported[name, end] for name in ending if (name, end) in reported]
    return any(
        f.generated
        for f in [*beside, *(f for month in year for f in cells.get(month, Cell()).figures)]
    )
