"""Rules of projects and their goals."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.registry.entries.rules import Names
from services.registry.metrics.builtin.files import read_builtin
from services.registry.municipalities.rules.membership import Membership
from services.registry.programmes.rules import Cohort, Option, Programme, Theme
from services.registry.projects.rules import (
    Baseline,
    Direction,
    Goal,
    InterimTarget,
    JointUnit,
    Mark,
    Measure,
    MeasureStatus,
    Project,
    ThemeProfile,
    has_just_ended,
    revised_project,
)
from services.registry.projects.rules.quality import findings
from shared.errors import RuleBroken

PROGRAMME = Programme(
    "saman",
    Names("Saman"),
    (Cohort("cohort-1", Names("Pulje 1"), date(2012, 1, 1), {"municipalities": 51}),),
    (
        Theme("reputation", Names("Omdømme")),
        Theme("full-time", Names("Heltid"), (Option("three_plus_three", Names("3+3")),)),
    ),
)

METRICS = {metric.metric_id: metric for metric in read_builtin().values()}
GOAL = Goal(
    "vefsn-naervaer",
    "absence",
    "year-to-date",
    {
        "certification": "total",
        "denominator": "agreed",
        "holiday": "corrected",
        "source": "municipality-hr",
    },
    Direction.FALLING,
    Baseline(Decimal("8.6"), "2007-2010"),
    Decimal("6.9"),
    date(2013, 12, 31),
    Decimal(10),
)

POSITION_SIZE = replace(
    GOAL,
    metric="position-size",
    window="year",
    definition={"leave": "included", "source": "municipality-hr"},
    direction=Direction.RISING,
    baseline=Baseline(Decimal("71.5"), "2012"),
    target=Decimal(80),
)
MEASURE = Measure(
    "rota-by-wish",
    "rota",
    Names("Ønsketurnus"),
    ("vefsn-1824",),
    date(2012, 2, 1),
    None,
    MeasureStatus.RUNNING,
)


def with_interim(*targets: tuple[int, str]) -> Goal:
    """Return the goal with interim targets."""
    return replace(
        GOAL, interim_targets=tuple(InterimTarget(year, Decimal(text)) for year, text in targets)
    )


def marked(every_nth: int | None) -> ThemeProfile:
    """Return a profile in which one option is chosen."""
    return ThemeProfile({"three_plus_three": Mark(every_nth)})


CHOSEN = marked(None)
FULL_TIME: dict[str, Any] = {"theme_ids": ("full-time",)}
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
    assert revised_project(replace(PROJECT, version=4), PROJECT, PROGRAMME, METRICS) is None


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
        ({"goals": (replace(GOAL, definition={}),)}, "definition-unknown"),
        (
            {"goals": (replace(GOAL, baseline=Baseline(Decimal(101), "2010")),)},
            "goal-out-of-bounds",
        ),
        ({"goals": (replace(GOAL, target=Decimal("-0.1")),)}, "goal-out-of-bounds"),
        ({"goals": (replace(POSITION_SIZE, window="rolling-12"),)}, "goal-window-unknown"),
        ({"goals": (with_interim((2013, "5.0")),)}, "interim-targets-malformed"),
        ({"goals": (with_interim((2013, "8.0"), (2012, "8.2")),)}, "interim-targets-malformed"),
        ({"goals": (with_interim((2014, "7.0")),)}, "interim-targets-malformed"),
        ({"profile": {"full-time": ThemeProfile({})}}, "profile-theme-unknown"),
        ({"profile": {"reputation": CHOSEN}}, "profile-option-unknown"),
        ({**FULL_TIME, "profile": {"full-time": marked(0)}}, "profile-malformed"),
        ({"measures": (MEASURE, MEASURE)}, "id-repeated"),
        ({"measures": (replace(MEASURE, kind="A b"),)}, "id-malformed"),
        ({"measures": (replace(MEASURE, ends_on=date(2012, 1, 31)),)}, "days-reversed"),
        ({"measures": (replace(MEASURE, municipality_ids=("oslo-0301",)),)}, "measure-elsewhere"),
        ({"planned_end_year": 20015}, "year-out-of-range"),
        ({"joint_unit": JointUnit("Lofoten", Names("Lofoten"))}, "id-malformed"),
        ({"success_factors": {"Leaders": True}}, "id-malformed"),
        (
            {"ended_on": date(2015, 12, 31), "follow_up_on": date(2015, 12, 31)},
            "days-reversed",
        ),
        ({"goals": (replace(POSITION_SIZE, definition=GOAL.definition),)}, "definition-unknown"),
    ],
)
def test_a_project_that_makes_no_sense_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        revised_project(None, replace(PROJECT, **change), PROGRAMME, METRICS)
    assert refused.value.code == code


def test_a_goal_may_be_of_any_metric() -> None:
    wanted = replace(PROJECT, goals=(POSITION_SIZE,))
    assert revised_project(None, wanted, PROGRAMME, METRICS) == wanted


def test_a_project_in_full_is_taken_as_it_is() -> None:
    wanted = replace(
        PROJECT,
        theme_ids=("full-time",),
        planned_end_year=2015,
        joint_unit=JointUnit("lofoten", Names("Lofoten")),
        profile={"full-time": ThemeProfile({"three_plus_three": Mark(4)}, ("langvakter",), True)},
        measures=(MEASURE,),
        goals=(with_interim((2012, "8.0"), (2013, "7.0")),),
        success_factors={"leaders-take-part": True},
    )
    assert revised_project(None, wanted, PROGRAMME, METRICS) == wanted


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({}, ["no-measure", "no-planned-end"]),
        ({"measures": (MEASURE,), "planned_end_year": 2015}, []),
        (
            {"measures": (replace(MEASURE, status=MeasureStatus.DROPPED),)},
            ["no-measure", "no-planned-end"],
        ),
        (
            {"goals": (), "measures": (MEASURE,), "planned_end_year": 2015},
            ["no-goal"],
        ),
        (
            {"measures": (MEASURE,), "planned_end_year": 2012},
            ["goal-after-end"],
        ),
        (
            {
                "goals": (
                    replace(
                        GOAL,
                        direction=Direction.RISING,
                        target=Decimal("8.605"),
                        baseline=Baseline(Decimal("8.6"), "før"),
                        due_on=date(2016, 1, 1),
                    ),
                ),
                "measures": (MEASURE,),
                "planned_end_year": 2016,
            },
            ["goal-against-better", "baseline-period-vague", "target-tiny", "no-interim-target"],
        ),
    ],
    ids=str,
)
def test_the_check_of_goals_says_what_could_be_better(
    change: dict[str, Any], codes: list[str]
) -> None:
    found = findings(replace(PROJECT, **change), METRICS)
    assert [finding.code for finding in found] == codes


def test_a_municipality_may_leave_and_come_back() -> None:
    members = (Membership("a", None, date(2013, 1, 1)), Membership("a", date(2013, 1, 2)))
    assert revised_project(None, replace(PROJECT, members=members), PROGRAMME, METRICS) is not None


def test_a_rising_goal_has_its_target_above_the_baseline() -> None:
    goal = replace(GOAL, direction=Direction.RISING, target=Decimal(9))
    assert revised_project(None, replace(PROJECT, goals=(goal,)), PROGRAMME, METRICS) is not None


def test_a_project_does_not_move_to_another_programme() -> None:
    with pytest.raises(RuleBroken) as refused:
        revised_project(PROJECT, replace(PROJECT, programme_id="other"), PROGRAMME, METRICS)
    assert refused.value.code == "programme-fixed"


def test_a_project_ends_once() -> None:
    ended = replace(PROJECT, ended_on=date(2015, 12, 31))
    assert has_just_ended(None, ended)
    assert has_just_ended(PROJECT, ended)
    assert not has_just_ended(ended, replace(ended, ended_on=date(2015, 6, 30)))
    assert not has_just_ended(PROJECT, PROJECT)
