"""Reports and the calendar on the running service, seen from outside."""

import secrets
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

from services.reporting.app import Settings, create_app
from services.reporting.rounds.commands import obligation_id_of
from shared.events.inbound import AbsenceFigurePosted as Posted
from shared.events.inbound import ReportSubmitted as Submitted
from shared.events.reporting import ReportDue, ReportOverdue, ReportSubmitted
from shared.postgres.database import Database
from tests.reporting import factories
from tests.reporting.conftest import Inbound
from tests.reporting.desk import Desk
from tests.reporting.factories import annual_round, project
from tests.support.apps import RunningService
from tests.support.bus import Bus
from tests.support.clock import offset_to
from tests.support.infrastructure import Infra
from tests.support.waiting import until

BEFORE_MIDNIGHT = datetime(2013, 2, 1, 22, 59, 58, tzinfo=UTC)


async def owing(service: RunningService, bus: Bus) -> tuple[str, str]:
    """Let a project of a programme of its own owe a report; return round and project."""
    mark = secrets.token_hex(4)
    project_id, programme_id, round_id = f"vefsn-{mark}", f"programme-{mark}", f"annual-{mark}"
    await bus.publish(project(project_id=project_id, programme_id=programme_id))
    round_ = {"programme_id": programme_id, "report_kind": "annual", "period": "2012"}
    dates = {"opens_on": "2013-01-02", "due_on": "2013-02-01"}
    answer = await service.operator.put(f"/api/reporting/v1/rounds/{round_id}", json=round_ | dates)
    assert answer.status_code == 201, answer.text

    async def owes() -> bool:
        listed = await service.operator.get(
            "/api/reporting/v1/obligations", params={"round_id": round_id}
        )
        return bool(listed.json()["items"])

    await until(owes, "the project is heard of")
    return round_id, project_id


async def test_a_report_on_an_inbound_topic_is_published_with_a_receipt(inbound: Inbound) -> None:
    await inbound.bus.follow(ReportSubmitted.topic())
    obligation_id = obligation_id_of(*await owing(inbound.service, inbound.bus))
    topic = f"inbound.{inbound.publisher}.reports.v1"

    async def submit(**changes: object) -> str:
        id_ = str(uuid.uuid4())
        body = {
            "obligation_id": str(obligation_id),
            "submission_id": id_,
            "answers": {"a": 1.5},
        } | changes
        return await inbound.bus.submit(topic, body, type_=Submitted.type, id_=id_)

    unknown = await submit(obligation_id=str(uuid.uuid4()))
    other_id = await submit(submission_id=str(uuid.uuid4()))
    personal = await submit(answers={"who": factories.figure(note="15108600036")})
    first = await submit()
    second = await submit(signatures=["elected"])
    figure = await inbound.bus.submit(topic, factories.figure(), type_=Posted.type)

    accepted = await inbound.accepted(first, second)
    assert [receipt.vintage for receipt in accepted.values()] == [1, 2]
    rejected = await inbound.rejected(unknown, other_id, personal, figure)
    assert [receipt.code for receipt in rejected.values()] == [
        "obligation-unknown",
        "id-malformed",
        "personal-identity-number",
        "type-unknown",
    ]
    told = await inbound.bus.all(
        ReportSubmitted, count=2, where=lambda event: event.obligation_id == obligation_id
    )
    assert [(event.version, event.signed_by) for event in told] == [(1, []), (2, ["elected"])]
    assert {event.days_late for event in told} == {(factories.NOW.date() - told[0].due_on).days}


@asynccontextmanager
async def replica(
    infra: Infra, database: Database, number: int, now: datetime
) -> AsyncIterator[None]:
    """Run one of several replicas on a database, with a clock of its own."""
    bus = infra.bus.model_copy(
        update={"replica": str(number), "group_prefix": f"{secrets.token_hex(4)}."}
    )
    app = create_app(
        Settings.model_validate(
            {"database_dsn": database.dsn, "bus": bus, "clock_offset_seconds": offset_to(now)}
        )
    )
    async with app.router.lifespan_context(app):
        yield


async def test_at_midnight_two_replicas_tell_once_that_a_report_is_overdue(
    infra: Infra, bus: Bus, empty_desk: Desk
) -> None:
    await bus.follow(ReportDue.topic())
    desk, project_id = empty_desk, f"vefsn-{secrets.token_hex(4)}"
    desk.now = datetime(2013, 1, 10, 12, tzinfo=UTC)
    await desk.hear(project(project_id=project_id))
    await desk.load(annual_round())
    obligation_id = obligation_id_of("annual-2012", project_id)

    async with (
        replica(infra, desk.database, 1, BEFORE_MIDNIGHT),
        replica(infra, desk.database, 2, BEFORE_MIDNIGHT),
    ):
        overdue = await bus.receive(ReportOverdue, topic=ReportDue.topic(), where=of(obligation_id))
    due = await bus.all(ReportDue, count=1, where=of(obligation_id))
    told = await bus.all(ReportOverdue, count=1, topic=ReportDue.topic(), where=of(obligation_id))

    assert overdue.occurred_at >= datetime(2013, 2, 1, 23, tzinfo=UTC)
    assert (len(due), len(told)) == (1, 1)


def of(obligation_id: UUID) -> Callable[[ReportDue | ReportOverdue], bool]:
    return lambda event: event.obligation_id == obligation_id
