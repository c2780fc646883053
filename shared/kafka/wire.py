"""Changes to aiokafka that consumers and producers depend on; `install` makes them for the process.

*Header names that are not UTF-8.* Kafka takes any bytes as a header's name. aiokafka raises on such
a name whenever it comes to it, and all partitions of the consumer stand still. Here the batch is
read again, more slowly, with the odd bytes written as `\\xff`; the record becomes a dead letter.

*Batches that inflate.* A batch that would become too large unpacked (`inflating.py`), or too many
objects, is not unpacked, and counts as one record. And aiokafka hands out as many records as it is
asked for, however large they are; here it stops at a number of bytes.

*A partition without a leader.* Clients ask for the metadata again as soon as they have an answer, a
thousand times a second, which takes a whole processor while the broker is away. Here they ask a few
times a second.

*A connection that breaks during a write.* It counts as connected for a moment more. uvloop refuses
the next request with an error that aiokafka does not know, and the client gives up for good or
waits for an answer that cannot come. Here the connection is closed and the request made on another
one.

*A coordinator that is loading, or not the coordinator any more.* It answers a request for offsets
with an error and no offsets. aiokafka 0.14 ignores the error, concludes that nothing was ever
committed, and reads the whole topic again. Here the error is raised, and the request repeated.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from struct import unpack_from
from typing import Any

import structlog
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.consumer import fetcher
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    KafkaConnectionError,
    NoError,
    NotCoordinatorForGroupError,
    for_code,
)
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.record import memory_records
from aiokafka.record.default_records import _DefaultRecordBatchPy, _DefaultRecordPy
from aiokafka.record.util import decode_varint

from shared.kafka.inflating import NONE, inflated_bytes

LOG = structlog.get_logger()

WRITTEN_FOR = {"aiokafka": "0.14.0", "faststream": "0.7.8"}
"""The versions whose private parts this room and `shared/delivery` were written against. Before
another is taken, read its changes in fetcher, coordinator, connection and records.
"""

METADATA_PER_SECOND = 20

GIVEN_BYTES_MAX = 4 * 1024 * 1024
"""A partition hands out no further record after so many bytes. A batch hardly ever has so many."""

LOOK_INTO_BYTES = 1024 * 1024
"""The records of a packed batch that becomes larger are counted before objects are made of them; as
an object, even two bytes take 64.
"""

HEADERS_MAX, RECORDS_MAX = 10_000, 250_000
"""Headers of a record, and records of a batch, that are counted; more are refused. Submissions have
six headers, and at least 64 bytes.
"""

_BATCH_OVERHEAD = 12
"""Bytes of the offset and the length; the length does not count them."""

_RECORD_HEADER_BYTES = 64
"""What a header takes as an object, besides its text."""

_HEADER_BYTES = _DefaultRecordBatchPy.HEADER_STRUCT.size
"""After these come the records, packed or not."""


class ReadableRecords:
    """The batches of one fetched partition, in place of aiokafka's `MemoryRecords`."""

    def __init__(self, fetched: bytes) -> None:
        self._records: Any = memory_records.MemoryRecords(fetched)
        self._fetched = memoryview(fetched)
        self._place = 0
        self._read: _Batch | None = None

    @property
    def unpacked_bytes(self) -> int:
        """Bytes at most that the current batch takes unpacked; held until the next one is read."""
        return self._read.unpacked_bytes if self._read is not None else 0

    def size_in_bytes(self) -> int:
        """Bytes fetched."""
        size: int = self._records.size_in_bytes()
        return size

    def has_next(self) -> bool:
        """Tell whether a whole batch is left."""
        return bool(self._records.has_next())

    def next_batch(self) -> Any:
        """Return the next batch."""
        batch = self._records.next_batch()
        start, (length,) = self._place, unpack_from(">i", self._fetched, self._place + 8)
        self._place = start + _BATCH_OVERHEAD + length
        self._read = _Batch(batch, self._fetched[start : self._place])
        return self._read


class _Batch:
    """A batch that is read by aiokafka, and from its first odd byte on by us."""

    def __init__(self, batch: Any, written: memoryview) -> None:
        self._batch = batch
        self._written = written
        self.unpacked_bytes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        codec = int(getattr(self._batch, "compression_type", NONE))
        if codec != NONE:
            bound = inflated_bytes(codec, bytes(self._written[_HEADER_BYTES:]))
            if bound is None or (bound > LOOK_INTO_BYTES and _is_countless(self._written)):
                LOG.error(
                    "batch not unpacked: it may grow beyond all bounds",
                    offset=self._batch.base_offset,
                )
                yield self._in_one_piece()
                return
            self.unpacked_bytes = bound
        read_count = 0
        try:
            for record in self._batch:
                yield record
                read_count += 1
        except UnicodeDecodeError:
            for place, record in enumerate(_leniently(self._written)):
                if place >= read_count:
                    yield record

    def _in_one_piece(self) -> Any:
        """Return the packed batch as if it were one record without an envelope, which becomes a
        dead letter.
        """
        batch = self._batch
        offset, time_type = batch.next_offset - 1, batch.timestamp_type
        return _DefaultRecordPy(
            offset, batch.max_timestamp, time_type, None, bytes(self._written), []
        )


