"""Ranking subjects by one metric, one definition and one window.

Standard competition ranking: equal values share a rank, and the next one counts those before it (1,
2, 3, 4, 5, 6, 6, 8), as in "Norges friskeste byer" of 2012 (FORMULAS 1.6).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.metrics.publishing.rules.published import Cell
from services.metrics.series.rules.figures import Meaning, Window
from shared.errors import RuleBroken
from shared.values import Better, Metric, Period
from shared.values.metrics import NO_AXES


@dataclass(frozen=True, slots=True)
class Contender:
    """A subject with its figure over the window.

    Attributes:
        cell: what is published of it.
        suppressed: it must not be shown.
        generated: made for demonstration.
    """

    subject: str
    name: str
    cell: Cell
    suppressed: bool
    generated: bool


@dataclass(frozen=True, slots=True)
class Ranked:
    """A subject with its rank, from 1."""

    rank: int
    contender: Contender


@dataclass(frozen=True, slots=True)
class Ranking:
    """Subjects in the order of their figures.

    Attributes:
        lowest_first: whether the lowest figure has rank 1.
        ranked: those with full coverage, equal ones by name.
        beside: the others, which may not be compared: figures are missing, or are withheld.
    """

    meaning: Meaning
    window: Window
    period: Period
    lowest_first: bool
    ranked: Sequence[Ranked]
    beside: Sequence[Contender]


def rank(contenders: Iterable[Contender], *, lowest_first: bool) -> list[Ranked]:
    """Rank subjects on their unrounded figures; those that cannot be ranked are left out.

    Args:
        contenders: in any order.
        lowest_first: whether the lowest figure is the best.
    """
    whole = [
        (held if lowest_first else -held, one)
        for one in contenders
        if (held := one.cell.whole) is not None and not one.suppressed
    ]
    ranked: list[Ranked] = []
    before: int | None = None
    for number, (value, one) in enumerate(
        sorted(whole, key=lambda entry: (entry[0], entry[1].name, entry[1].subject)), start=1
    ):
        place = ranked[-1].rank if ranked and value == before else number
        ranked.append(Ranked(place, one))
        before = value
    return ranked


def cannot_be_ranked(contenders: Iterable[Contender]) -> list[Contender]:
    """Return those whose figure is missing, withheld or rests on too few, by name."""
    left = [one for one in contenders if one.suppressed or one.cell.whole is None]
    return sorted(left, key=lambda one: (one.name, one.subject))


def is_lowest_first(metric: Metric) -> bool:
    """Tell whether the lowest figure is the best; of what is neither good nor bad, the highest
    stands first.
    """
    return metric.better is Better.LOWER


def definition_asked(metric: Metric, definition_key: str | None) -> str:
    """Return the one definition that a ranking is of.

    Raises:
        RuleBroken: `definition-needed`; the metric has several, and unlike ones are not ranked
            together. `definition-unknown`.
    """
    if definition_key is None:
        if metric.axes:
            axes = ".".join(axis.axis_id for axis in metric.axes)
            raise RuleBroken(
                f"a ranking of {metric.metric_id} is of one definition, because unlike ones are not"
                f" compared: name definition_key, like {axes}",
                code="definition-needed",
            )
        return NO_AXES
    metric.definition_of(definition_key)
    return definition_key
