"""Counts of the workforce become five metrics, are replaced as a whole, and taken back."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from shared.events.reporting import (
    FigureEvent,
    FigureWithdrawn,
    WorkforceFigureInForce,
    WorkforceFigurePosted,
)
from shared.postgres.database import Database
from tests.conftest import MakeDatabase
from tests.metrics import stored
from tests.metrics.factories import NOW
from tests.metrics.stored import hear

KEY = "included.municipality-hr"
VEFSN = "municipality/vefsn-1824"
_IDS = UUID("6b0a4a3e-2f0e-4c1d-9d39-5a1f1c9ac2f7")


def fields(period: str, vintage: int, changes: dict[str, Any]) -> dict[str, Any]:
    counts: dict[str, Any] = {
        "employees": 1000,
        "full_time_equivalents": Decimal("742.5"),
        "positions": 1100,
        "part_time_employees": 600,
        "full_time_employees": 400,
        "wanting_larger_position": 150,
    }
    return {
        "figure_id": uuid5(_IDS, f"{period} {vintage}"),
        "municipality": "1824",
        "municipality_id": "vefsn-1824",
        "municipality_number": "1824",
        "period": period,
        "definition": {"leave": "included", "source": "municipality-hr"},
        "definition_key": KEY,
        "vintage": vintage,
        "publisher": "889640782",
        "posted_at": NOW,
        **counts,
        **changes,
    }


def count(period: str = "2013-03", *, vintage: int = 1, **changes: Any) -> WorkforceFigurePosted:
    return WorkforceFigurePosted(
        event_id=uuid5(_IDS, f"{period} {vintage} posted"),
        occurred_at=NOW,
        **fields(period, vintage, changes),
    )


def taken_back(period: str, vintage: int, *, before: int | None = None) -> FigureWithdrawn:
    held = None if before is None else WorkforceFigureInForce(**fields(period, before, {}))
    return FigureWithdrawn(
        event_id=uuid5(_IDS, f"{period} {vintage} withdrawn"),
        occurred_at=NOW,
        figure_id=uuid5(_IDS, f"{period} {vintage}"),
        municipality_id="vefsn-1824",
        metric="workforce",
        period=period,
        definition={"leave": "included", "source": "municipality-hr"},
        definition_key=KEY,
        reason="counted twice",
        publisher="889640782",
        withdrawn_at=NOW,
        in_force=held,
    )


async def values(
    database: Database, period: str = "2013-03", window: str = "month", subject: str = VEFSN
) -> dict[str, str | None]:
    found = {}
    for metric in (
        "position-size",
        "position-size-per-position",
        "part-time-share",
        "full-time-share",
        "involuntary-part-time-share",
    ):
        for (whose, _, at), content in (await stored.states(database, metric=metric)).items():
            if (whose, at) == (subject, period):
                found[metric] = content["windows"][window]["value"]
    return found


ALL = {
    "position-size": "74.25",
    "position-size-per-position": "67.50",
    "part-time-share": "60.00",
    "full-time-share": "40.00",
    "involuntary-part-time-share": "25.00",
}


async def test_one_count_becomes_five_metrics_in_groups_and_quarters_too(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await hear(database)

    await stored.apply(database, [count("2013-02", employees=900), count()])

    assert await values(database) == ALL
    assert await values(database, window="quarter") == ALL
    assert await values(database, subject="county/18") == ALL


async def test_a_count_is_replaced_as_a_whole(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    await stored.apply(database, [count()])

    await stored.apply(database, [count(vintage=2, positions=None, part_time_employees=500)])

    assert await values(database) == ALL | {
        "position-size-per-position": None,
        "part-time-share": "50.00",
        "involuntary-part-time-share": "30.00",
    }


async def test_a_count_that_is_taken_back_leaves_the_one_before(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await stored.apply(database, [count(), count(vintage=2, positions=None)])

    await stored.apply(database, [taken_back("2013-03", 2, before=1)])
    assert await values(database) == ALL

    await stored.apply(database, [taken_back("2013-03", 1)])
    assert set((await values(database)).values()) == {None}


async def test_counts_that_come_twice_and_shuffled_leave_the_same(
    make_database: MakeDatabase,
) -> None:
    in_order, mixed = await make_database("metrics"), await make_database("metrics")
    events: list[FigureEvent] = [
        count(),
        count(vintage=2, positions=None),
        count(vintage=3),
        taken_back("2013-03", 3),
    ]
    for event in events:
        await stored.apply(in_order, [event])

    await stored.apply(mixed, [events[3], events[1]], [events[2], events[0]], events)

    assert await values(mixed) == await values(in_order)
    assert (await values(mixed))["position-size-per-position"] is None


async def test_few_part_time_employees_are_withheld(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")

    await stored.apply(
        database,
        [count(employees=30, part_time_employees=3, full_time_employees=27, positions=None)],
    )

    found = await values(database)
    assert (found["part-time-share"], found["full-time-share"]) == (None, None)
    assert found["position-size"] is not None
