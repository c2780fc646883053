"""Municipalities' numbers, figures with every vintage, and series."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.reporting.figures.places import (
    EarlierFigure,
    KeptFigure,
    Place,
    SeriesKey,
    Standing,
    Unlike,
)
from services.reporting.submissions.rules import Arrival
from shared.errors import Finding, Unavailable
from shared.postgres.database import Connection, load_queries
from shared.values import Measure, Period

QUERIES = load_queries(__file__)

PAGE = 10_000


_FIGURE_COLUMNS = [
    "publisher",
    "figure_id",
    "body_hash",
    "municipality_id",
    "municipality_number",
    "unit",
    "metric",
    "period",
    "period_last_day",
    "figure_window",
    "definition_key",
    "definition",
    "numerator",
    "denominator",
    "value",
    "weight_kind",
    "weight",
    "parts",
    "persons",
    "note",
    "generated",
    "findings",
    "vintage",
    "replaces",
    "in_force",
    "origin",
    "arrived_at",
    "posted_at",
]


async def list_earlier(
    conn: Connection, ids: Sequence[tuple[str, UUID]]
) -> dict[tuple[str, UUID], EarlierFigure]:
    """Return what is kept under these publishers' ids."""
    if not ids:
        return {}
    rows = QUERIES.list_figures_by_id(
        conn, publishers=[p for p, _ in ids], figure_ids=[i for _, i in ids]
    )
    return {
        (row["publisher"], row["figure_id"]): EarlierFigure(
            bytes(row["body_hash"]), row["vintage"], _findings(row["findings"])
        )
        async for row in rows
    }


async def list_standing(conn: Connection, places: Collection[Place]) -> dict[Place, Standing]:
    """Return how each place stands; one that was never filled has no entry."""
    if not places:
        return {}
    return {
        _place(row): Standing(
            row["vintage"],
            Arrival.of(row["arrived_at"], row["origin"]),
            row["decided_at"],
            row["figure_id"],
            row["publisher"],
            row["weight_kind"],
        )
        async for row in QUERIES.list_standing(conn, **_columns(places))
    }


async def list_measures(conn: Connection, places: Collection[Place]) -> dict[Place, Measure]:
    """Return the numbers in force at each place that has a figure, only to be compared with."""
    if not places:
        return {}
    return {
        _place(row): Measure(row["numerator"], row["denominator"], row["value"])
        async for row in QUERIES.list_measures(conn, **_columns(places))
    }


async def count_weight_kinds(
    conn: Connection, keys: Iterable[SeriesKey]
) -> dict[SeriesKey, Counter[str]]:
    """Return, for each series, how many figures in force bring which kind of weight into it."""
    counts: dict[SeriesKey, Counter[str]] = {key: Counter() for key in keys}
    if not counts:
        return {}
    ids, units, metrics, definitions = zip(*counts, strict=True)
    rows = QUERIES.count_weight_kinds(
        conn,
        municipality_ids=list(ids),
        units=list(units),
        metrics=list(metrics),
        definition_keys=list(definitions),
    )
    async for row in rows:
        key = (row["municipality_id"], row["unit"], row["metric"], row["definition_key"])
        counts[key][row["weight_kind"]] = row["figure_count"]
    return counts


async def add_figures(conn: Connection, figures: Sequence[tuple[KeptFigure, bytes]]) -> None:
    """Add figures with the hashes of their bodies; those replaced must have been taken out of force
    before.

    Raises:
        Unavailable: another transaction took one of the ids in the same moment; trying again gives
            the right answer.
    """
    records = [
        (
            f.publisher,
            f.figure_id,
            body_hash,
            f.municipality_id,
            f.municipality_number,
            f.unit,
            f.metric,
            f.period,
            Period.parse(f.period).last_day,
            f.window,
            f.definition_key,
            json.dumps(dict(f.definition)),
            f.measure.numerator,
            f.measure.denominator,
            f.measure.value,
            f.measure.weight_kind,
            f.measure.weight,
            None if f.parts is None else json.dumps(dict(f.parts)),
            f.persons,
            f.note,
            f.generated,
            findings_json(f.findings),
            f.vintage,
            f.replaces,
            f.in_force,
            f.origin,
            f.arrived_at,
            f.posted_at,
        )
        for f, body_hash in figures
    ]
    try:
        await conn.copy_records_to_table("figure", records=records, columns=_FIGURE_COLUMNS)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name not in ("figure_pk", "figure_place_vintage"):
            raise
        raise Unavailable(
            "the same figure is being posted by another request", retry_after_seconds=1
        ) from error


async def end_force(conn: Connection, ids: Sequence[tuple[str, UUID]]) -> None:
    """Take figures out of force because others replace them."""
    if ids:
        await QUERIES.end_force(
            conn, publishers=[p for p, _ in ids], figure_ids=[i for _, i in ids]
        )


async def find_figure(conn: Connection, publisher: str, figure_id: UUID) -> KeptFigure | None:
    """Return a publisher's figure."""
    row = await QUERIES.find_figure(conn, publisher=publisher, figure_id=figure_id)
    return None if row is None else _figure(row)


async def withdraw(
    conn: Connection, figure: KeptFigure, *, by: str, reason: str, now: datetime
) -> KeptFigure | None:
    """Take a figure back; return the figure that is in force at its place now, if any."""
    await QUERIES.withdraw_figure(
        conn,
        publisher=figure.publisher,
        figure_id=figure.figure_id,
        withdrawn_at=now,
        withdrawn_by=by,
        reason=reason,
    )
    row = await QUERIES.restore_force(conn, **_single(figure.place))
    return None if row is None else _figure(row)


