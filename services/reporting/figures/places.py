"""Places, the figures that fill them, and how each place stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.reporting.submissions.rules import Arrival
from shared.errors import Finding
from shared.values import Measure


class Place(NamedTuple):
    """What a figure is about. A later one of the same place replaces the earlier one, across
    publishers and doors.

    A tuple, because every figure is looked up by it and by its neighbours.
    """

    municipality_id: str
    unit: str
    metric: str
    definition_key: str
    period: str
    window: str


SeriesKey = tuple[str, str, str, str]
"""Municipality id, unit ("" for the whole), metric, definition key."""


@dataclass(frozen=True, slots=True)
class KeptFigure:
    """One vintage of a figure as it is kept.

    Attributes:
        definition: one value for each axis, in the order of the metric's axes.
        parts: the further numbers of a kind that is more than one measure.
        origin: `http`, the record's place in the log, or `log` for a figure that was taken back
            from its event after a restore.
        arrived_at: when it came in; to the millisecond, figures of a place are ordered by it.
        posted_at: when it was decided: its arrival, or just after the last decision at its place.
    """

    publisher: str
    figure_id: UUID
    municipality_id: str
    municipality_number: str
    unit: str
    metric: str
    period: str
    window: str
    definition_key: str
    definition: Mapping[str, str]
    measure: Measure
    parts: Mapping[str, str] | None
    persons: int | None
    note: str | None
    generated: bool
    findings: tuple[Finding, ...]
    vintage: int
    replaces: UUID | None
    in_force: bool
    origin: str
    arrived_at: datetime
    posted_at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    withdrawal_reason: str | None = None

    @property
    def place(self) -> Place:
        """What the figure is about."""
        return Place(
            self.municipality_id,
            self.unit,
            self.metric,
            self.definition_key,
            self.period,
            self.window,
        )


@dataclass(frozen=True, slots=True)
class EarlierFigure:
    """What is needed to answer an id that was used before."""

    body_hash: bytes
    vintage: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a place stands: its newest vintage (0 when it was never filled), and the figure in force
    there.

    Attributes:
        newest: when the newest vintage came.
        decided_at: when a figure of the place was last posted or withdrawn.
        weight_kind: of the figure in force, where its rate goes into sums.
    """

    vintage: int
    newest: Arrival | None = None
    decided_at: datetime | None = None
    figure_id: UUID | None = None
    publisher: str | None = None
    weight_kind: str | None = None


NOTHING = Standing(vintage=0)


@dataclass(frozen=True, slots=True)
class Unlike:
    """A figure of which the table and the audit log tell different things.

    Attributes:
        publisher: as the audit log names it, `publisher/<organisation number>`.
        held: how many rows the table has of it.
        claims: how many audit entries accepted it.
        is_alike: whether the content's hash is the same in both.
    """

    publisher: str
    figure_id: str
    held: int
    claims: int
    is_alike: bool
