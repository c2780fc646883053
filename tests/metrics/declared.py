"""Metrics of a made-up programme, declared as data, and figures of them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid5

from shared.events.registry import (
    AxisContract,
    Bounds,
    MetricDefined,
    Names,
    QuantityContract,
)
from shared.events.reporting import (
    FigureWithdrawn,
    IndicatorFigureInForce,
    IndicatorFigurePosted,
)
from tests.metrics.factories import NOW, figure_id
from tests.metrics.recomputation import Declared, Posted

SEASON = AxisContract(id="season", values=["summer", "winter"])


@dataclass(frozen=True)
class MadeUp:
    """A metric, as the registry tells of it and as the recomputation knows it."""

    event: MetricDefined
    declared: Declared

    @property
    def metric_id(self) -> str:
        return self.event.metric_id


def made_up(
    metric_id: str,
    kind: Any,
    over_time: Any,
    *,
    unit: str = "points",
    decimals: int = 2,
    small_persons: int = 5,
    version: int = 1,
) -> MadeUp:
    """Return a metric with one axis, `season`."""
    quantity = QuantityContract(names=Names(nb="antall"), unit="units")
    event = MetricDefined(
        metric_id=metric_id,
        version=version,
        names=Names(nb=metric_id),
        unit=unit,
        kind=kind,
        numerator=None if kind == "score" else quantity,
        denominator=quantity if kind in ("share", "mean") else None,
        over_time=over_time,
        axes=[SEASON],
        better="higher",
        decimals=decimals,
        bounds=Bounds(),
        small_persons=small_persons,
    )
    declared = Declared(
        percent=unit == "percent",
        kind=kind,
        over_time=over_time,
        decimals=decimals,
        small_persons=small_persons,
    )
    return MadeUp(event, declared)


PLANS = made_up("competence-plan-share", "share", "last", unit="percent", decimals=1)
"""The share of units with a competence plan: a stock, of which a quarter is its last month."""

WAITING = made_up("waiting-days", "mean", "mean", unit="days", decimals=0)
"""Days of waiting for a place, on average: averaged over time as well."""

REPUTATION = made_up("reputation", "score", "mean", decimals=3)
"""A score of a survey, weighted by who answered."""

GATHERED = made_up("gathered", "count", "sum", unit="persons", small_persons=0, decimals=0)
"""How many came to gatherings."""

EMPLOYED = made_up("apprentices", "count", "mean", unit="persons", decimals=1)
"""How many apprentices there are: a count that is averaged over time."""

ALL = (PLANS, WAITING, REPUTATION, GATHERED, EMPLOYED)


def _fields(metric_id: str, one: Posted) -> dict[str, Any]:
    return {
        "figure_id": figure_id(one),
        "municipality": "1824",
        "municipality_id": one.municipality_id,
        "municipality_number": "1824",
        "unit": one.unit,
        "metric": metric_id,
        "period": one.period,
        "numerator": one.lost,
        "denominator": one.agreed,
        "value": one.rate,
        "weight": one.weight,
        "persons": one.persons,
        "definition": {"season": one.definition_key},
        "definition_key": one.definition_key,
        "generated": one.generated,
        "vintage": one.vintage,
        "publisher": "889640782",
        "posted_at": NOW,
    }


def indicator(period: str = "2013-02", **changes: Any) -> Posted:
    """A figure of a made-up metric; amounts may be written as text."""
    fields: dict[str, Any] = {
        "municipality_id": "vefsn-1824",
        "definition_key": "summer",
        "vintage": 1,
        "persons": 1010,
        **changes,
    }
    for name in ("lost", "agreed", "rate", "weight"):
        if fields.get(name) is not None:
            fields[name] = Decimal(fields[name])
    return Posted(period=period, **fields)


def indicator_event(metric_id: str, one: Posted) -> IndicatorFigurePosted:
    """Return what reporting published when the figure was accepted."""
    return IndicatorFigurePosted(
        event_id=uuid5(figure_id(one), f"{metric_id} posted"),
        occurred_at=NOW,
        **_fields(metric_id, one),
    )


def indicator_withdrawn(
    metric_id: str, one: Posted, in_force: Posted | None = None
) -> FigureWithdrawn:
    """Return what reporting published when the figure was taken back."""
    held = None if in_force is None else IndicatorFigureInForce(**_fields(metric_id, in_force))
    return FigureWithdrawn(
        event_id=uuid5(figure_id(one), f"{metric_id} withdrawn"),
        occurred_at=NOW,
        figure_id=figure_id(one),
        municipality_id=one.municipality_id,
        unit=one.unit,
        metric=metric_id,
        period=one.period,
        definition={"season": one.definition_key},
        definition_key=one.definition_key,
        reason="counted twice",
        publisher="889640782",
        withdrawn_at=NOW,
        in_force=held,
    )
