"""Projects as clients send them."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, StrictBool, StrictInt

from services.registry.entries.api import NamesBody
from services.registry.municipalities.api import MemberBody, MunicipalityId
from services.registry.projects.rules import (
    Baseline,
    Direction,
    Goal,
    InterimTarget,
    JointUnit,
    Mark,
    Measure,
    MeasureStatus,
    Profile,
    Project,
    ThemeProfile,
)
from shared.errors import RuleBroken
from shared.events.envelope import Exact, Slug
from shared.fields import Line
from shared.http import inputs
from shared.moments import Day

Definition = Annotated[
    dict[
        Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")],
        Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")],
    ],
    Field(max_length=20),
]
"""One value for each axis of a metric."""


class BaselineBody(inputs.RequestModel):
    """Where a goal starts, and the time it was measured in, such as `2007-2010`."""

    value: Exact
    period: Line


class InterimTargetBody(inputs.RequestModel):
    """What the figure is to be at the end of a year before the goal's date."""

    year: StrictInt
    value: Exact


class GoalBody(inputs.RequestModel):
    """A target with a baseline, a direction and a date."""

    goal_id: Slug
    metric: Slug = "absence"
    window: Annotated[
        str, Field(pattern="^(month|quarter|half-year|year|year-to-date|rolling-12)$")
    ]
    definition: Definition
    direction: Direction
    baseline: BaselineBody
    target: Exact
    due_on: Day
    persons_per_point: Exact | None = None
    interim_targets: list[InterimTargetBody] = Field(default=[], max_length=50)

    def value(self) -> Goal:
        """Return the domain's value."""
        return Goal(
            self.goal_id,
            self.metric,
            self.window,
            self.definition,
            self.direction,
            Baseline(self.baseline.value, self.baseline.period),
            self.target,
            self.due_on,
            self.persons_per_point,
            tuple(InterimTarget(each.year, each.value) for each in self.interim_targets),
        )


class JointUnitBody(inputs.RequestModel):
    """A joint municipality or regional council that runs the project."""

    id: Slug
    names: NamesBody


class MarkBody(inputs.RequestModel):
    """An option that the project has chosen. `every_nth`: of weekends, 4 for "every 4th"."""

    every_nth: StrictInt | None = None
    note: Line | None = None


class MeasureBody(inputs.RequestModel):
    """Something that the project does. No municipalities stands for all members."""

    measure_id: Slug
    kind: Slug
    names: NamesBody
    municipality_ids: list[MunicipalityId] = Field(default=[], max_length=1_000)
    starts_on: Day
    ends_on: Day | None = None
    status: MeasureStatus = MeasureStatus.PLANNED

    def value(self) -> Measure:
        """Return the domain's value."""
        return Measure(
            self.measure_id,
            self.kind,
            self.names.value(),
            tuple(self.municipality_ids),
            self.starts_on,
            self.ends_on,
            self.status,
        )


OptionId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,62}$")]
ProfileBody = Annotated[
    dict[Slug, Annotated[dict[OptionId, MarkBody | list[Line] | StrictBool], Field(max_length=60)]],
    Field(max_length=50),
]
"""By theme: options chosen, each an object, `other` as a list of texts, and `not_decided`."""


def read_profile(body: Mapping[str, Mapping[str, MarkBody | list[str] | bool]]) -> Profile:
    """Return the domain's value.

    Raises:
        RuleBroken: `profile-malformed`; an option is no object, `other` no list of texts, or
            `not_decided` neither true nor false.
    """
    return {theme_id: _theme_profile(theme_id, content) for theme_id, content in body.items()}


def _theme_profile(
    theme_id: str, content: Mapping[str, MarkBody | list[str] | bool]
) -> ThemeProfile:
    marks: dict[str, Mark] = {}
    other: tuple[str, ...] = ()
    not_decided = False
    for name, given in content.items():
        match name, given:
            case "other", list():
                other = tuple(given)
            case "not_decided", bool():
                not_decided = given
            case _, MarkBody() if name not in ("other", "not_decided"):
                marks[name] = Mark(given.every_nth, given.note)
            case _:
                raise RuleBroken(
                    f"profile of {theme_id}: an option is an object such as"
                    f' {{"every_nth": 4}}, other a list of texts, not_decided true or false;'
                    f" {name!r} is none of these",
                    code="profile-malformed",
                )
    return ThemeProfile(marks, other, not_decided)


class ProjectBody(inputs.RequestModel):
    """A project as a whole. `project_id` and `version` may be sent back and are not used."""

    programme_id: Slug
    names: NamesBody
    cohort_id: Slug | None = None
    theme_ids: list[Slug] = Field(default=[], max_length=50)
    members: list[MemberBody] = Field(default=[], max_length=1_000)
    goals: list[GoalBody] = Field(default=[], max_length=100)
    ended_on: Day | None = None
    planned_end_year: StrictInt | None = Field(
        default=None, description="Null is not settled, which counts in tables."
    )
    joint_unit: JointUnitBody | None = None
    profile: ProfileBody = Field(default_factory=dict)
    measures: list[MeasureBody] = Field(default=[], max_length=200)
    success_factors: Annotated[dict[Slug, StrictBool], Field(max_length=50)] = Field(
        default_factory=dict
    )
    handed_over_on: Day | None = None
    follow_up_on: Day | None = None
    project_id: Slug | None = None
    version: StrictInt | None = None

    def value(self, project_id: str) -> Project:
        """Return the domain's value."""
        unit = self.joint_unit
        return Project(
            project_id=project_id,
            programme_id=self.programme_id,
            names=self.names.value(),
            cohort_id=self.cohort_id,
            theme_ids=tuple(self.theme_ids),
            members=tuple(member.value() for member in self.members),
            goals=tuple(goal.value() for goal in self.goals),
            ended_on=self.ended_on,
            planned_end_year=self.planned_end_year,
            joint_unit=None if unit is None else JointUnit(unit.id, unit.names.value()),
            profile=read_profile(self.profile),
            measures=tuple(measure.value() for measure in self.measures),
            success_factors=dict(self.success_factors),
            handed_over_on=self.handed_over_on,
            follow_up_on=self.follow_up_on,
        )
