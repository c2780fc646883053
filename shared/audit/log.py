"""The audit log: who changed what, in the transaction of the change, sealed into a chain within
about a second.

If each change extended the chain itself, all transactions of a service would wait for each other.
So a change only writes its entry, and a background task seals the entries that have become visible.
The price: within that second an entry can be changed unnoticed. Afterwards nothing can be changed,
removed or inserted without breaking the chain, which `verify` finds out.
"""

import asyncio
import hashlib
import json
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, TypeVar

from shared.events.envelope import Event
from shared.postgres.database import Connection, Database, load_queries
from shared.postgres.locks import Lock

QUERIES = load_queries(__file__)

SEAL_SECONDS = 1.0
SEAL_COUNT = 1_000
LATE_IDS = 10_000
"""How far behind the newest sealed entry unsealed ones are looked for. There can be some, because
ids are given out before transactions commit. At its start a service looks at all entries.
"""

ANY_IDS = 1 << 62

SEALED_SECONDS = 60
"""An entry that has no seal after this is a fault."""

FIRST_HASH = bytes(32)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts.

    Attributes:
        who: `operator`, `publisher/<orgnr>` with the key's id, `nobody`, or `saman` for what
            happens by itself.
        source: the address that asked, or the consumer or task that acts.
    """

    who: str = "saman"
    source: str = "itself"
    request_id: uuid.UUID | None = None


E = TypeVar("E", bound=Event)

_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)


def act_as(actor: Actor) -> None:
    """Name who acts from now on in this task."""
    _actor.set(actor)


def actor() -> Actor:
    """Return who acts in this task."""
    return _actor.get() or Actor()


@dataclass(frozen=True, slots=True)
class Change:
    """One change to note.

    Attributes:
        action: what was done, such as `publisher-changed`.
        object: what to, such as `publisher/310000019`.
        after: the state after the change; the state before is in the object's previous entry.
        reason: why, where somebody gave one.
    """

    action: str
    object: str
    after: Mapping[str, Any] | None = None
    reason: str | None = None


async def note(conn: Connection, *changes: Change) -> None:
    """Write entries for changes, in the transaction that makes them."""
    if not changes:
        return
    by = actor()
    await QUERIES.add_audit_entries(
        conn,
        who=by.who,
        source=by.source,
        request_id=by.request_id,
        actions=[change.action for change in changes],
        objects=[change.object for change in changes],
        reasons=[change.reason for change in changes],
        afters=[None if change.after is None else json.dumps(change.after) for change in changes],
    )


async def note_events(
    conn: Connection, events: Iterable[Event], *, reason: str | None = None
) -> None:
    """Write entries for changes whose events carry the whole state."""
    await note(
        conn,
        *(
            Change(
                type(event).__name__,
                f"{event.aggregate}/{event.key}",
                json.loads(event.payload()),
                reason,
            )
            for event in events
        ),
    )


async def noted_events(conn: Connection, kinds: Mapping[str, type[E]]) -> AsyncIterator[E]:
    """Yield the events of these kinds that entries hold whole, in their order. Their event ids are
    new: entries do not hold ids.
    """
    async for row in QUERIES.list_audit_entries(conn, actions=list(kinds)):
        yield kinds[row["action"]].from_wire(
            str(uuid.uuid4()), row["noted_at"].isoformat(), row["after"].encode()
        )


async def keep_sealed(database: Database) -> None:
    """Seal entries as they become visible, for as long as the service runs.

    Raises:
        Unavailable: the database is away; run again.
    """
    late_ids = ANY_IDS
    while True:
        async with database.connection() as conn, conn.transaction():
            count = await seal(conn, late_ids=late_ids)
        if count < SEAL_COUNT:
            late_ids = LATE_IDS
            await asyncio.sleep(SEAL_SECONDS)


async def seal(conn: Connection, *, late_ids: int = LATE_IDS) -> int:
    """Seal entries that have no seal yet; return how many.

    Args:
        late_ids: how far behind the newest sealed entry unsealed ones are looked for.
    """
    if not await QUERIES.has_unsealed(conn, late_ids=late_ids):
        return 0
    await QUERIES.lock_seals(conn, lock=Lock.AUDIT_SEAL)
    last = await QUERIES.last_seal(conn)
    number, previous = (last["seal"], last["hash"]) if last is not None else (0, FIRST_HASH)
    seals = []
    async for row in QUERIES.unsealed(conn, late_ids=late_ids, count=SEAL_COUNT):
        number, previous = number + 1, hash_of(previous, row)
        seals.append((number, row["entry_id"], previous))
    await conn.copy_records_to_table(
        "audit_seal", records=seals, columns=["seal", "entry_id", "hash"]
    )
    return len(seals)


def hash_of(previous: bytes, row: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of the seal before and an entry, written as a JSON list of its columns."""
    noted_at = row["noted_at"].astimezone(UTC).isoformat(timespec="microseconds")
    named = ("who", "source", "request_id", "action", "object", "reason", "after")
    columns = [
        row["entry_id"],
        noted_at,
        *(None if row[name] is None else str(row[name]) for name in named),
    ]
    return hashlib.sha256(previous + json.dumps(columns, ensure_ascii=False).encode()).digest()


@dataclass
class Verdict:
    """The result of checking the whole chain.

    Attributes:
        seal_count: how many entries are sealed.
        head: the last seal's hash. Whoever keeps it elsewhere can prove later that nothing before
            it was changed.
        faults: what is wrong, one sentence each. Of broken links only the first is named.
    """

    seal_count: int = 0
    head: str = FIRST_HASH.hex()
    faults: list[str] = field(default_factory=list)


async def verify(conn: Connection, *, known: Mapping[int, str] | None = None) -> Verdict:
    """Check the chain by computing it again from its beginning.

    Args:
        conn: may read the two tables, and nothing else is needed.
        known: hashes by seal number that somebody kept elsewhere.
    """
    verdict, previous = Verdict(), FIRST_HASH
    wanted = {
        number: head for number, head in (known or {}).items() if number
    }  # 0: the chain had not begun
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        async for row in _sealed(conn):
            if row["seal"] != verdict.seal_count + 1:
                verdict.faults.append(f"seal {verdict.seal_count + 1} is missing")
                return verdict
            if row["noted_at"] is None or hash_of(previous, row) != row["hash"]:
                verdict.faults.append(
                    f"entry {row['entry_id']} is not what seal {row['seal']} was put on"
                )
                return verdict
            previous = row["hash"]
            verdict.seal_count, verdict.head = row["seal"], previous.hex()
            if wanted.pop(row["seal"], verdict.head) != verdict.head:
                verdict.faults.append(f"seal {row['seal']} is not the one that was kept elsewhere")
        verdict.faults += [f"seal {number} was there once and is gone" for number in wanted]
        if late := await QUERIES.count_unsealed(conn, seconds=SEALED_SECONDS):
            verdict.faults.append(f"{late} entries have no seal after {SEALED_SECONDS} s")
    return verdict


async def _sealed(conn: Connection) -> AsyncIterator[Mapping[str, Any]]:
    """Yield the chain from its beginning, some thousand entries at a time."""
    after = 0
    while True:
        rows = [row async for row in QUERIES.sealed_entries(conn, after=after, count=SEAL_COUNT)]
        for row in rows:
            yield row
        if not rows:
            return
        after = rows[-1]["seal"]
