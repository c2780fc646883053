"""A report's life after it came, and more time for those who need it."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from services.reporting.reports import decisions
from services.reporting.rounds.store import Obligation
from shared.errors import AppError
from shared.events.reporting import (
    DeadlineExtended,
    ReportAccepted,
    ReportDue,
    ReportOverdue,
    ReportSentBack,
    ReportSubmitted,
)
from tests.reporting.conftest import Door
from tests.reporting.desk import Desk
from tests.reporting.factories import annual_round, project
from tests.reporting.reports.test_reports import LATE, OBLIGATION, OPEN, code_of, report

MARCH = date(2013, 3, 1)


@pytest.fixture
async def owing(desk: Desk) -> Desk:
    """Vefsn owes its annual report, which is open and due on 1 February 2013."""
    await desk.hear(project())
    desk.now = OPEN
    await desk.load(annual_round())
    return desk


async def decide(desk: Desk, decision: str, **arguments: Any) -> Obligation | str:
    """Return what is owed after a decision, or the code of its refusal."""
    try:
        async with desk.database.transaction() as conn:
            decided: Obligation = await getattr(decisions, decision)(
                conn, OBLIGATION, now=desk.now, **arguments
            )
            return decided
    except AppError as error:
        return error.code


async def state_of(desk: Desk) -> tuple[str, date, int | None]:
    (obligation,) = await desk.obligations(project_id="vefsn-naervaer")
    return obligation.state, obligation.due_on, obligation.days_late


async def test_a_report_is_sent_back_handed_in_anew_and_accepted(owing: Desk) -> None:
    await owing.submit(report())
    for _ in range(2):
        await decide(owing, "send_back", note="the goals have no baseline")
    assert (await state_of(owing))[0] == "sent_back"
    await owing.submit(report(answers={"goal": "6.9"}))
    for _ in range(2):
        await decide(owing, "accept")

    assert (await state_of(owing))[0] == "accepted"
    (back,), (accepted,) = await owing.told(ReportSentBack), await owing.told(ReportAccepted)
    assert (back.version, back.note, [each.part for each in back.missing]) == (
        1,
        "the goals have no baseline",
        ["report"],
    )
    assert (accepted.version, accepted.missing, accepted.state) == (2, [], "accepted")
    assert [event.version for event in await owing.told(ReportSubmitted)] == [1, 2]
    assert code_of(await owing.submit(report(answers={"goal": "7"}))) == "obligation-accepted"
    assert isinstance(await decide(owing, "send_back", note="one more thing"), Obligation)


async def test_nothing_is_decided_of_a_report_that_did_not_come(owing: Desk) -> None:
    assert await decide(owing, "accept") == "obligation-not-submitted"
    assert await decide(owing, "send_back", note="x") == "obligation-not-submitted"
    assert await owing.told(ReportAccepted) == []


async def test_more_time_moves_the_due_day_and_overdue_is_told_again(owing: Desk) -> None:
    await owing.tick(LATE)
    assert (await state_of(owing))[0] == "overdue"

    for _ in range(2):
        await decide(owing, "extend", until=MARCH, reason="long illness")
    assert await state_of(owing) == ("due", MARCH, None)
    await owing.tick(datetime(2013, 3, 1, 12, tzinfo=UTC))
    assert (await state_of(owing))[0] == "due"
    await owing.tick(datetime(2013, 3, 1, 23, 0, tzinfo=UTC))

    assert (await state_of(owing))[0] == "overdue"
    (extended,) = await owing.told(DeadlineExtended)
    assert (extended.due_on, extended.until, extended.reason) == (MARCH, MARCH, "long illness")
    told = await owing.told(ReportOverdue)
    assert [event.due_on for event in told] == [date(2013, 2, 1), MARCH]
    assert len({event.event_id for event in told}) == 2
    assert len(await owing.told(ReportDue)) == 1


async def test_more_time_takes_back_lateness(owing: Desk) -> None:
    owing.now = LATE
    await owing.submit(report())
    assert (await state_of(owing))[2] == 3

    await decide(owing, "extend", until=MARCH, reason="the server was down")

    assert await state_of(owing) == ("submitted", MARCH, 0)


@pytest.mark.parametrize("until", [date(2013, 2, 1), date(2013, 1, 1)])
async def test_more_time_that_is_none_is_refused(owing: Desk, until: date) -> None:
    assert await decide(owing, "extend", until=until, reason="x") == "extension-not-later"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"nothing_to_report": True, "reason": "the project began in January"}, "accepted"),
        ({"nothing_to_report": True}, "nothing-to-report"),
        ({"nothing_to_report": True, "reason": "x", "answers": {"a": 1}}, "nothing-to-report"),
        ({"reason": "x"}, "nothing-to-report"),
    ],
)
async def test_nothing_to_report_needs_a_reason_and_has_no_answers(
    owing: Desk, changes: dict[str, Any], code: str
) -> None:
    assert code_of(await owing.submit({**report(answers={}), **changes})) == code
    told = [event.nothing_to_report for event in await owing.told(ReportSubmitted)]
    assert told == ([True] if code == "accepted" else [])


async def test_the_operator_decides_over_http(door: Door) -> None:
    await door.desk.hear(project())
    await door.desk.load(annual_round())
    body = report()
    route = f"/api/reporting/v1/obligations/{OBLIGATION}"
    await door.vefsn.post(
        f"{route}/submissions", json={k: v for k, v in body.items() if k != "obligation_id"}
    )

    denied = await door.vefsn.post(f"{route}/acceptance")
    back = await door.operator.post(f"{route}/return", json={"note": "mend it"})
    accepted = await door.operator.post(f"{route}/acceptance")
    longer = await door.operator.post(
        f"{route}/extension", json={"until": "2030-01-01", "reason": "x"}
    )
    nobody = await door.operator.post(f"/api/reporting/v1/obligations/{UUID(int=7)}/acceptance")

    assert (denied.status_code, back.status_code, accepted.status_code) == (403, 200, 409)
    assert (longer.status_code, longer.json()["due_on"]) == (200, "2030-01-01")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "obligation-unknown")
