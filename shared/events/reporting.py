"""What reporting publishes: accepted figures with every vintage, reports that are owed, and
receipts.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from shared.events.envelope import Contract, Event, Exact, MunicipalityNumber, PeriodText, Slug
from shared.events.registry import DefinitionContract
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


class Figure(Contract):
    """An accepted figure: either both day counts, or a rate with the weight that it has in sums.

    Attributes:
        figure_id: chosen by the publisher.
        municipality: the number as it was posted, the same as `municipality_number`; null in older
            events.
        municipality_number: as valid on the last day of the period.
        unit: a part of the municipality, or none for the whole.
        window: `period`, or a window that the publisher computed itself, ending with `period`.
        lost_days: working days lost, in full-time-equivalent days.
        agreed_days: working days agreed (or possible, by the definition), in the same unit.
        persons: head count behind the figure.
        vintage: 1 for the first figure of its place, 2 for the one that replaced it, and so on.
        replaces: the figure that was in force before.
        generated: made by a generator for demonstration, not reported by anybody.
    """

    figure_id: UUID
    municipality: MunicipalityNumber | None = None
    municipality_id: str
    municipality_number: MunicipalityNumber
    unit: str | None = None
    period: PeriodText
    window: FigureWindow = "period"
    lost_days: Exact | None = None
    agreed_days: Exact | None = None
    rate_percent: Exact | None = None
    weight_kind: WeightKind | None = None
    weight: Exact | None = None
    persons: int | None = None
    definition: DefinitionContract
    note: str | None = None
    generated: bool = False
    vintage: int
    replaces: UUID | None = None
    publisher: str
    posted_at: datetime
    findings: list[FindingContract] = []


class _AbsenceFigureEvent(Event):
    producer = "reporting"
    aggregate = "absence-figure"


class AbsenceFigurePosted(_AbsenceFigureEvent, Figure):
    """A figure was accepted and is in force for its municipality, unit, period, window and
    definition.
    """

    @property
    def key(self) -> str:
        return self.municipality_id


class AbsenceFigureWithdrawn(_AbsenceFigureEvent):
    """A figure was taken back. `in_force` is the earlier figure that holds again, if there is
    one.
    """

    figure_id: UUID
    municipality_id: str
    unit: str | None = None
    period: PeriodText
    window: FigureWindow = "period"
    definition: DefinitionContract
    reason: str
    publisher: str
    withdrawn_at: datetime
    in_force: Figure | None = None

    @property
    def key(self) -> str:
        return self.municipality_id


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


AbsenceFigureEvent = AbsenceFigurePosted | AbsenceFigureWithdrawn
ReportEvent = ReportDue | ReportOverdue | ReportSubmitted
