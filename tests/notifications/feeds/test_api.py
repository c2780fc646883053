"""Calendars and feeds over HTTP, open to all."""

from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
import vobject

from services.notifications.feeds import commands
from tests.notifications import factories
from tests.notifications.doors import Doors
from tests.notifications.steps import hear_all

ROUTE = "/api/notifications/v1"
ATOM = {"atom": "http://www.w3.org/2005/Atom"}


async def happen(doors: Doors) -> None:
    await hear_all(doors.database)
    async with doors.database.transaction() as conn:
        await commands.hear_projects(conn, [factories.project()])
        await commands.hear_reports(conn, [factories.report_due()])
        await commands.hear_milestones(
            conn,
            [
                factories.target_reached(occurred_at=datetime(2013, 5, 7, 6, tzinfo=UTC)),
                factories.target_lost(occurred_at=datetime(2013, 6, 7, 6, tzinfo=UTC)),
            ],
        )


@pytest.mark.parametrize(
    "path",
    [
        "project/vefsn-naervaer",
        "municipality/vefsn-1824",
        "cohort/pulje-1",
        "theme/sickness-absence",
    ],
)
async def test_a_calendar_is_open_and_stays_the_same_byte_for_byte(doors: Doors, path: str) -> None:
    await happen(doors)
    first = await doors.client.get(f"{ROUTE}/calendars/{path}.ics?lang=nb")
    again = await doors.client.get(f"{ROUTE}/calendars/{path}.ics?lang=nb")
    assert first.status_code == 200
    assert first.headers["content-type"] == "text/calendar; charset=utf-8"
    assert first.content == again.content
    event = vobject.readOne(first.text).vevent
    assert event.summary.value == "Frist: Årsrapport for 2012 fra Nærvær i Vefsn"


async def test_a_calendar_that_has_not_changed_is_not_sent_again(doors: Doors) -> None:
    await happen(doors)
    path = f"{ROUTE}/calendars/project/vefsn-naervaer.ics"
    first = await doors.client.get(path)
    tag = first.headers["etag"]
    again = await doors.client.get(path, headers={"If-None-Match": tag})
    assert again.status_code == 304


async def test_a_calendar_of_nobody_is_not_found_with_a_sentence(doors: Doors) -> None:
    answer = await doors.client.get(f"{ROUTE}/calendars/project/no-such-project.ics")
    assert answer.status_code == 404
    assert "there is no calendar of project/no-such-project" in answer.json()["detail"]


async def test_a_feed_tells_the_newest_first_in_the_language_asked_for(doors: Doors) -> None:
    await happen(doors)
    answer = await doors.client.get(
        f"{ROUTE}/feeds/milestones.atom",
        params={"subject": "municipality/vefsn-1824", "lang": "en"},
    )
    assert answer.headers["content-type"].startswith("application/atom+xml")
    feed = ElementTree.fromstring(answer.content)  # noqa: S314 - our own answer
    titles = [title.text for title in feed.findall("atom:entry/atom:title", ATOM)]
    assert [str(title).partition(":")[0] for title in titles] == [
        "Vefsn no longer meets its target",
        "Vefsn reached its target",
    ]
    assert feed.findtext("atom:title", namespaces=ATOM) == "Milestones in Saman: Vefsn"
    assert feed.findtext("atom:updated", namespaces=ATOM) == "2013-06-07T06:00:00Z"
    ids = [each.text for each in feed.findall("atom:entry/atom:id", ATOM)]
    assert all(str(each).startswith("urn:uuid:") for each in ids)
    assert len(set(ids)) == 2


async def test_a_feed_may_be_asked_for_up_to_a_day(doors: Doors) -> None:
    await happen(doors)
    answer = await doors.client.get(
        f"{ROUTE}/feeds/milestones.atom", params={"until": "2013-05-31"}
    )
    feed = ElementTree.fromstring(answer.content)  # noqa: S314 - our own answer
    assert len(feed.findall("atom:entry", ATOM)) == 1


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("until=31.12.2013", "until"), ("until=2013-13-01", "until"), ("subject=%2F..%2F", "subject")],
)
async def test_a_wrong_date_or_subject_gets_a_sentence(
    doors: Doors, query: str, pointer: str
) -> None:
    answer = await doors.client.get(f"{ROUTE}/feeds/milestones.atom?{query}")
    assert answer.status_code == 422
    assert pointer in answer.text
