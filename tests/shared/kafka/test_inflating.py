"""The bound on what a packed batch becomes is known without unpacking it, and never too low."""

import json
import os
import zlib
from collections.abc import Callable

import pytest
from aiokafka import codec
from hypothesis import given
from hypothesis import strategies as st

from shared.kafka.inflating import GZIP, LZ4, SNAPPY, ZSTD, inflated_bytes

PACK: dict[int, Callable[[bytes], bytes]] = {
    GZIP: codec.gzip_encode,
    LZ4: codec.lz4_encode,
    ZSTD: codec.zstd_encode,
}
NAMES = {GZIP: "gzip", LZ4: "lz4", ZSTD: "zstd"}.get
FIGURES = json.dumps(
    [{"municipality": "1824", "persons": n, "lost_days": f"{n}.20"} for n in range(20_000)]
).encode()


@pytest.mark.parametrize("kind", PACK, ids=NAMES)
@given(
    st.lists(
        st.binary(max_size=200) | st.sampled_from([b"\0" * 100_000, b"lost_days", FIGURES[:3_000]]),
        max_size=8,
    )
)
def test_the_bound_is_never_below_what_comes_out(kind: int, parts: list[bytes]) -> None:
    content = b"".join(parts)
    packed = PACK[kind](content)
    bound = inflated_bytes(kind, packed)
    assert bound is not None
    assert bound >= len(content)
    assert inflated_bytes(kind, packed, len(content) - 1) is None


@pytest.mark.parametrize("kind", PACK, ids=NAMES)
@pytest.mark.parametrize(
    "content", [b"", b"x", os.urandom(500_000), FIGURES], ids=["nothing", "x", "random", "figures"]
)
def test_what_publishers_send_is_unpacked(kind: int, content: bytes) -> None:
    assert inflated_bytes(kind, PACK[kind](content)) is not None


def test_gzip_is_followed_to_its_end_wherever_the_pieces_are_cut() -> None:
    large = FIGURES + b"\0" * 1024 * 1024
    for size in range(1024 * 1024 - 300, 1024 * 1024 + 300, 13):
        packed = zlib.compress(large[:size], level=1, wbits=31)
        assert inflated_bytes(GZIP, packed, size) is not None
        assert inflated_bytes(GZIP, packed, size - 1) is None


@pytest.mark.parametrize("kind", PACK, ids=NAMES)
def test_what_was_packed_to_inflate_is_not(kind: int) -> None:
    packed = PACK[kind](b"\0" * 17_000_000)
    assert len(packed) < 100_000
    assert inflated_bytes(kind, packed) is None
    assert inflated_bytes(kind, PACK[kind](b"\0" * 9_000_000) * 2) is None, (
        "two frames in one batch"
    )


@pytest.mark.parametrize("kind", PACK, ids=NAMES)
@given(st.binary(max_size=60))
def test_what_cannot_be_read_is_not_unpacked_and_raises_nothing(kind: int, content: bytes) -> None:
    assert inflated_bytes(kind, b"\xff" + content) is None
    packed = PACK[kind](content)
    inflated_bytes(kind, packed[:-1])
    inflated_bytes(kind, packed[: len(packed) // 2] + content)


def test_what_cannot_grow_much_is_not_looked_into() -> None:
    assert inflated_bytes(SNAPPY, b"anything") == 22 * len(b"anything")
    assert inflated_bytes(SNAPPY, b"anything", 8) is not None
    assert inflated_bytes(7, b"a codec of the future") is None
