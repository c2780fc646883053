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
        persons: head count behind the figure.
        lost_days: working days lost, in full-time-equivalent days.
        agreed_days: working days agreed (or possible, by the definition), in the same unit.
    """

    window: FigureWindow = "period"
    persons: int | None = None
    lost_days: Exact | None = None
    agreed_days: Exact | None = None
    rate_percent: Exact | None = None
    weight_kind: WeightKind | None = None
    weight: Exact | None = None


class IndicatorFigure(AcceptedFigure):
    """A value of any other metric, by what the metric is.

    Attributes:
        metric: id of the metric in `registry.metric.v1`.
        persons: head count behind the figure.
        numerator: of a share, a mean or a count.
        denominator: of a share or a mean.
        value: of a score.
        weight: the score's weight among others; without it the score cannot be joined with others.
    """

    metric: Slug
    persons: int | None = None
    numerator: Exact | None = None
    denominator: Exact | None = None
    value: Exact | None = None
    weight: Exact | None = None


class WorkforceFigure(AcceptedFigure):
    """Who was employed on the last day of the period.

    Attributes:
        employees: heads; several positions of one employee count once.
        full_time_equivalents: their agreed positions added up, 1 being a full one.
        wanting_larger_position: of those `asked`, where that is given, else of the part-time
            employees.
    """

    employees: int
    positions: int | None = None
    full_time_equivalents: Exact
    part_time_employees: int | None = None
    full_time_employees: int | None = None
    asked: int | None = None
    wanting_larger_position: int | None = None


class AbsenceFigureInForce(AbsenceFigure):
    """An absence figure that is in force again."""

    kind: Literal["absence"] = "absence"


class IndicatorFigureInForce(IndicatorFigure):
    """An indicator figure that is in force again."""

    kind: Literal["indicator"] = "indicator"


class WorkforceFigureInForce(WorkforceFigure):
    """A workforce figure that is in force again."""

    kind: Literal["workforce"] = "workforce"


FigureInForce = Annotated[
    AbsenceFigureInForce | IndicatorFigureInForce | WorkforceFigureInForce,
    Field(discriminator="kind"),
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


class WorkforceFigurePosted(WorkforceFigure, _FigureEvent):
    """A workforce figure was accepted and is in force for its place: municipality, unit, period and
    definition.
    """


class FigureWithdrawn(_FigureEvent):
    """A figure was taken back. `in_force` is the earlier figure that holds again, if there is one.

    Attributes:
        metric: of the figure; `absence` and `workforce` for figures that name none.
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


class ReminderStep(Contract):
    """One step of a round's ladder of reminders.

    Attributes:
        days: after the due date; below zero before it.
        counts: whether weekends and public holidays of Norway count.
        to: the roles that are reminded.
    """

    step_id: Slug
    days: Annotated[int, Field(ge=-366, le=366)]
    counts: Literal["days", "business-days"] = "days"
    to: Annotated[
        list[Literal["project-manager", "project-owner", "secretariat"]], Field(min_length=1)
    ]


class ExpectedFigures(Contract):
    """Figures that a round expects, `days` days after each of their periods."""

    metric: Slug
    definition_key: str
    grain: Literal["month", "quarter", "half-year", "year"]
    days: Annotated[int, Field(ge=0, le=366)]


class _RoundEvent(Event):
    """A call for reports; empty lists of cohorts and themes mean all.

    Attributes:
        reminders: the ladder; empty for the one that holds where a round has none of its own.
    """

    producer = "reporting"
    aggregate = "round"

    round_id: Slug
    version: int
    programme_id: Slug
    report_kind: Slug
    period: PeriodText
    opens_on: Day
    due_on: Day
    cohort_ids: list[Slug] = []
    theme_ids: list[Slug] = []
    reminders: list[ReminderStep] = []
    expects_figures: list[ExpectedFigures] = []

    @property
    def key(self) -> str:
        return self.round_id


class RoundOpened(_RoundEvent):
    """A round was made."""


class RoundChanged(_RoundEvent):
    """A round was changed: its dates, its ladder, or whom it concerns."""


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


FigurePosted = AbsenceFigurePosted | IndicatorFigurePosted | WorkforceFigurePosted
FigureEvent = FigurePosted | FigureWithdrawn
ReportEvent = ReportDue | ReportOverdue | ReportSubmitted
RoundEvent = RoundOpened | RoundChanged

TOPICS = (
    Topic(AbsenceFigurePosted.topic()),
    Topic(ReportDue.topic()),
    Topic(FormPublished.topic(), cleanup="compact"),
    Topic(RoundOpened.topic(), cleanup="compact"),
)
"""The topics that reporting writes to. Figures and reports are kept for ever; of a form and a round
the last event says all.
"""
