"""Calendars of deadlines in iCalendar (RFC 5545, RFC 7986)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta

from icalendar import Calendar, Event, Timezone

from services.notifications.feeds.store import Entry, Gathering
from services.notifications.heard.rules import Name, name_of
from shared.clock import OSLO
from shared.values import Period
from shared.web import wording
from shared.web.languages import Texts

REFRESH = timedelta(hours=6)
"""How often a calendar program is asked to look again."""


OSLO_TIMES = """\
BEGIN:VTIMEZONE
TZID:Europe/Oslo
BEGIN:DAYLIGHT
DTSTART:19960331T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZNAME:CEST
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
"""
"""The rule of the European Union since 1996. The one that the library makes lists single days, from
which some calendar programs read winter time in summer.
"""


def calendar_of(
    name: str,
    entries: Sequence[Entry],
    texts: Texts,
    names: Mapping[str, Name],
    *,
    domain: str,
    gatherings: Sequence[Gathering] = (),
) -> bytes:
    """Write a calendar.

    The same state gives the same bytes: the time stamp of an entry is when it was changed.

    Args:
        name: what the calendar is of.
        names: by subject, of the projects and kinds of reports.
        domain: of the service, which makes ids unique in the world.
        gatherings: in local time, so that a calendar program shows the hour that is on the wall.
    """
    calendar = Calendar()
    title = texts.gettext("Deadlines: %(name)s") % {"name": name}
    calendar.add("prodid", "-//Saman//Notifications//NO")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("name", title)
    calendar.add("x-wr-calname", title)
    calendar.add("refresh-interval", REFRESH, parameters={"value": "DURATION"})
    for entry in entries:
        calendar.add_component(_event(entry, texts, names, domain))
    if gatherings:
        calendar.add_component(Timezone.from_ical(OSLO_TIMES))
    for gathering in gatherings:
        calendar.add_component(_gathering(gathering, texts, domain))
    content: bytes = calendar.to_ical()
    return content


def _event(entry: Entry, texts: Texts, names: Mapping[str, Name], domain: str) -> Event:
    event = Event()
    event.add("uid", f"{entry.entry_id.replace('/', '-')}@{domain}")
    event.add("dtstamp", entry.changed_at.astimezone(UTC))
    event.add("last-modified", entry.changed_at.astimezone(UTC))
    event.add("sequence", entry.sequence)
    event.add("dtstart", entry.day)
    event.add("dtend", entry.day + timedelta(days=1))
    event.add("summary", _summary(entry, texts, names))
    event.add("status", "CANCELLED" if entry.state == "cancelled" else "CONFIRMED")
    event.add("transp", "TRANSPARENT")  # a deadline keeps nobody's day busy
    return event


def _gathering(gathering: Gathering, texts: Texts, domain: str) -> Event:
    event = Event()
    event.add("uid", f"gathering-{gathering.gathering_id}@{domain}")
    event.add("dtstamp", gathering.changed_at.astimezone(UTC))
    event.add("last-modified", gathering.changed_at.astimezone(UTC))
    event.add("sequence", gathering.sequence)
    event.add("dtstart", gathering.starts_at.astimezone(OSLO))
    event.add("dtend", gathering.ends_at.astimezone(OSLO))
    event.add("summary", texts.named(gathering.name))
    event.add("location", gathering.place)
    event.add("status", "CANCELLED" if gathering.cancelled else "CONFIRMED")
    return event


def _summary(entry: Entry, texts: Texts, names: Mapping[str, Name]) -> str:
    values = {
        "kind": texts.named(name_of(f"report-kind/{entry.report_kind}", names)),
        "period": wording.period_name(Period.parse(entry.period), texts),
    }
    if entry.project_id is None:
        report = texts.gettext("%(kind)s for %(period)s") % values
    else:
        values["project"] = texts.named(name_of(f"project/{entry.project_id}", names))
        report = texts.gettext("%(kind)s for %(period)s from %(project)s") % values
    if entry.state == "done":
        return texts.gettext("Handed in: %(report)s") % {"report": report}
    return texts.gettext("Deadline: %(report)s") % {"report": report}
