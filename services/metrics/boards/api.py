"""HTTP door of scoreboards, open to all."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Path, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from services.metrics.boards import commands
from services.metrics.boards.rules import Board, Row
from services.metrics.goals.rules import Goal
from services.metrics.publishing.api.answers import DefinitionKey, MetricId
from services.metrics.publishing.rules.published import Cell, unrounded
from services.metrics.series.rules.amounts import from_micro
from shared.events.envelope import Exact
from shared.events.metrics import Coverage, GoalState, WindowName
from shared.events.registry import Baseline
from shared.fields import ONE_LINE
from shared.http import preconditions, problems
from shared.service.runtime import Service
from shared.values import rounded


def add_routes(router: APIRouter, service: Service) -> None:
    """Add the route of boards."""

    @router.get(
        "/boards/{municipality_id}",
        summary="A municipality's scoreboard",
        response_model=BoardAnswer,
        responses={404: {"model": problems.Problem}},
    )
    async def get_board(
        municipality_id: Annotated[str, Path(min_length=1, max_length=80), ONE_LINE],
        metric: MetricId | None = None,
        definition_key: DefinitionKey | None = None,
    ) -> Response:
        async with service.database.connection() as conn:
            board = await commands.get_board(
                conn, municipality_id, metric=metric, definition_key=definition_key
            )
        answer = board_answer(board)
        return JSONResponse(
            answer.model_dump(mode="json"), headers={"ETag": preconditions.etag(answer)}
        )


class CellAnswer(BaseModel):
    """A metric over one window on the board; `differs` marks where reported and computed are not
    the same at one decimal.
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
    windows: dict[WindowName, CellAnswer]
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
    metric: str | None
    definition_key: str | None
    goal: BoardGoal | None
    rows: list[RowAnswer]
    generated: bool
    suppressed: bool


def board_answer(board: Board) -> BoardAnswer:
    """Write a board out."""
    places = board.meaning.metric.decimals if board.meaning else 0
    return BoardAnswer(
        municipality_id=board.municipality_id,
        name=None if board.municipality is None else board.municipality.name,
        metric=board.meaning.metric.metric_id if board.meaning else None,
        definition_key=board.meaning.key if board.meaning else None,
        goal=None if board.goal is None else _goal_answer(board.goal[0], board.goal[1].value),
        rows=[_row_answer(row, places) for row in board.rows],
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


def _row_answer(row: Row, places: int) -> RowAnswer:
    return RowAnswer(
        period=str(row.period),
        until=str(row.until),
        is_sum=row.is_sum,
        counted=row.counted.value,
        windows={window.value: _cell_answer(cell, places) for window, cell in row.cells.items()},
        persons_at_work=(
            None if row.persons_tenths is None else Decimal(row.persons_tenths).scaleb(-1)
        ),
        persons_at_work_clamped=row.smileys,
        smileys=row.smileys,
        generated=row.generated,
        suppressed=row.suppressed,
    )


def _cell_answer(cell: Cell, places: int) -> CellAnswer:
    return CellAnswer(
        reported=_rounded(cell.reported, places),
        computed=_rounded(cell.computed, places),
        shown=_rounded(cell.shown, places),
        differs=cell.differs,
        coverage=Coverage(present=cell.present, expected=cell.expected),
        reason=cell.reason,
    )


def _rounded(trillionths: int | None, places: int) -> Decimal | None:
    value = unrounded(trillionths)
    return None if value is None else rounded(value, places)
