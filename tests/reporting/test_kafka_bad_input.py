"""Bad input over Kafka: the same codes as over HTTP, in receipts; neighbours untouched, and nothing
lost.
"""

import asyncio
import gzip
import json
from base64 import b64encode
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from shared.events.inbound import AbsenceFigurePosted as Posted
from shared.events.inbound import FigureWithdrawn as Withdrawn
from shared.events.reporting import AbsenceFigurePosted, SubmissionAccepted, SubmissionRejected
from shared.postgres.database import Database
from tests.reporting.bad_input import (
    BAD_FIGURES,
    IDENTITY_NUMBER,
    IDENTITY_NUMBERS_IN,
    TEST_PERSON,
    UNREADABLE,
    UNREADABLE_WITH_A_PERSON,
)
from tests.reporting.conftest import Inbound
from tests.reporting.factories import figure, figure_id
from tests.support.bus import Bus


async def dead_letters(database: Database, publisher: str) -> dict[str, dict[str, Any]]:
    """Return the dead letters of a publisher's topics by their places."""
    async with database.connection() as conn:
        rows = await conn.fetch(
            "SELECT topic, partition, record_offset, code, error, key, value FROM dead_letter WHERE"
            " topic LIKE $1",
            f"inbound.{publisher}.%",
        )
    return {f"{row['topic']}/{row['partition']}/{row['record_offset']}": dict(row) for row in rows}


def headers(id_: str | None, kind: str | None = Posted.type) -> list[tuple[str, bytes | None]]:
    """The headers of a figure's record; None leaves one out."""
    given = {
        "ce_specversion": "1.0",
        "ce_id": id_,
        "ce_source": "/publisher/test",
        "ce_type": kind,
        "content-type": "application/json",
    }
    return [(name, value.encode()) for name, value in given.items() if value is not None]


def place(record: Any) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"


async def test_bad_figures_among_good_ones_get_receipts_with_the_codes_of_http(
    inbound: Inbound,
) -> None:
    await inbound.bus.follow(AbsenceFigurePosted.topic())
    good, bad = [], {}
    for number, each in enumerate(BAD_FIGURES):
        good.append(await inbound.submit(figure(unit=f"n{number}-of-{inbound.publisher}")))
        bad[await inbound.submit(each.content)] = each

    rejections = await inbound.rejected(*bad)
    acceptances = await inbound.accepted(*good)

    for id_, each in bad.items():
        receipt = rejections[id_]
        assert receipt.code == each.code
        assert all(name in receipt.message for name in each.names), receipt.message
        if each.pointer:
            assert (receipt.errors[0].code, receipt.errors[0].pointer) == (each.code, each.pointer)
    assert {receipt.vintage for receipt in acceptances.values()} == {1}
    told = await inbound.bus.all(
        AbsenceFigurePosted,
        count=len(good),
        where=lambda event: event.publisher == inbound.publisher,
    )
    assert [str(event.figure_id) for event in told] == good
    assert await dead_letters(inbound.service.service.database, inbound.publisher) == {}


async def test_unreadable_records_get_receipts_and_are_kept_raw_and_nothing_is_lost(
    inbound: Inbound,
) -> None:
    sent: dict[str, tuple[str, str | None, bytes | None]] = {}

    async def send(value: bytes | None, code: str, id_: str | None, heads: list[Any]) -> None:
        record = await inbound.bus.send_raw(inbound.topic, value, key=b"9824", headers=heads)
        sent[place(record)] = (code, id_, value)

    good = [await inbound.submit(figure(unit=f"before-{inbound.publisher}"))]
    for code, raw in UNREADABLE.values():
        id_ = figure_id()
        await send(raw, "value-missing" if raw == b"" else code, id_, headers(id_))
    whole = json.dumps(figure(unit=f"u-{inbound.publisher}")).encode()
    await send(None, "value-missing", id_ := figure_id(), headers(id_))
    await send(whole, "envelope-incomplete", None, headers(None))
    await send(whole, "envelope-incomplete", id_ := figure_id(), headers(id_, None))
    await send(whole, "envelope-incomplete", None, [])
    await send(whole, "envelope-incomplete", None, [("ce_id", b"\xff"), ("ce_type", None)])
    structured = [("content-type", b"Application/CloudEvents+JSON; charset=utf-8")]
    await send(b'{"id": 5}', "envelope-incomplete", None, structured)
    await send(
        json.dumps({"id": (id_ := figure_id())}).encode(), "envelope-incomplete", id_, structured
    )
    good.append(await inbound.submit(figure(unit=f"after-{inbound.publisher}")))

    await inbound.accepted(*good)
    rejections = await inbound.bus.all(SubmissionRejected, count=len(sent), topic=inbound.receipts)

    assert {receipt.origin: (receipt.code, receipt.submission_id) for receipt in rejections} == {
        origin: (code, id_) for origin, (code, id_, _) in sent.items()
    }
    letters = await dead_letters(inbound.service.service.database, inbound.publisher)
    assert {origin: (letter["code"], letter["value"]) for origin, letter in letters.items()} == {
        origin: (code, value) for origin, (code, _, value) in sent.items()
    }
    accepted = await inbound.bus.all(SubmissionAccepted, count=2, topic=inbound.receipts)
    assert {str(receipt.submission_id) for receipt in accepted} == set(good)


