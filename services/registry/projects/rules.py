"""A local project: who takes part, what it works on, and the goals that it set itself."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from services.registry.entries.rules import Names, check_distinct, check_id, check_names
from services.registry.municipalities.rules.membership import Membership, check_memberships
from services.registry.programmes.rules import Programme
from shared.errors import RuleBroken
from shared.values import Metric


class Direction(StrEnum):
    """Which way a goal wants its figure to go."""

    FALLING = "falling"
    RISING = "rising"


@dataclass(frozen=True, slots=True)
class Baseline:
    """Where a goal starts: a value and, in free text such as `2007-2010`, the time it was measured
    in.
    """

    value: Decimal
    period: str


@dataclass(frozen=True, slots=True)
class Goal:
    """A target with a baseline, a direction and a date.

    Attributes:
        metric: the id of what is measured, such as `absence`.
        window: over which time, such as `year-to-date`.
        definition: one value for each axis of the metric.
        persons_per_point: persons at work that one percentage point stands for.
    """

    goal_id: str
    metric: str
    window: str
    definition: Mapping[str, str]
    direction: Direction
    baseline: Baseline
    target: Decimal
    due_on: date
    persons_per_point: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """A local project of one or several municipalities.

    Attributes:
        cohort_id: the wave that it belongs to, if any.
        members: municipalities that take part; a joint unit's project has several.
        ended_on: its last day.
        version: rises by one with every change of this state, from 1.
    """

    project_id: str
    programme_id: str
    names: Names
    cohort_id: str | None = None
    theme_ids: tuple[str, ...] = ()
    members: tuple[Membership, ...] = ()
    goals: tuple[Goal, ...] = ()
    ended_on: date | None = None
    version: int = 1


def revised_project(
    present: Project | None,
    wanted: Project,
    programme: Programme,
    metrics: Mapping[str, Metric],
) -> Project | None:
    """Judge a project that was put; none when it is as it was.

    Args:
        metrics: at least those that the goals name, by id.

    Raises:
        RuleBroken: `id-malformed`, `id-repeated`, `name-malformed`, `cohort-unknown`,
            `theme-unknown`, `member-repeated`, `days-reversed`, `goal-contradicts-itself`, or
            `programme-fixed`; the last because groups and boards of the old programme would keep
            figures that are no longer theirs; for a goal also `definition-unknown`,
            `goal-window-unknown` or `goal-out-of-bounds`.
    """
    _check(wanted, programme)
    for goal in wanted.goals:
        _check_measured(goal, metrics[goal.metric])
    if present is None:
        return replace(wanted, version=1)
    if present.programme_id != wanted.programme_id:
        raise RuleBroken(
            f"project {wanted.project_id} belongs to programme {present.programme_id} and stays"
            f" there, got {wanted.programme_id}",
            code="programme-fixed",
        )
    kept = replace(wanted, version=present.version)
    return None if kept == present else replace(kept, version=present.version + 1)


def has_just_ended(present: Project | None, project: Project) -> bool:
    """Tell whether the new state is the first that has an end."""
    return project.ended_on is not None and (present is None or present.ended_on is None)


def _check(project: Project, programme: Programme) -> None:
    check_id(project.project_id, "project")
    check_names(project.names, "project")
    if project.cohort_id is not None and project.cohort_id not in {
        c.cohort_id for c in programme.cohorts
    }:
        raise RuleBroken(
            f"programme {programme.programme_id} has no cohort {project.cohort_id[:80]!r}",
            code="cohort-unknown",
        )
    check_distinct(project.theme_ids, "theme")
    for theme_id in project.theme_ids:
        if theme_id not in {theme.theme_id for theme in programme.themes}:
            raise RuleBroken(
                f"programme {programme.programme_id} has no theme {theme_id[:80]!r}",
                code="theme-unknown",
            )
    check_memberships(project.members)
    check_distinct([goal.goal_id for goal in project.goals], "goal")
    for goal in project.goals:
        _check_goal(goal)


RUNNING_WINDOWS = ("year-to-date", "rolling-12")


def _check_measured(goal: Goal, metric: Metric) -> None:
    """Make sure that the goal can be judged by figures of its metric."""
    metric.definition_key(goal.definition)
    if goal.window in RUNNING_WINDOWS and not metric.has_running_windows:
        raise RuleBroken(
            f"goal {goal.goal_id}: {metric.metric_id} takes the last period and has no"
            f" {goal.window}; choose month, quarter, half-year or year",
            code="goal-window-unknown",
        )
    for what, value in (("baseline", goal.baseline.value), ("target", goal.target)):
        too_low = metric.minimum is not None and value < metric.minimum
        if too_low or (metric.maximum is not None and value > metric.maximum):
            raise RuleBroken(
                f"goal {goal.goal_id}: the {what} must lie within {_bounds_text(metric)}, the"
                f" bounds of {metric.metric_id}, got {value}",
                code="goal-out-of-bounds",
            )


def _bounds_text(metric: Metric) -> str:
    low = "-∞" if metric.minimum is None else str(metric.minimum)
    high = "∞" if metric.maximum is None else str(metric.maximum)
    return f"{low} … {high}"


def _check_goal(goal: Goal) -> None:
    check_id(goal.goal_id, "goal")
    falls = goal.target < goal.baseline.value
    if goal.target == goal.baseline.value or falls != (goal.direction is Direction.FALLING):
        raise RuleBroken(
            f"goal {goal.goal_id} is {goal.direction} from {goal.baseline.value}, its target must"
            f" be {'below' if goal.direction is Direction.FALLING else 'above'} that, got"
            f" {goal.target}",
            code="goal-contradicts-itself",
        )
    if goal.persons_per_point is not None and goal.persons_per_point <= 0:
        raise RuleBroken(
            f"goal {goal.goal_id}: persons_per_point must be above 0, got {goal.persons_per_point}",
            code="goal-contradicts-itself",
        )
