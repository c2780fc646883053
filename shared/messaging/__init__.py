"""Delivery: outbox, relay, inbox, dead letters, and the one `subscribe` that holds the policy.

Every hop is one PostgreSQL transaction of dedupe + effect + outbox. Kafka is a replayable wire.
"""

from shared.messaging import outbox
from shared.messaging.records import Record, Submission, Unreadable
from shared.messaging.subscribe import Router, subscribe, subscribe_inbound

__all__ = [
    "Record",
    "Router",
    "Submission",
    "Unreadable",
    "outbox",
    "subscribe",
    "subscribe_inbound",
]
