"""Who wants to be told of what: subscriptions, and which of them an event concerns.

An empty list means all. A subscription matches only what happens after it was made, and
`MetricUpdated`, which comes by the thousand, goes to webhooks only.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from services.notifications.channels.addresses import mail_address, webhook_address
from shared.errors import FieldError, RuleBroken

EVENTS = (
    "MetricUpdated",
    "TargetReached",
    "TargetLost",
    "ReportDue",
    "ReportOverdue",
    "ReportSubmitted",
)
WEBHOOK_ONLY = frozenset({"MetricUpdated"})
WINDOWS = ("month", "quarter", "half-year", "year", "year-to-date", "rolling-12")
SUBJECT_KINDS = (
    "municipality",
    "unit",
    "project",
    "cohort",
    "theme",
    "county",
    "programme",
    "joint-unit",
    "network",
)
OSLO = ZoneInfo("Europe/Oslo")
ENTRIES_MAX = 200
"""Entries of one list of a subscription; who needs more wants a pattern such as `municipality/*`.
"""

CLOCKS_APART_MAX = timedelta(seconds=5)
"""Two services' clocks may differ by so much; without it, what happens right after subscribing
could be missed.
"""

_PART = r"[a-z0-9][a-z0-9-]{0,98}"
_METRIC = re.compile(r"[a-z0-9][a-z0-9-]{1,62}[a-z0-9]\Z")
_PATTERN = re.compile(rf"({_PART})/(?:\*|{_PART}(?:/(?:\*|{_PART}))?)\Z")


_NUMBER = re.compile(r"(municipality|unit)/[0-9]{4}(/|\Z)", re.ASCII)
"""A municipality that is named by its number."""


class Channel(StrEnum):
    """How somebody is told."""

    MAIL = "mail"
    WEBHOOK = "webhook"


class Rhythm(StrEnum):
    """When somebody is told: of each thing at once, or of all together."""

    AT_ONCE = "at-once"
    DAILY = "daily"
    WEEKLY = "weekly"


class Language(StrEnum):
    """The language of a notification's text: bokmål, nynorsk, English."""

    NB = "nb"
    NN = "nn"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Subscription:
    """What somebody wants to be told of, and how.

    Attributes:
        address: a mail address or a webhook's URL.
        language: of the text; a webhook has none, but says it for the names in a later digest.
        events: names of events; empty for all that the channel takes.
        subjects: such as `municipality/vefsn-1824` or `cohort/*`; empty for all.
        windows: of an event that is about windows; empty for all.
        metrics: of an event that is about a metric; empty for all.
        active: whether anything is sent at all.
        rhythm: at once, or all together in a digest; only mail has digests.
        digest_hour: of Europe/Oslo, when digests are sent; weekly ones on Mondays.
        active_since: when it was made, or made active again; earlier events are not for it.
    """

    subscription_id: str
    channel: Channel
    address: str
    language: Language
    events: tuple[str, ...]
    subjects: tuple[str, ...]
    windows: tuple[str, ...]
    metrics: tuple[str, ...]
    active: bool
    active_since: datetime
    rhythm: Rhythm = Rhythm.AT_ONCE
    digest_hour: int = 8

    def next_time(self, now: datetime) -> datetime:
        """Return when something that happens now is sent."""
        if self.rhythm is Rhythm.AT_ONCE:
            return now
        local = now.astimezone(OSLO)
        day = local.date()
        if local.time() >= time(self.digest_hour):
            day += timedelta(days=1)
        if self.rhythm is Rhythm.WEEKLY:
            day += timedelta(days=-day.weekday() % 7)
        return datetime.combine(day, time(self.digest_hour), OSLO).astimezone(UTC)


SECRET_OVERLAP_HOURS = 24
SECRET_OVERLAP_HOURS_MAX = 168


