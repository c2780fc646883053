"""The bound on what a packed batch becomes is known without unpacking it, and never too low."""

import json
import os
import zlib
from collections.abc import Callable

import pytest
from aiokafka import codec
from hypothesis import given
from hypothesis import strategies as st

from shared.messaging.inflating import GZIP, LZ4, NONE, SNAPPY, ZSTD, may_inflate_beyond

PACK: dict[int, Callable[[bytes], bytes]] = {
    GZIP: codec.gzip_encode,
    LZ4: codec.lz4_encode,
    ZSTD: codec.zstd_encode,
}
NAMES = {GZIP: "gzip", LZ4: "lz4", ZSTD: "zstd"}.get
FIGURES = json.dumps([{"municipality": "1824", "persons": n, "lost_days": f"{n}.20"} for n in range(20_000)]).encode()


@pytest.mark.parametrize("kind", PACK, ids=NAMES)
@given(
    st.lists(st.binary(max_size=200) | st.sampled_from([b"\0" * 100_000, b"lost_days", FIGURES[:3_000]]), max_size=8)
)
def test_the_bound_is_never_below_what_comes_out(kind: int, parts: list[bytes]) -> None:
    content = b"".join(parts)
    assert may_inflate_beyond(kind, PACK[kind](content), len(content) - 1)


@pytest.mark.parametrize("kind", PACK, ids=NAMES)
@pytest.mark.parametrize(
    "content", [b"", b"x", os.urandom(500_000), FIGURES], ids=["nothing", "x", "random", "figures"]
)
def test_what_publishers_send_is_unpacked(kind: int, content: bytes) -> None:
    assert not may_inflate_beyond(kind, PACK[kind](content))


def test_gzip_is_followed_to_its_end_wherever_the_pieces_are_cut() -> None:
    large = FIGURES + b"\0" * 1024 * 1024
    for size in range(1024 * 1024 - 300, 1024 * 1024 + 300, 13):
        packed = zlib.compress(large[:size], level=1, wbits=31)
        assert not may_inflate_beyond(GZIP, packed, size)
        assert may_inflate_beyond(GZIP, packed, size - 1)


@pytest.mark.parametrize("kind", PACK, ids=NAMES)
def test_what_was_packed_to_inflate_is_not(kind: int) -> None:
    packed = PACK[kind](b"\0" * 70_000_000)
    assert len(packed) < 400_000
    assert may_inflate_beyond(kind, packed)
    assert may_inflate_beyond(kind, PACK[kind](b"\0" * 40_000_000) * 2), "two frames in one batch"


@pytest.mark.parametrize("kind", PACK, ids=NAMES)
@given(st.binary(max_size=60))
def test_what_cannot_be_read_is_not_unpacked_and_raises_nothing(kind: int, content: bytes) -> None:
    assert may_inflate_beyond(kind, b"\xff" + content)
    packed = PACK[kind](content)
    may_inflate_beyond(kind, packed[:-1])
    may_inflate_beyond(kind, packed[: len(packed) // 2] + content)


def test_what_cannot_grow_much_is_not_looked_into() -> None:
    assert not may_inflate_beyond(NONE, b"anything")
    assert not may_inflate_beyond(SNAPPY, b"anything")
    assert may_inflate_beyond(7, b"a codec of the future")
