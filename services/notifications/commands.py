"""What notifications can do; one function is one use case in the caller's transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from services.notifications import store
from services.notifications.domain.delivery import (
    LEASE,
    Outcome,
    Unwanted,
    after_try,
    health_after,
    is_dead,
)
from services.notifications.domain.municipality import MunicipalityVersion
from services.notifications.domain.name import Name
from services.notifications.domain.subscription import (
    WEBHOOK_ONLY,
    Bounds,
    Channel,
    Happening,
    Subscription,
    check_subscription,
    matching,
    patterns_of,
    subject_patterns,
)
from services.notifications.store import (
    DueDelivery,
    EndedDelivery,
    KeptSubscription,
    Lease,
    NewDelivery,
    ToldEvent,
)
from shared.audit import log as audit
from shared.clock import local_date
from shared.errors import FieldError, RuleBroken
from shared.events.envelope import derived_id
from shared.events.metrics import MetricUpdated, MilestoneEvent
from shared.events.notifications import DeliveryEvent, NotificationDelivered, NotificationFailed
from shared.events.registry import MunicipalityEvent, Names, ProgrammeEvent, ProjectEvent
from shared.events.reporting import ReportEvent
from shared.http.preconditions import Guard, unguarded
from shared.outbox import outbox
from shared.postgres.database import Connection
from shared.values import version_on

ToldOf: TypeAlias = MetricUpdated | MilestoneEvent | ReportEvent
"""The events that somebody may be told of."""

GIVE_UP_COUNT = 500
"""Deliveries given up in one transaction."""

_MUNICIPALITY = "municipality/"

SWITCHED_OFF = "the subscription was switched off"


@dataclass(frozen=True, slots=True)
class PutSubscription:
    """What became of a PUT.

    Attributes:
        made: it did not exist before.
        is_secret_new: a webhook whose secret nobody has been shown yet.
    """

    kept: KeptSubscription
    made: bool
    is_secret_new: bool


async def put_subscription(
    conn: Connection,
    wanted: Subscription,
    *,
    new_salt: bytes,
    bounds: Bounds,
    guard: Guard = unguarded,
    now: datetime,
    true_now: datetime,
) -> PutSubscription:
    """Make or change a subscription; the same again changes nothing.

    One that was switched off, by its owner or by us, begins anew when it is made active: what
    happened in between is not for it.

    Args:
        wanted: what was asked for; its `active_since` is not looked at.
        new_salt: for a webhook's secret, should it need one.
        guard: told the version that was kept before; raises where the caller's condition is not
            met.
        now: by the service's clock, which events carry.
        true_now: when deliveries are looked at.

    Raises:
        RuleBroken: with every fault of the subscription; `too-many-subscriptions`, the address has
            as many as it may.
        Conflict: what the guard raises.
    """
    address = check_subscription(wanted, allow_private_webhooks=bounds.allow_private_webhooks)
    await store.lock_subscription(conn, wanted.subscription_id)
    await store.lock_subscription(conn, address.lower())
    await store.lock_sending(conn, [wanted.subscription_id])
    before = await store.find_subscription(conn, wanted.subscription_id)
    guard(before.version if before is not None else None)
    begins = before is None or (wanted.active and not before.subscription.active)
    active_since = now if before is None or begins else before.subscription.active_since
    subscription = replace(wanted, address=address, active_since=active_since)
    if before is not None and before.subscription == subscription:
        return PutSubscription(before, made=False, is_secret_new=False)
    await _check_room(conn, subscription, bounds)
    salt = None if before is None else before.secret_salt
    is_secret_new = wanted.channel is Channel.WEBHOOK and salt is None
    kept = KeptSubscription(
        subscription,
        version=1 if before is None else before.version + 1,
        made_at=now if before is None else before.made_at,
        secret_salt=None if wanted.channel is not Channel.WEBHOOK else salt or new_salt,
    )
    await store.put_subscription(conn, kept)
    await audit.note(conn, _noted("subscription-changed", kept))
    await store.heal_sending(conn, wanted.subscription_id, now=true_now)
    return PutSubscription(kept, made=before is None, is_secret_new=is_secret_new)


async def _check_room(conn: Connection, subscription: Subscription, bounds: Bounds) -> None:
    if not subscription.active:
        return
    others = await store.count_subscriptions_to(
        conn, subscription.address, other_than=subscription.subscription_id
    )
    if others >= bounds.per_address:
        sentence = (
            f"the address has {others} active subscriptions, at most {bounds.per_address}; end one"
            " first"
        )
        error = FieldError("too-many-subscriptions", sentence, "/address")
        raise RuleBroken(sentence, code=error.code, errors=(error,))


async def renew_secret(
    conn: Connection, subscription_id: str, *, new_salt: bytes
) -> KeptSubscription:
    """Give a webhook another secret, which signs from now on; the old one is worth nothing any
    more.

    Raises:
        NotFound: there is no such subscription.
        RuleBroken: `no-webhook`; it goes to a mail address, which needs no secret.
    """
    await store.lock_subscription(conn, subscription_id)
    await store.lock_sending(conn, [subscription_id])
    before = await store.get_subscription(conn, subscription_id)
    if before.subscription.channel is not Channel.WEBHOOK:
        raise RuleBroken(
            f"the subscription {subscription_id} goes to a mail address, not a webhook",
            code="no-webhook",
        )
    kept = replace(before, secret_salt=new_salt, version=before.version + 1)
    await store.put_subscription(conn, kept)
    await audit.note(conn, _noted("subscription-secret-renewed", kept))
    return kept


def _noted(action: str, kept: KeptSubscription) -> audit.Change:
    """Note a subscription without its address, which may be a person's and would stand in the log
    for ever.
    """
    subscription = kept.subscription
    state = {
        "version": kept.version,
        "channel": subscription.channel.value,
        "events": sorted(subscription.events),
        "subjects": sorted(subscription.subjects),
        "active": subscription.active,
    }
    return audit.Change(action, f"subscription/{subscription.subscription_id}", state)


async def hear_municipalities(conn: Connection, events: Sequence[MunicipalityEvent]) -> None:
    """Keep what municipalities are called and where they lie, from which day on."""
    for event in events:
        told = sorted(event.versions, key=lambda version: version.valid_from)
        versions = [
            MunicipalityVersion(one.valid_from, one.name, one.county_number) for one in told
        ]
        await store.put_municipality(conn, event.municipality_id, event.version, versions)


async def hear_projects(conn: Connection, events: Sequence[ProjectEvent]) -> None:
    """Keep what projects are called, and what they belong to."""
    await store.put_names(
        conn, {f"project/{e.project_id}": (e.version, _name(e.names)) for e in events}
    )
    for event in events:
        belongs_to = [f"municipality/{member.municipality_id}" for member in event.members]
        belongs_to += [f"cohort/{event.cohort_id}"] if event.cohort_id else []
        belongs_to += [f"theme/{theme_id}" for theme_id in event.theme_ids]
        belongs_to.append(f"programme/{event.programme_id}")
        await store.put_project_subjects(
            conn, event.project_id, event.version, list(dict.fromkeys(belongs_to))
        )


async def hear_programmes(conn: Connection, events: Sequence[ProgrammeEvent]) -> None:
    """Keep what kinds of reports are called."""
    await store.put_names(
        conn,
        {
            f"report-kind/{kind.id}": (e.version, _name(kind.names))
            for e in events
            for kind in e.report_kinds
        },
    )


async def followed_metrics(conn: Connection, subjects: Collection[str]) -> set[str]:
    """Return the subjects among these whose metrics some webhook may want to hear of.

    Asked of every batch before anything of it is read: metrics come by the thousand, and mostly
    nobody listens.
    """
    patterns = {subject: subject_patterns(subject) for subject in subjects}
    everything = {pattern for each in patterns.values() for pattern in each}
    candidates = await store.list_candidates(conn, WEBHOOK_ONLY, everything, only_webhooks=True)
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
    candidates = await store.list_candidates(
        conn, names, patterns, only_webhooks=names <= WEBHOOK_ONLY
    )
    pairs = list(matching(candidates, happenings)) if candidates else []
    if not pairs:
        return 0
    await store.lock_sending(conn, {subscription.subscription_id for subscription, _ in pairs})
    told_ids = {happening.event_id for _, happening in pairs}
    await store.add_told_events(
        conn, [_told(event) for event in events if event.event_id in told_ids]
    )
    deliveries = [_owed(subscription, happening) for subscription, happening in pairs]
    woken = await store.add_deliveries(conn, deliveries, made_at=true_now)
    await store.wake_sending(conn, set(woken), now=true_now)
    return len(woken)


async def take_work(
    conn: Connection, channel: Channel, *, by: str, count: int, true_now: datetime
) -> list[Lease]:
    """Take subscriptions of a channel that have something to do, for the time of a lease."""
    return await store.lease_sending(
        conn, channel, now=true_now, until=true_now + LEASE, by=by, count=count
    )


async def record_try(
    conn: Connection,
    lease: Lease,
    due: DueDelivery,
    outcome: Outcome,
    *,
    now: datetime,
    true_now: datetime,
) -> Lease:
    """Keep how a try ended, tell it where that ended the delivery, and return the lease as it
    stands then.

    A receiver that wants no more, or a webhook where nothing arrived for days, is switched off. A
    subscription that was changed while the try was under way is not: how its old address answered
    says nothing of the new one.
    """
    is_outdated = await _is_outdated(conn, lease)
    after = after_try(due.delivery_id, due.attempts, outcome, now=true_now)
    ended = await store.put_try(conn, due, after, now=true_now)
    if ended is not None:
        await outbox.put(conn, [ended_event(ended, now)])
    if is_outdated:
        return replace(lease, is_outdated=True)
    health = health_after(lease.health, outcome, now=true_now)
    if health != lease.health:
        await store.put_health(conn, lease.subscription_id, health)
    because = _reason_to_stop(lease, outcome, is_dead(health, now=true_now))
    if because is not None:
        version = await store.stop_subscription(conn, lease.subscription_id, because)
        return replace(lease, version=version, health=health, active=False, stopped_because=because)
    return replace(lease, health=health)


async def give_up(conn: Connection, lease: Lease, *, now: datetime, true_now: datetime) -> int:
    """Give up some of what waits for a subscription that is switched off; return how many.

    Nothing, once it was switched on again: what waits then is for the new address.
    """
    if await _is_outdated(conn, lease):
        return 0
    because = lease.stopped_because or SWITCHED_OFF
    ended = await store.give_up_waiting(
        conn, lease.subscription_id, because=because, now=true_now, count=GIVE_UP_COUNT
    )
    await outbox.put(conn, [ended_event(delivery, now) for delivery in ended])
    return len(ended)


async def give_back(conn: Connection, lease: Lease, *, by: str) -> None:
    """End a lease; the subscription wakes when its next delivery is due."""
    await store.lock_sending(conn, [lease.subscription_id])
    await store.end_lease(conn, lease.subscription_id, by)


async def _is_outdated(conn: Connection, lease: Lease) -> bool:
    """Tell whether a subscription was changed since it was leased; nobody changes it before the
    transaction ends.
    """
    await store.lock_sending(conn, [lease.subscription_id])
    kept = await store.get_subscription(conn, lease.subscription_id)
    return kept.version != lease.version


def _name(names: Names) -> Name:
    return Name(names.nb, names.nn, names.en)


async def _happenings(conn: Connection, events: Sequence[ToldOf]) -> list[Happening]:
    """Return events as subscriptions see them: with all that they concern, as far as the registry
    has told.
    """
    of_projects = [event for event in events if not isinstance(event, MetricUpdated)]
    if not of_projects:
        return [_happening(event, ()) for event in events]
    belongs_to = await store.list_project_subjects(
        conn, {event.project_id for event in of_projects}
    )
    concerned = {event.event_id: _concerned(event, belongs_to) for event in of_projects}
    known = await store.list_municipalities(
        conn, {one for each in concerned.values() for one in _municipalities(each)}
    )
    for event in of_projects:
        subjects = concerned[event.event_id]
        places = [known[one] for one in _municipalities(subjects) if one in known]
        day = local_date(event.occurred_at)
        subjects += dict.fromkeys(
            f"county/{version_on(place, day).county_number}" for place in places
        )
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
            event.event_id, name, event.occurred_at, (event.subject,), _windows_moved(event)
        )
    windows = frozenset({event.window}) if isinstance(event, MilestoneEvent) else frozenset()
    return Happening(event.event_id, name, event.occurred_at, tuple(concerned), windows)


def _windows_moved(event: MetricUpdated) -> frozenset[str]:
    """Return the windows whose rates changed; all of them where the event does not say."""
    moved = frozenset(
        change.removeprefix("rates.") for change in event.changed if change.startswith("rates.")
    )
    return moved or frozenset(event.rates)


def _told(event: ToldOf) -> ToldEvent:
    return ToldEvent(event.event_id, event.type(), event.occurred_at, event.payload())


def _owed(subscription: Subscription, happening: Happening) -> NewDelivery:
    delivery_id = derived_id("delivery", subscription.subscription_id, happening.event_id)
    return NewDelivery(
        delivery_id, subscription.subscription_id, happening.event_id, subscription.channel
    )


def _reason_to_stop(lease: Lease, outcome: Outcome, dead: bool) -> str | None:
    if isinstance(outcome, Unwanted):
        return outcome.error
    if dead and lease.channel is Channel.WEBHOOK:
        return "nothing arrived for five days"
    return None


def ended_event(ended: EndedDelivery, now: datetime) -> DeliveryEvent:
    """Tell how a delivery ended."""
    cls = NotificationDelivered if ended.state == "delivered" else NotificationFailed
    return cls(
        event_id=derived_id(cls.__name__, ended.delivery_id),
        occurred_at=now,
        delivery_id=ended.delivery_id,
        subscription_id=ended.subscription_id,
        notified_event_id=ended.event_id,
        channel=ended.channel.value,
        attempts=ended.attempts,
        state="delivered" if ended.state == "delivered" else "failed",
        last_error=ended.last_error,
    )
