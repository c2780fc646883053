"""Who is owed a notification of what, on the real database."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from services.notifications.deliveries import commands as deliveries_commands
from services.notifications.deliveries.commands import ToldOf
from services.notifications.heard import commands as heard_commands
from services.notifications.heard import store as heard
from services.notifications.heard.rules import Name
from shared.events.registry import Member
from shared.postgres.database import Database
from tests.conftest import MakeDatabase
from tests.notifications import factories
from tests.notifications.factories import LATER, subscription
from tests.notifications.steps import WEBHOOK, count, hear_all, log, put, tell


async def test_an_event_is_owed_once_to_each_subscription_that_it_concerns(
    database: Database,
) -> None:
    await put(database, subscription(subscription_id="all-of-it"))
    await put(
        database, subscription(subscription_id="vefsn", subjects=("municipality/vefsn-1824",))
    )
    await put(database, subscription(subscription_id="bodo", subjects=("municipality/bodo-1804",)))
    event = factories.target_reached()

    assert await tell(database, event) == 2

    owed = await log(database)
    assert {delivery.subscription_id for delivery in owed} == {"all-of-it", "vefsn"}
    assert {delivery.event_id for delivery in owed} == {event.event_id}
    assert {delivery.state for delivery in owed} == {"waiting"}


async def test_telling_again_owes_nothing_new(database: Database) -> None:
    await put(database, subscription())
    reached, lost = factories.target_reached(), factories.target_lost()
    assert await tell(database, reached, lost) == 2
    assert await tell(database, reached, lost, reached) == 0
    assert await count(database, "delivery") == 2


async def test_what_concerns_nobody_leaves_no_row(database: Database) -> None:
    await put(database, subscription(subjects=("municipality/bodo-1804",)))
    assert (
        await tell(
            database, factories.target_reached(), *(factories.metric_updated() for _ in range(50))
        )
        == 0
    )
    assert await count(database, "told_event") == await count(database, "delivery") == 0


async def test_metric_updates_are_owed_to_the_webhooks_that_follow_a_window_that_moved(
    database: Database,
) -> None:
    await put(database, subscription(subscription_id="mail"))
    await put(database, subscription(subscription_id="month", windows=("month",), **WEBHOOK))
    await put(
        database, subscription(subscription_id="year-so-far", windows=("year-to-date",), **WEBHOOK)
    )
    await tell(database, factories.metric_updated(changed=["windows.month", "goals"]))
    assert [delivery.subscription_id for delivery in await log(database)] == ["month"]


@pytest.mark.parametrize(
    ("changes", "followed"),
    [
        (
            {**WEBHOOK, "subjects": ("municipality/vefsn-1824", "cohort/*")},
            {"municipality/vefsn-1824", "cohort/pulje-1"},
        ),
        ({**WEBHOOK, "events": ("TargetReached",)}, set()),
        ({**WEBHOOK, "active": False}, set()),
        (WEBHOOK, {"municipality/vefsn-1824", "municipality/bodo-1804", "cohort/pulje-1"}),
        ({}, set()),
    ],
)
async def test_metrics_are_read_only_where_some_webhook_may_follow_them(
    database: Database, changes: dict[str, Any], followed: set[str]
) -> None:
    await put(database, subscription(**changes))
    subjects = {"municipality/vefsn-1824", "municipality/bodo-1804", "cohort/pulje-1"}
    async with database.connection() as conn:
        assert await deliveries_commands.followed_metrics(conn, subjects) == followed


@pytest.mark.parametrize(
    "subject",
    [
        "project/vefsn-naervaer",
        "municipality/vefsn-1824",
        "cohort/pulje-1",
        "cohort/*",
        "theme/sickness-absence",
        "county/18",
        "programme/saman-2011",
    ],
)
async def test_what_happens_to_a_project_concerns_everything_that_it_belongs_to(
    database: Database, subject: str
) -> None:
    await hear_all(database)
    await put(database, subscription(subjects=(subject,)))
    of_group = factories.target_reached(subject="project/vefsn-naervaer")
    assert (
        await tell(database, factories.report_overdue(), factories.target_reached(), of_group) == 3
    )


async def test_a_milestone_of_one_municipality_concerns_none_of_the_others(
    database: Database,
) -> None:
    members = [Member(municipality_id="vefsn-1824"), Member(municipality_id="bodo-1804")]
    async with database.transaction() as conn:
        await heard_commands.hear_projects(conn, [factories.project(members=members)])
    await put(database, subscription(subjects=("municipality/bodo-1804",)))
    assert await tell(database, factories.target_reached()) == 0
    assert await tell(database, factories.target_reached(subject="project/vefsn-naervaer")) == 1


async def test_a_municipality_lies_in_the_county_of_the_day_on_which_something_happened(
    database: Database,
) -> None:
    (now,) = factories.municipality().versions
    moved = now.model_copy(
        update={"county_number": "99", "valid_from": LATER.date() + timedelta(days=1)}
    )
    async with database.transaction() as conn:
        await heard_commands.hear_municipalities(
            conn, [factories.municipality(versions=[now, moved])]
        )
    await put(database, subscription(subjects=("county/99",)))
    assert await tell(database, factories.target_reached()) == 0
    assert (
        await tell(database, factories.target_reached(occurred_at=LATER + timedelta(days=1))) == 1
    )


async def test_names_are_kept_and_an_older_state_that_comes_late_changes_nothing(
    database: Database,
) -> None:
    newer = factories.project(version=2, members=[], cohort_id="pulje-2")
    async with database.transaction() as conn:
        await heard_commands.hear_projects(conn, [newer])
        await heard_commands.hear_projects(
            conn, [factories.project(version=1, names={"nb": "Gammelt navn"})]
        )
        names = await heard.list_names(conn, ["project/vefsn-naervaer"], on=date(2013, 5, 7))
        subjects = await heard.list_project_subjects(conn, ["vefsn-naervaer"])
    assert names == {"project/vefsn-naervaer": Name("Nærvær i Vefsn", en="Presence in Vefsn")}
    assert subjects["vefsn-naervaer"] == (
        "cohort/pulje-2",
        "theme/sickness-absence",
        "programme/saman-2011",
    )


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2013, 5, 7), "Vefsn"),
        (date(2017, 12, 31), "Vefsn"),
        (date(2018, 1, 1), "Vaapste"),
        (date(2026, 1, 1), "Vaapste"),
        (date(1800, 1, 1), "Vefsn"),
    ],
)
async def test_a_municipality_has_its_new_name_from_the_day_on_that_it_holds(
    database: Database, day: date, name: str
) -> None:
    renamed = factories.municipality(
        version=2, versions=factories.renamed("Vaapste", on=date(2018, 1, 1))
    )
    async with database.transaction() as conn:
        await heard_commands.hear_municipalities(conn, [renamed, factories.municipality()])
        names = await heard.list_names(
            conn, ["municipality/vefsn-1824", "municipality/unheard"], on=day
        )
    assert names == {"municipality/vefsn-1824": Name(name)}


async def test_order_and_repetition_of_events_do_not_matter(make_database: MakeDatabase) -> None:
    events: list[ToldOf] = [
        factories.target_reached(subject=f"municipality/{name}", value=value)
        for name in ("vefsn-1824", "bodo-1804", "rana-1833")
        for value in ("6.90", "6.80")
    ]
    subscriptions = [subscription(), subscription(subjects=("municipality/bodo-1804",))]
    seen = []
    for seed in (1, 2):
        database = await make_database("notifications")
        for each in subscriptions:
            await put(database, each)
        shuffled = events * 2
        random.Random(seed).shuffle(shuffled)
        for batch in _cut(shuffled, 5):
            await tell(database, *batch)
        seen.append(
            {(d.delivery_id, d.subscription_id, d.event_id, d.state) for d in await log(database)}
        )
    assert seen[0] == seen[1]
    assert len(seen[0]) == 8


def _cut(events: Sequence[ToldOf], size: int) -> list[Sequence[ToldOf]]:
    return [events[start : start + size] for start in range(0, len(events), size)]
