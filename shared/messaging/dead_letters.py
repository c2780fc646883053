"""Dead letters: records that cannot be read or whose handling failed for good, kept raw until somebody decides."""

import json
import traceback
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.database import Connection, load_queries
from shared.errors import AppError, NotFound
from shared.messaging.records import Record

QUERIES = load_queries(__file__)

ERROR_LENGTH_MAX = 2_000


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a record ended here.

    Attributes:
        code: stable code, or the exception's name for what nobody foresaw.
        error: a sentence, or the end of the traceback.
    """

    code: str
    error: str

    @classmethod
    def of(cls, error: BaseException) -> "Failure":
        """Describe an exception: rules by their sentence, surprises by where they happened."""
        if isinstance(error, AppError):
            return cls(error.code, error.message[:ERROR_LENGTH_MAX])
        where = "".join(traceback.format_tb(error.__traceback__)[-3:])
        return cls(type(error).__name__, f"{type(error).__name__}: {error}\n{where}"[:ERROR_LENGTH_MAX])


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


async def bury(conn: Connection, consumer: str, record: Record, failure: Failure, *, attempts: int = 1) -> None:
    """Keep a record as a dead letter, in the transaction that passes it by."""
    await QUERIES.add_dead_letter(
        conn,
        consumer=consumer,
        topic=record.topic,
        partition=record.partition,
        record_offset=record.offset,
        key=record.key,
        headers=json.dumps([[k, None if v is None else b64encode(v).decode()] for k, v in record.headers]),
        value=record.value,
        code=failure.code,
        error=failure.error.replace("\x00", "\\0"),
        attempts=attempts,
    )


async def list_(
    conn: Connection, *, state: str | None = "waiting", code: str | None = None, after: int = 0, count: int = 100
) -> list[DeadLetter]:
    """Return letters in the order they came, without their records."""
    rows = QUERIES.list_dead_letters(conn, state=state, code=code, after=after, count=count)
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
    record = Record(row["topic"], row["partition"], row["record_offset"], row["key"], headers, row["value"])
    return _letter(row, record)


async def settle(conn: Connection, letter_id: int, *, state: str, reason: str | None = None) -> None:
    """Mark a letter `replayed` or `discarded`."""
    await QUERIES.settle_dead_letter(conn, id=letter_id, state=state, reason=reason)


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
