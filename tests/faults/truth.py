"""What must be true of metrics and goals, worked out from the published figures alone and without
their code.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.faults.evidence import Logged
from tests.faults.world import DEFINITION_KEY, TARGET
from tests.metrics.recomputation import Posted, in_force


def posted_of(events: Iterable[Logged]) -> list[Posted]:
    """Return every vintage that was published, marked where it was withdrawn later.

    A withdrawal of what was never published is passed over; it breaks the order, and is found
    there.
    """
    figures: dict[str, Posted] = {}
    for event in events:
        content = event.content
        if event.type == "FigureWithdrawn":
            if figure := figures.get(content["figure_id"]):
                figures[content["figure_id"]] = replace(figure, withdrawn=True)
            continue
        figures[content["figure_id"]] = Posted(
            municipality_id=content["municipality_id"],
            definition_key=DEFINITION_KEY,
            period=content["period"],
            vintage=content["vintage"],
            lost=Decimal(content["lost_days"]),
            agreed=Decimal(content["agreed_days"]),
            persons=content["persons"],
        )
    return list(figures.values())


def state_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what two states are compared by; absent and null say the same."""
    rates = {
        name: {k: v for k, v in rate.items() if v is not None}
        for name, rate in content["windows"].items()
    }
    return {
        "windows": rates,
        "year_on_year_change_percent": content.get("year_on_year_change_percent"),
        "suppressed": content["suppressed"],
    }


def goals_of(figures: Sequence[Posted], goals: Mapping[str, str]) -> dict[str, str]:
    """Return how each goal must stand: by the year to date of the latest month that is fully
    covered.

    Where no month is, any more, what was judged last stands; whatever that was, it is left out
    here.
    """
    months: dict[str, dict[int, Posted]] = defaultdict(dict)
    for figure in in_force(figures):
        months[figure.municipality_id][figure.span[0]] = figure
    stands = {goal: _stand(months[municipality_id]) for goal, municipality_id in goals.items()}
    return {goal: state for goal, state in stands.items() if state is not None}


def _stand(months: Mapping[int, Posted]) -> str | None:
    for last in sorted(months, reverse=True):
        year = range(last - last % 12, last + 1)
        if all(month in months for month in year):
            lost = sum((months[month].terms()[0] for month in year), Fraction(0))
            agreed = sum((months[month].terms()[1] for month in year), Fraction(0))
            return "reached" if lost <= Fraction(Decimal(TARGET)) * agreed else "open"
    return None
