"""Rules of publishers and their keys."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.registry.municipalities.rules.membership import Membership
from services.registry.publishers.rules import (
    Key,
    Publisher,
    reinstated,
    revised_publisher,
    revoked,
    with_key,
    without_key,
)
from shared.errors import Conflict, RuleBroken

NOW = datetime(2013, 5, 1, 12, tzinfo=UTC)

PUBLISHER = Publisher("974760673", "Registeret", (Membership("vefsn-1824"),))


def key(key_id: str, *, hours: float | None = None) -> Key:
    """Return a key that lives for some hours, or for ever."""
    return Key(key_id, "hash", NOW, NOW + timedelta(hours=hours) if hours is not None else None)


def test_a_publisher_has_at_most_two_live_keys() -> None:
    first = with_key(PUBLISHER, key("a"), NOW)
    second = with_key(first, key("b"), NOW)

    with pytest.raises(Conflict, match="a, b") as refused:
        with_key(second, key("c"), NOW)

    assert refused.value.code == "keys-two-live"
    freed = without_key(second, "a", NOW)
    assert freed is not None
    assert [k.key_id for k in with_key(freed, key("c"), NOW).live_keys(NOW)] == ["b", "c"]


def test_an_expired_key_leaves_room_for_another() -> None:
    two = with_key(with_key(PUBLISHER, key("a", hours=1), NOW), key("b"), NOW)
    later = NOW + timedelta(hours=1)
    assert [
        k.key_id for k in with_key(two, replace(key("c"), created_at=later), later).live_keys(later)
    ] == ["b", "c"]


def test_a_key_that_never_worked_is_refused() -> None:
    with pytest.raises(RuleBroken) as refused:
        with_key(PUBLISHER, key("a", hours=0), NOW)
    assert refused.value.code == "key-expired"


def test_taking_a_key_back_twice_changes_nothing_more() -> None:
    once = without_key(with_key(PUBLISHER, key("a"), NOW), "a", NOW)
    assert once is not None
    assert once.live_keys(NOW) == ()
    assert without_key(once, "a", NOW + timedelta(days=1)) is None
    assert without_key(once, "never-was", NOW) is None


def test_a_revoked_publisher_has_no_key_and_gets_none_until_it_is_lifted() -> None:
    gone = revoked(with_key(PUBLISHER, key("a"), NOW), NOW)
    assert gone is not None
    assert gone.live_keys(NOW) == ()
    assert revoked(gone, NOW) is None
    with pytest.raises(Conflict):
        with_key(gone, key("b"), NOW)
    with pytest.raises(Conflict):
        revised_publisher(gone, PUBLISHER)

    back = reinstated(gone)

    assert back is not None
    assert reinstated(back) is None
    assert back.live_keys(NOW) == ()
    assert with_key(back, key("b"), NOW).live_keys(NOW)


def test_putting_a_publisher_keeps_its_keys() -> None:
    present = with_key(PUBLISHER, key("a"), NOW)
    assert revised_publisher(present, replace(PUBLISHER, version=9)) is None
    renamed = revised_publisher(present, replace(PUBLISHER, name="Ny"))
    assert renamed is not None
    assert (renamed.keys, renamed.version) == (present.keys, 3)


def test_a_publisher_needs_a_name() -> None:
    with pytest.raises(RuleBroken):
        revised_publisher(None, replace(PUBLISHER, name=" "))
