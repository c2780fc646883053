"""Records that were refused and are read again, in a replay, after a restore or from their dead
letters.

What came after them and was taken holds on.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.reporting.figures import commands as figures
from services.reporting.reports import commands as reports
from services.reporting.submissions.judging import Judged
from services.reporting.submissions.reading import Entry
from shared.delivery import dead_letters
from shared.delivery.records import Record
from tests.reporting.desk import Desk
from tests.reporting.factories import NOW, ORGNR, annual_round, posted, project
from tests.reporting.reports.test_reports import OPEN, code_of, report

EARLY = datetime(2014, 3, 31, 12, tzinfo=NOW.tzinfo)
"""Still in the month that is posted for."""
LATER = datetime(2014, 4, 2, tzinfo=NOW.tzinfo)
TOPIC = f"inbound.{ORGNR}.figures.v1"


def read(
    content: dict[str, Any],
    offset: int,
    *,
    at: datetime,
    id_: str = "figure_id",
) -> Entry:
    """A record's submission, as it is read whenever that is; `at` is when it came to the log."""
    rest = (
        {key: value for key, value in content.items() if key != "figure_id"}
        if id_ == "figure_id"
        else content
    )
    origin = f"{TOPIC}/0/{offset}"
    return Entry(content[id_], ORGNR, rest, origin, at)


async def judged_at(desk: Desk, now: datetime, *entries: Entry) -> list[str]:
    desk.now = now
    return [code_of(each) for each in await desk.post(*entries)]


async def in_force(desk: Desk) -> list[tuple[str, int]]:
    return [
        (str(row["figure_id"]), row["vintage"]) for row in await desk.figures() if row["in_force"]
    ]


async def test_a_figure_that_was_refused_does_not_replace_a_later_one_when_it_is_read_again(
    desk: Desk,
) -> None:
    preliminary, final = posted(period="2014-03", lost_days="700"), posted(period="2014-03")
    entries = read(preliminary, 100, at=EARLY), read(final, 200, at=LATER)
    assert await judged_at(desk, EARLY, entries[0]) == ["period-not-ended"]
    assert await judged_at(desk, LATER, entries[1]) == ["accepted"]

    again = await judged_at(desk, datetime(2014, 5, 1, tzinfo=NOW.tzinfo), *entries)

    assert again == ["period-not-ended", "repeated"], "it came before the month had ended"
    assert await in_force(desk) == [(final["figure_id"], 1)]


async def test_nor_does_it_come_back_where_the_later_one_was_withdrawn(desk: Desk) -> None:
    preliminary, final = posted(period="2014-03", lost_days="700"), posted(period="2014-03")
    await judged_at(desk, LATER, read(final, 200, at=LATER))
    await desk.withdraw(final["figure_id"])

    before = read(preliminary, 100, at=LATER - timedelta(hours=1))
    assert await judged_at(desk, LATER, before) == ["overtaken"]
    assert await in_force(desk) == []


@pytest.mark.parametrize(
    ("offset", "at"),
    [(201, LATER), (100, datetime(2014, 4, 3, tzinfo=NOW.tzinfo))],
    ids=["behind it", "a log that was put back"],
)
async def test_a_figure_that_came_later_replaces_it(desk: Desk, offset: int, at: datetime) -> None:
    final, correction = posted(period="2014-03"), posted(period="2014-03", lost_days="700")
    await judged_at(desk, LATER, read(final, 200, at=LATER))

    assert await judged_at(desk, LATER, read(correction, offset, at=at)) == ["accepted"]
    assert await in_force(desk) == [(correction["figure_id"], 2)]


async def test_a_withdrawal_that_came_before_its_figure_does_not_take_it_back_when_it_is_read_again(
    desk: Desk,
) -> None:
    figure = posted(period="2014-02")
    content = {"figure_id": figure["figure_id"], "reason": "wrong"}

    async def withdraw(offset: int) -> Judged:
        async with desk.database.transaction() as conn:
            entry = replace(read(content, offset, at=EARLY), content=content)
            return (
                await figures.withdraw_figures(conn, [entry], rights=desk.rights, now=desk.now)
            )[0]

    assert code_of(await withdraw(50)) == "figure-unknown"
    await judged_at(desk, LATER, read(figure, 100, at=EARLY))

    assert code_of(await withdraw(50)) == "figure-unknown"
    assert await in_force(desk) == [(figure["figure_id"], 1)]
    assert code_of(await withdraw(101)) == "accepted"


async def test_a_report_that_was_refused_does_not_become_the_newest_when_it_is_read_again(
    desk: Desk,
) -> None:
    await desk.hear(project())
    desk.now = OPEN
    await desk.load(annual_round())
    first, newest = report(answers={"a": "1"}), report(answers={"a": "2"})

    async def submit(content: dict[str, Any], offset: int) -> str:
        entry = read(
            content, offset, at=EARLY.replace(year=2013, month=1, day=9), id_="submission_id"
        )
        async with desk.database.transaction() as conn:
            return code_of(
                (await reports.submit_reports(conn, [entry], rights=desk.rights, now=desk.now))[0]
            )

    assert await submit(newest, 200) == "accepted"
    assert await submit(first, 100) == "overtaken"
    assert await submit(first, 201) == "accepted"


async def test_a_dead_letter_is_as_old_as_the_moment_in_which_it_was_buried(desk: Desk) -> None:
    async with desk.database.transaction() as conn:
        record = Record(TOPIC, 3, 100, b"9824", (), b"{")
        await dead_letters.bury(
            conn,
            "reporting.inbound.figures",
            record,
            dead_letters.Failure("json-malformed", "no JSON"),
        )
        (letter,) = await dead_letters.list_(conn, dead_letters.ALL, count=10)
        kept = (await dead_letters.get(conn, letter.id)).record
    assert kept is not None
    assert kept.timestamp == int(letter.created_at.timestamp() * 1000)
