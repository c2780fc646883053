"""What is told of local projects and the goals that they set themselves."""

from typing import Literal

from shared.events.envelope import (
    Contract,
    Event,
    Exact,
    Slug,
)
from shared.events.registry.municipalities import Member
from shared.events.registry.names import Names
from shared.moments import Day


class Baseline(Contract):
    """Where a goal starts: a value and the time it was measured in, free text such as
    `2007-2010`.
    """

    value: Exact
    period: str


class InterimTarget(Contract):
    """What a goal's figure is to be at the end of a year before its date."""

    year: int
    value: Exact


class Goal(Contract):
    """A target with a baseline, a direction and a date.

    Attributes:
        definition: one value for each axis of the metric.
        persons_per_point: persons at work that one percentage point stands for.
        interim_targets: what is to be reached by the end of a year on the way.
    """

    goal_id: Slug
    metric: Slug = "absence"
    window: Literal["month", "quarter", "half-year", "year", "year-to-date", "rolling-12"]
    definition: dict[str, str]
    direction: Literal["falling", "rising"]
    baseline: Baseline
    target: Exact
    due_on: Day
    persons_per_point: Exact | None = None
    interim_targets: list[InterimTarget] = []


class JointUnit(Contract):
    """A unit that several municipalities have together."""

    id: Slug
    names: Names


class ProfileMark(Contract):
    """An option that a project has chosen. `every_nth`: of weekends, 4 for "every 4th"."""

    every_nth: int | None = None
    note: str | None = None


class Measure(Contract):
    """Something that a project does (tiltak). No municipalities stands for all members."""

    measure_id: Slug
    kind: Slug
    names: Names
    municipality_ids: list[str] = []
    starts_on: Day
    ends_on: Day | None = None
    status: Literal["planned", "running", "finished", "dropped"]


class _ProjectEvent(Event):
    """A local project.

    Attributes:
        planned_end_year: null is "not settled".
        profile: by theme, the options chosen, `other` ways of working, and `not_decided`.
        success_factors: the programme's conditions for success, and whether each is met.
    """

    producer = "registry"
    aggregate = "project"

    project_id: Slug
    version: int
    programme_id: Slug
    names: Names
    cohort_id: Slug | None = None
    theme_ids: list[Slug] = []
    members: list[Member] = []
    goals: list[Goal] = []
    ended_on: Day | None = None
    planned_end_year: int | None = None
    joint_unit: JointUnit | None = None
    profile: dict[Slug, dict[str, ProfileMark | list[str] | bool]] = {}
    measures: list[Measure] = []
    success_factors: dict[Slug, bool] = {}
    handed_over_on: Day | None = None
    follow_up_on: Day | None = None

    @property
    def key(self) -> str:
        return self.project_id


class ProjectRegistered(_ProjectEvent):
    """A local project takes part from now on."""


class ProjectChanged(_ProjectEvent):
    """A project's names, cohort, themes, members or goals changed."""


class ProjectEnded(_ProjectEvent):
    """A project ended on `ended_on`."""


ProjectEvent = ProjectRegistered | ProjectChanged | ProjectEnded
