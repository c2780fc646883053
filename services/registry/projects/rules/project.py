"""A local project: who takes part, what it works on, and the goals that it set itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from services.registry.entries.rules import Names, check_distinct, check_id, check_names
from services.registry.municipalities.rules.membership import Membership, check_memberships
from services.registry.programmes.rules import Programme
from services.registry.projects.rules.goals import Goal, check_goal, check_measured
from services.registry.projects.rules.measures import Measure, check_measures
from services.registry.projects.rules.profiles import Profile, check_profile
from shared.errors import RuleBroken
from shared.values import Metric

YEAR_MIN, YEAR_MAX = 1950, 2100
"""Between which a programme can plan; what lies outside is a slip of the keys."""


@dataclass(frozen=True, slots=True)
class JointUnit:
    """A unit that several municipalities have together."""

    joint_unit_id: str
    names: Names


@dataclass(frozen=True, slots=True)
class Project:
    """A local project of one or several municipalities.

    Attributes:
        cohort_id: the wave that it belongs to, if any.
        members: municipalities that take part; a joint unit's project has several.
        ended_on: its last day.
        planned_end_year: the year in which it plans to end; none is "not settled", which counts.
        joint_unit: the joint municipality or regional council that runs it, if one does.
        success_factors: the programme's conditions for success, and whether each is met.
        handed_over_on: when daily operation took over.
        follow_up_on: when it is looked at again after its end.
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
    planned_end_year: int | None = None
    joint_unit: JointUnit | None = None
    profile: Profile = field(default_factory=dict)
    measures: tuple[Measure, ...] = ()
    success_factors: Mapping[str, bool] = field(default_factory=dict)
    handed_over_on: date | None = None
    follow_up_on: date | None = None
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
            `goal-window-unknown`, `goal-out-of-bounds` or `interim-targets-malformed`; as
            `check_measures` and `check_profile`; `year-out-of-range` or `days-reversed`.
    """
    _check(wanted, programme)
    for goal in wanted.goals:
        check_measured(goal, metrics[goal.metric])
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
        check_goal(goal)
    check_measures(project.measures, project.members)
    check_profile(project.profile, project.theme_ids, programme)
    _check_plan(project)


def _check_plan(project: Project) -> None:
    year = project.planned_end_year
    if year is not None and not YEAR_MIN <= year <= YEAR_MAX:
        raise RuleBroken(
            f"planned_end_year must be {YEAR_MIN} to {YEAR_MAX}, got {year}",
            code="year-out-of-range",
        )
    if project.joint_unit is not None:
        check_id(project.joint_unit.joint_unit_id, "joint unit")
        check_names(project.joint_unit.names, "joint unit")
    for factor_id in project.success_factors:
        check_id(factor_id, "success factor")
    last = project.ended_on
    if project.follow_up_on is not None and last is not None and project.follow_up_on <= last:
        raise RuleBroken(
            f"follow_up_on must be after {last}, the project's last day, got"
            f" {project.follow_up_on}",
            code="days-reversed",
        )
