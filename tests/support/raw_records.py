"""Record batches that no client of good will would make: odd header names, any codec, and any
size.
"""

from collections.abc import Sequence
from typing import Any

from aiokafka.record.default_records import _DefaultRecordBatchBuilderPy

from shared.kafka.inflating import NONE

Headers = list[tuple[str, bytes | None]]


class NoText(str):
    """The name of a header as a careless or hostile client may write it."""

    __slots__ = ()

    def encode(self, _encoding: str = "utf-8", _errors: str = "strict") -> bytes:
        return b"\xff\x00\xfe"


def batch_of(producer: Any, codec: int = NONE, *, bytes_max: int = 16_384) -> Any:
    """Return a batch to fill, that the client's own checks will not see; its first record may have
    any size.
    """
    batch = producer.create_batch()
    batch._builder = _DefaultRecordBatchBuilderPy(
        magic=2,
        compression_type=codec,
        is_transactional=False,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=bytes_max,
    )
    return batch


def written(
    producer: Any, records: Sequence[tuple[bytes, bytes | None, Headers]], codec: int = NONE
) -> bytes:
    """Return the bytes of a batch of these keys, values and headers."""
    batch = batch_of(producer, codec, bytes_max=1 << 40)
    for key, value, headers in records:
        assert batch.append(key=key, value=value, timestamp=None, headers=headers)
    return bytes(batch._build())


def batch_from(producer: Any, content: bytes, count: int) -> Any:
    """Return a batch that was written before, to send it again without the work of packing it."""
    batch = batch_of(producer)
    batch._buffer = bytearray(content)
    batch._relative_offset = count
    batch.close()
    return batch
