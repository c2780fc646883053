"""Handing reports in: every version is kept, the first decides how late it was."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from services.reporting.reports import commands as reports
from services.reporting.rounds import commands as rounds
from services.reporting.rounds.commands import obligation_id_of
from services.reporting.submissions.judging import Judged
from services.reporting.submissions.reading import Entry
from shared.errors import Unavailable
from shared.events.registry import Member
from shared.events.reporting import (
    ReportDue,
    ReportOverdue,
    ReportSubmitted,
    SubmissionAccepted,
    SubmissionRejected,
)
from tests.reporting import factories
from tests.reporting.desk import Desk
from tests.reporting.factories import OTHER_ORGNR, annual_round, project
from tests.reporting.figures.test_figure_streams import WAITING
from tests.support.waiting import until

OPEN = datetime(2013, 1, 10, 12, tzinfo=UTC)
LATE = datetime(2013, 2, 4, 12, tzinfo=UTC)
OBLIGATION = obligation_id_of("annual-2012", "vefsn-naervaer")


def report(obligation_id: UUID = OBLIGATION, **changes: Any) -> dict[str, Any]:
    """Vefsn's annual report."""
    return {
        "obligation_id": str(obligation_id),
        "submission_id": str(uuid.uuid4()),
        "answers": {"anchoring": "forankra i kommunestyret", "absence_percent": "8.1"},
        "signatures": ["elected", "administration"],
    } | changes


def code_of(judged: Judged) -> str:
    return judged.result if judged.error is None else judged.error.code


@pytest_asyncio.fixture
async def owing(desk: Desk) -> Desk:
    """Vefsn owes its annual report, and the round is open."""
    desk.now = OPEN
    await desk.hear(
        project(),
        project(project_id="harstad-heltid", members=[Member(municipality_id="harstad-9903")]),
    )
    await desk.load(annual_round())
    return desk


async def test_a_report_in_time_is_kept_and_told_with_a_receipt(owing: Desk) -> None:
    body = report()

    judged = await owing.submit(body)

    assert (judged.result, judged.vintage) == ("accepted", 1)
    (obligation,) = await owing.obligations(project_id="vefsn-naervaer")
    assert (obligation.state, obligation.days_late, obligation.first_submitted_at) == (
        "submitted",
        0,
        OPEN,
    )
    (event,) = await owing.told(ReportSubmitted)
    assert (event.key, event.state, event.version, event.days_late) == (
        str(OBLIGATION),
        "submitted",
        1,
        0,
    )
    assert (str(event.submission_id), event.signed_by) == (
        body["submission_id"],
        ["elected", "administration"],
    )
    (receipt,) = await owing.told(SubmissionAccepted)
    assert (str(receipt.submission_id), receipt.vintage) == (body["submission_id"], 1)


async def test_a_late_report_counts_its_days_and_a_second_version_keeps_them(owing: Desk) -> None:
    await owing.tick(LATE)

    await owing.submit(report())
    owing.now = LATE + timedelta(days=30)
    second = await owing.submit(report(answers={"anchoring": "betre"}))

    assert second.vintage == 2
    assert [(event.version, event.days_late) for event in await owing.told(ReportSubmitted)] == [
        (1, 3),
        (2, 3),
    ]
    (obligation,) = await owing.obligations(project_id="vefsn-naervaer")
    assert (obligation.days_late, obligation.first_submitted_at) == (3, LATE)
    async with owing.database.connection() as conn:
        versions = await conn.fetch(
            "SELECT version, answers->>'anchoring' AS text FROM report ORDER BY version"
        )
    assert [tuple(row) for row in versions] == [(1, "forankra i kommunestyret"), (2, "betre")]


async def test_a_second_version_after_the_due_day_leaves_a_report_in_time(owing: Desk) -> None:
    await owing.submit(report())
    await owing.tick(LATE)
    await owing.submit(report())

    assert [event.days_late for event in await owing.told(ReportSubmitted)] == [0, 0]
    told = await owing.told(ReportOverdue)
    assert [event.project_id for event in told] == ["harstad-heltid"]


async def test_the_same_report_again_gives_the_first_answer(owing: Desk) -> None:
    body = report()
    await owing.submit(body)
    await owing.submit(report())

    again = await owing.submit(body)

    assert (again.result, again.vintage) == ("repeated", 1)
    assert len(await owing.told(ReportSubmitted)) == 2


async def test_the_same_submission_id_with_other_content_is_refused(owing: Desk) -> None:
    body = report()
    await owing.submit(body)

    others: list[dict[str, Any]] = [{"answers": {}}, {"signatures": []}, {"form_version": 2}]
    assert [code_of(await owing.submit(body | changes)) for changes in others] == ["id-reused"] * 3
    assert code_of(await owing.submit(report())) == "accepted"


