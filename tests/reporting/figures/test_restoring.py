"""After a restore: what the log has is taken in as it was, what the log lacks is told as it was."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from services.reporting import restoring
from services.reporting.figures import auditing
from shared.events.envelope import Event
from shared.events.reporting import AbsenceFigurePosted, FigureWithdrawn
from tests.conftest import MakeDatabase
from tests.reporting.conftest import hear_all
from tests.reporting.desk import Desk
from tests.reporting.factories import entry, posted
from tests.support.logs import log_of


async def written(desk: Desk) -> list[Event]:
    """Post, correct, withdraw and post again; return what was told, in order."""
    first, second, third = (
        posted(),
        posted(lost_days="1400"),
        posted(period="2013-03", note="ny måling", lost_days="9.50"),
    )
    await desk.post(first)
    desk.now += timedelta(minutes=1)
    await desk.post(third)
    desk.now += timedelta(minutes=1)
    await desk.post(second)
    desk.now += timedelta(minutes=1)
    await desk.withdraw(second["figure_id"], reason="feil")
    desk.now += timedelta(minutes=1)
    await desk.post(posted(lost_days="1500"))
    desk.now += timedelta(minutes=1)
    await desk.withdraw(first["figure_id"])
    figures, withdrawals = (
        await desk.told(AbsenceFigurePosted),
        await desk.told(FigureWithdrawn),
    )
    return [*figures[:3], withdrawals[0], figures[3], withdrawals[1]]


async def written_at_one_place(desk: Desk, step: timedelta) -> list[Event]:
    """Post, correct, and withdraw between, with a clock that goes by a step at a time; return what
    was told, in order.
    """
    bodies = [posted(lost_days=str(1300 + number)) for number in range(4)]
    await desk.post(*bodies[:2])
    desk.now += step
    await desk.withdraw(bodies[1]["figure_id"])
    desk.now += step
    await desk.post(bodies[2])
    desk.now += step
    await desk.withdraw(bodies[0]["figure_id"])
    desk.now += step
    await desk.post(bodies[3])
    figures, withdrawals = (
        await desk.told(AbsenceFigurePosted),
        await desk.told(FigureWithdrawn),
    )
    return [*figures[:2], withdrawals[0], figures[2], withdrawals[1], figures[3]]


def wire(events: Sequence[Event]) -> list[Any]:
    """Return events as the log has them."""
    return [(event.event_id, event.payload(), event.headers()) for event in events]


def without_origin(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row | {"origin": ""} for row in rows]


async def test_an_empty_database_takes_every_figure_from_the_log_as_it_was(
    desk: Desk, make_database: MakeDatabase
) -> None:
    events = await written(desk)
    again = Desk(await make_database("reporting"), rights=desk.rights)
    for _ in range(2):
        async with again.database.transaction() as conn:
            await restoring.adopt(conn, await restoring.unknown(conn, events), log_of())

    assert without_origin(await again.figures()) == without_origin(await desk.figures())
    async with again.database.connection() as conn:
        assert await restoring.unknown(conn, events) == []
        assert await auditing.unlike_the_log(conn) == [], "each is claimed by one audit entry"
    assert await again.told(AbsenceFigurePosted) == [], "it is in the log"


async def test_a_publisher_that_repeats_a_figure_taken_from_the_log_gets_its_first_answer(
    desk: Desk, make_database: MakeDatabase
) -> None:
    body = posted(note="ny måling", lost_days="1387.2")
    await desk.post(body)
    again = Desk(await make_database("reporting"))
    await hear_all(again)
    async with again.database.transaction() as conn:
        await restoring.adopt(conn, await desk.told(AbsenceFigurePosted), log_of())

    (judged,) = await again.post(entry(body))

    assert (judged.result, judged.vintage) == ("repeated", 1)


async def test_only_what_a_database_forgot_is_unknown(desk: Desk) -> None:
    events = await written(desk)
    async with desk.database.transaction() as conn:
        await conn.execute(
            "UPDATE figure SET withdrawn_at = NULL, withdrawal_reason = NULL, withdrawn_by = NULL"
        )
        assert await restoring.unknown(conn, events) == [events[3], events[5]]


async def test_an_empty_log_is_told_every_figure_byte_for_byte_in_its_order(desk: Desk) -> None:
    events = await written(desk)
    async with desk.database.connection() as conn:
        told = await restoring.untold(conn, log_of())
        assert await restoring.untold(conn, log_of(*events[:4])) == told[4:]
        assert await restoring.untold(conn, log_of(*events)) == []

    assert wire(told) == wire(events)


@pytest.mark.parametrize("step", [timedelta(0), timedelta(minutes=1)])
async def test_a_place_is_told_again_in_the_order_of_its_vintages_even_those_of_one_millisecond(
    desk: Desk, step: timedelta
) -> None:
    events = await written_at_one_place(desk, step)
    async with desk.database.connection() as conn:
        assert wire(await restoring.untold(conn, log_of())) == wire(events)
