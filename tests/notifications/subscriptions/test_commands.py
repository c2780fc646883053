"""Making and changing subscriptions, on the real database."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.notifications.subscriptions.rules import Salts
from shared.errors import Conflict, RuleBroken
from shared.http.preconditions import Precondition
from shared.postgres.database import Database
from tests.notifications import factories
from tests.notifications.factories import MADE_AT, subscription
from tests.notifications.steps import NOW, WEBHOOK, count, put, renew, tell


async def test_putting_the_same_subscription_again_changes_nothing(database: Database) -> None:
    wanted = subscription()
    first = await put(database, wanted)
    again = await put(database, wanted, now=MADE_AT + timedelta(hours=1))
    assert (first.made, again.made) == (True, False)
    assert again.kept == first.kept


async def test_a_change_keeps_when_it_was_made_and_raises_the_version(database: Database) -> None:
    wanted = subscription()
    await put(database, wanted)
    changed = await put(
        database, replace(wanted, subjects=("cohort/*",)), now=MADE_AT + timedelta(hours=1)
    )
    assert (changed.kept.version, changed.kept.made_at) == (2, MADE_AT)
    assert changed.kept.subscription.active_since == MADE_AT


async def test_a_lost_update_is_refused(database: Database) -> None:
    wanted = subscription()
    seen = Precondition(if_match='"1"').check
    await put(database, wanted)
    await put(database, replace(wanted, windows=("month",)), guard=seen)
    with pytest.raises(Conflict, match="If-Match"):
        await put(database, replace(wanted, windows=("year",)), guard=seen)


async def test_a_webhooks_salt_is_new_once_and_stays(database: Database) -> None:
    wanted = subscription(**WEBHOOK)
    first = await put(database, wanted, new_salt=b"first")
    changed = await put(database, replace(wanted, events=("TargetReached",)), new_salt=b"second")
    assert (first.is_secret_new, changed.is_secret_new) == (True, False)
    assert changed.kept.salts == Salts(b"first")


async def test_a_faulty_subscription_leaves_nothing(database: Database) -> None:
    with pytest.raises(RuleBroken):
        await put(database, subscription(address="nobody"))
    assert await count(database, "subscription") == 0


async def test_switched_on_again_it_begins_anew(database: Database) -> None:
    wanted = subscription()
    await put(database, wanted)
    await put(database, replace(wanted, active=False))
    assert await tell(database, factories.target_reached()) == 0
    later = factories.LATER + timedelta(days=1)
    again = await put(database, wanted, now=later)
    assert again.kept.subscription.active_since == later
    assert (
        await tell(
            database, factories.target_reached(), factories.target_reached(occurred_at=later)
        )
        == 1
    )


async def test_a_new_secret_is_only_for_webhooks(database: Database) -> None:
    hook, mail = subscription(**WEBHOOK), subscription()
    await put(database, hook)
    await put(database, mail)
    renewed = await renew(database, hook.subscription_id, b"other")
    assert (renewed.salts, renewed.version) == (Salts(b"other"), 2)
    with pytest.raises(RuleBroken, match="mail address"):
        await renew(database, mail.subscription_id, b"other")


async def test_a_renewed_secret_signs_beside_the_one_before_it_for_the_stated_time(
    database: Database,
) -> None:
    hook = subscription(**WEBHOOK)
    await put(database, hook, new_salt=b"first")
    await renew(database, hook.subscription_id, b"second", overlap_hours=24)
    kept = await renew(database, hook.subscription_id, b"third", overlap_hours=24)
    assert kept.salts is not None
    assert kept.salts.valid_at(NOW + timedelta(hours=23)) == (b"third", b"second")
    assert kept.salts.valid_at(NOW + timedelta(hours=24)) == (b"third",)
    changed = await put(database, replace(hook, events=("TargetReached",)), new_salt=b"no")
    assert changed.kept.salts == kept.salts
