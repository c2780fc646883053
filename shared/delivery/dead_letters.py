"""Dead letters: records that cannot be read or whose handling failed for good, kept raw until
somebody decides.
"""

import asyncio
import json
import traceback
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.audit import log as audit
from shared.delivery.records import Record
from shared.errors import AppError, Conflict, NotFound, RuleBroken
from shared.postgres.database import Connection, Database, load_queries

QUERIES = load_queries(__file__)

ERROR_LENGTH_MAX = 2_000
KEPT_DAYS = 90
"""How long a settled letter keeps its record, which may be about persons; one that waits keeps it.
"""

EMPTY_SECONDS = 3_600.0
EMPTY_COUNT = 1_000


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a record ended here.

    Attributes:
        code: stable code; of an exception that is a fault of ours, its name.
        error: a sentence, or the end of the traceback.
        is_surprise: whether it is a fault of ours; then its words are for operators only.
    """

    code: str
    error: str
    is_surprise: bool = False

    @classmethod
    def of(cls, error: BaseException) -> "Failure":
        """Describe an exception: a broken rule by its sentence, any other by the end of its
        traceback.
        """
        if isinstance(error, AppError):
            return cls(error.code, error.message[:ERROR_LENGTH_MAX])
        where = "".join(traceback.format_tb(error.__traceback__)[-3:])
        kind = type(error).__name__
        return cls(kind, f"{kind}: {error}\n{where}"[:ERROR_LENGTH_MAX], is_surprise=True)

    @property
    def told(self) -> RuleBroken:
        """What the sender of the record is told."""
        if self.is_surprise:
            return RuleBroken(
                "it could not be handled because of a fault on our side; it is kept, and will be"
                " handed in again when that is mended",
                code="internal",
            )
        return RuleBroken(self.error, code=self.code)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One letter as operators see it; `record` is there when a single one is read."""

    id: int
    consumer: str
    origin: str
    code: str
    error: str
    attempts: int
    state: str
    reason: str | None
    created_at: datetime
    settled_at: datetime | None
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Which letters are meant; None means any.

    Attributes:
        state: `waiting`, `replayed` or `discarded`.
        key: of the record, byte for byte.
    """

    state: str | None = "waiting"
    consumer: str | None = None
    topic: str | None = None
    code: str | None = None
    key: bytes | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


WAITING = LetterFilter()
ALL = LetterFilter(state=None)


async def bury(
    conn: Connection, consumer: str, record: Record, failure: Failure, *, attempts: int = 1
) -> None:
    """Keep a record as a dead letter, in the transaction that moves the checkpoint past it."""
    await QUERIES.add_dead_letter(
        conn,
        consumer=consumer,
        topic=record.topic,
        partition=record.partition,
        record_offset=record.offset,
        key=record.key,
        headers=json.dumps(
            [[k, None if v is None else b64encode(v).decode()] for k, v in record.headers]
        ),
        value=record.value,
        code=failure.code,
        error=_storable(failure.error),
        attempts=attempts,
    )


async def waiting(conn: Connection) -> Mapping[str, Any]:
    """Return how many letters wait for somebody, and since when: `count`, `oldest_at`."""
    return dict(await QUERIES.dead_letters_waiting(conn))


async def list_(
    conn: Connection, wanted: LetterFilter = WAITING, *, after: int = 0, count: int = 100
) -> list[DeadLetter]:
    """Return letters in the order they came, without their records."""
    rows = QUERIES.list_dead_letters(
        conn,
        state=wanted.state,
        consumer=wanted.consumer,
        topic=wanted.topic,
        code=wanted.code,
        key=wanted.key,
        created_after=wanted.created_after,
        created_before=wanted.created_before,
        after=after,
        count=count,
    )
    return [_letter(row) async for row in rows]


async def get(conn: Connection, letter_id: int) -> DeadLetter:
    """Return one letter with its record, locked until the transaction ends.

    Raises:
        NotFound: no letter has this id.
    """
    row = await QUERIES.get_dead_letter(conn, id=letter_id)
    if row is None:
        raise NotFound(f"there is no dead letter {letter_id}")
    headers = tuple((k, None if v is None else b64decode(v)) for k, v in json.loads(row["headers"]))
    buried_at = int(row["created_at"].timestamp() * 1000)  # soon after it came
    record = Record(
        row["topic"],
        row["partition"],
        row["record_offset"],
        row["key"],
        headers,
        row["value"],
        buried_at,
    )
    return _letter(row, record)


async def show(conn: Connection, letter_id: int) -> DeadLetter:
    """Return one letter with its record to somebody who reads it, and note that they did: it may be
    about persons.

    Raises:
        NotFound: no letter has this id.
    """
    letter = await get(conn, letter_id)
    await audit.note(conn, audit.Change("dead-letter-shown", f"dead-letter/{letter_id}"))
    return letter


async def get_waiting(
    conn: Connection, letter_id: int, *, consumer: str | None = None
) -> DeadLetter:
    """Return one letter that nobody has settled yet, locked until the transaction ends.

    Raises:
        NotFound: no letter, or none of this consumer, has this id.
        Conflict: `dead-letter-settled`; it was replayed or discarded before.
    """
    letter = await get(conn, letter_id)
    if consumer is not None and letter.consumer != consumer:
        raise NotFound(f"dead letter {letter_id} belongs to {letter.consumer}, not to {consumer}")
    if letter.state != "waiting":
        raise Conflict(
            f"dead letter {letter_id} was {letter.state} at {letter.settled_at}",
            code="dead-letter-settled",
        )
    return letter


async def discard(conn: Connection, letter_id: int, *, reason: str) -> None:
    """Settle a letter without its effect, and keep why.

    Raises:
        NotFound: no letter has this id.
        Conflict: `dead-letter-settled`; it was replayed or discarded before.
        RuleBroken: no reason was given.
    """
    if not reason.strip():
        raise RuleBroken(
            "a dead letter is discarded for a reason; say which", code="reason-missing"
        )
    await get_waiting(conn, letter_id)
    await settle(conn, letter_id, state="discarded", reason=reason)


async def settle(
    conn: Connection, letter_id: int, *, state: str, reason: str | None = None
) -> None:
    """Mark a letter `replayed` or `discarded`."""
    kept = reason and _storable(reason)
    await QUERIES.settle_dead_letter(conn, id=letter_id, state=state, reason=kept)
    await audit.note(
        conn, audit.Change(f"dead-letter-{state}", f"dead-letter/{letter_id}", reason=kept)
    )


async def keep_emptied(database: Database) -> None:
    """Empty settled letters as they grow old, for as long as the service runs.

    Raises:
        Unavailable: the database is away; run again.
    """
    while True:
        async with database.transaction() as conn:
            count = await empty_settled(conn)
        if count < EMPTY_COUNT:
            await asyncio.sleep(EMPTY_SECONDS)


async def empty_settled(conn: Connection) -> int:
    """Remove key, headers, value and error from letters that were settled long ago; return from how
    many.

    The letters themselves stay: every consumed record is in the inbox or is a letter, for ever.
    """
    error = f"emptied {KEPT_DAYS} days after it was settled"
    count: int = await QUERIES.empty_dead_letters(
        conn, days=KEPT_DAYS, count=EMPTY_COUNT, error=error
    )
    return count


async def note_failed_replay(conn: Connection, letter_id: int, failure: Failure) -> None:
    """Count a replay that failed, and keep why."""
    await QUERIES.note_failed_replay(
        conn, id=letter_id, code=failure.code, error=_storable(failure.error)
    )
    await audit.note(
        conn,
        audit.Change("dead-letter-replay-failed", f"dead-letter/{letter_id}", reason=failure.code),
    )


def _storable(text: str) -> str:
    """Return a text with escapes for what PostgreSQL cannot hold; an error may quote a record."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\0")


def _letter(row: Any, record: Record | None = None) -> DeadLetter:
    return DeadLetter(
        id=row["id"],
        consumer=row["consumer"],
        origin=f"{row['topic']}/{row['partition']}/{row['record_offset']}",
        code=row["code"],
        error=row["error"],
        attempts=row["attempts"],
        state=row["state"],
        reason=row["reason"],
        created_at=row["created_at"],
        settled_at=row["settled_at"],
        record=record,
    )
