"""Reading fetched bytes although a publisher put a header into them whose name is no text.

Kafka takes any bytes as a header's name; aiokafka raises on those that are not UTF-8, at the same place for ever, and
with them stand all partitions of the consumer. Here such a batch is read once more, more slowly, and the odd bytes
written out as `\\xff`, so that the record becomes a dead letter like any other that cannot be read.
"""

from collections.abc import Iterator
from struct import unpack_from
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record import memory_records
from aiokafka.record.default_records import _DefaultRecordBatchPy

_BATCH_OVERHEAD = 12
"""Offset and length, the only fields that stand before what the length counts."""


class ReadableRecords:
    """The batches of one fetched partition; what aiokafka's `MemoryRecords` is, and reads what that cannot."""

    def __init__(self, fetched: bytes) -> None:
        self._records: Any = memory_records.MemoryRecords(fetched)
        self._fetched = memoryview(fetched)
        self._place = 0

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
        return _Batch(batch, self._fetched[start : self._place])


class _Batch:
    """A batch that is read fast as long as that goes, and leniently from where it does not."""

    def __init__(self, batch: Any, written: memoryview) -> None:
        self._batch = batch
        self._written = written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        read_count = 0
        try:
            for record in self._batch:
                yield record
                read_count += 1
        except UnicodeDecodeError:
            for place, record in enumerate(_leniently(self._written)):
                if place >= read_count:
                    yield record


def _leniently(written: memoryview) -> Iterator[Any]:
    batch = _DefaultRecordBatchPy(written)
    batch._maybe_uncompress()
    batch._buffer = _LenientBuffer(batch._buffer)
    return iter(batch)


class _LenientBuffer(bytearray):
    """Bytes whose parts can always be made text of."""

    def __getitem__(self, place: Any) -> Any:
        part = super().__getitem__(place)
        return _LenientBytes(part) if isinstance(part, bytearray) else part


class _LenientBytes(bytes):
    def decode(self, encoding: str = "utf-8", _errors: str = "strict") -> str:
        return super().decode(encoding, "backslashreplace")


def install() -> None:
    """Let all consumers of this process read so. aiokafka offers no way to do it for one of them."""
    fetcher.MemoryRecords = ReadableRecords
