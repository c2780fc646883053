"""Reading a figure's body into the value that the rules judge."""

from services.reporting.figures.rules import Draft, Window
from services.reporting.submissions.reading import (
    Entry,
    hash_of,
    read_id,
    refusal,
    refuse_identity_numbers,
    validated,
)
from shared.errors import RuleBroken
from shared.events.inbound import AbsenceFigurePosted
from shared.values import Certification, Definition, Denominator, Period, Source


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
    definition = body.definition
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
        definition=Definition(
            Certification(definition.certification),
            Denominator(definition.denominator),
            definition.holiday_corrected,
            Source(definition.source),
        ),
        note=body.note,
        generated=body.generated,
        body_hash=hash_of(body),
        origin=entry.origin,
    )
