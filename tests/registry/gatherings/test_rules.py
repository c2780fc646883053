"""Rules of gatherings: their life, and what they must be."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.registry.entries.rules import Names
from services.registry.gatherings.rules import (
    Evaluation,
    GatheringKind,
    GatheringState,
    Party,
    cancelled,
    held,
    revised_gathering,
    seated,
    with_sign_up,
)
from shared.errors import AppError, Conflict
from tests.registry.together import BEGINS, ENDS, attendance, gathering

ITEM = gathering().agenda[0]
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"gathering_id": "X"}, "id-malformed"),
        ({"names": Names()}, "name-malformed"),
        ({"place": " "}, "text-malformed"),
        ({"ends_at": BEGINS}, "times-reversed"),
        ({"agenda": (replace(ITEM, ends_at=BEGINS),)}, "times-reversed"),
        ({"agenda": (replace(ITEM, ends_at=ENDS + HOUR),)}, "agenda-outside"),
        ({"agenda": (replace(ITEM, title=""),)}, "text-malformed"),
        ({"network_id": None}, "network-missing"),
        ({"kind": GatheringKind.OTHER}, "network-missing"),
        ({"expected_municipality_ids": ("a", "a")}, "id-repeated"),
        ({"panel": ("a", "a")}, "id-repeated"),
        ({"observers": -1}, "count-negative"),
        ({"evaluation": (Evaluation("Nytte", {"stor": -1}),)}, "count-negative"),
    ],
    ids=str,
)
def test_a_gathering_that_makes_no_sense_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(AppError) as refused:
        revised_gathering(None, gathering(**change))
    assert refused.value.code == code


def test_a_gathering_put_again_keeps_who_signed_up() -> None:
    signed = with_sign_up(gathering(), "vefsn-1824", {Party.ELECTED: 1, Party.ADMINISTRATION: 2})
    assert signed is not None
    assert [(each.party, each.count) for each in signed.signed_up] == [
        (Party.ELECTED, 1),
        (Party.ADMINISTRATION, 2),
    ]
    assert revised_gathering(signed, gathering()) is None


def test_a_later_sign_up_takes_the_place_of_the_earlier_and_undoes_the_tables() -> None:
    signed = with_sign_up(gathering(), "vefsn-1824", {Party.ELECTED: 1})
    assert signed is not None
    plan = seated(signed, [signed.signed_up])
    assert plan is not None
    assert with_sign_up(plan, "vefsn-1824", {Party.ELECTED: 1}) is None
    changed = with_sign_up(plan, "vefsn-1824", {Party.ELECTED: 0, Party.UNION_AND_STAFF: 3})
    assert changed is not None
    assert (changed.tables, [each.count for each in changed.signed_up]) == (None, [3])


def test_a_gathering_is_held_once_it_has_begun_and_corrected_afterwards() -> None:
    with pytest.raises(AppError, match="cannot have been held"):
        held(gathering(), [attendance()], now=BEGINS - HOUR)
    done = held(gathering(), [attendance()], now=BEGINS)
    assert done is not None
    assert (done.state, done.attended) == (GatheringState.HELD, (attendance(),))
    assert held(done, [attendance()], now=ENDS) is None
    corrected = held(done, [attendance(5)], now=ENDS)
    assert corrected is not None
    assert corrected.attended == (attendance(5),)


def test_what_is_over_takes_no_sign_up_no_tables_and_no_other_end() -> None:
    done = held(gathering(), [], now=BEGINS)
    gone = cancelled(gathering(), "Uvær")
    assert done is not None
    assert gone is not None
    assert cancelled(gone, "Uvær") is None
    for over in (done, gone):
        with pytest.raises(Conflict):
            with_sign_up(over, "vefsn-1824", {Party.ELECTED: 1})
        with pytest.raises(Conflict):
            seated(over, [])
    with pytest.raises(Conflict):
        cancelled(done, "Uvær")
    with pytest.raises(Conflict):
        held(gone, [], now=ENDS)


def test_an_evaluation_is_told_as_shares() -> None:
    assert Evaluation("Nytte", {"stor": 3, "liten": 1}).shares() == {"stor": 0.75, "liten": 0.25}
    assert Evaluation("Nytte", {}).shares() == {}
