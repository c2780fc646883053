"""Registering publishers, and making and taking back their keys."""

import re
from collections.abc import Sequence
from datetime import datetime

from stdnum.no import orgnr

from services.registry.entries.commands import Put, tell
from services.registry.entries.store import Kind, lock
from services.registry.municipalities.commands import check_registered
from services.registry.publishers import store
from services.registry.publishers.events import publisher_event, publisher_of
from services.registry.publishers.rules import (
    Key,
    Publisher,
    reinstated,
    revised_publisher,
    revoked,
    with_key,
    without_key,
)
from shared.access import auth
from shared.access.auth import NewKey
from shared.errors import NotFound, RuleBroken
from shared.events import registry as told
from shared.http.preconditions import Guard, unguarded
from shared.postgres.database import Connection

_NINE_DIGITS = re.compile(r"\d{9}\Z", re.ASCII)


async def put_publisher(
    conn: Connection, wanted: Publisher, *, now: datetime, guard: Guard = unguarded
) -> Put[Publisher]:
    """Register a publisher or change its name and mandates; keys are kept.

    Raises:
        RuleBroken: `organisation-number-invalid`, `municipality-unknown`, or as
            `rules.revised_publisher`.
        Conflict: `publisher-revoked`, or what the guard raises.
    """
    _check_number(wanted.organisation_number)
    await lock(conn, Kind.PUBLISHER)
    present = await store.find_publisher(conn, wanted.organisation_number)
    guard(present.version if present is not None else None)
    new = revised_publisher(present, wanted)
    if new is None:
        assert present is not None
        return Put(present, created=False, changed=False)
    await check_registered(conn, new.may_speak_for)
    await _keep(conn, new, now)
    return Put(new, created=present is None, changed=True)


async def add_key(
    conn: Connection, organisation_number: str, *, expires_at: datetime | None, now: datetime
) -> tuple[NewKey, Publisher]:
    """Make a key; its text is in this answer and nowhere else.

    Raises:
        NotFound: `publisher-unknown`.
        RuleBroken: `key-expired`.
        Conflict: `publisher-revoked` or `keys-two-live`.
    """
    await lock(conn, Kind.PUBLISHER)
    present = await store.get_publisher(conn, organisation_number)
    made = auth.make_key()
    new = with_key(present, Key(made.key_id, made.hash, now, expires_at), now)
    await _keep(conn, new, now)
    return made, new


async def revoke_key(
    conn: Connection, organisation_number: str, key_id: str, *, now: datetime
) -> Publisher:
    """Take a key back; doing it again changes nothing.

    Raises:
        NotFound: `publisher-unknown` or `key-unknown`.
    """
    await lock(conn, Kind.PUBLISHER)
    present = await store.get_publisher(conn, organisation_number)
    if not any(key.key_id == key_id for key in present.keys):
        raise NotFound(
            f"publisher {organisation_number} never had a key {key_id[:40]!r}", code="key-unknown"
        )
    new = without_key(present, key_id, now)
    if new is None:
        return present
    await _keep(conn, new, now)
    return new


async def revoke_publisher(
    conn: Connection, organisation_number: str, *, now: datetime
) -> Publisher:
    """Take back the right to publish and all keys; doing it again changes nothing.

    Raises:
        NotFound: `publisher-unknown`.
    """
    await lock(conn, Kind.PUBLISHER)
    present = await store.get_publisher(conn, organisation_number)
    new = revoked(present, now)
    if new is None:
        return present
    await _keep(conn, new, now, is_revocation=True)
    return new


async def reinstate_publisher(
    conn: Connection, organisation_number: str, *, now: datetime
) -> Publisher:
    """Give the right to publish back, without keys; doing it again changes nothing.

    Raises:
        NotFound: `publisher-unknown`.
    """
    await lock(conn, Kind.PUBLISHER)
    present = await store.get_publisher(conn, organisation_number)
    new = reinstated(present)
    if new is None:
        return present
    await _keep(conn, new, now)
    return new


async def restore(conn: Connection, events: Sequence[told.PublisherEvent]) -> None:
    """Keep publishers as these events told them, and check keys by that."""
    for event in events:
        before = await store.find_publisher(conn, event.organisation_number)
        await store.put_publisher(conn, publisher_of(event, before))
    await auth.keep_publishers(conn, events)


async def _keep(
    conn: Connection, publisher: Publisher, now: datetime, *, is_revocation: bool = False
) -> None:
    """Keep the state and tell it; the registry itself checks keys by what it just told, without
    waiting for Kafka.
    """
    await store.put_publisher(conn, publisher)
    event = publisher_event(publisher, now, is_revocation=is_revocation)
    await auth.keep_publishers(conn, [event])
    await tell(conn, [event])


def _check_number(organisation_number: str) -> None:
    if not _NINE_DIGITS.match(organisation_number) or not orgnr.is_valid(organisation_number):
        raise RuleBroken(
            "an organisation number must be nine digits whose last one checks the others (modulus"
            f" 11), got {organisation_number[:40]!r}",
            code="organisation-number-invalid",
        )
