"""How long an operator's session lasts in a browser, and that it ends."""

import pytest

from services.registry.console.pages.sessions import (
    IDLE_SECONDS_MAX,
    SECONDS_MAX,
    SESSIONS_MAX,
    Sessions,
)


class Hand:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Hand:
    """Stands still."""
    return Hand()


def test_a_session_is_found_by_its_token_alone_and_holds_the_key(clock: Hand) -> None:
    sessions = Sessions(clock)
    first, second = sessions.begin("key one"), sessions.begin("key two")

    found = sessions.find(first)
    assert found is not None
    assert found.key == "key one"
    assert len({first, second}) == 2
    assert len(first) >= 43
    for stranger in (None, "", first[:-1], f"{first}x", "\ud800"):
        assert sessions.find(stranger) is None
    assert "key one" not in repr(found)


def test_a_session_that_is_not_used_ends_and_use_prolongs_it(clock: Hand) -> None:
    sessions = Sessions(clock)
    token = sessions.begin("key")
    for _ in range(3):
        clock.seconds += IDLE_SECONDS_MAX
        assert sessions.find(token) is not None
    clock.seconds += IDLE_SECONDS_MAX + 1
    assert sessions.find(token) is None


def test_a_session_ends_after_a_working_day_however_busy_it_is(clock: Hand) -> None:
    sessions = Sessions(clock)
    token = sessions.begin("key")
    begun = clock.seconds
    while clock.seconds <= begun + SECONDS_MAX:
        assert sessions.find(token) is not None
        clock.seconds += IDLE_SECONDS_MAX / 2
    assert sessions.find(token) is None


def test_a_session_that_was_ended_is_gone(clock: Hand) -> None:
    sessions = Sessions(clock)
    token = sessions.begin("key")
    sessions.end(token)
    assert sessions.find(token) is None


def test_there_are_never_more_sessions_than_may_be(clock: Hand) -> None:
    sessions = Sessions(clock)
    tokens = []
    for _ in range(SESSIONS_MAX + 1):
        clock.seconds += 1
        tokens.append(sessions.begin("key"))
    assert [token for token in tokens if sessions.find(token) is None] == tokens[:1]


def test_only_a_sessions_own_forms_are_taken(clock: Hand) -> None:
    sessions = Sessions(clock)
    mine, other = (sessions.find(sessions.begin("key")) for _ in range(2))
    assert mine is not None
    assert other is not None
    assert mine.sent(mine.form_token)
    for foreign in (None, "", other.form_token, "å"):
        assert not mine.sent(foreign)
