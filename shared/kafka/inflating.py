"""Tells how large a compressed batch can become before it is decompressed.

Kafka bounds only the compressed size, and takes a record of two hundred megabytes that was packed
into six thousand bytes. The client would unpack it at once, and run out of memory at every start.
The block headers of the formats tell enough: see RFC 8878 (Zstandard) and the LZ4 frame format.
Snappy cannot grow by more than some twenty times.
"""

import zlib

NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)
"""The codecs in the attributes of a record batch."""

INFLATED_BYTES_MAX = 16 * 1024 * 1024
"""Sixteen times what a batch may have packed. Submissions shrink to a tenth, and to a twelfth if
all are alike.
"""

_GZIP_PIECE_BYTES = 1024 * 1024
_ZSTD_FRAME, _ZSTD_SKIPPED = 0xFD2FB528, range(0x184D2A50, 0x184D2A60)
_ZSTD_BLOCK_BYTES = 128 * 1024
_LZ4_FRAME = 0x184D2204
_LZ4_BLOCK_BYTES = {4: 64 * 1024, 5: 256 * 1024, 6: 1024 * 1024, 7: 4 * 1024 * 1024}
_LZ4_GROWTH_MAX = 255
_SNAPPY_GROWTH_MAX = 22


def inflated_bytes(codec: int, packed: bytes, limit: int = INFLATED_BYTES_MAX) -> int | None:
    """Return the unpacked size at most; None if it may be beyond the limit, or if the packed bytes
    cannot be read.
    """
    try:
        bound = _bound(codec, packed, limit)
    except (ValueError, LookupError, zlib.error):
        return None
    return bound if bound <= limit or codec == SNAPPY else None


def _bound(codec: int, packed: bytes, limit: int) -> int:
    if codec == GZIP:
        return _gzip_bytes(packed, limit)
    if codec == LZ4:
        return _lz4_bytes(packed)
    if codec == ZSTD:
        return _zstd_bytes(packed)
    if codec == SNAPPY:
        return len(packed) * _SNAPPY_GROWTH_MAX
    raise ValueError("no codec that is known")


def _gzip_bytes(packed: bytes, limit: int) -> int:
    """Unpack piece by piece up to the limit, and keep nothing; gzip's headers tell too little."""
    total = 0
    while packed and total <= limit:
        unpacking = zlib.decompressobj(wbits=31)
        while not unpacking.eof and total <= limit:
            grown = len(unpacking.decompress(packed, _GZIP_PIECE_BYTES))
            packed = unpacking.unconsumed_tail
            if not grown and not packed and not unpacking.eof:
                raise ValueError("it ends too early")
            total += grown
        packed = unpacking.unused_data
    return total


def _zstd_bytes(packed: bytes) -> int:
    total = at = 0
    while at < len(packed):
        magic = _number(packed, at, 4)
        at += 4
        if magic in _ZSTD_SKIPPED:
            at += 4 + _number(packed, at, 4)
        elif magic == _ZSTD_FRAME:
            grown, at = _zstd_frame(packed, at)
            total += grown
        else:
            raise ValueError("no Zstandard frame")
    return total


def _zstd_frame(packed: bytes, at: int) -> tuple[int, int]:
    """Return what a frame's blocks grow to at most, and where it ends."""
    described = packed[at]
    is_single = described >> 5 & 1
    size_bytes = (is_single, 2, 4, 8)[described >> 6]
    at += 1 + (1 - is_single) + (0, 1, 2, 4)[described & 3] + size_bytes
    total, is_last = 0, 0
    while not is_last:
        header = _number(packed, at, 3)
        is_last, kind, size = header & 1, header >> 1 & 3, header >> 3
        total += size if kind < 2 else _ZSTD_BLOCK_BYTES
        at += 3 + (1 if kind == 1 else size)
    return total, at + 4 * (described >> 2 & 1)


def _lz4_bytes(packed: bytes) -> int:
    total = at = 0
    while at < len(packed):
        if _number(packed, at, 4) != _LZ4_FRAME:
            raise ValueError("no LZ4 frame")
        grown, at = _lz4_frame(packed, at + 4)
        total += grown
    return total


def _lz4_frame(packed: bytes, at: int) -> tuple[int, int]:
    """Return what a frame's blocks grow to at most, and where it ends."""
    flags, block = packed[at], _LZ4_BLOCK_BYTES[packed[at + 1] >> 4 & 7]
    at += 3 + 8 * (flags >> 3 & 1) + 4 * (flags & 1)
    total = 0
    while header := _number(packed, at, 4):
        size, is_plain = header & 0x7FFF_FFFF, header >> 31
        total += size if is_plain else min(block, size * _LZ4_GROWTH_MAX)
        at += 4 + size + 4 * (flags >> 4 & 1)
    return total, at + 4 + 4 * (flags >> 2 & 1)


def _number(packed: bytes, at: int, size: int) -> int:
    part = packed[at : at + size]
    if len(part) < size:
        raise ValueError("it ends too early")
    return int.from_bytes(part, "little")
