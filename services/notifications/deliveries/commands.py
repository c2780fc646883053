"""Owe notifications of what happened, each once."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from services.notifications.deliveries import store
from services.notifications.deliveries.store import NewDelivery, ToldEvent
from services.notifications.heard import store as heard
from services.notifications.subscriptions import store as subscriptions
from services.notifications.subscriptions.rules import (
    WEBHOOK_ONLY,
    Happening,
    Subscription,
    matching,
    patterns_of,
    subject_patterns,
)
from shared.clock import local_date
from shared.events.envelope import derived_id
from shared.events.metrics import MetricUpdated, MilestoneEvent
from shared.events.reporting import ReportEvent
from shared.postgres.database import Connection
from shared.values import version_on

ToldOf: TypeAlias = MetricUpdated | MilestoneEvent | ReportEvent
"""The events that somebody may be told of."""

_MUNICIPALITY = "municipality/"


async def followed_metrics(conn: Connection, subjects: Collection[str]) -> set[str]:
    """Return the subjects among these whose metrics some webhook may want to hear of.

    Asked of every batch before anything of it is read: metrics come by the thousand, and mostly
    nobody listens.
    """
    patterns = {subject: subject_patterns(subject) for subject in subjects}
    everything = {pattern for each in patterns.values() for pattern in each}
    candidates = await subscriptions.list_candidates(
        conn, WEBHOOK_ONLY, everything, only_webhooks=True
    )
    if any(not candidate.subjects for candidate in candidates):
        return set(subjects)
    followed = {pattern for candidate in candidates for pattern in candidate.subjects}
    return {subject for subject, each in patterns.items() if not followed.isdisjoint(each)}


async def tell(conn: Connection, events: Sequence[ToldOf], *, true_now: datetime) -> int:
    """Owe a notification of each event to each subscription that it concerns, once; return how many
    are new.

    An event that concerns nobody leaves no row. What happens to a project concerns those who follow
    the project, its cohort, its themes, its programme, its municipalities or their counties; a
    milestone of one municipality concerns none of the others.

    Args:
        true_now: when the first try is due. Deliveries keep the true time, as receivers and mail
            servers do.
    """
    happenings = await _happenings(conn, events)
    names = {happening.name for happening in happenings}
    patterns = {pattern for happening in happenings for pattern in patterns_of(happening)}
    candidates = await subscriptions.list_candidates(
        conn, names, patterns, only_webhooks=names <= WEBHOOK_ONLY
    )
    pairs = list(matching(candidates, happenings)) if candidates else []
    if not pairs:
        return 0
    await subscriptions.lock_sending(
        conn, {subscription.subscription_id for subscription, _ in pairs}
    )
    told_ids = {happening.event_id for _, happening in pairs}
    await store.add_told_events(
        conn, [_told(event) for event in events if event.event_id in told_ids]
    )
    deliveries = [_owed(subscription, happening, true_now) for subscription, happening in pairs]
    woken = await store.add_deliveries(conn, deliveries, made_at=true_now)
    await subscriptions.wake_sending(conn, set(woken), now=true_now)
    return len(woken)


async def subjects_concerned(
    conn: Connection, events: Sequence[MilestoneEvent | ReportEvent]
) -> dict[UUID, list[str]]:
    """Return the subjects that each event concerns, by the event's id, as far as the registry has
    told.
    """
    belongs_to = await heard.list_project_subjects(conn, {event.project_id for event in events})
    concerned = {event.event_id: _concerned(event, belongs_to) for event in events}
    known = await heard.list_municipalities(
        conn, {one for each in concerned.values() for one in _municipalities(each)}
    )
    for event in events:
        subjects = concerned[event.event_id]
        places = [known[one] for one in _municipalities(subjects) if one in known]
        day = local_date(event.occurred_at)
        subjects += dict.fromkeys(
            f"county/{version_on(place, day).county_number}" for place in places
        )
    return concerned


async def _happenings(conn: Connection, events: Sequence[ToldOf]) -> list[Happening]:
    """Return events as subscriptions see them."""
    of_projects = [event for event in events if not isinstance(event, MetricUpdated)]
    concerned = await subjects_concerned(conn, of_projects) if of_projects else {}
    return [_happening(event, concerned.get(event.event_id, ())) for event in events]


def _concerned(
    event: MilestoneEvent | ReportEvent, belongs_to: Mapping[str, Sequence[str]]
) -> list[str]:
    project = f"project/{event.project_id}"
    above = belongs_to.get(event.project_id, ())
    if isinstance(event, MilestoneEvent) and event.subject != project:
        return [
            event.subject,
            project,
            *(one for one in above if not one.startswith(_MUNICIPALITY)),
        ]
    return [project, *above]


def _municipalities(subjects: Sequence[str]) -> list[str]:
    return [
        subject.removeprefix(_MUNICIPALITY)
        for subject in subjects
        if subject.startswith(_MUNICIPALITY)
    ]


def _happening(event: ToldOf, concerned: Sequence[str]) -> Happening:
    name = type(event).__name__
    if isinstance(event, MetricUpdated):
        return Happening(
            event.event_id,
            name,
            event.occurred_at,
            (event.subject,),
            _windows_moved(event),
            event.metric,
        )
    windows = frozenset({event.window}) if isinstance(event, MilestoneEvent) else frozenset()
    metric = event.metric if isinstance(event, MilestoneEvent) else None
    return Happening(event.event_id, name, event.occurred_at, tuple(concerned), windows, metric)


def _windows_moved(event: MetricUpdated) -> frozenset[str]:
    """Return the windows whose values changed; all of them where the event does not say."""
    moved = frozenset(
        change.removeprefix("windows.") for change in event.changed if change.startswith("windows.")
    )
    return moved or frozenset(event.windows)


def _told(event: ToldOf) -> ToldEvent:
    return ToldEvent(event.event_id, event.type(), event.occurred_at, event.payload())


def _owed(subscription: Subscription, happening: Happening, true_now: datetime) -> NewDelivery:
    delivery_id = derived_id("delivery", subscription.subscription_id, happening.event_id)
    return NewDelivery(
        delivery_id,
        subscription.subscription_id,
        happening.event_id,
        subscription.channel,
        subscription.next_time(true_now),
    )
