"""Calendar entries and news, repeated and out of order, on the real database."""

from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from services.notifications.feeds import commands, store
from services.notifications.feeds.store import Entry
from shared.events.metrics import MilestoneEvent
from shared.events.registry import (
    GatheringCancelled,
    GatheringChanged,
    GatheringEvent,
    GatheringScheduled,
    ProjectEnded,
)
from shared.events.reporting import ReportEvent, RoundChanged, RoundOpened
from shared.postgres.database import Database
from tests.notifications import factories
from tests.notifications.steps import hear_all

AT = datetime(2013, 1, 2, 12, tzinfo=UTC)


def round_opened(**changes: Any) -> RoundOpened:
    content = {
        "round_id": "annual-2012",
        "version": 1,
        "programme_id": "saman-2011",
        "report_kind": "annual",
        "period": "2012",
        "opens_on": date(2013, 1, 2),
        "due_on": date(2013, 2, 1),
        "occurred_at": AT,
    }
    return RoundOpened.model_validate({**content, **changes})


async def hear(database: Database, *events: ReportEvent) -> None:
    for event in events:
        async with database.transaction() as conn:
            await commands.hear_reports(conn, [event])


async def entries(database: Database) -> list[Entry]:
    async with database.connection() as conn:
        return await store.list_of_projects(conn, ["vefsn-naervaer"])


def told(**changes: Any) -> list[ReportEvent]:
    due = factories.report_due(occurred_at=AT, **changes)
    same: dict[str, Any] = {"obligation_id": due.obligation_id}
    moved = factories.report_due(
        **same, due_on=date(2013, 2, 8), occurred_at=AT + timedelta(days=1)
    )
    came = factories.report_submitted(
        **same, due_on=date(2013, 2, 8), occurred_at=AT + timedelta(days=2)
    )
    return [due, moved, came]


async def test_each_change_that_is_shown_raises_the_sequence_once(database: Database) -> None:
    due, moved, came = told()
    await hear(database, due, due, moved, due, moved, came, moved, came)
    (entry,) = await entries(database)
    assert (entry.day, entry.state, entry.sequence) == (date(2013, 2, 8), "done", 2)
    assert entry.changed_at == AT + timedelta(days=2)


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_in_any_order_the_newest_state_is_shown(
    database: Database, order: tuple[int, ...]
) -> None:
    events = told()
    await hear(database, *(events[place] for place in order))
    (entry,) = await entries(database)
    assert (entry.day, entry.state) == (date(2013, 2, 8), "done")


async def test_a_rounds_deadline_stands_in_the_programmes_calendar(database: Database) -> None:
    opened = round_opened()
    later = AT + timedelta(days=9)
    changed = RoundChanged.model_validate(
        {**opened.model_dump(), "version": 2, "due_on": date(2013, 3, 1), "occurred_at": later}
    )
    for event in (opened, changed, opened):
        async with database.transaction() as conn:
            await commands.hear_rounds(conn, [event])
    async with database.connection() as conn:
        (entry,) = await store.list_of_programme(conn, "saman-2011")
    assert (entry.day, entry.sequence, entry.project_id) == (date(2013, 3, 1), 1, None)


async def test_what_is_open_of_a_project_that_ended_is_cancelled(database: Database) -> None:
    due, _, _ = told()
    await hear(database, due)
    ended = ProjectEnded(
        **{
            **factories.project().model_dump(),
            "version": 2,
            "ended_on": date(2013, 1, 20),
            "occurred_at": AT + timedelta(days=18),
        }
    )
    async with database.transaction() as conn:
        await commands.hear_projects(conn, [ended, ended])
    (entry,) = await entries(database)
    assert (entry.state, entry.sequence) == ("cancelled", 1)


async def test_a_gathering_is_shown_as_its_newest_version_says(database: Database) -> None:
    def gathering(cls: type[GatheringEvent], version: int, **changes: Any) -> GatheringEvent:
        content = {
            "gathering_id": "fagsamling-2013",
            "version": version,
            "programme_id": "saman-2011",
            "network_id": "nettverk-1",
            "kind": "network",
            "names": {"nb": "Fagsamling"},
            "starts_at": AT,
            "ends_at": AT + timedelta(hours=5),
            "place": "Oslo",
            "state": "scheduled",
            "occurred_at": AT + timedelta(days=version),
        }
        return cls.model_validate({**content, **changes})

    scheduled = gathering(GatheringScheduled, 1)
    attended = gathering(GatheringChanged, 2, observers=4)
    moved = gathering(GatheringChanged, 3, place="Bergen")
    cancelled = gathering(GatheringCancelled, 4, place="Bergen", state="cancelled")
    for event in (scheduled, attended, scheduled, moved, cancelled, moved, cancelled):
        async with database.transaction() as conn:
            await commands.hear_gatherings(conn, [event])
    async with database.connection() as conn:
        (found,) = await store.list_gatherings(conn, programme_id="saman-2011")
        assert await store.list_gatherings(conn, network_id="nettverk-1") == [found]
        assert await store.list_gatherings(conn, network_id="nettverk-2") == []
    assert (found.place, found.cancelled, found.sequence) == ("Bergen", True, 2)
    assert found.changed_at == AT + timedelta(days=4)


async def test_milestones_are_news_of_all_that_they_concern_once(database: Database) -> None:
    await hear_all(database)
    reached, lost = factories.target_reached(), factories.target_lost()
    batches: list[list[MilestoneEvent]] = [[reached], [lost, reached], [reached, lost]]
    for events in batches:
        async with database.transaction() as conn:
            await commands.hear_milestones(conn, events)
    async with database.connection() as conn:
        found = {
            subject: len(
                await store.list_news(
                    conn, subject, before=datetime(2100, 1, 1, tzinfo=UTC), count=9
                )
            )
            for subject in (None, "municipality/vefsn-1824", "cohort/pulje-1", "cohort/other")
        }
    assert found == {None: 2, "municipality/vefsn-1824": 2, "cohort/pulje-1": 2, "cohort/other": 0}
