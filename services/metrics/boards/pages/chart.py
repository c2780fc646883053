"""Draws a board's rates as lines: only geometry, so the template decides how it looks and no script
is needed.

Coordinates are binary floating point, because pixels are no published figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor

from shared.values import Period

_LEFT, _RIGHT, _TOP, _BOTTOM = 34.0, 10.0, 14.0, 40.0
_ROOM_FOR_LABEL = 30.0


@dataclass(frozen=True, slots=True)
class Line:
    """One window's values over time; a period without a value breaks the line."""

    name: str
    values: dict[Period, Decimal]


@dataclass(frozen=True, slots=True)
class Dot:
    """One value in place."""

    x: float
    y: float
    period: Period
    value: Decimal


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """A line as an SVG path, and its dots."""

    name: str
    path: str
    dots: list[Dot]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something at one place of an axis; `label` is empty where there is no room for one."""

    at: float
    label: Decimal | Period | None


@dataclass(frozen=True, slots=True)
class Year:
    """A calendar year's stretch of the time axis."""

    year: int
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that the template draws, in pixels from the upper left corner.

    Attributes:
        levels: names of horizontal lines (baseline, target) with their height.
    """

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    lines: list[DrawnLine]
    levels: dict[str, Mark]
    percent_marks: list[Mark]
    period_marks: list[Mark]
    years: list[Year]


def draw(
    lines: Sequence[Line], levels: dict[str, Decimal], *, width: float, height: float
) -> Chart | None:
    """Place the lines and levels in a chart of that size; None when there is nothing to draw."""
    periods = sorted({period for line in lines for period in line.values})
    if not periods:
        return None
    frame = _Frame.around(
        periods,
        [*levels.values(), *(v for line in lines for v in line.values.values())],
        width,
        height,
    )
    return Chart(
        width=width,
        height=height,
        left=_LEFT,
        right=width - _RIGHT,
        top=_TOP,
        bottom=height - _BOTTOM,
        lines=[_drawn(line, frame) for line in lines],
        levels={name: Mark(frame.y(value), value) for name, value in levels.items()},
        percent_marks=[
            Mark(frame.y(Decimal(percent)), Decimal(percent))
            for percent in range(frame.low, frame.high + 1)
        ],
        period_marks=_period_marks(frame),
        years=_years(frame),
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    """How periods and per cent become pixels; the per cent axis runs between whole numbers."""

    first: Period
    count: int
    low: int
    high: int
    width: float
    height: float

    @classmethod
    def around(
        cls, periods: Sequence[Period], values: Sequence[Decimal], width: float, height: float
    ) -> "_Frame":
        low, high = floor(min(values)), ceil(max(values))
        count = periods[-1].ordinal - periods[0].ordinal + 1
        return cls(periods[0], count, low, max(high, low + 1), width, height)

    def x(self, period: Period) -> float:
        """The middle of the period."""
        return _LEFT + (period.ordinal - self.first.ordinal + 0.5) * self.step

    def y(self, percent: Decimal) -> float:
        share = float(percent - self.low) / (self.high - self.low)
        return self.height - _BOTTOM - share * (self.height - _BOTTOM - _TOP)

    @property
    def step(self) -> float:
        return (self.width - _LEFT - _RIGHT) / self.count


def _drawn(line: Line, frame: _Frame) -> DrawnLine:
    dots = [
        Dot(frame.x(period), frame.y(value), period, value)
        for period, value in sorted(line.values.items())
    ]
    steps: list[str] = []
    before: Dot | None = None
    for dot in dots:
        follows = before is not None and dot.period == before.period.plus(1)
        steps.append(f"{'L' if follows else 'M'}{dot.x:.1f} {dot.y:.1f}")
        before = dot
    return DrawnLine(line.name, "".join(steps), dots)


def _period_marks(frame: _Frame) -> list[Mark]:
    """Name as many periods as fit, always counted from January, so that years look alike."""
    per_year = frame.first.grain.per_year
    steps = [step for step in range(1, per_year + 1) if per_year % step == 0]
    every = next((step for step in steps if step * frame.step >= _ROOM_FOR_LABEL), per_year)
    periods = [frame.first.plus(i) for i in range(frame.count)]
    return [
        Mark(frame.x(period), period if (period.number - 1) % every == 0 else None)
        for period in periods
    ]


def _years(frame: _Frame) -> list[Year]:
    half = frame.step / 2
    years: dict[int, list[float]] = {}
    for i in range(frame.count):
        period = frame.first.plus(i)
        years.setdefault(period.year, []).append(frame.x(period))
    return [Year(year, places[0] - half, places[-1] + half) for year, places in years.items()]
