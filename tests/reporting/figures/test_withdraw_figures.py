"""Taking figures back: the earlier vintage holds again, and everybody is told what holds."""

import uuid
from datetime import timedelta

from services.reporting.figures.commands import withdraw_figures
from services.reporting.submissions.judging import Judged
from services.reporting.submissions.reading import Entry
from shared.errors import NotFound
from shared.events.reporting import (
    AbsenceFigure,
    AbsenceFigurePosted,
    FigureWithdrawn,
    SubmissionAccepted,
    SubmissionRejected,
)
from tests.reporting import factories
from tests.reporting.desk import Desk
from tests.reporting.factories import OTHER_ORGNR, posted


def code_of(judged: Judged) -> str:
    return judged.result if judged.error is None else judged.error.code


async def test_a_withdrawal_restores_the_earlier_vintage(desk: Desk) -> None:
    first, second = posted(), posted(lost_days="1400")
    await desk.post(first, second)
    desk.now += timedelta(minutes=1)

    judged = await desk.withdraw(second["figure_id"], reason="feil enhet")

    assert (judged.result, judged.vintage) == ("accepted", 2)
    rows = await desk.figures()
    assert [(row["vintage"], row["in_force"]) for row in rows] == [(1, True), (2, False)]
    assert (rows[1]["withdrawn_at"], rows[1]["withdrawn_by"], rows[1]["withdrawal_reason"]) == (
        desk.now,
        factories.ORGNR,
        "feil enhet",
    )
    (event,) = await desk.told(FigureWithdrawn)
    assert (str(event.figure_id), event.reason, event.key) == (
        second["figure_id"],
        "feil enhet",
        factories.VEFSN,
    )
    assert isinstance(event.in_force, AbsenceFigure)
    assert (str(event.in_force.figure_id), event.in_force.vintage) == (first["figure_id"], 1)
    assert str(event.in_force.lost_days) == "1387.20"
    receipts = [str(receipt.submission_id) for receipt in await desk.told(SubmissionAccepted)]
    assert receipts == [first["figure_id"], second["figure_id"], second["figure_id"]]


async def test_a_withdrawn_only_figure_leaves_nothing_in_force(desk: Desk) -> None:
    body = posted()
    await desk.post(body)

    await desk.withdraw(body["figure_id"])

    (event,) = await desk.told(FigureWithdrawn)
    assert event.in_force is None
    assert [row["in_force"] for row in await desk.figures()] == [False]


async def test_withdrawing_again_answers_as_the_first_time_and_tells_nothing(desk: Desk) -> None:
    body = posted()
    await desk.post(body)
    first = await desk.withdraw(body["figure_id"])
    before = await desk.figures()

    again = await desk.withdraw(body["figure_id"], reason="another reason")

    assert (again.result, again.vintage) == ("repeated", first.vintage)
    assert await desk.figures() == before
    assert len(await desk.told(FigureWithdrawn)) == 1


async def test_withdrawing_an_older_vintage_leaves_the_newer_one_in_force(desk: Desk) -> None:
    first, second = posted(), posted(lost_days="1400")
    await desk.post(first, second)

    await desk.withdraw(first["figure_id"])

    assert [row["in_force"] for row in await desk.figures()] == [False, True]
    (event,) = await desk.told(FigureWithdrawn)
    assert event.in_force is not None
    assert str(event.in_force.figure_id) == second["figure_id"]

    await desk.withdraw(second["figure_id"])

    assert [row["in_force"] for row in await desk.figures()] == [False, False]


async def test_a_figure_after_a_withdrawal_takes_the_next_vintage_and_replaces_what_holds(
    desk: Desk,
) -> None:
    first, second, third = posted(), posted(lost_days="1400"), posted(lost_days="1500")
    await desk.post(first, second)
    await desk.withdraw(second["figure_id"])

    (judged,) = await desk.post(third)

    assert judged.vintage == 3
    assert [(row["vintage"], row["in_force"]) for row in await desk.figures()] == [
        (1, False),
        (2, False),
        (3, True),
    ]
    told = (await desk.told(AbsenceFigurePosted))[-1]
    assert str(told.replaces) == first["figure_id"]


async def test_a_withdrawn_figure_posted_again_gives_its_first_answer_and_stays_withdrawn(
    desk: Desk,
) -> None:
    body = posted()
    await desk.post(body)
    await desk.withdraw(body["figure_id"])

    (again,) = await desk.post(body)

    assert (again.result, again.vintage) == ("repeated", 1)
    assert [row["in_force"] for row in await desk.figures()] == [False]


async def test_a_withdrawal_that_comes_before_its_figure_is_refused_and_can_be_sent_again(
    desk: Desk,
) -> None:
    body = posted()

    early = await desk.withdraw(body["figure_id"])
    await desk.post(body)
    later = await desk.withdraw(body["figure_id"])

    assert [code_of(early), code_of(later)] == ["figure-unknown", "accepted"]


async def test_only_its_publisher_may_withdraw_a_figure(desk: Desk) -> None:
    body = posted()
    await desk.post(body)

    judged = await desk.withdraw(body["figure_id"], publisher=OTHER_ORGNR)

    assert code_of(judged) == "figure-unknown"
    assert isinstance(judged.error, NotFound)
    assert [row["in_force"] for row in await desk.figures()] == [True]


async def test_the_operator_withdraws_in_the_publishers_name_and_that_is_kept(desk: Desk) -> None:
    body = posted()
    await desk.post(body)

    judged = await desk.withdraw(body["figure_id"], as_operator=True)

    assert judged.result == "accepted"
    assert [row["withdrawn_by"] for row in await desk.figures()] == ["operator"]
    (event,) = await desk.told(FigureWithdrawn)
    assert event.publisher == factories.ORGNR


async def test_a_revoked_publisher_withdraws_nothing(desk: Desk) -> None:
    body = posted()
    await desk.post(body)
    await desk.hear(factories.publisher(version=2, revoked_at=desk.now))

    assert code_of(await desk.withdraw(body["figure_id"])) == "publisher-unknown"


async def test_bad_withdrawals_do_not_touch_their_neighbours(desk: Desk) -> None:
    body = posted()
    await desk.post(body)

    def entry(submission_id: object, content: object) -> Entry:
        origin = "inbound.974760673.figures.v1/0/1"
        arrived_at = desk.now + timedelta(seconds=1)
        return Entry(submission_id, factories.ORGNR, content, origin, arrived_at)

    entries = [
        entry(str(uuid.uuid4()), {"figure_id": body["figure_id"]}),
        entry("no uuid", {"figure_id": body["figure_id"], "reason": "x"}),
        entry(str(uuid.uuid4()), {"figure_id": "5", "reason": ""}),
        entry(str(uuid.uuid4()), {"figure_id": body["figure_id"], "reason": "gjeld 15108600036"}),
        entry(str(uuid.uuid4()), {"figure_id": body["figure_id"], "reason": "wrong"}),
    ]
    async with desk.database.transaction() as conn:
        outcomes = await withdraw_figures(conn, entries, rights=desk.rights, now=desk.now)

    assert [code_of(judged) for judged in outcomes] == [
        "field-missing",
        "id-malformed",
        "id-malformed",
        "personal-identity-number",
        "accepted",
    ]
    assert len(await desk.told(SubmissionRejected)) == 4
    assert len(await desk.told(FigureWithdrawn)) == 1
