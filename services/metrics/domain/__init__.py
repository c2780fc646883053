"""The rules of metrics: what figures mean. Whole numbers, no input or output, no clock.

`amounts` exact arithmetic · `figures` vintages and what is in force · `stretch` sums over periods ·
`rolling` the step rule · `series` windows and their rates · `suppression` small cells · `groups`
members summed · `roster` who belongs where · `goals` progress and
milestones · `state` what is published of a period · `board` the scoreboard.
"""

from services.metrics.domain.amounts import MILLION, Ratio, from_micro, micro
from services.metrics.domain.board import (
    Cell,
    PublishedState,
    Row,
    board_rows,
    goal_of_board,
    goal_row,
    percent,
    published_state,
)
from services.metrics.domain.figures import (
    GRAIN_WINDOWS,
    Figure,
    Place,
    PostedWindow,
    Weighing,
    Window,
    grain_months,
    in_force,
    last_month_of,
    period_of,
)
from services.metrics.domain.goals import (
    Cause,
    Goal,
    GoalKey,
    GoalState,
    Judgement,
    Milestone,
    Standing,
    milestones,
)
from services.metrics.domain.groups import ALWAYS, NOBODY, ONE, Life, Membership, group_parts
from services.metrics.domain.reach import affected
from services.metrics.domain.roster import Roster, SeriesKey, is_member, life_of, next_turn
from services.metrics.domain.series import Reported, Series, extent_of, own_series
from services.metrics.domain.state import (
    FORMULA,
    HistoryMissing,
    Settled,
    State,
    changed_paths,
    emptied,
    settle,
)
from services.metrics.domain.stretch import Part, Stretch
from services.metrics.domain.suppression import (
    PERSONS_MIN,
    Contributor,
    is_small,
    suppressed_groups,
)

__all__ = [
    "ALWAYS",
    "FORMULA",
    "GRAIN_WINDOWS",
    "MILLION",
    "NOBODY",
    "ONE",
    "PERSONS_MIN",
    "Cause",
    "Cell",
    "Contributor",
    "Figure",
    "Goal",
    "GoalKey",
    "GoalState",
    "HistoryMissing",
    "Judgement",
    "Life",
    "Membership",
    "Milestone",
    "Part",
    "Place",
    "PostedWindow",
    "PublishedState",
    "Ratio",
    "Reported",
    "Roster",
    "Row",
    "Series",
    "SeriesKey",
    "Settled",
    "Standing",
    "State",
    "Stretch",
    "Weighing",
    "Window",
    "affected",
    "board_rows",
    "changed_paths",
    "emptied",
    "extent_of",
    "from_micro",
    "goal_of_board",
    "goal_row",
    "grain_months",
    "group_parts",
    "in_force",
    "is_member",
    "is_small",
    "last_month_of",
    "life_of",
    "micro",
    "milestones",
    "next_turn",
    "own_series",
    "percent",
    "period_of",
    "published_state",
    "settle",
    "suppressed_groups",
]
