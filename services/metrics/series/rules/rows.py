"""What is kept of series and of figures, as rules speak of it."""

from typing import NamedTuple
from uuid import UUID

from services.metrics.series.rules.figures import PostedWindow, SeriesKey, Weighing


class KeptSeries(NamedTuple):
    """A series' row, locked, in the order of its columns; see the migration for what they mean."""

    series_id: int
    subject: str
    metric: str
    definition_key: str
    municipality_id: str | None
    months: int | None
    first_month: int | None
    last_month: int | None
    joins_groups: bool
    is_whole: bool

    @property
    def key(self) -> SeriesKey:
        """What tells it from other series."""
        return SeriesKey(self.subject, self.metric, self.definition_key)

    @property
    def is_group(self) -> bool:
        """Whether it is made of members' figures, and not of its own."""
        return self.key.is_group


class NewFigure(NamedTuple):
    """A vintage to be kept, in the order of the columns after `series_id`."""

    last_month: int
    months: int
    window: PostedWindow
    vintage: int
    figure_id: UUID
    weighing: Weighing
    amount_micro: int
    weight_micro: int | None
    persons: int | None
    generated: bool


class Withdrawal(NamedTuple):
    """A figure to be taken back, and the place that it filled."""

    last_month: int
    months: int
    window: PostedWindow
    figure_id: UUID
