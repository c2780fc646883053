"""A stretch of neighbouring periods, summed once so that every window over it costs one
subtraction.
"""

from collections.abc import Sequence
from typing import NamedTuple

from services.metrics.series.rules.figures import Figure

_SEVERAL = -2


class Part(NamedTuple):
    """What one period brings into the windows that hold it: one figure, or the sum of a group's
    members.

    Attributes:
        numerator: millionths of the metric's unit times weight, summed.
        denominator: weight, summed; 1 for a count.
        weighing: what the weight is, a `Weighing`'s number; parts only where nothing but parts went
            in.
        present: how many members there are figures of; 1 for a municipality's own series, 0 for a
            group without any.
        suppressed: too few persons stand behind it to be shown.
        generated: at least one figure in it was made for demonstration.
    """

    numerator: int
    denominator: int
    weighing: int
    present: int = 1
    suppressed: bool = False
    generated: bool = False


def part_of(figure: Figure, scale: int, *, suppressed: bool) -> Part:
    """Return what a figure of a series' own grain brings in."""
    numerator, denominator = figure.terms(scale)
    return Part(numerator, denominator, figure.weighing, 1, suppressed, figure.generated)


Sum = tuple[int, int, int, int, int, bool]
"""The sum over some periods: numerator (millionths times weight), denominator (weight), how many
periods times members are there, the first and the last kind of weight among them in the order of
`Weighing` (-1 when nothing is there), and whether one of the periods must not be shown: the
smallest head count decides for the window. A plain tuple, because a state sums up to seven windows.
"""


class Stretch:
    """Parts of neighbouring periods from `first` on, some of which may be missing.

    Sums are kept as running totals, because a period is part of up to six windows of itself and of
    the eleven periods after it. Periods outside the stretch count as missing; the caller loads as
    many as the windows need.

    Args:
        first: the ordinal of the first period.
        parts: one per period, None where there is no figure.
    """

    __slots__ = (
        "_denominators",
        "_numerators",
        "_present",
        "_special",
        "_uniform",
        "first",
        "parts",
    )

    def __init__(self, first: int, parts: Sequence[Part | None]) -> None:
        self.first = first
        self.parts = parts
        numerators, denominators, counts = [0], [0], [0]
        total_numerator = total_denominator = total_present = 0
        held: set[int] = set()
        special = False
        for part in parts:
            if part is not None:
                numerator, denominator, weighing, present, suppressed, generated = part
                total_numerator += numerator
                total_denominator += denominator
                total_present += present
                special |= suppressed or generated
                if present:
                    held.add(weighing)
            numerators.append(total_numerator)
            denominators.append(total_denominator)
            counts.append(total_present)
        self._numerators, self._denominators, self._present = numerators, denominators, counts
        self._special = special
        self._uniform = held.pop() if len(held) == 1 else _SEVERAL

    @classmethod
    def of(cls, parts: dict[int, Part]) -> "Stretch":
        """Return the stretch from the first to the last of parts given by their ordinals."""
        if not parts:
            return cls(0, [])
        first, last = min(parts), max(parts)
        return cls(first, [parts.get(ordinal) for ordinal in range(first, last + 1)])

    @property
    def last(self) -> int:
        """The ordinal of the last period."""
        return self.first + len(self.parts) - 1

    def _bounds(self, first: int, last: int) -> tuple[int, int]:
        size, start, end = len(self.parts), first - self.first, last + 1 - self.first
        if 0 <= start <= end <= size:
            return start, end
        start = min(max(start, 0), size)
        return start, min(max(end, start), size)

    def over(self, first: int, last: int) -> Sum:
        """Sum the periods from `first` to `last`."""
        start, end = self._bounds(first, last)
        present = self._present[end] - self._present[start]
        lightest = heaviest = self._uniform
        if not present:
            lightest = heaviest = -1
        elif self._uniform == _SEVERAL:
            held = [
                part.weighing for part in self.parts[start:end] if part is not None and part.present
            ]
            lightest, heaviest = min(held), max(held)
        return (
            self._numerators[end] - self._numerators[start],
            self._denominators[end] - self._denominators[start],
            present,
            lightest,
            heaviest,
            self._special
            and any(part is not None and part.suppressed for part in self.parts[start:end]),
        )

    def any_generated(self, first: int, last: int) -> bool:
        """Tell whether anything between two periods was made for demonstration."""
        if not self._special:
            return False
        start, end = self._bounds(first, last)
        return any(part is not None and part.generated for part in self.parts[start:end])
