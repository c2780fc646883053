"""Goals: how far a rate has come from its baseline towards its target, and when a target was
reached or lost.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from services.metrics.series.rules.amounts import MILLION, Ratio, divided
from services.metrics.series.rules.figures import SeriesKey, Window


class GoalState(StrEnum):
    """Whether the target is reached, by the latest period with full coverage."""

    OPEN = "open"
    REACHED = "reached"


class Cause(StrEnum):
    """Why a goal's state changed."""

    FIGURE = "figure"
    CORRECTION = "correction"
    GOAL_CHANGED = "goal-changed"


GoalKey = tuple[str, str]
"""Project id and goal id; the latter is unique within the former only."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A target for one window of one series. Amounts in millionths of the metric's unit, persons
    per point in millionths.

    Attributes:
        project_id: the project that set it; `goal_id` is unique within it.
        subject: whose series it is judged on: the municipality of a project with one member, else
            the project's own.
        falling: the target is below the baseline and reached from above.
        baseline_period: when the baseline was measured, free text.
        due_on: when the target is to be reached.
        persons_per_point: how many persons one percentage point is, where known.
    """

    project_id: str
    goal_id: str
    subject: str
    metric: str
    definition_key: str
    window: Window
    falling: bool
    baseline: int
    baseline_period: str
    target: int
    due_on: date
    persons_per_point: int | None = None

    @property
    def series(self) -> SeriesKey:
        """The series that it is judged on."""
        return SeriesKey(self.subject, self.metric, self.definition_key)

    @property
    def key(self) -> GoalKey:
        """Project id and goal id."""
        return self.project_id, self.goal_id

    def is_reached(self, shown: Ratio) -> bool:
        """Judge a value, unrounded: reached is at the target or past it."""
        distance = shown.numerator - self.target * shown.denominator
        return distance <= 0 if self.falling else distance >= 0

    def change_points(self, shown: Ratio) -> Ratio:
        """The value minus the baseline, in the metric's unit; percentage points for per cent."""
        return Ratio(shown.numerator - self.baseline * shown.denominator, shown.denominator)

    def change_hundredths(self, shown: Ratio) -> int | None:
        """The change relative to the baseline, in hundredths of a per cent; None for a baseline of
        zero.
        """
        change = self.change_points(shown)
        return _share(change, self.baseline) if self.baseline else None

    def progress_hundredths(self, shown: Ratio) -> int | None:
        """The part of the way from baseline to target that is done, in hundredths of a per cent.

        The same formula, (b - x) / (b - t), serves falling and rising targets; it is negative when
        things got worse and above 100 per cent when the target is passed (FORMULAS 1.5). None when
        the target is the baseline.
        """
        way = self.target - self.baseline
        return _share(self.change_points(shown), way) if way else None

    def persons_tenths(self, shown: Ratio) -> int | None:
        """Persons more at work than at the baseline, in tenths; negative when fewer."""
        if self.persons_per_point is None:
            return None
        change = self.change_points(shown)
        towards = -change.numerator if self.falling else change.numerator
        return divided(
            10 * towards * self.persons_per_point, change.denominator * MILLION * MILLION
        )

    @property
    def places(self) -> int | None:
        """How many persons the whole way from baseline to target is: the places on the board."""
        if self.persons_per_point is None:
            return None
        return divided(self.persons_per_point * abs(self.baseline - self.target), MILLION * MILLION)

    def progress(self, shown: Ratio | None, state: GoalState) -> "Progress":
        """Say where it stands by a figure of full coverage; without one only its state is known."""
        if shown is None:
            return Progress(self, None, None, None, None, state)
        return Progress(
            self,
            self.change_points(shown).hundredths,
            self.change_hundredths(shown),
            self.progress_hundredths(shown),
            self.persons_tenths(shown),
            state,
        )

    def smileys(self, shown: Ratio) -> int | None:
        """Persons more at work, as the board counts them: whole, halves up, not below 0 and not
        above the places.
        """
        if self.persons_per_point is None or self.places is None:
            return None
        change = self.change_points(shown)
        towards = -change.numerator if self.falling else change.numerator
        whole = divided(towards * self.persons_per_point, change.denominator * MILLION * MILLION)
        return min(max(whole, 0), self.places)


def _share(change: Ratio, of: int) -> int:
    """Return a change over an amount in hundredths of a per cent."""
    numerator, denominator = change.numerator * 10_000, change.denominator * of
    return divided(numerator, denominator) if denominator > 0 else divided(-numerator, -denominator)


class Progress(NamedTuple):
    """Where a goal stands at one period; amounts as `Goal` gives them."""

    goal: Goal
    change_points_hundredths: int | None
    change_hundredths: int | None
    progress_hundredths: int | None
    persons_tenths: int | None
    state: GoalState


class Judgement(NamedTuple):
    """A goal judged at one period whose window is fully covered; `generated` when made-up figures
    went in.
    """

    last_month: int
    shown: Ratio
    state: GoalState
    generated: bool = False


class Standing(NamedTuple):
    """What was last said of a goal: its state, and the last month of the period that it was judged
    on.

    It stays when no period is fully covered any more, so that reached and lost take turns; states
    say open then.
    """

    state: GoalState = GoalState.OPEN
    last_month: int | None = None


class Milestone(NamedTuple):
    """A change of a goal's state."""

    goal: Goal
    judgement: Judgement
    previous: GoalState
    cause: Cause


def milestones(
    goal: Goal,
    standing: Standing,
    judgements: Sequence[Judgement],
    *,
    goal_changed: bool = False,
    corrected: Collection[int] = (),
) -> tuple[list[Milestone], Standing]:
    """Return the changes of state that new judgements make, oldest first, and the standing after
    them.

    Figures that arrive together are judged period by period, as if they had come one after another;
    so one batch with all of Vefsn's months says April 2013, when the target was reached, and not
    July, which it ends with. A goal that is new to a series with a history tells only when its
    present state began.

    Args:
        standing: what was last said.
        judgements: of the periods with full coverage, in order of time: at least the last one
            before the earliest period that may have changed, and all after it. Without any, the
            standing stays.
        goal_changed: the goal itself is new or was changed, or who takes part in it, not the
            figures.
        corrected: the last months of periods with figures that were replaced or withdrawn. A
            judgement that changes without such a one changed because figures came that were not
            there before.
    """
    if not judgements:
        return [], standing
    if standing.last_month is None and goal_changed:
        judgements = list(_present_run(judgements))
    known = [
        j
        for j in judgements
        if standing.last_month is not None and j.last_month <= standing.last_month
    ]
    newer = judgements[len(known) :]
    found: list[Milestone] = []
    state = standing.state
    for judgement, is_known in [(j, True) for j in known[-1:]] + [(j, False) for j in newer]:
        if judgement.state is not state:
            is_corrected = is_known and any(
                month <= (standing.last_month or 0) for month in corrected
            )
            cause = Cause.CORRECTION if is_corrected else Cause.FIGURE
            found.append(
                Milestone(goal, judgement, state, Cause.GOAL_CHANGED if goal_changed else cause)
            )
            state = judgement.state
    return found, Standing(state, judgements[-1].last_month)


def _present_run(judgements: Sequence[Judgement]) -> Iterator[Judgement]:
    """Yield the judgements since the present state began, or only the last one when the goal is
    still open.
    """
    start = len(judgements) - 1
    while start > 0 and judgements[start].state is GoalState.REACHED is judgements[start - 1].state:
        start -= 1
    yield from judgements[start:]
