"""What metrics publishes: the whole state of one subject at one period, and milestones of goals."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.events.envelope import Contract, Event, Exact, PeriodText, Slug
from shared.events.registry import Baseline
from shared.events.topics import Topic

WindowName = Literal["month", "quarter", "half-year", "year", "year-to-date", "rolling-12"]
GrainName = Literal["month", "quarter", "half-year", "year"]
GoalState = Literal["open", "reached"]
Reason = Literal["no-data", "denominator-zero", "unlike-definitions"]


class Coverage(Contract):
    """How much of what was expected is there, in grain periods times members."""

    present: int
    expected: int


class Rate(Contract):
    """One window's rate, in per cent with two decimals.

    Attributes:
        value: computed from what is in force; null with a `reason` when it cannot be given.
        reported: what a publisher posted for that window, if any.
        numerator: lost days; null when rates without day counts went in.
        denominator: agreed days, likewise.
    """

    value: Exact | None = None
    reported: Exact | None = None
    numerator: Exact | None = None
    denominator: Exact | None = None
    coverage: Coverage
    reason: Reason | None = None


class GoalProgress(Contract):
    """Where a goal stands by the shown value of its window.

    Attributes:
        project_id: whose goal it is, since goal ids are its own; null in events from before it was
            told.
        change_points: shown value minus baseline, in percentage points.
        change_percent: the same relative to the baseline.
        progress_percent: the part of the way from baseline to target that is done; signed, not
            clamped.
        persons_at_work: persons more at work than at the baseline; signed, not clamped.
    """

    project_id: Slug | None = None
    goal_id: Slug
    window: WindowName
    change_points: Exact | None = None
    change_percent: Exact | None = None
    progress_percent: Exact | None = None
    persons_at_work: Exact | None = None
    state: GoalState


class MetricUpdated(Event):
    """The whole state of one subject at one period. `version` rises per key; a consumer keeps the
    highest.
    """

    producer = "metrics"
    aggregate = "metric"

    subject: str
    definition_key: str
    grain: GrainName
    period: PeriodText
    version: int
    rates: dict[WindowName, Rate]
    same_month_change_percent: Exact | None = None
    goals: list[GoalProgress] = []
    changed: list[str] = []
    suppressed: bool = False
    generated: bool = False
    formula: str = "absence/1"
    moved_by: list[UUID] | None = None
    moved_by_count: int | None = None
    computed_at: datetime

    @property
    def key(self) -> str:
        return f"{self.subject}|{self.definition_key}|{self.period}"


class _Milestone(Event):
    producer = "metrics"
    aggregate = "milestone"

    subject: str
    project_id: Slug
    goal_id: Slug
    metric: Literal["absence"] = "absence"
    window: WindowName
    period: PeriodText
    definition_key: str
    value: Exact
    target: Exact
    baseline: Baseline
    previous_state: GoalState
    state: GoalState
    cause: Literal["figure", "correction", "goal-changed"]
    moved_by: list[UUID] = []
    generated: bool = False

    @property
    def key(self) -> str:
        return self.subject


class TargetReached(_Milestone):
    """A goal's shown value on the latest fully covered period is at or past its target, and was not
    before.
    """


class TargetLost(_Milestone):
    """A goal that was reached is not any longer."""


MilestoneEvent = TargetReached | TargetLost

TOPICS = (Topic(MetricUpdated.topic(), "compact"), Topic(TargetReached.topic()))
"""The topics that metrics writes to."""