def _is_countless(written: memoryview) -> bool:
    """Tell whether a batch has more records or headers than an honest sender needs, or cannot be
    read.
    """
    batch = _DefaultRecordBatchPy(written)
    if batch._num_records > RECORDS_MAX:
        return True
    batch._maybe_uncompress()
    try:
        return any(
            count > HEADERS_MAX for count in _header_counts(batch._buffer, batch._num_records)
        )
    except (ValueError, IndexError):
        return True


def _header_counts(records: bytearray, count: int) -> Iterator[int]:
    end = 0
    for _ in range(count):
        length, start = decode_varint(records, end)
        _, place = decode_varint(records, start + 1)  # behind the attributes: the time
        _, place = decode_varint(records, place)  # the offset
        for _ in ("key", "value"):
            size, place = decode_varint(records, place)
            place += max(0, size)
        yield decode_varint(records, place)[0]
        end = start + length


def _leniently(written: memoryview) -> Iterator[Any]:
    batch = _DefaultRecordBatchPy(written)
    batch._maybe_uncompress()
    batch._buffer = _LenientBuffer(batch._buffer)
    return iter(batch)


class _LenientBuffer(bytearray):
    """Bytes whose slices can always be decoded as text."""

    def __getitem__(self, place: Any) -> Any:
        part = super().__getitem__(place)
        return _LenientBytes(part) if isinstance(part, bytearray) else part


class _LenientBytes(bytes):
    def decode(self, encoding: str = "utf-8", _errors: str = "strict") -> str:
        return super().decode(encoding, "backslashreplace")


def bytes_of(record: Any) -> int:
    """Return about how many bytes a record's key, value and headers take as objects; a million
    empty headers take many.
    """
    size: int = (
        record.serialized_key_size
        + record.serialized_value_size
        + _RECORD_HEADER_BYTES * len(record.headers)
    )
    for name, value in record.headers:
        size += len(name) + len(value or b"")
    return size


def _give(result: Any, max_records: int | None = None) -> list[Any]:
    """Hand out a partition's records as `FetchResult.getall` does, but end at `GIVEN_BYTES_MAX`
    too.
    """
    if not result.check_assignment(result._topic_partition) or not result.has_more():
        return []
    given, size = [], 0
    for record in result._partition_records:
        given.append(record)
        size += bytes_of(record)
        if len(given) == max_records or size >= GIVEN_BYTES_MAX:
            result._update_position()
            return given
    result._update_position()
    result._partition_records = None
    return given


_seek_to = fetcher.Fetcher.seek_to


def _let_go_and_seek(fetching: Any, place: TopicPartition, offset: int) -> None:
    """Seek as `Fetcher.seek_to` does, and free at once what was unpacked: it is in a circle of
    references.
    """
    fetched = getattr(fetching._records.get(place), "_partition_records", None)
    if fetched is not None and fetched._records_iterator is not None:
        fetched._records_iterator.close()
    _seek_to(fetching, place, offset)


_ask = AIOKafkaClient._metadata_update


async def _ask_at_leisure(client: Any, *arguments: Any) -> Any:
    """Ask for the metadata, at most `METADATA_PER_SECOND` times a second."""
    asked = client.__dict__.setdefault("_saman_asked_at", deque(maxlen=METADATA_PER_SECOND))
    if len(asked) == METADATA_PER_SECOND:
        await asyncio.sleep(max(0.0, asked[0] + 1 - time.monotonic()))
    asked.append(time.monotonic())
    return await _ask(client, *arguments)


_ask_coordinator = GroupCoordinator._send_req


async def _ask_and_heed(coordinator: Any, request: Any) -> Any:
    """Send a request to the group's coordinator; raise the error of an answer about offsets."""
    answer = await _ask_coordinator(coordinator, request)
    if isinstance(request, OffsetFetchRequest):
        error = for_code(getattr(answer, "error_code", 0))
        if error in (NotCoordinatorForGroupError, GroupCoordinatorNotAvailableError):
            coordinator.coordinator_dead()
        if error is not NoError:
            raise error(f"no offsets of group {coordinator.group_id}")
    return answer


_send = AIOKafkaConnection.send


def _send_or_close(connection: Any, *arguments: Any, **options: Any) -> Any:
    """Send a request, or close a connection that is broken for writing, and raise."""
    writer = connection._writer
    if writer is not None and writer.transport.is_closing():
        connection.close(reason=CloseReason.CONNECTION_BROKEN)
        raise KafkaConnectionError(f"Connection at {connection.host}:{connection.port} broken")
    return _send(connection, *arguments, **options)


def install() -> None:
    """Change aiokafka for all clients of this process; it offers no way to do so for one client."""
    fetcher.MemoryRecords = ReadableRecords
    fetcher.FetchResult.getall = _give
    fetcher.Fetcher.seek_to = _let_go_and_seek
    AIOKafkaClient._metadata_update = _ask_at_leisure
    AIOKafkaConnection.send = _send_or_close
    GroupCoordinator._send_req = _ask_and_heed