async def test_identity_numbers_are_neither_kept_nor_repeated(inbound: Inbound) -> None:
    unreadable = [
        place(await inbound.bus.send_raw(inbound.topic, raw, headers=headers(figure_id())))
        for raw in UNREADABLE_WITH_A_PERSON.values()
    ]
    incomplete = json.dumps(figure()).encode()
    for heads, key in (
        ([("ce_id", IDENTITY_NUMBER.encode())], None),
        ([("x-employee", f"Ola {IDENTITY_NUMBER}".encode())], None),
        ([], IDENTITY_NUMBER.encode()),
    ):
        record = await inbound.bus.send_raw(inbound.topic, incomplete, key=key, headers=heads)
        unreadable.append(place(record))
    judged = [await inbound.submit(content) for content in IDENTITY_NUMBERS_IN.values()]
    judged.append(
        await inbound.submit(
            {"figure_id": figure_id(), "reason": IDENTITY_NUMBER}, type_=Withdrawn.type
        )
    )
    await inbound.submit(figure(unit=f"u-{inbound.publisher}"), id_=IDENTITY_NUMBER)
    good = await inbound.submit(figure(unit=f"u-{inbound.publisher}"))

    await inbound.accepted(good)
    count = len(unreadable) + len(judged) + 1
    rejections = await inbound.bus.all(SubmissionRejected, count=count, topic=inbound.receipts)

    assert {receipt.code for receipt in rejections} == {"personal-identity-number"}
    assert {receipt.origin for receipt in rejections} >= set(unreadable)
    letters = await dead_letters(inbound.service.service.database, inbound.publisher)
    assert set(letters) == set(unreadable)
    for letter in letters.values():
        assert (letter["code"], letter["value"], letter["key"]) == (
            "personal-identity-number",
            None,
            None,
        )
    kept = await inbound.desk.everything_kept()
    answered = "".join(
        receipt.payload().decode() + str(receipt.headers()) for receipt in rejections
    )
    packed = b64encode(f"Ola {IDENTITY_NUMBER}".encode()).decode()
    for secret in (
        IDENTITY_NUMBER,
        TEST_PERSON,
        packed,
        f"{IDENTITY_NUMBER[:6]} {IDENTITY_NUMBER[6:]}",
        "1010100050",
    ):
        assert secret not in kept
        assert secret not in answered


@pytest.mark.parametrize("attribute", ["source", "subject", "employee"])
@pytest.mark.parametrize("is_structured", [True, False], ids=["structured", "binary"])
async def test_identity_numbers_in_the_envelope_are_refused_as_in_the_content(
    inbound_of_module: Inbound, attribute: str, is_structured: bool
) -> None:
    inbound = inbound_of_module
    id_, content = figure_id(), figure(unit=f"{attribute}-{inbound.publisher}")
    attributes = {"specversion": "1.0", "id": id_, "type": Posted.type, "source": "/publisher/test"}
    attributes |= {attribute: f"Ola {IDENTITY_NUMBER}"}
    if is_structured:
        value, heads = (
            attributes | {"data": content},
            [("content-type", b"application/cloudevents+json")],
        )
    else:
        value, heads = content, [(f"ce_{name}", text.encode()) for name, text in attributes.items()]

    await inbound.bus.send_raw(inbound.topic, json.dumps(value).encode(), headers=heads)

    receipt = (await inbound.rejected(id_))[id_]
    assert (receipt.code, receipt.errors[0].pointer) == (
        "personal-identity-number",
        f"/{attribute}",
    )
    assert IDENTITY_NUMBER not in receipt.payload().decode()


