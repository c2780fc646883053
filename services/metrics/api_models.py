"""What metrics' HTTP answers look like, written out from states and boards."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from services.metrics.domain import (
    GRAIN_WINDOWS,
    Cell,
    Goal,
    Row,
    from_micro,
    last_month_of,
    percent,
)
from services.metrics.store.boards import Board
from services.metrics.store.states import BEYOND, ListedState, StateFilter
from shared.errors import RuleBroken
from shared.events.envelope import Exact, PeriodText
from shared.events.metrics import Coverage, GoalState, GrainName, Reason, WindowName
from shared.events.registry import Baseline
from shared.http import http, lists
from shared.values import Definition, Period, rounded

_WINDOW_MONTHS = {window.value: months for months, window in GRAIN_WINDOWS.items()}
"""Windows that only some periods close; the year to date and the rolling 12 end with every period.
"""


def _definition_key(key: str) -> str:
    try:
        return Definition.from_key(key).key
    except RuleBroken as broken:
        raise PydanticCustomError(
            "definition_malformed", "{message}", {"message": broken.message}
        ) from None


DefinitionKey = Annotated[
    str,
    Field(max_length=80, examples=["total.agreed.corrected.municipality-hr"]),
    AfterValidator(_definition_key),
]
"""A definition that a client names. What has no figures by it yet has an empty list, as before its
first figure.
"""


class SeriesQuery(http.ListQuery):
    """Which rates to list."""

    subject: str = Field(
        min_length=3,
        max_length=200,
        description="Such as municipality/vefsn-1824 or cohort/pulje-1.",
    )
    window: WindowName | None = Field(default=None, description="One window; all when left out.")
    definition_key: DefinitionKey | None = None
    from_: PeriodText | None = Field(default=None, alias="from", description="First period.")
    to: PeriodText | None = Field(default=None, description="Last period.")

    def filter(self) -> StateFilter:
        """Return which states hold the rates that are asked for."""
        start = None if self.from_ is None else Period.parse(self.from_)
        return StateFilter(
            self.subject,
            self.definition_key,
            0 if start is None else last_month_of(start) - start.grain.months + 1,
            BEYOND if self.to is None else last_month_of(Period.parse(self.to)),
            None if self.window is None else _WINDOW_MONTHS.get(self.window),
        )


class RateAnswer(BaseModel):
    """One window's rate at one period. `shown` is the reported figure where there is one, else the
    computed one.
    """

    subject: str
    definition_key: str
    grain: GrainName
    period: str
    window: WindowName
    value: Exact | None
    reported: Exact | None
    shown: Exact | None
    numerator: Exact | None
    denominator: Exact | None
    coverage: Coverage
    reason: Reason | None
    suppressed: bool
    generated: bool
    version: int
    computed_at: datetime


class SeriesAnswer(BaseModel):
    """Rates in the order of definition, period and window."""

    items: list[RateAnswer]
    next: str | None


class Place(NamedTuple):
    """Where a rate stands in the list: its state, and its window's number among those asked for."""

    definition_key: str
    last_month: int
    months: int
    window: int


START = Place("", -1, -1, 0)
_PLACE = tuple[
    lists.Text,
    Annotated[int, Field(ge=0, lt=BEYOND)],
    Annotated[int, Field(gt=0, le=12)],
    lists.Number,
]


def read_place(cursor: str | None) -> Place:
    """Return the place that a cursor stands for.

    Raises:
        RuleBroken: `cursor-malformed`.
    """
    held = lists.read_cursor(cursor, _PLACE)
    return START if held is None else Place(*held)


def rates_of(
    subject: str, states: Sequence[tuple[ListedState, tuple[str, int, int]]], window: str | None
) -> Iterator[tuple[RateAnswer, Place]]:
    """Yield the rates in states, each with its place in the list."""
    for state, place in states:
        names = [name for name in state.content["rates"] if window in (None, name)]
        for number, name in enumerate(names):
            rate = state.content["rates"][name]
            suppressed = (
                bool(state.content["suppressed"])
                and rate["value"] is None
                and rate["reason"] is None
            )
            answer = RateAnswer(
                subject=subject,
                definition_key=state.definition_key,
                grain=state.period.grain.value,
                period=str(state.period),
                window=name,
                shown=rate["value"] if rate["reported"] is None else rate["reported"],
                suppressed=suppressed,
                generated=state.content["generated"],
                version=state.version,
                computed_at=state.computed_at,
                **rate,
            )
            yield answer, Place(*place, number)


