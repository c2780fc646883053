"""What municipal systems publish on their own inbound topics, and post over HTTP: the same bodies
through both doors.

A field that is not named here is refused, because that is where persons' data hides.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.events.envelope import Exact, MunicipalityNumber, PeriodText, Slug
from shared.events.reporting import FigureWindow, SubmissionAccepted, WeightKind
from shared.events.topics import DAY_MILLISECONDS, PUBLISHER_PARTITIONS, Topic
from shared.fields import ONE_LINE, SEEN_THROUGHOUT, SEVERAL_LINES, Uuid

NOTE_LENGTH_MAX = 500
REASON_LENGTH_MAX = 500
ANSWERS_MAX = 200
AXES_MAX = 10
AXIS_LENGTH_MAX = 64


def _allow_null(schema: dict[str, Any]) -> None:
    """Say in a schema that what may be absent may be null."""
    for name, field in schema["properties"].items():
        if name not in schema.get("required", ()) and {"type": "null"} not in field.get(
            "anyOf", ()
        ):
            told = {
                key: field.pop(key) for key in ("default", "title", "description") if key in field
            }
            schema["properties"][name] = {"anyOf": [field, {"type": "null"}], **told}


class Submitted(BaseModel):
    """A body from outside. Null says the same as absence."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, json_schema_extra=_allow_null
    )

    type: ClassVar[str]
    kind: ClassVar[str]
    """Which of the publisher's topics takes it: `inbound.<organisation number>.<kind>.v1`."""

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, content: Any) -> Any:
        if not isinstance(content, dict) or None not in content.values():
            return content
        optional = {name for name, field in cls.model_fields.items() if not field.is_required()}
        return {
            name: value
            for name, value in content.items()
            if value is not None or name not in optional
        }


AxisValue = Annotated[str, Field(min_length=1, max_length=AXIS_LENGTH_MAX), ONE_LINE]
SubmittedDefinition = Annotated[dict[AxisValue, AxisValue], Field(max_length=AXES_MAX)]
"""One value for each axis of the metric; `GET /api/registry/v1/metrics/{id}` lists them."""


Heads = Annotated[int, Field(ge=0, le=10_000_000, strict=True)]
"""A number of persons or positions."""


class SubmittedFigure(Submitted):
    """What every figure says, whatever its kind.

    Attributes:
        municipality: the number valid on the last day of the period.
        unit: an id of the publisher's for a part of the municipality; none for the whole.
        definition: one value for each axis of the metric; figures of unlike definitions are never
            mixed.
        generated: true marks made-up figures of a demonstration, wherever they show.
    """

    kind: ClassVar[str] = "figures"

    municipality: MunicipalityNumber
    unit: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9-]{0,62}[a-z0-9]$")
    period: PeriodText
    definition: SubmittedDefinition
    note: Annotated[str, Field(max_length=NOTE_LENGTH_MAX), SEVERAL_LINES] | None = None
    generated: bool = Field(default=False, strict=True)


class AbsenceFigurePosted(SubmittedFigure):
    """A month's (or quarter's, half-year's, year's) absence of a municipality or one of its units.

    Attributes:
        window: `period`; or `year-to-date`, `rolling-12` for a figure that the publisher computed,
            `period` then being its last month.
        lost_days, agreed_days: full-time-equivalent working days; both or neither.
        persons: head count behind the figure; fewer than the metric's `small_persons` are withheld.
        rate_percent: instead of the days, with `weight_kind` and, for other than equal weights,
            `weight`.
        definition: `certification` (whose certificate counts), `denominator` (agreed or possible
            days), `holiday` (whether holiday taken was subtracted from the days), `source`.
    """

    type: ClassVar[str] = "no.saman.inbound.AbsenceFigurePosted.v1"

    window: FigureWindow = "period"
    persons: Heads | None = None
    lost_days: Exact | None = None
    agreed_days: Exact | None = None
    rate_percent: Exact | None = None
    weight_kind: WeightKind | None = None
    weight: Exact | None = None


