"""Declares subscribers. `delivery.py` decides what happens to each batch, in one way for all.

A service declares its handlers on a module-level `Router`; `Consumers` binds them to a broker and a
database at start-up, so that declaring has no side effect and nothing is read at import.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.delivery.dead_letters import Failure
from shared.delivery.records import Record
from shared.delivery.submissions import Submission
from shared.events.envelope import Event
from shared.postgres.database import Connection

BATCH = 1_000
"""Records in one transaction at most; larger transactions hold locks longer and are not faster."""

EventHandler = Callable[[Sequence[Any], Connection, datetime], Awaitable[None]]
SubmissionHandler = Callable[[Sequence[Submission], Connection, datetime], Awaitable[None]]
Sift = Callable[[Sequence[Record], Connection], Awaitable[Sequence[Record]]]
Refusal = Callable[[Connection, Record, Failure], Awaitable[None]]
Withholding = Callable[[Record], Failure | None]


LETTERS_MAX = 1_000
"""Dead letters of one publisher's topic that may wait; see `bounding`. A letter has up to 1 MiB."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One consumer of one topic, or of all topics of a pattern.

    Attributes:
        group: consumer group, `<service>.<topic without version>`; also the consumer's name in the
            inbox.
        topic: topic or pattern (`inbound.{orgnr}.figures.v1`).
        events: event classes that the handler takes; empty for inbound submissions.
        handler: called inside the transaction.
        batch: records at most per transaction.
        sift: passes on the records that are of use here, before they are read or claimed; none
            passes on all.
        refuse: for inbound topics, writes the receipt of a record that cannot be handled.
        withhold: for inbound topics, tells why a record may not even be kept as a dead letter; None
            when it may. Of such a record only its place in the log is kept.
        letters_max: for inbound topics, how many dead letters of one topic may wait.
    """

    group: str
    topic: str
    events: tuple[type[Event], ...]
    handler: EventHandler
    batch: int
    sift: Sift | None = None
    refuse: Refusal | None = None
    withhold: Withholding | None = None
    letters_max: int = LETTERS_MAX

    @property
    def is_inbound(self) -> bool:
        return self.refuse is not None

    def reads(self, topic: str) -> bool:
        """Tell whether this consumer reads a topic; `{…}` in a pattern stands for one part of a
        name.
        """
        return (
            re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^.]+", re.escape(self.topic)), topic) is not None
        )


class Router:
    """Collects a service's subscriptions.

    Args:
        service: the first part of every consumer group.
    """

    def __init__(self, service: str) -> None:
        self.service = service
        self.subscriptions: list[Subscription] = []

    def add(self, subscription: Subscription) -> None:
        """Keep a subscription; two of one group would steal each other's records."""
        if any(known.group == subscription.group for known in self.subscriptions):
            raise ValueError(f"the group {subscription.group} is subscribed twice")
        self.subscriptions.append(subscription)


def subscribe(
    router: Router, *events: type[Event], batch: int = BATCH, sift: Sift | None = None
) -> Callable[[EventHandler], EventHandler]:
    """Subscribe a handler to events of one topic.

    The handler gets the events that the inbox does not know yet, in the order of the log, inside
    the transaction that claims them, and the time by the service's clock. What it raises decides:
    something transient is tried again in place; anything else sends the batch through once more
    record by record, and the bad one to the dead letters.

    Args:
        router: the service's.
        events: classes that share one topic; other types on the topic are of no use here.
        batch: records at most per transaction.
        sift: for events that come by the thousand and are mostly of no use here: passes on the
            records that are, by their headers. What it holds back leaves no row. It must not fail
            on any record, and passes on what it cannot judge.
    """
    topics = {event.topic() for event in events}
    if len(topics) != 1:
        raise ValueError(f"a subscriber takes events of exactly one topic, got {sorted(topics)}")
    topic = topics.pop()
    group = f"{router.service}.{topic.rsplit('.v', 1)[0]}"

    def declare(handler: EventHandler) -> EventHandler:
        router.add(Subscription(group, topic, events, handler, batch, sift))
        return handler

    return declare


def subscribe_inbound(
    router: Router,
    pattern: str,
    *,
    refuse: Refusal,
    withhold: Withholding | None = None,
    batch: int = BATCH,
) -> Callable[[SubmissionHandler], SubmissionHandler]:
    """Subscribe a handler to what publishers send on topics of their own.

    The inbox is not used: repeated submissions are delivered, because the figure table answers each
    with the first receipt again. Unreadable records go to the dead letters and to `refuse`, which
    writes a receipt.

    Args:
        router: the service's.
        pattern: such as `inbound.{orgnr}.figures.v1`.
        refuse: called in the transaction that buries a record.
        withhold: asked before a record is buried; see `Subscription`.
        batch: records at most per transaction.
    """
    kind = pattern.split(".")[2]
    group = f"{router.service}.inbound.{kind}"

    def declare(handler: SubmissionHandler) -> SubmissionHandler:
        router.add(
            Subscription(group, pattern, (), handler, batch, refuse=refuse, withhold=withhold)
        )
        return handler

    return declare
