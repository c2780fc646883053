"""A check of how well a project's goals are set: findings to think about, never a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.registry.projects.rules.goals import Direction, Goal
from services.registry.projects.rules.measures import MeasureStatus
from services.registry.projects.rules.project import Project
from shared.values import Better, Metric


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that makes a goal hard to judge or a plan hard to follow.

    Attributes:
        code: stable; pages say it in the reader's language.
        goal_id: the goal that is meant; none for the project as a whole.
    """

    code: str
    goal_id: str | None = None


def findings(project: Project, metrics: Mapping[str, Metric]) -> tuple[Finding, ...]:
    """Return what could be better about the goals of a project.

    Codes: `no-goal` (nothing is measured), `no-measure` (nothing is done), `no-planned-end`,
    `goal-after-end` (due after the year in which the project plans to end), `goal-against-better`
    (its figure is to become worse), `baseline-period-vague` (no year is named), `target-tiny` (the
    change cannot be seen in the decimals that are published), `no-interim-target` (due more than
    two years after the first measure began, and nothing to be reached on the way).

    Args:
        metrics: at least those that the goals name, by id.
    """
    found = []
    if not project.goals:
        found.append(Finding("no-goal"))
    if all(measure.status is MeasureStatus.DROPPED for measure in project.measures):
        found.append(Finding("no-measure"))
    if project.planned_end_year is None:
        found.append(Finding("no-planned-end"))
    for goal in project.goals:
        found += [Finding(code, goal.goal_id) for code in _of_goal(goal, project, metrics)]
    return tuple(found)


def _of_goal(goal: Goal, project: Project, metrics: Mapping[str, Metric]) -> list[str]:
    metric = metrics[goal.metric]
    worse = Direction.RISING if metric.better is Better.LOWER else Direction.FALLING
    step = abs(goal.target - goal.baseline.value)
    begins = min((measure.starts_on.year for measure in project.measures), default=None)
    codes = {
        "goal-after-end": (
            project.planned_end_year is not None and goal.due_on.year > project.planned_end_year
        ),
        "goal-against-better": metric.better is not Better.NEITHER and goal.direction is worse,
        "baseline-period-vague": not any(letter.isdecimal() for letter in goal.baseline.period),
        "target-tiny": step.scaleb(metric.decimals) < 1,
        "no-interim-target": (
            not goal.interim_targets and begins is not None and goal.due_on.year - begins > 2
        ),
    }
    return [code for code, holds in codes.items() if holds]
