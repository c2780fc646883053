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


class Goal(Contract):
    """A target with a baseline, a direction and a date.

    Attributes:
        definition: one value for each axis of the metric.
        persons_per_point: persons at work that one percentage point stands for.
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


class _ProjectEvent(Event):
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
