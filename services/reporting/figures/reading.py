"""Reading a figure's body into the value that the rules judge."""

from collections.abc import Mapping
from decimal import Decimal

from services.reporting.figures.rules import Draft, Window
from services.reporting.submissions.reading import (
    Entry,
    hash_of,
    read_id,
    refusal,
    refuse_identity_numbers,
    validated,
)
from shared.errors import FieldError, RuleBroken
from shared.events.inbound import AbsenceFigurePosted
from shared.values import Axis, Better, Definition, Metric, MetricKind, OverTime, Period, Quantity

ABSENCE = Metric(
    metric_id="absence",
    names={"nb": "Sykefravær"},
    unit="percent",
    kind=MetricKind.SHARE,
    numerator=Quantity({"nb": "Tapte dagsverk"}, "days"),
    denominator=Quantity({"nb": "Avtalte dagsverk"}, "days"),
    over_time=OverTime.SUM,
    axes=(
        Axis("certification", ("total", "doctor", "self")),
        Axis("denominator", ("agreed", "possible")),
        Axis("holiday", ("corrected", "uncorrected")),
        Axis("source", ("municipality-hr", "ks-pai", "ssb", "other")),
    ),
    better=Better.LOWER,
    decimals=2,
    minimum=Decimal(0),
    maximum=Decimal(100),
    small_persons=5,
)
"""Until the registry defines it as data."""


def read_figure(entry: Entry) -> Draft:
    """Read a figure's body into the domain's value.

    Raises:
        RuleBroken: every fault of id and body, as `read_id` and `read_contract`.
    """
    refuse_identity_numbers(entry)
    body, faults = validated(AbsenceFigurePosted, entry.content)
    try:
        figure_id = read_id(entry)
    except RuleBroken as broken:
        raise refusal((*broken.errors, *faults)) from None
    if body is None:
        raise refusal(faults)
    return Draft(
        figure_id=figure_id,
        publisher=entry.publisher,
        number=body.municipality,
        unit=body.unit or "",
        period=Period.parse(body.period),
        window=Window(body.window),
        lost_days=body.lost_days,
        agreed_days=body.agreed_days,
        rate_percent=body.rate_percent,
        weight_kind=body.weight_kind,
        weight=body.weight,
        persons=body.persons,
        definition=_definition(body.definition),
        note=body.note,
        generated=body.generated,
        body_hash=hash_of(body),
        origin=entry.origin,
    )


def _definition(parts: Mapping[str, str]) -> Definition:
    try:
        return Definition.from_key(ABSENCE.definition_key(parts))
    except RuleBroken as broken:
        fault = FieldError(broken.code, broken.message, "/definition")
        raise refusal((fault,)) from None
