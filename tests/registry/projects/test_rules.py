"""Rules of projects and their goals."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.registry.entries.rules import Names
from services.registry.municipalities.rules.membership import Membership
from services.registry.programmes.rules import Cohort, Programme, Theme
from services.registry.projects.rules import (
    Baseline,
    Direction,
    Goal,
    Project,
    has_just_ended,
    revised_project,
)
from shared.errors import RuleBroken
from shared.values import Definition

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
