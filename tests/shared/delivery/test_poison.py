"""Records that cannot be read, between good ones: the neighbours are applied, each bad one is kept
once and raw.
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pytest
from aiokafka import AIOKafkaProducer

from shared.delivery import dead_letters
from shared.delivery.dead_letters import Failure
from shared.delivery.records import Record
from shared.delivery.submissions import Submission
from shared.events.envelope import Event
from shared.events.registry import MunicipalityChanged
from shared.kafka.inflating import GZIP, LZ4, ZSTD
from shared.postgres.database import Connection
from tests.shared.conftest import Consume, MakeTopic
from tests.shared.delivery.consuming import counted
from tests.support.bus import Bus
from tests.support.infrastructure import Infra
from tests.support.raw_records import Headers, NoText, batch_of

APPLIED, UNUSED = "applied", "unused"


@dataclass(frozen=True)
class Sent:
    """A record, and what must become of it: applied, unused, or a dead letter with this code."""

    fate: str
    value: bytes | None
    headers: Headers
    note: str = ""


def headers_of(event: Event, **changes: bytes | None) -> Headers:
    """The headers of an event, some of them changed; `absent` takes one away."""
    headers: dict[str, bytes | None] = {
        name: text.encode() for name, text in event.headers().items()
    }
    headers |= changes
    return [(name, value) for name, value in headers.items() if value != b"absent"]


def good(version: int, **changes: bytes | None) -> Sent:
    event = counted("vefsn", version)
    return Sent(APPLIED, event.payload(), headers_of(event, **changes))


def bad(code: str, value: bytes | None, note: str, **changes: bytes | None) -> Sent:
    return Sent(code, value, headers_of(counted("vefsn", 0), **changes), note)


def body(**changes: object) -> bytes:
    return json.dumps({"municipality_id": "vefsn", "version": 1, "versions": []} | changes).encode()


def poison() -> list[Sent]:
    future = b"no.saman.registry.MunicipalityRegistered.v2"
    unwanted = MunicipalityChanged.type().encode()
    return [
        bad("json-malformed", b'{"municipality_id": "vefsn", ', "JSON that ends too early"),
        bad("json-malformed", b"\x00\xff\xfe\x01 binary", "bytes that are no text"),
        bad("json-malformed", b'[{"version": 1}]', "a list instead of an object"),
        bad("json-malformed", b'"a string"', "a string instead of an object"),
        bad("json-malformed", b"[" * 100_000, "nested to death"),
        bad("json-malformed", b'{"version": NaN}', "a number that is none"),
        bad("schema-mismatch", body(version="many"), "a wrong type"),
        bad("schema-mismatch", json.dumps({"version": 1}).encode(), "fields that are missing"),
        bad("schema-mismatch", body(), "an id that is no UUID", ce_id=b"first"),
        bad("schema-mismatch", body(), "a time that is none", ce_time=b"yesterday"),
        replace(
            good(2), value=body(version=2, colour="blue"), note="a field that consumers do not know"
        ),
        bad("value-missing", None, "null, as compaction leaves it"),
        bad("value-missing", b"", "empty"),
        bad("envelope-incomplete", body(), "no type", ce_type=b"absent"),
        bad("envelope-incomplete", body(), "a type that is null", ce_type=None),
        bad("envelope-incomplete", body(), "a type that is no text", ce_type=b"\xff\xfe"),
        bad("envelope-incomplete", body(), "no id", ce_id=b"absent"),
        replace(good(3, tracing=b"\xff\xfe"), note="another header that is no text"),
        replace(good(4, tracing=None), note="another header that is null"),
        bad("json-malformed", b"x" * 1_000_000, "huge"),
        bad("type-unknown", body(), "a type from the future", ce_type=future),
        Sent(
            UNUSED,
            body(),
            headers_of(counted("vefsn", 0), ce_type=unwanted),
            "a type of no use here",
        ),
        bad(
            "CharacterNotInRepertoireError",
            body(municipality_id="\x00"),
            "a character that cannot be stored",
        ),
        good(5),
    ]


async def test_each_bad_record_is_kept_once_and_raw_and_its_neighbours_are_applied(
    topic: str, bus: Bus, consume: Consume
) -> None:
    sent = [good(1), *poison()]
    for record in sent:
        await bus.send_raw(topic, record.value, key=b"vefsn", headers=record.headers)

    consuming = await consume(topic)
    await consuming.until_consumed(len(sent))

    assert [version for _, version in await consuming.effects()] == [1, 2, 3, 4, 5]
    fates = {offset: (record.fate, record.note) for offset, record in enumerate(sent)}
    expected = {offset: fate for offset, fate in fates.items() if fate[0] not in (APPLIED, UNUSED)}
    letters = await consuming.buried()
    assert {letter.offset: (letter.code, fates[letter.offset][1]) for letter in letters} == expected
    assert len(letters) == len(expected)
    assert all(letter.value == sent[letter.offset].value for letter in letters)
    async with consuming.database.connection() as conn:
        for letter in letters:
            read = await dead_letters.get(conn, letter.id)
            assert read.record is not None
            assert read.record.key == b"vefsn"
            assert list(read.record.headers) == sent[letter.offset].headers


async def test_every_consumed_offset_is_exactly_one_of_claimed_buried_or_unused(
    topic: str, bus: Bus, consume: Consume
) -> None:
    sent = [good(1), *poison(), good(6)]
    for record in sent:
        await bus.send_raw(topic, record.value, key=b"vefsn", headers=record.headers)

    consuming = await consume(topic, batch=5)
    await consuming.until_consumed(len(sent))

    claimed = {
        int(row["origin"].rpartition("/")[2])
        for row in await consuming.rows("SELECT origin FROM inbox")
    }
    buried = {letter.offset for letter in await consuming.buried()}
    unused = {offset for offset, record in enumerate(sent) if record.fate == UNUSED}
    assert claimed | buried | unused == set(range(len(sent)))
    assert len(claimed) + len(buried) + len(unused) == len(sent)
    assert consuming.delivery.progress.unused_count == len(unused)


async def test_an_id_that_comes_again_with_another_body_changes_nothing(
    topic: str, bus: Bus, consume: Consume
) -> None:
    event_id = uuid.uuid4()
    await bus.publish(
        counted("vefsn", 1, event_id=event_id), counted("vefsn", 2, event_id=event_id), topic=topic
    )

    consuming = await consume(topic)
    await consuming.until_consumed(2)

    assert await consuming.effects() == [("vefsn", 1)]
    assert await consuming.buried() == []


async def test_records_are_read_whatever_the_publisher_compressed_them_with(
    infra: Infra, topic: str, consume: Consume
) -> None:
    for version, codec in enumerate(("gzip", "snappy", "lz4", "zstd", None), start=1):
        producer = AIOKafkaProducer(**infra.bus.client_options(), compression_type=codec)
        await producer.start()
        record = good(version)
        await producer.send_and_wait(topic, record.value, key=b"vefsn", headers=record.headers)
        await producer.stop()

    consuming = await consume(topic)
    await consuming.until_consumed(5)

    assert [version for _, version in await consuming.effects()] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("codec", [GZIP, LZ4, ZSTD], ids=["gzip", "lz4", "zstd"])
async def test_a_batch_packed_to_inflate_beyond_all_bounds_is_kept_packed(
    infra: Infra, topic: str, bus: Bus, consume: Consume, codec: int
) -> None:
    producer = AIOKafkaProducer(**infra.bus.client_options(), max_request_size=100_000_000)
    await producer.start()
    await bus.publish(counted("vefsn", 1), topic=topic)
    bomb = batch_of(producer, codec)
    assert bomb.append(
        key=b"vefsn", value=b"\0" * 17_000_000, timestamp=None, headers=good(2).headers
    )
    await (await producer.send_batch(bomb, topic, partition=0))
    packed = batch_of(producer, codec)
    assert packed.append(key=b"vefsn", value=good(3).value, timestamp=None, headers=good(3).headers)
    await (await producer.send_batch(packed, topic, partition=0))
    await producer.stop()

    consuming = await consume(topic)
    await consuming.until_consumed(3)

    assert [version for _, version in await consuming.effects()] == [1, 3]
    (letter,) = await consuming.buried()
    assert letter.offset == 1
    assert letter.value is not None
    assert len(letter.value) < 100_000


async def test_a_header_whose_name_is_no_text_does_not_block_the_partition(
    infra: Infra, topic: str, bus: Bus, consume: Consume
) -> None:
    record = good(2)
    hostile = [(NoText("?"), b"1"), *record.headers[1:], ("zero\x00", b"2")]
    producer = AIOKafkaProducer(**infra.bus.client_options())
    await producer.start()
    batch = batch_of(producer)
    for headers in (good(1).headers, hostile, [*hostile, ("ce_type", None)], good(4).headers):
        assert batch.append(key=b"vefsn", value=record.value, timestamp=None, headers=headers)
    await bus.publish(counted("vefsn", 1), topic=topic)
    await (await producer.send_batch(batch, topic, partition=0))
    await producer.stop()
    await bus.publish(counted("vefsn", 5), topic=topic)

    consuming = await consume(topic)
    await consuming.until_consumed(6)

    assert [version for _, version in await consuming.effects()] == [1, 2, 2, 2, 5]
    (letter,) = await consuming.buried()
    assert (letter.offset, letter.code) == (3, "envelope-incomplete")
    async with consuming.database.connection() as conn:
        read = await dead_letters.get(conn, letter.id)
    assert read.record is not None
    assert ("zero\x00", b"2") in read.record.headers
    assert ("\\xff\x00\\xfe", b"1") in read.record.headers


async def test_an_unreadable_submission_gets_its_receipt_in_the_same_transaction(
    make_topic: MakeTopic, bus: Bus, consume: Consume
) -> None:
    topic = await make_topic()
    refused: list[tuple[str, str]] = []

    async def take(submissions: Sequence[Submission], conn: Connection, now: datetime) -> None:
        for submission in submissions:
            await conn.execute(
                "INSERT INTO effect (key, version) VALUES ($1, 1)", submission.submission_id
            )

    async def refuse(conn: Connection, record: Record, failure: Failure) -> None:
        refused.append((record.origin, failure.code))
        if failure.code == "value-missing":
            raise LookupError("the receipt cannot be written")
        await conn.execute("INSERT INTO effect (key, version) VALUES ($1, 0)", failure.code)

    await bus.submit(topic, {"n": 1}, type_="t", id_="a")
    await bus.submit(topic, b'{"n": 1, "n": 2}', type_="t", id_="b")
    await bus.submit(topic, None, type_="t", id_="c")
    await bus.submit(topic, {"n": 1}, type_="t", id_="a")
    consuming = await consume(topic, handler=take, refuse=refuse)
    await consuming.until_consumed(4)

    assert await consuming.effects() == [("a", 1), ("json-duplicate-key", 0), ("a", 1)]
    assert [(letter.offset, letter.code) for letter in await consuming.buried()] == [
        (1, "json-duplicate-key"),
        (2, "value-missing"),
    ]
    assert (f"{topic}/0/2", "value-missing") in refused
