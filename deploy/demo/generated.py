"""Figures that nobody reported: day counts for the participants whose real ones are not public.

They are marked as generated wherever they show. The same municipality always gets the same figures,
so a second run posts the same ids and changes nothing. The shape is that of Norwegian
municipalities of those years (about 9 % with a winter top and a summer low, FORMULAS 1.1); nothing
in them is a statement about a real place.
"""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shared.values import Grain, Period

FIRST = Period(Grain.MONTH, 2011 * 12)
LAST = Period(Grain.MONTH, 2013 * 12 + 6)
"""The months of the slide: January 2011 to July 2013."""

DEFINITION = {
    "certification": "total",
    "denominator": "agreed",
    "holiday": "corrected",
    "source": "municipality-hr",
}
WORKING_DAYS_A_MONTH = 20.5
NOTE = "Generated for demonstration; nobody reported this."


def months() -> list[Period]:
    """Return the months that figures are made for."""
    return [FIRST.plus(i) for i in range(LAST.ordinal - FIRST.ordinal + 1)]


def figures(participants: Sequence[tuple[str, str]]) -> Iterator[Mapping[str, Any]]:
    """Yield the bodies of all participants' figures, month by month.

    Args:
        participants: municipality id and the number it bore in these years.
    """
    shapes = {municipality_id: _Shape(municipality_id) for municipality_id, _ in participants}
    for period in months():
        for municipality_id, number in participants:
            yield shapes[municipality_id].figure(number, period)


class _Shape:
    """One municipality's size, level, trend and noise."""

    def __init__(self, municipality_id: str) -> None:
        self._random = random.Random(municipality_id)  # noqa: S311 - the same figures each time is what is wanted
        self._persons = int(self._random.lognormvariate(6.3, 0.8)) + 60
        self._level = self._random.gauss(9.0, 1.1)
        self._yearly = self._random.gauss(-0.25, 0.35)

    def figure(self, number: str, period: Period) -> Mapping[str, Any]:
        years = (period.ordinal - FIRST.ordinal) / 12
        season = 0.9 * math.cos(2 * math.pi * (period.number - 1.5) / 12)
        holiday = 0.45 if period.number == 7 else 1.0
        rate = min(
            25.0,
            max(1.0, self._level + self._yearly * years + season + self._random.gauss(0, 0.45)),
        )
        agreed = round(self._persons * 0.78 * WORKING_DAYS_A_MONTH * holiday * 2) / 2
        return {
            "municipality": number,
            "period": str(period),
            "lost_days": f"{agreed * rate / 100:.1f}",
            "agreed_days": f"{agreed:.1f}",
            "persons": self._persons,
            "definition": DEFINITION,
            "note": NOTE,
            "generated": True,
        }