_CSV_COLUMNS = (
    "subject",
    "definition_key",
    "grain",
    "period",
    "window",
    "value",
    "reported",
    "shown",
    "numerator",
    "denominator",
    "present",
    "expected",
    "reason",
    "suppressed",
    "generated",
    "version",
    "computed_at",
)


def csv_of(rates: Sequence[RateAnswer]) -> str:
    """Write rates as CSV (RFC 4180): a line of names, then one line per rate; what is missing is
    empty.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, _CSV_COLUMNS)
    writer.writeheader()
    for rate in rates:
        line = rate.model_dump(mode="json")
        line |= line.pop("coverage")
        writer.writerow({name: _csv_value(value) for name, value in line.items()})
    return text.getvalue()


def _csv_value(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


class CellAnswer(BaseModel):
    """One window's rate on the board; `differs` marks where reported and computed are not the same
    at one decimal.
    """

    reported: Exact | None
    computed: Exact | None
    shown: Exact | None
    differs: bool
    coverage: Coverage
    reason: str | None


class RowAnswer(BaseModel):
    """A row: a period, or a year's sum up to the period `until`.

    Attributes:
        counted: the window that persons count from.
        persons_at_work: persons more at work than at the baseline, signed and not clamped; null
            where the rate is computed from fewer figures than its window expects.
        persons_at_work_clamped: the same, whole, from 0 to the goal's places; the row's smileys.
    """

    period: str
    until: str
    is_sum: bool
    counted: WindowName
    rates: dict[WindowName, CellAnswer]
    persons_at_work: Exact | None
    persons_at_work_clamped: int | None
    smileys: int | None
    generated: bool
    suppressed: bool


class BoardGoal(BaseModel):
    """The goal that the board counts from; `places` is the number of persons from baseline to
    target.
    """

    project_id: str
    goal_id: str
    window: WindowName
    falling: bool
    baseline: Baseline
    target: Exact
    due_on: date
    persons_per_point: Exact | None
    places: int | None
    state: GoalState


class BoardAnswer(BaseModel):
    """A municipality's scoreboard."""

    municipality_id: str
    name: str | None
    definition_key: str | None
    goal: BoardGoal | None
    rows: list[RowAnswer]
    generated: bool
    suppressed: bool


def board_answer(board: Board) -> BoardAnswer:
    """Write a board out."""
    return BoardAnswer(
        municipality_id=board.municipality_id,
        name=None if board.municipality is None else board.municipality.name,
        definition_key=board.definition_key,
        goal=None if board.goal is None else _goal_answer(board.goal[0], board.goal[1].value),
        rows=[_row_answer(row) for row in board.rows],
        generated=board.generated,
        suppressed=board.suppressed,
    )


def _goal_answer(goal: Goal, state: GoalState) -> BoardGoal:
    return BoardGoal(
        project_id=goal.project_id,
        goal_id=goal.goal_id,
        window=goal.window.value,
        falling=goal.falling,
        baseline=Baseline(value=from_micro(goal.baseline), period=goal.baseline_period),
        target=from_micro(goal.target),
        due_on=goal.due_on,
        persons_per_point=(
            None if goal.persons_per_point is None else from_micro(goal.persons_per_point)
        ),
        places=goal.places,
        state=state,
    )


def _row_answer(row: Row) -> RowAnswer:
    return RowAnswer(
        period=str(row.period),
        until=str(row.until),
        is_sum=row.is_sum,
        counted=row.counted.value,
        rates={window.value: _cell_answer(cell) for window, cell in row.cells.items()},
        persons_at_work=(
            None if row.persons_tenths is None else Decimal(row.persons_tenths).scaleb(-1)
        ),
        persons_at_work_clamped=row.smileys,
        smileys=row.smileys,
        generated=row.generated,
        suppressed=row.suppressed,
    )


def _cell_answer(cell: Cell) -> CellAnswer:
    return CellAnswer(
        reported=_two_decimals(cell.reported),
        computed=_two_decimals(cell.computed),
        shown=_two_decimals(cell.shown),
        differs=cell.differs,
        coverage=Coverage(present=cell.present, expected=cell.expected),
        reason=cell.reason,
    )


def _two_decimals(trillionths: int | None) -> Decimal | None:
    value = percent(trillionths)
    return None if value is None else rounded(value, 2)