async def list_withdrawn(
    conn: Connection, ids: Sequence[tuple[str, UUID]]
) -> dict[tuple[str, UUID], bool]:
    """Return which of these publishers' figures are kept, and whether each is withdrawn."""
    rows = QUERIES.list_withdrawn(
        conn, publishers=[p for p, _ in ids], figure_ids=[i for _, i in ids]
    )
    return {(row["publisher"], row["figure_id"]): row["is_withdrawn"] async for row in rows}


async def list_all_ids(conn: Connection) -> AsyncIterator[tuple[str, UUID, bool]]:
    """Yield publisher and id of every figure, and whether it is withdrawn."""
    after = ("", UUID(int=0))
    while True:
        rows = QUERIES.list_all_ids(conn, after_publisher=after[0], after_id=after[1], count=PAGE)
        page = [(row["publisher"], row["figure_id"], row["is_withdrawn"]) async for row in rows]
        for each in page:
            yield each
        if not page:
            return
        after = page[-1][:2]


async def list_kept(conn: Connection) -> AsyncIterator[tuple[KeptFigure, bytes]]:
    """Yield every figure with the hash of the body that was accepted."""
    after = ("", UUID(int=0))
    while True:
        rows = QUERIES.list_kept(conn, after_publisher=after[0], after_id=after[1], count=PAGE)
        page = [(_figure(row), bytes(row["body_hash"])) async for row in rows]
        for each in page:
            yield each
        if not page:
            return
        after = (page[-1][0].publisher, page[-1][0].figure_id)


async def find_in_force_at(conn: Connection, place: Place, moment: datetime) -> KeptFigure | None:
    """Return the figure that was in force at a place just after something was decided there."""
    row = await QUERIES.find_in_force_at(conn, **_single(place), moment=moment)
    return None if row is None else _figure(row)


async def end_force_at(conn: Connection, place: Place) -> None:
    """Take whatever is in force at a place out of force."""
    await QUERIES.end_force_at(conn, **_single(place))


async def list_figures(
    conn: Connection,
    municipality_id: str,
    *,
    metric: str | None,
    from_day: date | None,
    to_day: date | None,
    current_only: bool,
    after: tuple[date, str] | None,
    count: int,
) -> list[tuple[KeptFigure, tuple[date, str]]]:
    """Return figures by period, each with its place in the list."""
    day, key = after or (date.min, "")
    rows = QUERIES.list_figures(
        conn,
        municipality_id=municipality_id,
        metric=metric,
        from_day=from_day,
        to_day=to_day,
        current_only=current_only,
        after_day=day,
        after_key=key,
        count=count,
    )
    return [(_figure(row), (row["period_last_day"], row["sort_key"])) async for row in rows]


def findings_json(findings: Iterable[Finding]) -> str:
    """Write findings as they are kept and answered."""
    return json.dumps(
        [
            {
                "code": f.code,
                "severity": f.severity,
                "message": f.message,
                "field": f.field,
                "message_args": f.message_args,
            }
            for f in findings
        ]
    )


def _findings(text: str) -> tuple[Finding, ...]:
    return tuple(Finding(**entry) for entry in json.loads(text))


def _single(place: Place) -> dict[str, str]:
    return {
        "municipality_id": place.municipality_id,
        "unit": place.unit,
        "metric": place.metric,
        "definition_key": place.definition_key,
        "period": place.period,
        "figure_window": place.window,
    }


def _columns(places: Collection[Place]) -> dict[str, list[str]]:
    return {
        "municipality_ids": [place.municipality_id for place in places],
        "units": [place.unit for place in places],
        "metrics": [place.metric for place in places],
        "definition_keys": [place.definition_key for place in places],
        "periods": [place.period for place in places],
        "windows": [place.window for place in places],
    }


def _place(row: Any) -> Place:
    return Place(
        row["municipality_id"],
        row["unit"],
        row["metric"],
        row["definition_key"],
        row["period"],
        row["figure_window"],
    )


def _figure(row: Any) -> KeptFigure:
    return KeptFigure(
        publisher=row["publisher"],
        figure_id=row["figure_id"],
        municipality_id=row["municipality_id"],
        municipality_number=row["municipality_number"],
        unit=row["unit"],
        metric=row["metric"],
        period=row["period"],
        window=row["figure_window"],
        definition_key=row["definition_key"],
        definition=json.loads(row["definition"]),
        measure=Measure(
            row["numerator"], row["denominator"], row["value"], row["weight_kind"], row["weight"]
        ),
        parts=None if row["parts"] is None else json.loads(row["parts"]),
        persons=row["persons"],
        note=row["note"],
        generated=row["generated"],
        findings=_findings(row["findings"]),
        vintage=row["vintage"],
        replaces=row["replaces"],
        in_force=row["in_force"],
        origin=row["origin"],
        arrived_at=row["arrived_at"],
        posted_at=row["posted_at"],
        withdrawn_at=row["withdrawn_at"],
        withdrawn_by=row["withdrawn_by"],
        withdrawal_reason=row["withdrawal_reason"],
    )


async def list_unlike_audit(conn: Connection, *, count: int) -> list[Unlike]:
    """Return figures that the audit log does not claim exactly once with their content's hash."""
    return [
        Unlike(
            row["publisher"], row["figure_id"], row["held"], row["claims"], bool(row["is_alike"])
        )
        async for row in QUERIES.figures_unlike_audit(conn, count=count)
    ]


async def list_withdrawals_unlike_audit(
    conn: Connection, *, count: int
) -> list[tuple[str, str, bool]]:
    """Return publisher and id of figures whose withdrawal only the table or only the audit log
    knows, and whether the table does.
    """
    return [
        (row["publisher"], row["figure_id"], row["is_withdrawn"])
        async for row in QUERIES.withdrawals_unlike_audit(conn, count=count)
    ]
