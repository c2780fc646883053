"""Calendars of deadlines in iCalendar (RFC 5545, RFC 7986)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta

from icalendar import Calendar, Event

from services.notifications.feeds.store import Entry
from services.notifications.heard.rules import Name, name_of
from shared.values import Period
from shared.web import wording
from shared.web.languages import Texts

REFRESH = timedelta(hours=6)
"""How often a calendar program is asked to look again."""


def calendar_of(
    name: str,
    entries: Sequence[Entry],
    texts: Texts,
    names: Mapping[str, Name],
    *,
    domain: str,
) -> bytes:
    """Write a calendar.

    The same state gives the same bytes: the time stamp of an entry is when it was changed.

    Args:
        name: what the calendar is of.
        names: by subject, of the projects and kinds of reports.
        domain: of the service, which makes ids unique in the world.
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
