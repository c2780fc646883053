"""What reporting publishes: accepted figures with every vintage, reports that are owed, and
receipts.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from shared.events.envelope import Contract, Event, Exact, MunicipalityNumber, PeriodText, Slug
from shared.events.topics import Topic
from shared.fields import UuidText
from shared.moments import Day

FigureWindow = Literal["period", "year-to-date", "rolling-12"]
WeightKind = Literal["equal", "working-days", "agreed-days"]


class FindingContract(Contract):
    """What a check saw in something that was accepted or refused.

    Attributes:
        severity: `error` refuses, `warning` asks for an explanation, `info` is only told.
        message: a sentence in English; translate by `code` and `message_args`.
        field: JSON pointer, where the finding is about one field.
        message_args: the values that the sentence names.
    """

    code: str
    severity: Literal["error", "warning", "info"]
    message: str
    field: str | None = None
    message_args: dict[str, Any] = {}


class AcceptedFigure(Contract):
    """What every accepted figure says, whatever its kind.

    Attributes:
        figure_id: chosen by the publisher.
        municipality: the number as it was posted, the same as `municipality_number`.
        municipality_number: as valid on the last day of the period.
        unit: a part of the municipality, or none for the whole.
        definition: one value for each axis of the metric.
        definition_key: the values of the definition, joined in the order of the metric's axes.
        persons: head count behind the figure.
        vintage: 1 for the first figure of its place, 2 for the one that replaced it, and so on.
        replaces: the figure that was in force before.
        generated: made by a generator for demonstration, not reported by anybody.
        posted_at: when it arrived, just after what was decided at its place before.
    """

    figure_id: UUID
    municipality: MunicipalityNumber
    municipality_id: str
    municipality_number: MunicipalityNumber
    unit: str | None = None
    period: PeriodText
    persons: int | None = None
    definition: dict[str, str]
    definition_key: str
    note: str | None = None
    generated: bool = False
    vintage: int
    replaces: UUID | None = None
    publisher: str
    posted_at: datetime
    findings: list[FindingContract] = []


class AbsenceFigure(AcceptedFigure):
    """Absence: either both day counts, or a rate with the weight that it has in sums.

    Attributes:
        window: `period`, or a window that the publisher computed itself, ending with `period`.
        lost_days: working days lost, in full-time-equivalent days.
        agreed_days: working days agreed (or possible, by the definition), in the same unit.
    """

    window: FigureWindow = "period"
    lost_days: Exact | None = None
    agreed_days: Exact | None = None
    rate_percent: Exact | None = None
    weight_kind: WeightKind | None = None
    weight: Exact | None = None


class IndicatorFigure(AcceptedFigure):
    """A value of any other metric, by what the metric is.

    Attributes:
        metric: id of the metric in `registry.metric.v1`.
        numerator: of a share, a mean or a count.
        denominator: of a share or a mean.
        value: of a score.
        weight: the score's weight among others; without it the score cannot be joined with others.
    """

    metric: Slug
    numerator: Exact | None = None
    denominator: Exact | None = None
    value: Exact | None = None
    weight: Exact | None = None


class AbsenceFigureInForce(AbsenceFigure):
    """An absence figure that is in force again."""

    kind: Literal["absence"] = "absence"


class IndicatorFigureInForce(IndicatorFigure):
    """An indicator figure that is in force again."""

    kind: Literal["indicator"] = "indicator"


FigureInForce = Annotated[
    AbsenceFigureInForce | IndicatorFigureInForce, Field(discriminator="kind")
]


class _FigureEvent(Event):
    producer = "reporting"
    aggregate = "figure"

    municipality_id: str

    @property
    def key(self) -> str:
        return self.municipality_id


class AbsenceFigurePosted(AbsenceFigure, _FigureEvent):
    """A figure of absence was accepted and is in force for its place: municipality, unit, period,
    window and definition.
    """


class IndicatorFigurePosted(IndicatorFigure, _FigureEvent):
    """A figure of a metric was accepted and is in force for its place: municipality, unit, metric,
    period and definition.
    """


class FigureWithdrawn(_FigureEvent):
    """A figure was taken back. `in_force` is the earlier figure that holds again, if there is one.

    Attributes:
        metric: of the figure, `absence` for one of absence.
    """

    figure_id: UUID
    unit: str | None = None
    metric: Slug
    period: PeriodText
    window: FigureWindow = "period"
    definition: dict[str, str]
    definition_key: str
    reason: str
    publisher: str
    withdrawn_at: datetime
    in_force: FigureInForce | None = None


class _ReportEvent(Event):
    producer = "reporting"
    aggregate = "report"

    obligation_id: UUID
    project_id: Slug
    round_id: Slug
    report_kind: Slug
    period: PeriodText
    opens_on: Day
    due_on: Day
    state: Literal["not_due", "due", "overdue", "submitted"]

    @property
    def key(self) -> str:
        return str(self.obligation_id)


class ReportDue(_ReportEvent):
    """A report may be handed in from today on and is expected."""


class ReportOverdue(_ReportEvent):
    """The due date passed without a report."""


class ReportSubmitted(_ReportEvent):
    """A report came in. `days_late` counts from the due date to the first submission; 0 when in
    time.
    """

    submission_id: UUID
    version: int
    submitted_at: datetime
    days_late: int
    signed_by: list[str] = []


class FormPublished(Event):
    """A version of a report form was published; what it asks never changes.

    Attributes:
        valid_for: which programme it is for.
        names: by language.
        digest: SHA-256 of the definition, which stands at
            `GET /api/reporting/v1/forms/{form_id}/versions/{version}`.
    """

    producer = "reporting"
    aggregate = "form"

    form_id: Slug
    version: int
    report_kind: Slug
    valid_for: dict[str, str]
    names: dict[str, str]
    digest: str

    @property
    def key(self) -> str:
        return self.form_id


class ErrorContract(Contract):
    """One fault, with a JSON pointer to its place."""

    code: str
    message: str
    pointer: str = ""


class _Receipt(Event):
    """Goes to `receipts.<orgnr>.v1`, which only that publisher may read."""

    producer = "reporting"
    aggregate = "receipt"

    publisher: str
    origin: str

    @classmethod
    def topic_of(cls, publisher: str) -> str:
        """The receipts topic of one publisher."""
        return f"receipts.{publisher}.v1"


class SubmissionAccepted(_Receipt):
    """A submission was accepted; `vintage` tells how often its place was filled.

    Attributes:
        submission_id: as it was sent, in the case that it was sent in.
    """

    submission_id: UuidText
    vintage: int
    findings: list[FindingContract] = []

    @property
    def key(self) -> str:
        return str(self.submission_id)


class SubmissionRejected(_Receipt):
    """A submission was refused, with every fault that was found. Its id is not used up."""

    submission_id: str | None = None
    code: str
    message: str
    errors: list[ErrorContract] = []
    findings: list[FindingContract] = []

    @property
    def key(self) -> str:
        return self.submission_id or self.origin


FigurePosted = AbsenceFigurePosted | IndicatorFigurePosted
FigureEvent = FigurePosted | FigureWithdrawn
ReportEvent = ReportDue | ReportOverdue | ReportSubmitted

TOPICS = (
    Topic(AbsenceFigurePosted.topic()),
    Topic(ReportDue.topic()),
    Topic(FormPublished.topic(), cleanup="compact"),
)
"""The topics that reporting writes to. All is kept for ever, but of a form only the last event: its
versions stand at its address.
"""
