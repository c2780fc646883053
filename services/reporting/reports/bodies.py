"""What the HTTP bodies of reports look like."""

from typing import Annotated, Any, Literal

from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from services.reporting.submissions.judging import Judged, contracts_of
from shared.events.envelope import OrganisationNumber
from shared.events.inbound import REASON_LENGTH_MAX, ReportContent
from shared.events.reporting import FindingContract
from shared.fields import SEVERAL_LINES, UuidText
from shared.http import inputs, problems
from shared.moments import Day

NOTE_LENGTH_MAX = 2_000


class ReportBody(ReportContent):
    """A report that is handed in; its obligation stands in the address."""

    publisher: OrganisationNumber | None = None


class Extension(inputs.RequestModel):
    """More time for one project; `until` is its new due day."""

    until: Day
    reason: Annotated[str, Field(min_length=1, max_length=REASON_LENGTH_MAX), SEVERAL_LINES]


class Return(inputs.RequestModel):
    """What is to be mended in a report."""

    note: Annotated[str, Field(min_length=1, max_length=NOTE_LENGTH_MAX), SEVERAL_LINES]


class ReportOutcome(BaseModel):
    """What became of a report that was handed in; `version` counts those of its obligation."""

    submission_id: UuidText
    result: Literal["accepted", "repeated"]
    version: int
    findings: list[FindingContract] = []


HANDED_IN: dict[int | str, dict[str, Any]] = {
    200: {"description": "Accepted before with the same content.", "model": ReportOutcome},
    201: {"description": "Accepted."},
}


def report_answer(judged: Judged) -> JSONResponse:
    """Answer one report: 201, 200 when repeated, or its problem."""
    if judged.error is not None:
        return problems.respond(judged.error)
    body = {
        "submission_id": judged.entry.shown_id,
        "result": judged.result,
        "version": judged.vintage,
        "findings": contracts_of(judged.findings),
    }
    return JSONResponse(
        ReportOutcome.model_validate(body).model_dump(mode="json"),
        201 if judged.result == "accepted" else 200,
    )
