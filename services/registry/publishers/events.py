"""What is told of publishers: values to events, and back after a restore."""

from dataclasses import replace
from datetime import datetime

from services.registry.entries.events import event_id_of
from services.registry.municipalities.events import memberships_of
from services.registry.municipalities.rules.membership import Membership
from services.registry.publishers.rules import Key, Publisher
from shared.events import registry as told


def publisher_event(
    publisher: Publisher, now: datetime, *, is_revocation: bool = False
) -> told.PublisherEvent:
    """Tell a publisher's new state, with the keys that were not taken back."""
    kind: type[told.PublisherEvent] = (
        told.PublisherRegistered if publisher.version == 1 else told.PublisherChanged
    )
    if is_revocation:
        kind = told.PublisherRevoked
    return kind(
        event_id=event_id_of(kind, publisher.organisation_number, publisher.version),
        occurred_at=now,
        organisation_number=publisher.organisation_number,
        version=publisher.version,
        name=publisher.name,
        may_speak_for=[speaks_for(mandate) for mandate in publisher.may_speak_for],
        keys=[
            told.PublisherKey(key_id=key.key_id, hash=key.hash, expires_at=key.expires_at)
            for key in publisher.keys
            if key.revoked_at is None
        ],
        revoked_at=publisher.revoked_at,
    )


def speaks_for(mandate: Membership) -> told.SpeaksFor:
    """Return a mandate as contracts carry it."""
    return told.SpeaksFor(
        municipality_id=mandate.municipality_id, from_=mandate.from_, to=mandate.to
    )


def publisher_of(event: told.PublisherEvent, before: Publisher | None) -> Publisher:
    """Return the publisher; keys that were taken back stand in no event, so what was known of them
    stays.
    """
    known = {key.key_id: key for key in before.keys} if before is not None else {}
    live = {key.key_id for key in event.keys}
    gone = (replace(key, revoked_at=key.revoked_at or event.occurred_at) for key in known.values())
    keys = [key for key in gone if key.key_id not in live]
    keys += [
        known.get(key.key_id, Key(key.key_id, key.hash, event.occurred_at, key.expires_at))
        for key in event.keys
    ]
    return Publisher(
        event.organisation_number,
        event.name,
        memberships_of(event.may_speak_for),
        tuple(keys),
        event.revoked_at,
        event.version,
    )
