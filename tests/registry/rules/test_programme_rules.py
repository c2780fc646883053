"""Rules of programmes, projects, goals and publishers."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.registry.domain.programme import Cohort, Names, Programme, Theme, revised_programme
from services.registry.domain.project import (
    Baseline,
    Direction,
    Goal,
    Membership,
    Project,
    has_just_ended,
    revised_project,
)
from services.registry.domain.publisher import (
    Key,
    Publisher,
    reinstated,
    revised_publisher,
    revoked,
    with_key,
    without_key,
)
from shared.errors import Conflict, RuleBroken
from shared.values import Definition

NOW = datetime(2013, 5, 1, 12, tzinfo=UTC)
PROGRAMME = Programme(
    "saman",
    Names("Saman"),
    (Cohort("cohort-1", Names("Pulje 1"), date(2012, 1, 1), {"municipalities": 51}),),
    (Theme("reputation", Names("Omdømme")),),
)
GOAL = Goal(
    "vefsn-naervaer",
    "absence",
    "year-to-date",
    Definition.from_key("total.agreed.corrected.municipality-hr"),
    Direction.FALLING,
    Baseline(Decimal("8.6"), "2007-2010"),
    Decimal("6.9"),
    date(2013, 12, 31),
    Decimal(10),
)
PROJECT = Project(
    "vefsn",
    "saman",
    Names("Vefsn"),
    "cohort-1",
    ("reputation",),
    (Membership("vefsn-1824"),),
    (GOAL,),
)
PUBLISHER = Publisher("974760673", "Registeret", (Membership("vefsn-1824"),))


def test_the_same_programme_put_again_is_no_change() -> None:
    assert revised_programme(replace(PROGRAMME, version=4), PROGRAMME) is None


def test_a_claimed_count_is_part_of_the_state() -> None:
    changed = revised_programme(PROGRAMME, replace(PROGRAMME, claimed={"municipalities": 110}))
    assert changed is not None
    assert (changed.version, changed.claimed) == (2, {"municipalities": 110})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"programme_id": "X"}, "id-malformed"),
        ({"names": Names(" ")}, "name-malformed"),
        ({"claimed": {"municipalities": -1}}, "count-negative"),
        ({"cohorts": PROGRAMME.cohorts * 2}, "id-repeated"),
        ({"themes": (Theme("Reputation", Names("Omdømme")),)}, "id-malformed"),
        ({"themes": (Theme("reputation", Names("")),)}, "name-malformed"),
    ],
)
def test_a_programme_that_makes_no_sense_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        revised_programme(None, replace(PROGRAMME, **change))
    assert refused.value.code == code


def test_the_same_project_put_again_is_no_change() -> None:
    assert revised_project(replace(PROJECT, version=4), PROJECT, PROGRAMME) is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"project_id": "-x-"}, "id-malformed"),
        ({"names": Names("")}, "name-malformed"),
        ({"cohort_id": "cohort-3"}, "cohort-unknown"),
        ({"theme_ids": ("innovation",)}, "theme-unknown"),
        ({"theme_ids": ("reputation", "reputation")}, "id-repeated"),
        ({"members": (Membership("a"), Membership("a"))}, "member-repeated"),
        (
            {
                "members": (
                    Membership("a", None, date(2013, 1, 1)),
                    Membership("a", date(2013, 1, 1)),
                )
            },
            "member-repeated",
        ),
        ({"members": (Membership("a", date(2013, 1, 2), date(2013, 1, 1)),)}, "days-reversed"),
        ({"goals": (GOAL, GOAL)}, "id-repeated"),
        ({"goals": (replace(GOAL, direction=Direction.RISING),)}, "goal-contradicts-itself"),
        ({"goals": (replace(GOAL, target=Decimal("8.6")),)}, "goal-contradicts-itself"),
        ({"goals": (replace(GOAL, target=Decimal("9.1")),)}, "goal-contradicts-itself"),
        ({"goals": (replace(GOAL, persons_per_point=Decimal(0)),)}, "goal-contradicts-itself"),
    ],
)
def test_a_project_that_makes_no_sense_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        revised_project(None, replace(PROJECT, **change), PROGRAMME)
    assert refused.value.code == code


def test_a_municipality_may_leave_and_come_back() -> None:
    members = (Membership("a", None, date(2013, 1, 1)), Membership("a", date(2013, 1, 2)))
    assert revised_project(None, replace(PROJECT, members=members), PROGRAMME) is not None


def test_a_rising_goal_has_its_target_above_the_baseline() -> None:
    goal = replace(GOAL, direction=Direction.RISING, target=Decimal(9))
    assert revised_project(None, replace(PROJECT, goals=(goal,)), PROGRAMME) is not None


def test_a_project_does_not_move_to_another_programme() -> None:
    with pytest.raises(RuleBroken) as refused:
        revised_project(PROJECT, replace(PROJECT, programme_id="other"), PROGRAMME)
    assert refused.value.code == "programme-fixed"


def test_a_project_ends_once() -> None:
    ended = replace(PROJECT, ended_on=date(2015, 12, 31))
    assert has_just_ended(None, ended)
    assert has_just_ended(PROJECT, ended)
    assert not has_just_ended(ended, replace(ended, ended_on=date(2015, 6, 30)))
    assert not has_just_ended(PROJECT, PROJECT)


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
