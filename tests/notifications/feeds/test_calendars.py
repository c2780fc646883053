"""Calendars as another library reads them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import vobject

from services.notifications.deliveries import letters
from services.notifications.feeds.calendars import calendar_of
from services.notifications.feeds.store import Entry, Gathering
from services.notifications.heard.rules import Name
from shared.web.languages import Language

TEXTS = letters.load_texts()
CHANGED = datetime(2013, 1, 2, 12, 30, tzinfo=UTC)
NAMES = {
    "project/vefsn-naervaer": Name("Nærvær i Vefsn; årsplan, del 1"),
    "report-kind/annual": Name("Årsrapport", en="Annual report"),
}


def entry(**changes: Any) -> Entry:
    content: dict[str, Any] = {
        "entry_id": "obligation/1",
        "project_id": "vefsn-naervaer",
        "report_kind": "annual",
        "period": "2012",
        "day": date(2013, 2, 1),
        "state": "open",
        "sequence": 0,
        "changed_at": CHANGED,
    }
    return Entry(**{**content, **changes})


def read(*entries: Entry, language: Language = Language.NB) -> Any:
    content = calendar_of("Vefsn", entries, TEXTS[language], NAMES, domain="saman.example")
    assert max(map(len, content.split(b"\r\n"))) <= 75
    return vobject.readOne(content.decode())


@pytest.mark.parametrize(
    ("changes", "summary", "status"),
    [
        ({}, "Frist: Årsrapport for 2012 fra Nærvær i Vefsn; årsplan, del 1", "CONFIRMED"),
        ({"project_id": None}, "Frist: Årsrapport for 2012", "CONFIRMED"),
        (
            {"state": "done", "sequence": 1},
            "Levert: Årsrapport for 2012 fra Nærvær i Vefsn; årsplan, del 1",
            "CONFIRMED",
        ),
        (
            {"state": "cancelled", "sequence": 2},
            "Frist: Årsrapport for 2012 fra Nærvær i Vefsn; årsplan, del 1",
            "CANCELLED",
        ),
    ],
)
def test_a_deadline_is_a_whole_day_that_keeps_nobody_busy(
    changes: dict[str, Any], summary: str, status: str
) -> None:
    event = read(entry(**changes)).vevent
    assert event.summary.value == summary
    assert event.status.value == status
    assert event.transp.value == "TRANSPARENT"
    assert (event.dtstart.value, event.dtend.value) == (date(2013, 2, 1), date(2013, 2, 2))
    assert event.sequence.value == str(changes.get("sequence", 0))
    assert event.dtstamp.value == CHANGED
    assert event.uid.value == "obligation-1@saman.example"


@pytest.mark.parametrize(
    ("starts_at", "shown"),
    [
        (datetime(2013, 10, 29, 9, tzinfo=UTC), "20131029T100000"),
        (datetime(2013, 6, 4, 8, tzinfo=UTC), "20130604T100000"),
    ],
)
def test_a_gathering_stands_at_the_hour_on_the_wall_in_winter_and_summer(
    starts_at: datetime, shown: str
) -> None:
    gathering = Gathering(
        "fagsamling-2013",
        Name("Fagsamling; Oslo, høsten"),
        starts_at,
        starts_at + timedelta(hours=5),
        "Kommunenes hus, Oslo",
        cancelled=False,
        changed_at=CHANGED,
        sequence=3,
    )
    content = calendar_of(
        "Saman", [], TEXTS[Language.NB], {}, domain="saman.example", gatherings=[gathering]
    ).decode()
    assert f"DTSTART;TZID=Europe/Oslo:{shown}\r\n" in content
    read = vobject.readOne(content)
    assert read.vtimezone.tzid.value == "Europe/Oslo"
    event = read.vevent
    assert event.dtstart.value.astimezone(UTC) == starts_at
    assert (event.dtend.value - event.dtstart.value) == timedelta(hours=5)
    assert event.location.value == "Kommunenes hus, Oslo"
    assert event.sequence.value == "3"


def test_a_calendar_names_itself_in_the_readers_language() -> None:
    assert read(language=Language.EN).contents["x-wr-calname"][0].value == "Deadlines: Vefsn"
    assert read(language=Language.NN).contents["name"][0].value == "Fristar: Vefsn"
    assert read(entry(), language=Language.EN).vevent.summary.value.startswith("Deadline: Annual")
