"""Goals, and what was last said of each."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.metrics.goals.rules import Goal, GoalKey, GoalState, Standing
from services.metrics.series.rules.amounts import from_micro, micro
from services.metrics.series.rules.figures import Window
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


async def replace_goals(conn: Connection, project_id: str, goals: Sequence[Goal]) -> list[Goal]:
    """Keep a project's goals; return those that changed, as they were and as they are."""
    rows = QUERIES.list_goals_of_project(conn, project_id=project_id)
    before = {goal.goal_id: goal for goal in [_goal(row) async for row in rows]}
    after = {goal.goal_id: goal for goal in goals}
    await QUERIES.remove_goals(
        conn, project_id=project_id, goal_ids=[one for one in before if one not in after]
    )
    for goal_id, goal in after.items():
        if before.get(goal_id) != goal:
            await _put_goal(conn, goal)
    differing = [one for one in {**before, **after} if before.get(one) != after.get(one)]
    return [
        goal for one in differing for goal in (before.get(one), after.get(one)) if goal is not None
    ]


async def _put_goal(conn: Connection, goal: Goal) -> None:
    persons = goal.persons_per_point
    await QUERIES.put_goal(
        conn,
        project_id=goal.project_id,
        goal_id=goal.goal_id,
        subject=goal.subject,
        metric=goal.metric,
        definition_key=goal.definition_key,
        goal_window=goal.window,
        falling=goal.falling,
        baseline=from_micro(goal.baseline),
        baseline_period=goal.baseline_period,
        target=from_micro(goal.target),
        due_on=goal.due_on,
        persons_per_point=None if persons is None else from_micro(persons),
    )


async def list_standings(conn: Connection, subjects: Sequence[str]) -> dict[GoalKey, Standing]:
    """Return what was last said of the goals of these subjects, by project and goal."""
    rows = QUERIES.list_standings(conn, subjects=list(subjects))
    return {
        (row["project_id"], row["goal_id"]): Standing(GoalState(row["state"]), row["judged_month"])
        async for row in rows
    }


async def put_standings(conn: Connection, standings: Mapping[GoalKey, Standing]) -> None:
    """Keep what was last said of goals."""
    await QUERIES.put_standings(
        conn,
        project_ids=[project_id for project_id, _ in standings],
        goal_ids=[goal_id for _, goal_id in standings],
        states=[standing.state for standing in standings.values()],
        judged_months=[standing.last_month for standing in standings.values()],
    )


async def list_goals(conn: Connection) -> list[Goal]:
    """Return all goals."""
    return [_goal(row) async for row in QUERIES.list_goals(conn)]


async def list_goals_of(conn: Connection, subject: str) -> list[Goal]:
    """Return the goals judged on a subject's series."""
    return [_goal(row) async for row in QUERIES.list_goals_of(conn, subject=subject)]


def _goal(row: Any) -> Goal:
    persons = row["persons_per_point"]
    return Goal(
        project_id=row["project_id"],
        goal_id=row["goal_id"],
        subject=row["subject"],
        metric=row["metric"],
        definition_key=row["definition_key"],
        window=Window(row["goal_window"]),
        falling=row["falling"],
        baseline=micro(row["baseline"]),
        baseline_period=row["baseline_period"],
        target=micro(row["target"]),
        due_on=row["due_on"],
        persons_per_point=None if persons is None else micro(persons),
    )
