"""What answers about series look like, written out from states."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, Field

from services.metrics.publishing.store import BEYOND, ListedState, ListPlace, StateFilter
from services.metrics.series.rules.figures import GRAIN_WINDOWS, last_month_of
from shared.events.envelope import Exact, PeriodText
from shared.events.metrics import Coverage, GrainName, Reason, WindowName
from shared.fields import ONE_LINE
from shared.http import csv_files, lists
from shared.values import Period

_WINDOW_MONTHS = {window.value: months for months, window in GRAIN_WINDOWS.items()}
"""Windows that only some periods close; the year to date and the rolling 12 end with every period.
"""


DefinitionKey = Annotated[
    str,
    Field(
        max_length=400,
        pattern=r"^(-|[a-z0-9-]+(\.[a-z0-9-]+)*)$",
        examples=["total.agreed.corrected.municipality-hr"],
    ),
]
"""A definition that a client names. What has no figures by it yet has an empty list, as before its
first figure.
"""

MetricId = Annotated[str, Field(max_length=64, pattern=r"^[a-z0-9][a-z0-9-]{1,62}[a-z0-9]$")]
"""A metric that a client names."""


class SeriesQuery(csv_files.FileQuery):
    """Which values to list."""

    subject: Annotated[str, Field(min_length=3, max_length=200), ONE_LINE] = Field(
        description="Such as municipality/vefsn-1824 or cohort/pulje-1.",
    )
    window: WindowName | None = Field(default=None, description="One window; all when left out.")
    metric: MetricId | None = Field(default=None, description="One metric; all when left out.")
    definition_key: DefinitionKey | None = None
    from_: PeriodText | None = Field(default=None, alias="from", description="First period.")
    to: PeriodText | None = Field(default=None, description="Last period.")

    def filter(self) -> StateFilter:
        """Return which states hold the rates that are asked for."""
        start = None if self.from_ is None else Period.parse(self.from_)
        return StateFilter(
            self.subject,
            self.metric,
            self.definition_key,
            0 if start is None else last_month_of(start) - start.grain.months + 1,
            BEYOND if self.to is None else last_month_of(Period.parse(self.to)),
            None if self.window is None else _WINDOW_MONTHS.get(self.window),
        )


class ValueAnswer(BaseModel):
    """A metric over one window at one period. `shown` is the reported figure where there is one,
    else the computed one.
    """

    subject: str
    metric: str
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
    """Values in the order of metric, definition, period and window."""

    items: list[ValueAnswer]
    next: str | None


class Place(NamedTuple):
    """Where a value stands in the list: its state, and its window's number among those asked
    for.
    """

    metric: str
    definition_key: str
    last_month: int
    months: int
    window: int

    @property
    def before(self) -> ListPlace:
        """The place just before its state: one that a page broke off in is read again."""
        return ListPlace(self.metric, self.definition_key, self.last_month, self.months - 1)


START = Place("", "", -1, -1, 0)
_PLACE = tuple[
    str,
    str,
    Annotated[int, Field(ge=0, lt=BEYOND)],
    Annotated[int, Field(gt=0, le=12)],
    int,
]


def read_place(cursor: str | None) -> Place:
    """Return the place that a cursor stands for.

    Raises:
        RuleBroken: `cursor-malformed`.
    """
    held = lists.read_cursor(cursor, _PLACE)
    return START if held is None else Place(*held)


def values_of(
    subject: str, states: Sequence[tuple[ListedState, ListPlace]], window: str | None
) -> Iterator[tuple[ValueAnswer, Place]]:
    """Yield the values in states, each with its place in the list."""
    for state, place in states:
        windows = state.content["windows"]
        for number, name in enumerate(name for name in windows if window in (None, name)):
            held = windows[name]
            suppressed = (
                bool(state.content["suppressed"])
                and held["value"] is None
                and held["reason"] is None
            )
            answer = ValueAnswer(
                subject=subject,
                metric=state.definition.metric,
                definition_key=state.definition.key,
                grain=state.period.grain.value,
                period=str(state.period),
                window=name,
                shown=held["value"] if held["reported"] is None else held["reported"],
                suppressed=suppressed,
                generated=state.content["generated"],
                version=state.version,
                computed_at=state.computed_at,
                **held,
            )
            yield answer, Place(*place, number)


CSV_COLUMNS = (
    "subject",
    "metric",
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


def row_of(value: ValueAnswer) -> dict[str, Any]:
    """Write a value as a line of CSV; what is missing is empty."""
    line: dict[str, Any] = value.model_dump(mode="json")
    coverage: dict[str, int] = line.pop("coverage")
    return line | coverage
