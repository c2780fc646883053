"""States: what is published of each series at each period."""

import json
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from services.metrics.goals.rules import GoalState
from services.metrics.publishing.rules.published import Cell, PublishedState
from services.metrics.series.rules.figures import Definition, SeriesKey, Window, period_of
from shared.postgres.arrays import numbers
from shared.postgres.database import Connection, load_queries
from shared.values import Period

QUERIES = load_queries(__file__)

_COLUMNS = ["series_id", "last_month", "months", "version", "content", "unrounded", "computed_at"]
BEYOND = 2**31 - 1
"""After any month that there is."""


class StatePlace(NamedTuple):
    """Where a state is kept: its series, the last month of its period, and the period's length."""

    series_id: int
    last_month: int
    months: int


class KeptState(NamedTuple):
    """A state as it is kept: its version, its content as JSON text, and the unrounded rates."""

    version: int
    content: str
    unrounded: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class ListedState:
    """A state as readers get it."""

    definition: Definition
    period: Period
    version: int
    content: Mapping[str, Any]
    unrounded: Sequence[int | None]
    computed_at: datetime

    @property
    def published(self) -> PublishedState:
        """Return the board's value."""
        cells = {
            Window(window): Cell(
                unrounded_of(computed, held["value"]),
                unrounded_of(reported, held["reported"]),
                held["coverage"]["present"],
                held["coverage"]["expected"],
                held["reason"],
            )
            for (window, held), (computed, reported) in zip(
                self.content["windows"].items(), self._pairs(), strict=True
            )
        }
        goals = {
            (goal["project_id"], goal["goal_id"]): GoalState(goal["state"])
            for goal in self.content["goals"]
        }
        return PublishedState(
            self.period, cells, goals, self.content["generated"], self.content["suppressed"]
        )

    def _pairs(self) -> Iterator[tuple[int | None, int | None]]:
        return zip(self.unrounded[::2], self.unrounded[1::2], strict=True)


def unrounded_of(trillionths: int | None, published: str | None) -> int | None:
    """Return a value in trillionths; one that is too large to be kept so is had from its text."""
    if trillionths is not None or published is None:
        return trillionths
    return int(Decimal(published).scaleb(12))


async def list_versions(conn: Connection) -> AsyncIterator[tuple[SeriesKey, int, int, int]]:
    """Yield series, last month, length and version of every state."""
    async for row in QUERIES.list_versions(conn):
        key = SeriesKey(row["subject"], row["metric"], row["definition_key"])
        yield key, row["last_month"], row["months"], row["version"]


async def list_states_at(
    conn: Connection, places: Collection[StatePlace]
) -> dict[StatePlace, KeptState]:
    """Return the states that are kept at some places."""
    rows = QUERIES.list_states_at(
        conn,
        series_ids=numbers(place.series_id for place in places),
        last_months=numbers(place.last_month for place in places),
        months=numbers(place.months for place in places),
    )
    return {
        StatePlace(series_id, last_month, months): KeptState(version, content, tuple(unrounded))
        async for series_id, last_month, months, version, content, unrounded in rows
    }


async def list_state_places(conn: Connection, series_ids: Collection[int]) -> set[StatePlace]:
    """Return all places at which series have states."""
    return {
        StatePlace(*row)
        async for row in QUERIES.list_state_places(conn, series_ids=list(series_ids))
    }


async def put_states(
    conn: Connection,
    states: Mapping[StatePlace, KeptState],
    replaced: Collection[StatePlace],
    *,
    computed_at: datetime,
) -> None:
    """Keep states; the caller holds their series.

    Args:
        replaced: the places that have a state already.
    """
    new = [
        (*place, *state, computed_at) for place, state in states.items() if place not in replaced
    ]
    if new:
        await conn.copy_records_to_table("state", records=new, columns=_COLUMNS)
    old = [(place, state) for place, state in states.items() if place in replaced]
    if old:
        await QUERIES.replace_states(
            conn,
            series_ids=numbers(place.series_id for place, _ in old),
            last_months=numbers(place.last_month for place, _ in old),
            months=numbers(place.months for place, _ in old),
            versions=numbers(state.version for _, state in old),
            contents=[state.content for _, state in old],
            unrounded=[numbers(state.unrounded) for _, state in old],
            computed_at=computed_at,
        )


@dataclass(frozen=True, slots=True)
class StateFilter:
    """Which states of a subject are asked for; `months` are those of a window that only some
    periods close.
    """

    subject: str
    metric: str | None = None
    definition_key: str | None = None
    from_month: int = 0
    to_month: int = BEYOND
    months: int | None = None


class ListPlace(NamedTuple):
    """Where a state stands in a list: metrics and definitions by their ids, then by time."""

    metric: str
    definition_key: str
    last_month: int
    months: int


FIRST = ListPlace("", "", -1, -1)
"""Before every state."""


async def list_states(
    conn: Connection, wanted: StateFilter, *, after: ListPlace = FIRST, count: int
) -> list[tuple[ListedState, ListPlace]]:
    """Return states in the order of metric, definition and time, each with its place in that order.

    Args:
        after: the place behind which to go on.
    """
    rows = QUERIES.list_published(
        conn,
        subject=wanted.subject,
        metric=wanted.metric,
        definition_key=wanted.definition_key,
        from_month=wanted.from_month,
        to_month=wanted.to_month,
        months=wanted.months,
        after_metric=after.metric,
        after_definition=after.definition_key,
        after_month=after.last_month,
        after_months=after.months,
        count=count,
    )
    return [
        (
            _listed(row),
            ListPlace(row["metric"], row["definition_key"], row["last_month"], row["months"]),
        )
        async for row in rows
    ]


async def list_spans(conn: Connection, subject: str) -> dict[Definition, tuple[int, int]]:
    """Return the last months of the first and the last period with figures in force, by metric and
    definition.

    States reach further where figures were withdrawn: they were published, so they are told about
    once more.
    """
    return {
        Definition(row["metric"], row["definition_key"]): (row["first_month"], row["last_month"])
        async for row in QUERIES.list_spans(conn, subject=subject)
    }


async def list_latest(conn: Connection, metric: str) -> list[tuple[str, ListedState]]:
    """Return the state of every municipality's series of a metric at its last period with a figure
    in force.
    """
    rows = QUERIES.list_latest(conn, metric=metric)
    return [(row["municipality_id"], _listed(row)) async for row in rows]


def _listed(row: Any) -> ListedState:
    period = period_of(row["last_month"], row["months"])
    content = json.loads(row["content"])
    definition = Definition(row["metric"], row["definition_key"])
    return ListedState(
        definition, period, row["version"], content, row["unrounded"], row["computed_at"]
    )
