"""Goals: a target with a baseline, a direction and a date, judged by figures of a metric."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from services.registry.entries.rules import check_id
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
        interim_targets: what is to be reached by the end of a year on the way.
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
    interim_targets: tuple["InterimTarget", ...] = ()


@dataclass(frozen=True, slots=True)
class InterimTarget:
    """What a goal's figure is to be at the end of a year before its date."""

    year: int
    value: Decimal


RUNNING_WINDOWS = ("year-to-date", "rolling-12")


def check_measured(goal: Goal, metric: Metric) -> None:
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


def check_goal(goal: Goal) -> None:
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
    _check_interim(goal)


def _check_interim(goal: Goal) -> None:
    years = [interim.year for interim in goal.interim_targets]
    if years != sorted(set(years)) or (years and years[-1] > goal.due_on.year):
        raise RuleBroken(
            f"goal {goal.goal_id}: interim targets must name each year once, in order, none after"
            f" {goal.due_on.year} (due_on), got {', '.join(map(str, years))}",
            code="interim-targets-malformed",
        )
    low, high = sorted((goal.baseline.value, goal.target))
    for interim in goal.interim_targets:
        if not low <= interim.value <= high:
            raise RuleBroken(
                f"goal {goal.goal_id}: the interim target of {interim.year} must lie within"
                f" {low} … {high}, between baseline and target, got {interim.value}",
                code="interim-targets-malformed",
            )
