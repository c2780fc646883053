"""How often and how many at once, by a clock of the test."""

import pytest

from shared.errors import Unavailable
from shared.http import limits as rates
from shared.http.limits import Rate, Slots


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def let_through(rate: Rate, key: str, times: int) -> int:
    count = 0
    for _ in range(times):
        try:
            rate.take(key)
        except Unavailable:
            continue
        count += 1
    return count


def test_a_quiet_key_may_come_as_often_at_once_as_the_burst_says_and_then_evenly() -> None:
    hand = Hand()
    rate = Rate(per_minute=60, burst=5, clock=hand)
    assert let_through(rate, "a", 20) == 5
    hand.now += 1.0
    assert let_through(rate, "a", 20) == 1
    hand.now += 3.0
    assert let_through(rate, "a", 20) == 3
    hand.now += 3_600.0
    assert let_through(rate, "a", 20) == 5


def test_one_key_does_not_use_up_anothers_rate() -> None:
    rate = Rate(per_minute=60, burst=1, clock=Hand())
    assert [let_through(rate, key, 3) for key in ("a", "b")] == [1, 1]


def test_who_is_refused_is_told_when_to_come_again_and_is_let_through_then() -> None:
    hand = Hand()
    rate = Rate(per_minute=6, burst=1, clock=hand)
    rate.take("a")
    with pytest.raises(
        Unavailable, match=r"more than 6 requests a minute; come again in 10\.0 s"
    ) as refused:
        rate.take("a")
    assert (refused.value.code, refused.value.retry_after_seconds) == ("too-many-requests", 10)
    hand.now += refused.value.retry_after_seconds
    rate.take("a")


def test_what_a_request_brings_is_counted() -> None:
    hand = Hand()
    rate = Rate(per_minute=60, burst=10, of="figures", clock=hand)
    rate.take("a", 6)
    with pytest.raises(Unavailable, match=r"more than 60 figures a minute; come again in 2\.0 s"):
        rate.take("a", 6)
    rate.take("a", 4)
    hand.now += 6.0
    rate.take("a", 6)


def test_more_than_the_burst_is_let_through_after_a_quiet_time_and_paid_for_afterwards() -> None:
    hand = Hand()
    rate = Rate(per_minute=60, burst=10, clock=hand)
    rate.take("a", 100)
    hand.now += 89.0
    assert let_through(rate, "a", 1) == 0
    hand.now += 2.0
    assert let_through(rate, "a", 1) == 1


def test_only_keys_that_have_their_whole_burst_again_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rates, "KEYS_MAX", 3)
    hand = Hand()
    rate = Rate(per_minute=60, burst=1, clock=hand)
    rate.take("quiet")
    hand.now += 1.5
    rate.take("busy")
    rate.take("other")
    rate.take("new")  # there is no room for a fourth
    assert rate._due.keys() == {"busy", "other", "new"}
    assert let_through(rate, "busy", 1) == 0


def test_each_key_has_so_many_places_and_gets_them_back() -> None:
    places = Slots(2)
    first, _second = places.take("a"), places.take("a")
    places.take("b")
    with pytest.raises(Unavailable, match="more than 2 requests of one key at once"):
        places.take("a")
    first()
    places.take("a")