async def test_a_trace_whose_random_digits_are_such_a_number_hinders_nothing(
    inbound_of_module: Inbound,
) -> None:
    inbound = inbound_of_module
    id_ = figure_id()
    heads = [*headers(id_), ("ce_traceparent", f"00-a{IDENTITY_NUMBER}b-c-01".encode())]

    await inbound.bus.send_raw(
        inbound.topic, json.dumps(figure(unit="sporet")).encode(), headers=heads
    )

    assert id_ in await inbound.accepted(id_)


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_a_compressed_record_is_taken_and_one_that_unpacks_to_two_megabytes_is_not(
    inbound_of_module: Inbound, codec: str
) -> None:
    inbound = inbound_of_module
    options = inbound.service.service.settings.bus.client_options()
    producer = AIOKafkaProducer(**options, compression_type=codec, max_request_size=4_000_000)
    await producer.start()
    small, large = figure_id(), figure_id()
    body = json.dumps(figure(unit=f"{codec}-{inbound.publisher}")).encode()
    try:
        await producer.send_and_wait(inbound.topic, body + b" " * 2_000_000, headers=headers(large))
        await producer.send_and_wait(inbound.topic, body, headers=headers(small))
    finally:
        await producer.stop()

    assert (await inbound.accepted(small))[small].vintage == 1
    receipt = (await inbound.rejected(large))[large]
    assert receipt.code == "body-too-large"
    assert str(len(body) + 2_000_000) in receipt.message
    assert "1048576" in receipt.message


async def test_a_body_that_was_compressed_by_hand_is_unreadable(inbound_of_module: Inbound) -> None:
    id_ = figure_id()

    packed = gzip.compress(json.dumps(figure()).encode())
    await inbound_of_module.bus.send_raw(inbound_of_module.topic, packed, headers=headers(id_))

    assert (await inbound_of_module.rejected(id_))[id_].code == "json-malformed"


async def test_ids_that_are_no_uuid_are_refused_and_repeated_only_in_part(
    inbound_of_module: Inbound,
) -> None:
    inbound = inbound_of_module
    given = ["2013-02", "x" * 300, "a\u0007\u0000b"]

    for id_ in given:
        await inbound.submit(figure(), id_=id_)

    receipts = await inbound.rejected("2013-02", "x" * 60, "a??b")
    assert {receipt.code for receipt in receipts.values()} == {"id-malformed"}
    withdrawal = await inbound.submit(
        {"figure_id": figure_id(), "reason": "x"}, type_=Withdrawn.type, id_="no-uuid"
    )
    receipt = (await inbound.rejected(withdrawal))[withdrawal]
    assert (receipt.code, receipt.errors[0].pointer) == ("id-malformed", "/id")


async def test_bad_records_of_many_publishers_at_once_lose_nothing(
    inbound_of_module: Inbound, inbound: Inbound, bus: Bus
) -> None:
    async def storm(each: Inbound) -> tuple[list[str], int]:
        good, count = [], 0
        for number in range(40):
            good.append(
                await each.submit(figure(unit=f"s{number}-of-{each.publisher}"), key=str(number))
            )
            await bus.send_raw(each.topic, b"\x00\x01" * number, key=str(number).encode())
            count += 1
        return good, count

    storms = await asyncio.gather(storm(inbound), storm(inbound_of_module))

    for each, (good, count) in zip((inbound, inbound_of_module), storms, strict=True):
        await each.accepted(*good)
        unnamed = await each.bus.all(
            SubmissionRejected,
            count=count,
            topic=each.receipts,
            where=lambda receipt: receipt.submission_id is None,
        )
        assert len({receipt.origin for receipt in unnamed}) == count
