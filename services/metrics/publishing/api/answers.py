"""What answers about series look like, written out from states."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from services.metrics.publishing.store import BEYOND, ListedState, StateFilter
from services.metrics.series.rules.figures import GRAIN_WINDOWS, last_month_of
from shared.errors import RuleBroken
from shared.events.envelope import Exact, PeriodText
from shared.events.metrics import Coverage, GrainName, Reason, WindowName
from shared.fields import ONE_LINE
from shared.http import lists
from shared.values import Definition, Period

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
    ONE_LINE,
    AfterValidator(_definition_key),
]
"""A definition that a client names. What has no figures by it yet has an empty list, as before its
first figure.
"""


class SeriesQuery(lists.ListQuery):
    """Which rates to list."""

    subject: Annotated[str, Field(min_length=3, max_length=200), ONE_LINE] = Field(
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
