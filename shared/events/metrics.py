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


class WindowValue(Contract):
    """What a metric is over one window, in the metric's unit and with as many decimals as it has.

    Attributes:
        value: computed from what is in force; null with a `reason` when it cannot be given.
        reported: what a publisher posted for that window, if any.
        numerator: what the metric counts; null where values without it went in.
        denominator: what it is divided by, likewise; null for a count.
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
        project_id: whose goal it is, since goal ids are its own.
        change_points: shown value minus baseline, in the metric's unit; percentage points for per
            cent.
        change_percent: the same relative to the baseline.
        progress_percent: the part of the way from baseline to target that is done; signed, not
            clamped.
        persons_at_work: persons more at work than at the baseline; signed, not clamped.
    """

    project_id: Slug
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

    Attributes:
        metric: id of what is measured, in `registry.metric.v1`.
        definition_key: one value for each of the metric's axes, joined; `-` where it has none.
        year_on_year_change_percent: against the same period of the year before.
        formula: the version of the rules that worked it out, such as `absence/1`.
    """

    producer = "metrics"
    aggregate = "metric"

    subject: str
    metric: Slug
    definition_key: str
    grain: GrainName
    period: PeriodText
    version: int
    windows: dict[WindowName, WindowValue]
    year_on_year_change_percent: Exact | None = None
    goals: list[GoalProgress] = []
    changed: list[str] = []
    suppressed: bool = False
    generated: bool = False
    formula: str
    moved_by: list[UUID] | None = None
    moved_by_count: int | None = None
    computed_at: datetime

    @property
    def key(self) -> str:
        return f"{self.subject}|{self.metric}|{self.definition_key}|{self.period}"


class _Milestone(Event):
    producer = "metrics"
    aggregate = "milestone"

    subject: str
    project_id: Slug
    goal_id: Slug
    metric: Slug
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