async def test_a_bad_report_is_refused_with_its_own_code(owing: Desk) -> None:
    bad: list[tuple[dict[str, Any], str]] = [
        ({"obligation_id": str(uuid.uuid4())}, "obligation-unknown"),
        ({"obligation_id": "annual"}, "id-malformed"),
        ({"submission_id": None}, "field-missing"),
        ({"submission_id": "5"}, "id-malformed"),
        ({"signatures": ["mayor"]}, "schema-mismatch"),
        ({"form_version": 0}, "schema-mismatch"),
        ({"answers": ["a"]}, "schema-mismatch"),
        ({"answers": {"who": {"sick": ["Ola", "151086 00036"]}}}, "personal-identity-number"),
        ({"signed_by": "Ola"}, "unknown-field"),
    ]

    for changes, code in bad:
        body = {name: value for name, value in report(**changes).items() if value is not None}
        assert code_of(await owing.submit(body)) == code

    assert [receipt.code for receipt in await owing.told(SubmissionRejected)] == [
        code for _, code in bad
    ]
    assert "151086 00036" not in await owing.everything_kept()


async def test_a_report_cannot_be_handed_in_before_the_round_opens(owing: Desk) -> None:
    await owing.load(
        annual_round(
            round_id="annual-2013", period="2013", opens_on=OPEN.date() + timedelta(days=1)
        )
    )

    judged = await owing.submit(report(obligation_id_of("annual-2013", "vefsn-naervaer")))

    assert code_of(judged) == "obligation-not-open"
    assert judged.error is not None
    assert "2013-01-11" in judged.error.message


async def test_a_report_in_the_first_second_of_the_round_does_not_wait_for_the_calendar(
    owing: Desk,
) -> None:
    await owing.load(
        annual_round(
            round_id="annual-2013", period="2013", opens_on=OPEN.date() + timedelta(days=1)
        )
    )
    owing.now = datetime(2013, 1, 10, 23, tzinfo=UTC)

    judged = await owing.submit(report(obligation_id_of("annual-2013", "vefsn-naervaer")))

    assert judged.result == "accepted"
    assert await owing.tick() == 1
    assert [
        event.project_id for event in await owing.told(ReportDue) if event.round_id == "annual-2013"
    ] == ["harstad-heltid"]


async def test_only_who_speaks_for_a_member_on_that_day_may_report(owing: Desk) -> None:
    assert code_of(await owing.submit(report(), publisher=OTHER_ORGNR)) == "publisher-not-allowed"
    assert code_of(await owing.submit(report(), publisher="999999999")) == "publisher-unknown"

    joined = [
        Member(municipality_id="vefsn-9824"),
        Member(municipality_id="harstad-9903", from_=LATE.date()),
    ]
    await owing.hear(project(version=2, members=joined))
    assert code_of(await owing.submit(report(), publisher=OTHER_ORGNR)) == "publisher-not-allowed"
    owing.now = LATE
    assert code_of(await owing.submit(report(), publisher=OTHER_ORGNR)) == "accepted"


async def test_numbers_in_answers_are_kept_exactly(owing: Desk) -> None:
    await owing.submit(report(answers={"rate": Decimal("8.10"), "persons": 17}))

    async with owing.database.connection() as conn:
        assert (
            await conn.fetchval("SELECT answers::text FROM report")
            == '{"rate": "8.10", "persons": 17}'
        )


async def test_reports_of_one_obligation_that_come_at_once_get_versions_of_their_own(
    owing: Desk,
) -> None:
    outcomes = await asyncio.gather(*(owing.submit(report()) for _ in range(8)))

    assert sorted(judged.vintage for judged in outcomes if judged.vintage) == list(range(1, 9))


async def test_one_submission_id_at_once_for_two_obligations_is_decided_by_trying_again(
    owing: Desk,
) -> None:
    await owing.hear(
        factories.publisher(
            version=2,
            may_speak_for=[{"municipality_id": "vefsn-9824"}, {"municipality_id": "harstad-9903"}],
        )
    )
    body = report()
    other = body | {"obligation_id": str(obligation_id_of("annual-2012", "harstad-heltid"))}
    async with owing.database.transaction() as conn:
        entry = Entry(body["submission_id"], factories.ORGNR, body, "http", OPEN)
        await reports.submit_reports(conn, [entry], rights=owing.rights, now=OPEN)
        second = asyncio.create_task(owing.submit(other))
        async with owing.database.connection() as watcher:
            await until(lambda: watcher.fetchval(WAITING), "the second waits for the first")
    with pytest.raises(Unavailable):
        await second

    assert code_of(await owing.submit(other)) == "id-reused"


async def test_a_report_that_came_before_midnight_and_is_read_after_it_is_in_time(
    owing: Desk,
) -> None:
    last_minute = datetime(2013, 2, 1, 22, 59, tzinfo=UTC)
    await owing.tick(last_minute)
    body = report()
    origin = f"inbound.{factories.ORGNR}.reports.v1/0/7"
    entry = Entry(body["submission_id"], factories.ORGNR, body, origin, last_minute)

    owing.now = datetime(2013, 2, 1, 23, 5, tzinfo=UTC)
    async with owing.database.transaction() as conn:
        assert await rounds.is_anything_overdue(conn, now=owing.now)
        await rounds.turn_states(conn, now=owing.now, may_turn_overdue=False)
        await reports.submit_reports(conn, [entry], rights=owing.rights, now=owing.now)
    await owing.tick()

    (told,) = await owing.told(ReportSubmitted)
    assert (told.days_late, told.submitted_at) == (0, last_minute)
    overdue = [event.obligation_id for event in await owing.told(ReportOverdue)]
    assert OBLIGATION not in overdue
