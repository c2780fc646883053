"""Keys go where every other Kafka client sends them."""

import random

import pytest
from aiokafka import partitioner

from shared.kafka.partitions import murmur2, partition_of


@pytest.mark.parametrize("length", range(80))
def test_the_hash_is_the_clients_own_for_keys_of_every_length(length: int) -> None:
    chance = random.Random(length)
    for _ in range(20):
        key = chance.randbytes(length)
        assert murmur2(key) == partitioner.murmur2(key)


def test_keys_that_begin_alike_are_told_apart() -> None:
    choose = partitioner.DefaultPartitioner()
    for number in range(1_000):
        series = f"municipality/vefsn-{number % 7}|total.agreed.corrected.municipality-hr"
        key = f"{series}|{2000 + number}-01".encode()
        assert partition_of(key, 12) == choose(key, list(range(12)), [])


@pytest.mark.parametrize(
    ("key", "hash_"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_the_one_of_kafkas_own_tests(key: bytes, hash_: int) -> None:
    """From org.apache.kafka.common.utils.UtilsTest, which writes it as a signed number."""
    assert murmur2(key) == hash_ & 0xFFFFFFFF