class IndicatorFigurePosted(SubmittedFigure):
    """A value of a metric of a municipality or one of its units, for any metric that has no
    contract of its own.

    Attributes:
        metric: id of a metric that the registry knows.
        persons: head count behind the figure; fewer than the metric's `small_persons` are withheld.
        numerator: of a share, a mean or a count.
        denominator: of a share or a mean.
        value: of a score.
        weight: the score's weight among others; without it the score cannot be joined with others.
    """

    type: ClassVar[str] = "no.saman.inbound.IndicatorFigurePosted.v1"

    metric: Slug
    persons: Heads | None = None
    definition: SubmittedDefinition = Field(default_factory=dict)
    numerator: Exact | None = None
    denominator: Exact | None = None
    value: Exact | None = None
    weight: Exact | None = None


class WorkforceFigurePosted(SubmittedFigure):
    """Who was employed in a municipality or one of its units on the last day of a period.

    It replaces the one before as a whole.

    Attributes:
        employees: heads; several positions of one employee count once.
        positions: how many positions they hold.
        full_time_equivalents: their agreed positions added up, 1 being a full one.
        part_time_employees: heads whose positions add up to less than a full one.
        full_time_employees: heads whose positions add up to a full one or more.
        asked: how many were asked whether they want a larger position.
        wanting_larger_position: how many want one: of those asked, where `asked` is given, else of
            the part-time employees.
        definition: `leave` (whether employees on long leave are included), `source`.
    """

    type: ClassVar[str] = "no.saman.inbound.WorkforceFigurePosted.v1"

    employees: Heads
    positions: Heads | None = None
    full_time_equivalents: Exact
    part_time_employees: Heads | None = None
    full_time_employees: Heads | None = None
    asked: Heads | None = None
    wanting_larger_position: Heads | None = None


class FigureWithdrawn(Submitted):
    """Takes a figure back, of whatever kind; only its publisher, or the operator, may."""

    type: ClassVar[str] = "no.saman.inbound.FigureWithdrawn.v1"
    kind: ClassVar[str] = "figures"

    figure_id: Uuid
    reason: Annotated[str, Field(min_length=1, max_length=REASON_LENGTH_MAX), SEVERAL_LINES]


class ReportContent(Submitted):
    """What a report says, whichever door it comes through.

    Attributes:
        submission_id: chosen by the publisher; a new version of the report has a new one.
        form_version: which version of the form was filled in.
        answers: by the names of the form's questions.
        signatures: the parties that stand behind it.
    """

    submission_id: Uuid
    form_version: int = Field(default=1, ge=1, le=10_000, strict=True)
    answers: Annotated[dict[str, Any], Field(max_length=ANSWERS_MAX), SEEN_THROUGHOUT] = Field(
        default_factory=dict
    )
    signatures: list[Literal["elected", "administration", "union_and_staff"]] = Field(
        default_factory=list, max_length=3
    )


class ReportSubmitted(ReportContent):
    """Hands in a report that a project owes; over Kafka, `ce_id` is the submission id.

    Attributes:
        obligation_id: which of the obligations that are listed is met.
    """

    type: ClassVar[str] = "no.saman.inbound.ReportSubmitted.v1"
    kind: ClassVar[str] = "reports"

    obligation_id: Uuid


INBOUND_KINDS = ("figures", "reports")


def inbound_prefix(organisation_number: str) -> str:
    """Return what the names of a publisher's inbound topics begin with, up to the dot that ends the
    number.
    """
    return f"inbound.{organisation_number}."


def topics_of_publisher(organisation_number: str) -> tuple[Topic, ...]:
    """Return the topics of one publisher: one per kind to write to, and one to read its receipts
    from.
    """
    retention_ms = 30 * DAY_MILLISECONDS
    inbound = (
        Topic(
            f"{inbound_prefix(organisation_number)}{kind}.v1",
            retention_ms=retention_ms,
            from_outside=True,
            partitions=PUBLISHER_PARTITIONS,
        )
        for kind in INBOUND_KINDS
    )
    receipts = Topic(
        SubmissionAccepted.topic_of(organisation_number),
        retention_ms=retention_ms,
        partitions=PUBLISHER_PARTITIONS,
    )
    return (*inbound, receipts)
