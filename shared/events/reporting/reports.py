"""Reports that are owed, and their life."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.events.envelope import Contract, Event, PeriodText, Slug
from shared.moments import Day


class Missing(Contract):
    """One thing that is still owed.

    Attributes:
        part: what is missing: the report, a signature, the explanation of a finding, or figures.
        party: whose signature.
        code: of the finding that has to be explained, or the metric whose figures are missing.
        period: of the figures.
    """

    part: Literal["report", "signature", "explanation", "figures"]
    party: Literal["elected", "administration", "union_and_staff"] | None = None
    code: str | None = None
    period: PeriodText | None = None


class _ReportEvent(Event):
    """What happened to a report that is owed.

    Attributes:
        historical: the round was loaded after its time; it counts, and nobody is reminded of it.
        missing: what is still owed.
    """

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
    historical: bool = False
    missing: list[Missing] = []

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


ReportEvent = ReportDue | ReportOverdue | ReportSubmitted
