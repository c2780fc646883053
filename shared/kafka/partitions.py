"""Which partition a key goes to: the same as every Kafka client chooses, several times faster than
aiokafka's own function.

Java's producer hashes keys with murmur2 and this seed, and all other clients follow it. Another
hash would put the events of a key in two partitions. aiokafka's function takes a tenth of what a
published event costs.
"""

from functools import lru_cache

_SEED = 0x9747B28C
_MULTIPLIER = 0x5BD1E995
_WORD = 0xFFFFFFFF
_POSITIVE = 0x7FFFFFFF

_TAIL_BYTES = 8
"""Our longest keys end in a period of seven characters; what is before it repeats from key to key,
and its hash is remembered.
"""


def partition_of(key: bytes, count: int) -> int:
    """Return the partition of a key among so many."""
    return (murmur2(key) & _POSITIVE) % count


def murmur2(key: bytes) -> int:
    """Return the 32-bit murmur2 hash of a key, as Kafka's `Utils.murmur2` does."""
    length = len(key)
    whole = length & ~3
    split = max(0, whole - _TAIL_BYTES)
    hash_ = _mixed(_after_head(key[:split], length), key[split:whole])
    if whole != length:
        hash_ = (hash_ ^ int.from_bytes(key[whole:], "little")) * _MULTIPLIER & _WORD
    hash_ = (hash_ ^ hash_ >> 13) * _MULTIPLIER & _WORD
    return hash_ ^ hash_ >> 15


@lru_cache(maxsize=16_384)
def _after_head(head: bytes, length: int) -> int:
    return _mixed(_SEED ^ length, head)


def _mixed(hash_: int, words: bytes) -> int:
    """Take whole words of four bytes into a hash."""
    for place in range(0, len(words), 4):
        word = int.from_bytes(words[place : place + 4], "little") * _MULTIPLIER & _WORD
        hash_ = (hash_ * _MULTIPLIER & _WORD) ^ ((word ^ word >> 24) * _MULTIPLIER & _WORD)
    return hash_