@dataclass(frozen=True, slots=True)
class Salts:
    """What a webhook's secrets are derived from.

    Attributes:
        current: signs always.
        previous: what it took the place of; signs as well until `previous_until`, so that the
            receiver can change over without losing a message.
    """

    current: bytes
    previous: bytes | None = None
    previous_until: datetime | None = None

    def renewed(self, salt: bytes, *, now: datetime, overlap: timedelta) -> "Salts":
        """Return the salts after a renewal. Two sign at most: an older one ends now."""
        if not overlap:
            return Salts(salt)
        return Salts(salt, self.current, now + overlap)

    def valid_at(self, now: datetime) -> tuple[bytes, ...]:
        """Return the salts that sign at a moment, the newest first."""
        if self.previous is None or self.previous_until is None or now >= self.previous_until:
            return (self.current,)
        return (self.current, self.previous)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is not for a subscription itself to say.

    Attributes:
        allow_private_webhooks: for tests and demonstrations: also http, any port, loopback and
            private networks.
        per_address: active subscriptions of one address at most, so that nobody is flooded by many
            that are each small.
    """

    allow_private_webhooks: bool = False
    per_address: int = 50


@dataclass(frozen=True, slots=True)
class Happening:
    """An event as subscriptions see it.

    Attributes:
        name: such as `TargetReached`.
        subjects: everything that the event is about.
        windows: the windows that moved; empty for an event that is not about windows.
        metric: what is measured; none for an event that is not about a metric.
    """

    event_id: UUID
    name: str
    occurred_at: datetime
    subjects: tuple[str, ...]
    windows: frozenset[str] = frozenset()
    metric: str | None = None


def check_subscription(
    subscription: Subscription, *, allow_private_webhooks: bool
) -> tuple[str, str]:
    """Return the address in the form that it is kept in, and who receives what is sent there.

    All addresses of one receiver share its places and its pauses: a webhook's host and port, or a
    mailbox.

    Raises:
        RuleBroken: with every fault that was found.
    """
    faults = [
        *_unknown("events", subscription.events, EVENTS),
        *_unknown("windows", subscription.windows, WINDOWS),
        *_bad_subjects(subscription.subjects),
        *_bad_metrics(subscription.metrics),
        *_bad_channel(subscription),
    ]
    address = receiver = subscription.address
    try:
        if subscription.channel is Channel.MAIL:
            address = mail_address(address)
            receiver = address.lower()
        else:
            receiver = webhook_address(address, allow_private=allow_private_webhooks).receiver
    except RuleBroken as broken:
        faults.append(FieldError(broken.code, broken.message, "/address"))
    if faults:
        code = faults[0].code if len(faults) == 1 else "subscription-faulty"
        message = (
            faults[0].message if len(faults) == 1 else f"the subscription has {len(faults)} faults"
        )
        raise RuleBroken(message, code=code, errors=tuple(faults))
    return address, receiver


def matches(subscription: Subscription, happening: Happening) -> bool:
    """Tell whether an event is for a subscription.

    An event without windows passes any choice of windows, and one without a metric any of metrics.
    """
    return (
        subscription.active
        and subscription.active_since <= happening.occurred_at + CLOCKS_APART_MAX
        and _wants(subscription, happening.name)
        and (
            not subscription.subjects
            or any(p in subscription.subjects for p in patterns_of(happening))
        )
        and (
            not subscription.windows
            or not happening.windows
            or not happening.windows.isdisjoint(subscription.windows)
        )
        and (
            not subscription.metrics
            or happening.metric is None
            or happening.metric in subscription.metrics
        )
    )


def matching(
    subscriptions: Sequence[Subscription], happenings: Iterable[Happening]
) -> Iterator[tuple[Subscription, Happening]]:
    """Yield every pair that matches, without trying every subscription on every event."""
    by_pattern: dict[str, list[Subscription]] = defaultdict(list)
    for subscription in subscriptions:
        for pattern in set(subscription.subjects) or {""}:
            by_pattern[pattern].append(subscription)
    for happening in happenings:
        candidates = {
            s.subscription_id: s
            for p in ("", *patterns_of(happening))
            for s in by_pattern.get(p, ())
        }
        for subscription in candidates.values():
            if matches(subscription, happening):
                yield subscription, happening


def patterns_of(happening: Happening) -> set[str]:
    """Return every entry of `subjects` that an event answers to."""
    return {pattern for subject in happening.subjects for pattern in subject_patterns(subject)}


def subject_patterns(subject: str) -> set[str]:
    """Return every entry of `subjects` that a subject answers to: itself, and `kind/*` above it."""
    parts = subject.split("/")
    return {subject, *("/".join((*parts[:depth], "*")) for depth in range(1, len(parts)))}


def _wants(subscription: Subscription, name: str) -> bool:
    if name in WEBHOOK_ONLY and subscription.channel is not Channel.WEBHOOK:
        return False
    return not subscription.events or name in subscription.events


def _unknown(field: str, given: Sequence[str], known: Sequence[str]) -> Iterator[FieldError]:
    yield from _too_many(field, given)
    for place, value in enumerate(given[:ENTRIES_MAX]):
        if value not in known:
            yield FieldError(
                f"{field.removesuffix('s')}-unknown",
                f"{field} must be of {', '.join(known)}; got {value[:40]!r}",
                f"/{field}/{place}",
            )


def _bad_subjects(given: Sequence[str]) -> Iterator[FieldError]:
    yield from _too_many("subjects", given)
    for place, value in enumerate(given[:ENTRIES_MAX]):
        found = _PATTERN.match(value)
        if found is None or found[1] not in SUBJECT_KINDS:
            yield FieldError(
                "subject-malformed",
                "a subject must be written like municipality/vefsn-1824 or cohort/*, beginning"
                f" with one of {', '.join(SUBJECT_KINDS)}; got {value[:60]!r}",
                f"/subjects/{place}",
            )
        elif _NUMBER.match(value):
            yield FieldError(
                "subject-malformed",
                "a municipality is named by its id, such as municipality/vefsn-1824, because its"
                f" number may pass to another one; got {value[:60]!r}",
                f"/subjects/{place}",
            )


def _bad_metrics(given: Sequence[str]) -> Iterator[FieldError]:
    """Find what cannot be a metric. It need not be known: a programme may declare it later."""
    yield from _too_many("metrics", given)
    for place, value in enumerate(given[:ENTRIES_MAX]):
        if not _METRIC.match(value):
            yield FieldError(
                "metric-malformed",
                f"a metric must be written like absence or part-time-share; got {value[:60]!r}",
                f"/metrics/{place}",
            )


def _too_many(field: str, given: Sequence[str]) -> Iterator[FieldError]:
    if len(given) > ENTRIES_MAX:
        yield FieldError(
            "too-many",
            f"{field} must have at most {ENTRIES_MAX} entries, got {len(given)}",
            f"/{field}",
        )


def _bad_channel(subscription: Subscription) -> Iterator[FieldError]:
    if subscription.channel is Channel.WEBHOOK:
        if subscription.rhythm is not Rhythm.AT_ONCE:
            yield FieldError(
                "rhythm-mail-only",
                f"a webhook is told at once, got rhythm {subscription.rhythm.value}; digests are"
                " for mail",
                "/rhythm",
            )
        return
    for place, name in enumerate(subscription.events):
        if name in WEBHOOK_ONLY:
            yield FieldError(
                "event-webhook-only",
                f"{name} comes too often for mail; subscribe by webhook",
                f"/events/{place}",
            )
