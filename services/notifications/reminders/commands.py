"""Keep what is owed, and plan the reminders of a day."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

import holidays

from services.notifications.heard import store as heard
from services.notifications.heard.rules import Holder
from services.notifications.mails import store as mails
from services.notifications.mails.store import NewMail, mail_id_of
from services.notifications.reminders import store
from services.notifications.reminders.rules import (
    DEFAULT_LADDER,
    ROLES,
    Missing,
    Obligation,
    Reminder,
    Step,
    reminders_on,
)
from shared.clock import OSLO, local_date
from shared.events.reporting import ReportEvent, RoundEvent
from shared.postgres.database import Connection

KIND = "reminder"
"""The kind of these mails."""

_PROGRAMME = "programme/"
_NORWAY = holidays.country_holidays("NO")


async def hear_reports(conn: Connection, events: Sequence[ReportEvent]) -> None:
    """Keep what is owed, as reporting tells of it."""
    for event in events:
        obligation = Obligation(
            obligation_id=event.obligation_id,
            project_id=event.project_id,
            round_id=event.round_id,
            report_kind=event.report_kind,
            period=event.period,
            due_on=event.due_on,
            missing=tuple(
                Missing(each.part, each.party, each.code, each.period) for each in event.missing
            ),
        )
        await store.put_obligation(
            conn,
            obligation,
            state=event.state,
            historical=event.historical,
            told_at=event.occurred_at,
        )


async def hear_rounds(conn: Connection, events: Sequence[RoundEvent]) -> None:
    """Keep the ladders of rounds."""
    for event in events:
        ladder = [
            Step(step.step_id, step.days, tuple(step.to), step.counts == "business-days")
            for step in event.reminders
        ]
        await store.put_round(conn, event.round_id, event.version, ladder)


async def plan(conn: Connection, *, now: datetime, send_at: time) -> int:
    """Plan the reminders of the day, each once; return how many are new.

    All of a person go into one mail. Who has got the mail of the day already gets what comes later
    on the next day.

    Args:
        send_at: when on a day the mails go out, in Europe/Oslo.
    """
    today = local_date(now)
    planned = await _planned(conn, today)
    days = await _days(conn, {reminder.person_id for reminder in planned}, today)
    new = [
        NewMail(person_id, day, max(now, datetime.combine(day, send_at, OSLO)))
        for person_id, day in days.items()
    ]
    await mails.add_mails(conn, KIND, new, made_at=now)
    await store.add_reminders(
        conn,
        [
            (reminder, mail_id_of(KIND, reminder.person_id, days[reminder.person_id]))
            for reminder in planned
        ],
    )
    return len(planned)


async def _planned(conn: Connection, today: date) -> list[Reminder]:
    owed = await store.list_open(conn)
    if not owed:
        return []
    ladders = await store.list_ladders(conn, {each.round_id for each in owed})
    belongs_to = await heard.list_project_subjects(conn, {each.project_id for each in owed})
    concerned = _by_place(await heard.list_holders(conn, ROLES))
    done = await store.list_reminders(conn)
    return [
        reminder
        for each in owed
        for programme_id in _programmes(belongs_to.get(each.project_id, ()))
        for reminder in reminders_on(
            today,
            each,
            ladders.get(each.round_id, DEFAULT_LADDER),
            concerned[each.project_id] + concerned[_PROGRAMME + programme_id],
            programme_id,
            done,
            _is_holiday,
        )
    ]


async def _days(conn: Connection, person_ids: set[UUID], today: date) -> dict[UUID, date]:
    """Return the day of each person's next mail: today, or the first whose mail has not ended."""
    ended = await mails.list_ended_days(conn, KIND, person_ids, since=today)
    days = {}
    for person_id in sorted(person_ids):
        day = today
        while (person_id, day) in ended:
            day += timedelta(days=1)
        days[person_id] = day
    return days


def _by_place(holders: Sequence[Holder]) -> Mapping[str, list[Holder]]:
    """Group holders by their project, and those of a whole programme by the programme."""
    places: dict[str, list[Holder]] = defaultdict(list)
    for holder in holders:
        places[holder.project_id or _PROGRAMME + holder.programme_id].append(holder)
    return places


def _programmes(subjects: Sequence[str]) -> Iterator[str]:
    return (
        subject.removeprefix(_PROGRAMME) for subject in subjects if subject.startswith(_PROGRAMME)
    )


def _is_holiday(day: date) -> bool:
    return day in _NORWAY
