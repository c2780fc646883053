"""Rounds and what they oblige projects to, with the calendar."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from services.reporting.rounds import commands as rounds
from services.reporting.rounds.rules import ReminderStep
from shared.events.registry import Member
from shared.events.reporting import ReportDue, ReportOverdue, RoundChanged, RoundOpened
from tests.conftest import MakeDatabase
from tests.reporting import factories
from tests.reporting.desk import Desk
from tests.reporting.factories import annual_round, project

BEFORE = datetime(2013, 1, 1, 12, tzinfo=UTC)
OPEN = datetime(2013, 1, 10, 12, tzinfo=UTC)
LAST_SECOND = datetime(2013, 2, 1, 22, 59, 59, tzinfo=UTC)
MIDNIGHT = LAST_SECOND + timedelta(seconds=1)


async def states(desk: Desk) -> dict[str, str]:
    return {obligation.project_id: obligation.state for obligation in await desk.obligations()}


async def test_an_obligation_becomes_due_and_overdue_with_the_calendar_and_each_is_told_once(
    empty_desk: Desk,
) -> None:
    desk, told = empty_desk, []
    desk.now = BEFORE
    await desk.hear(project())
    await desk.load(annual_round())

    for now in (
        BEFORE,
        datetime(2013, 1, 1, 22, 59, 59, tzinfo=UTC),
        datetime(2013, 1, 1, 23, tzinfo=UTC),
        OPEN,
        LAST_SECOND,
        MIDNIGHT,
        MIDNIGHT + timedelta(days=9),
    ):
        changes = await desk.tick(now)
        told.append((changes, (await states(desk))["vefsn-naervaer"]))

    assert told == [
        (0, "not_due"),
        (0, "not_due"),
        (1, "due"),
        (0, "due"),
        (0, "due"),
        (1, "overdue"),
        (0, "overdue"),
    ]
    (due,), (overdue,) = await desk.told(ReportDue), await desk.told(ReportOverdue)
    assert (due.state, overdue.state) == ("due", "overdue")
    assert (due.project_id, due.round_id, due.report_kind, due.period) == (
        "vefsn-naervaer",
        "annual-2012",
        "annual",
        "2012",
    )
    assert (due.opens_on, due.due_on, due.obligation_id) == (
        date(2013, 1, 2),
        date(2013, 2, 1),
        overdue.obligation_id,
    )
    assert overdue.occurred_at == MIDNIGHT


@pytest.mark.parametrize(
    ("due_on", "midnight"),
    [
        (date(2013, 3, 30), datetime(2013, 3, 30, 23, tzinfo=UTC)),
        (date(2013, 3, 31), datetime(2013, 3, 31, 22, tzinfo=UTC)),
        (date(2013, 10, 27), datetime(2013, 10, 27, 23, tzinfo=UTC)),
    ],
)
async def test_overdue_comes_at_midnight_in_oslo_on_the_days_the_clock_is_changed(
    empty_desk: Desk, due_on: date, midnight: datetime
) -> None:
    desk = empty_desk
    desk.now = BEFORE
    await desk.hear(project())
    await desk.load(annual_round(due_on=due_on))

    await desk.tick(midnight - timedelta(seconds=1))
    before = await states(desk)
    await desk.tick(midnight)

    assert [before, await states(desk)] == [
        {"vefsn-naervaer": "due"},
        {"vefsn-naervaer": "overdue"},
    ]


async def test_a_round_that_is_open_when_it_is_loaded_is_due_at_once(empty_desk: Desk) -> None:
    desk = empty_desk
    desk.now = OPEN
    await desk.hear(project())

    await desk.load(annual_round())

    assert await states(desk) == {"vefsn-naervaer": "due"}
    assert len(await desk.told(ReportDue)) == 1


async def test_a_round_loaded_after_its_time_makes_historical_obligations_and_tells_nobody(
    empty_desk: Desk,
) -> None:
    desk = empty_desk
    desk.now = MIDNIGHT
    await desk.hear(project())

    await desk.load(annual_round())
    await desk.tick(MIDNIGHT + timedelta(days=1))

    (obligation,) = await desk.obligations()
    assert (obligation.state, obligation.historical) == ("overdue", True)
    assert await desk.told(ReportDue) == []
    assert await desk.told(ReportOverdue) == []


async def test_a_round_is_told_when_it_is_made_and_when_it_changes_and_not_when_it_is_repeated(
    empty_desk: Desk,
) -> None:
    desk = empty_desk
    desk.now = BEFORE
    step = ReminderStep("week-before", -7, "business-days", ("project-manager",))

    for round_ in (annual_round(), annual_round(), annual_round(reminders=(step,))):
        await desk.load(round_)

    (opened,) = await desk.told(RoundOpened)
    (changed,) = await desk.told(RoundChanged)
    assert (opened.key, opened.version, opened.reminders) == ("annual-2012", 1, [])
    assert (changed.version, changed.due_on) == (2, date(2013, 2, 1))
    (told,) = changed.reminders
    assert (told.step_id, told.days, told.counts, told.to) == (
        "week-before",
        -7,
        "business-days",
        ["project-manager"],
    )


async def test_what_is_owed_says_what_is_missing(empty_desk: Desk) -> None:
    desk = empty_desk
    desk.now = OPEN
    await desk.hear(project())
    await desk.load(annual_round())

    (due,) = await desk.told(ReportDue)

    assert [(missing.part, missing.party) for missing in due.missing] == [("report", None)]
    assert not due.historical


async def test_what_the_service_slept_through_is_told_in_order(empty_desk: Desk) -> None:
    desk = empty_desk
    desk.now = BEFORE
    await desk.hear(project())
    await desk.load(annual_round())

    assert await desk.tick(MIDNIGHT + timedelta(days=30)) == 2

    async with desk.database.connection() as conn:
        kinds = [
            row["kind"]
            for row in await conn.fetch(
                "SELECT headers->>'ce_type' AS kind FROM outbox ORDER BY id"
            )
        ]
    assert kinds == [RoundOpened.type(), ReportDue.type(), ReportOverdue.type()]


async def test_loading_the_same_round_again_changes_nothing(empty_desk: Desk) -> None:
    desk = empty_desk
    desk.now = OPEN
    await desk.hear(project())
    first = await desk.load(annual_round())

    again = await desk.load(annual_round())

    assert again == first
    assert len(await desk.obligations()) == 1
    assert len(await desk.told(ReportDue)) == 1


async def test_projects_that_come_later_owe_too_whatever_comes_first(empty_desk: Desk) -> None:
    desk = empty_desk
    desk.now = OPEN
    await desk.load(annual_round(cohort_ids=("pulje-1",)))

    await desk.hear(project())
    await desk.hear(
        project(project_id="bergen-naervaer"),
        project(project_id="oslo-heltid", cohort_id="pulje-2"),
    )

    assert await states(desk) == {"vefsn-naervaer": "due", "bergen-naervaer": "due"}
    assert len(await desk.told(ReportDue)) == 2

    await desk.hear(project(project_id="oslo-heltid", version=2, cohort_id="pulje-1"))

    assert (await states(desk))["oslo-heltid"] == "due"


async def test_a_project_that_comes_after_the_due_day_owes_historically(empty_desk: Desk) -> None:
    desk = empty_desk
    desk.now = BEFORE
    await desk.load(annual_round())
    desk.now = MIDNIGHT

    await desk.hear(project())

    (obligation,) = await desk.obligations()
    assert (obligation.state, obligation.historical) == ("overdue", True)
    assert await desk.told(ReportOverdue) == []


async def test_a_project_heard_again_or_out_of_order_keeps_its_obligations(
    empty_desk: Desk,
) -> None:
    desk = empty_desk
    desk.now = OPEN
    await desk.load(annual_round())
    await desk.hear(project(version=2, members=[Member(municipality_id=factories.HARSTAD)]))

    await desk.hear(project(version=1), project(version=2))

    assert await states(desk) == {"vefsn-naervaer": "due"}
    assert len(await desk.told(ReportDue)) == 1
    async with desk.database.connection() as conn:
        assert (
            await conn.fetchval("SELECT municipality_id FROM project_member") == factories.HARSTAD
        )


async def test_moving_the_due_day_lets_what_is_not_handed_in_begin_anew(empty_desk: Desk) -> None:
    desk = empty_desk
    desk.now = BEFORE
    await desk.hear(project())
    await desk.load(annual_round())
    await desk.tick(MIDNIGHT)

    await desk.load(annual_round(due_on=date(2013, 3, 1)))

    assert await states(desk) == {"vefsn-naervaer": "due"}
    due = await desk.told(ReportDue)
    assert [event.due_on for event in due] == [date(2013, 2, 1), date(2013, 3, 1)]
    assert len({event.event_id for event in due}) == 2

    await desk.tick(datetime(2013, 3, 2, tzinfo=UTC))

    assert [event.due_on for event in await desk.told(ReportOverdue)] == [
        date(2013, 2, 1),
        date(2013, 3, 1),
    ]


async def test_moving_the_due_day_to_the_past_makes_overdue(empty_desk: Desk) -> None:
    desk = empty_desk
    desk.now = OPEN
    await desk.hear(project())
    await desk.load(annual_round())

    await desk.load(annual_round(due_on=date(2013, 1, 9)))
    assert await states(desk) == {"vefsn-naervaer": "due"}, "a report may be unread"
    await desk.tick()

    assert await states(desk) == {"vefsn-naervaer": "overdue"}
    assert len(await desk.told(ReportOverdue)) == 1


async def test_many_replicas_tell_each_change_once(make_database: MakeDatabase) -> None:
    desk = Desk(await make_database("reporting"), now=BEFORE)
    await desk.hear(*(project(project_id=f"project-{number}") for number in range(60)))
    await desk.load(annual_round())

    changes = await asyncio.gather(*(desk.tick(MIDNIGHT) for _ in range(4)))

    assert sum(changes) == 120
    assert set((await states(desk)).values()) == {"overdue"}
    assert len({event.obligation_id for event in await desk.told(ReportOverdue)}) == 60
    assert (len(await desk.told(ReportDue)), len(await desk.told(ReportOverdue))) == (60, 60)


async def test_an_obligation_that_a_report_is_coming_in_for_is_left_for_the_next_look(
    empty_desk: Desk,
) -> None:
    desk = empty_desk
    desk.now = BEFORE
    await desk.hear(project(), project(project_id="bergen-naervaer"))
    await desk.load(annual_round())
    await desk.tick(OPEN)

    async with desk.database.transaction() as conn:
        await conn.execute("SELECT FROM obligation WHERE project_id = 'vefsn-naervaer' FOR UPDATE")
        assert await desk.tick(MIDNIGHT) == 1
    assert await desk.tick(MIDNIGHT) == 1


async def test_a_round_and_a_project_that_come_at_once_see_each_other(
    make_database: MakeDatabase,
) -> None:
    desk = Desk(await make_database("reporting"), now=OPEN)

    async def load(number: int) -> None:
        await desk.load(annual_round(round_id=f"round-{number}"))

    async def hear(number: int) -> None:
        async with desk.database.transaction() as conn:
            await rounds.hear_projects(
                conn, [project(project_id=f"project-{number}")], now=desk.now
            )

    await asyncio.gather(*(work(number) for number in range(6) for work in (load, hear)))

    assert len(await desk.obligations()) == 36
