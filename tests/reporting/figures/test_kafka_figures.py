"""Figures over a publisher's own topic, and their receipts, on the real broker."""

import asyncio
import dataclasses
import json
import time
from base64 import b64encode

import pytest

from shared.events.inbound import AbsenceFigurePosted as Posted
from shared.events.inbound import FigureWithdrawn as Withdrawn
from shared.events.reporting import (
    AbsenceFigurePosted,
    FigureWithdrawn,
    SubmissionAccepted,
    SubmissionRejected,
)
from tests.reporting.conftest import Inbound
from tests.reporting.factories import figure, figure_id, new_unit, posted
from tests.support.bus import Bus


async def test_a_figure_on_an_inbound_topic_is_published_with_a_receipt(
    inbound_of_module: Inbound, bus: Bus
) -> None:
    inbound = inbound_of_module
    await bus.follow(AbsenceFigurePosted.topic())

    bad = await inbound.submit(figure(lost_days="99999"))
    good = await inbound.submit(figure())

    event = await bus.receive(AbsenceFigurePosted, where=lambda e: str(e.figure_id) == good)
    assert (event.municipality_id, event.publisher, str(event.lost_days)) == (
        "vefsn-9824",
        inbound.publisher,
        "1387.20",
    )
    accepted, rejected = (await inbound.accepted(good))[good], (await inbound.rejected(bad))[bad]
    assert accepted.origin.startswith(f"{inbound.topic}/")
    assert (rejected.code, rejected.errors[0].pointer) == ("lost-above-agreed", "/lost_days")


async def test_posts_and_withdrawals_of_one_key_are_taken_in_their_order(
    inbound_of_module: Inbound, bus: Bus
) -> None:
    inbound = inbound_of_module
    await bus.follow(FigureWithdrawn.topic())
    unit = new_unit()

    first = await inbound.submit(figure(unit=unit))
    second = await inbound.submit(figure(unit=unit, lost_days="1400"))
    taken_back = await inbound.submit({"figure_id": second, "reason": "feil"}, type_=Withdrawn.type)
    third = await inbound.submit(figure(unit=unit, lost_days="1500"))

    receipts = await inbound.accepted(first, second, taken_back, third)
    assert [receipt.vintage for receipt in receipts.values()] == [1, 2, 2, 3]
    event = await bus.receive(FigureWithdrawn, where=lambda e: str(e.figure_id) == second)
    assert event.in_force is not None
    assert str(event.in_force.figure_id) == first


async def test_a_repeated_record_gets_its_receipt_again_and_is_published_once(
    inbound: Inbound,
) -> None:
    await inbound.bus.follow(AbsenceFigurePosted.topic())
    body = figure(unit=new_unit())

    same = await inbound.submit(body)
    await inbound.submit(body, id_=same)
    await inbound.submit(body | {"lost_days": "1"}, id_=same)
    last = await inbound.submit(figure(unit=new_unit()))

    await inbound.accepted(last)
    receipts = await inbound.bus.all(
        SubmissionAccepted,
        count=2,
        topic=inbound.receipts,
        where=lambda each: str(each.submission_id) == same,
    )
    assert [receipt.vintage for receipt in receipts] == [1, 1]
    assert len({receipt.event_id for receipt in receipts}) == 2
    assert (await inbound.rejected(same))[same].code == "id-reused"
    await inbound.bus.receive(AbsenceFigurePosted, where=lambda e: str(e.figure_id) == last)
    told = await inbound.bus.all(
        AbsenceFigurePosted, count=2, where=lambda e: e.publisher == inbound.publisher
    )
    assert [str(event.figure_id) for event in told] == [same, last]


async def test_both_doors_lead_to_one_table(inbound_of_module: Inbound) -> None:
    inbound = inbound_of_module
    unit = new_unit()
    over_kafka = await inbound.submit(figure(unit=unit))
    await inbound.accepted(over_kafka)
    address = "/api/reporting/v1/absence-figures"

    same = posted(unit=unit, figure_id=over_kafka, publisher=inbound.publisher)
    correction = posted(unit=unit, lost_days="1", publisher=inbound.publisher)
    again = await inbound.service.operator.post(address, json=same)
    second = await inbound.service.operator.post(address, json=correction)
    third = await inbound.submit(figure(unit=unit, lost_days="2"))

    assert (again.status_code, again.json()["vintage"]) == (200, 1)
    assert (second.status_code, second.json()["vintage"]) == (201, 2)
    assert (await inbound.accepted(third))[third].vintage == 3


@pytest.mark.parametrize("form", ["data", "JSON text", "data_base64", "byte order mark"])
async def test_structured_mode_is_taken_in_all_its_forms_and_the_id_is_repeated_as_it_was_sent(
    inbound_of_module: Inbound, form: str
) -> None:
    inbound = inbound_of_module
    id_ = figure_id().upper()
    content = figure(unit=new_unit())
    text = json.dumps(content)
    data: dict[str, dict[str, object]] = {
        "JSON text": {"data": text},
        "data_base64": {"data_base64": b64encode(text.encode()).decode()},
    }
    envelope = {"specversion": "1.0", "id": id_, "type": Posted.type, "source": "/publisher/test"}
    value = json.dumps(envelope | data.get(form, {"data": content})).encode()

    await inbound.bus.send_raw(
        inbound.topic,
        (b"\xef\xbb\xbf" if form == "byte order mark" else b"") + value,
        headers=[("content-type", b"Application/CloudEvents+JSON ; charset=utf-8")],
    )

    assert (await inbound.accepted(id_))[id_].vintage == 1


async def test_one_id_in_another_case_is_the_same_figure(inbound_of_module: Inbound) -> None:
    inbound = inbound_of_module
    content = figure(unit=new_unit())
    id_ = await inbound.submit(content)

    again = await inbound.submit(content, id_=id_.upper())
    other = await inbound.submit(content | {"persons": 7}, id_=id_.upper())

    assert other == again
    assert (await inbound.accepted(id_, again))[again].vintage == 1
    assert (await inbound.rejected(again))[again].code == "id-reused"


async def test_a_retry_that_two_clients_would_read_as_two_figures_is_refused(
    inbound_of_module: Inbound,
) -> None:
    inbound = inbound_of_module
    unit = new_unit()
    id_ = await inbound.submit(figure(unit=unit))
    heads = [
        ("ce_specversion", b"1.0"),
        ("ce_id", id_.encode()),
        ("ce_id", figure_id().encode()),
        ("ce_source", b"/publisher/test"),
        ("ce_type", Posted.type.encode()),
    ]

    record = await inbound.bus.send_raw(
        inbound.topic, json.dumps(figure(unit=unit)).encode(), headers=heads
    )

    origin = f"{record.topic}/{record.partition}/{record.offset}"
    receipt = await inbound.bus.receive(
        SubmissionRejected, topic=inbound.receipts, where=lambda each: each.origin == origin
    )
    assert (receipt.code, receipt.submission_id) == ("header-repeated", None)
    assert "ce_id" in receipt.message


async def test_headers_that_are_no_text_or_ask_for_a_reply_do_no_harm(
    inbound_of_module: Inbound,
) -> None:
    inbound = inbound_of_module
    id_ = figure_id()
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", id_.encode()),
        ("ce_source", b"/publisher/test"),
        ("ce_type", Posted.type.encode()),
        ("content-type", b"application/json"),
        ("reply_to", b"registry.publisher.v1"),
        ("correlation_id", b"\xff\xfe"),
        ("traceparent", None),
    ]

    await inbound.bus.send_raw(
        inbound.topic, json.dumps(figure(unit=new_unit())).encode(), headers=headers
    )

    assert (await inbound.accepted(id_))[id_].vintage == 1


async def test_what_an_unregistered_publisher_sends_is_refused(unregistered: Inbound) -> None:
    id_ = await unregistered.submit(figure())

    receipt = (await unregistered.rejected(id_))[id_]
    assert (receipt.code, receipt.publisher) == ("publisher-unknown", unregistered.publisher)


async def test_a_type_that_the_topic_does_not_take_is_refused_and_named(
    inbound_of_module: Inbound,
) -> None:
    inbound = inbound_of_module
    known = await inbound.submit(figure(), type_=AbsenceFigurePosted.type())
    strange = await inbound.submit(figure(), type_="no.saman.inbound.AbsenceFigurePosted.v2")
    personal = await inbound.submit(figure(), type_="sjukmelding/15108600036")

    receipts = await inbound.rejected(known, strange, personal)
    assert {receipt.code for receipt in receipts.values()} == {"type-unknown"}
    assert "AbsenceFigurePosted.v2" in receipts[strange].message
    assert "15108600036" not in receipts[personal].message


async def test_a_mandate_over_kafka_holds_between_its_dates(inbound_of_module: Inbound) -> None:
    inbound = inbound_of_module
    unit = new_unit()
    inside = await inbound.submit(figure(municipality="9903", period="2012-12", unit=unit))
    outside = await inbound.submit(figure(municipality="9903", period="2013-01", unit=unit))

    assert (await inbound.accepted(inside))[inside].vintage == 1
    assert (await inbound.rejected(outside))[outside].code == "publisher-not-allowed"


async def test_a_flood_that_nobody_can_read_is_told_once_and_keeps_no_neighbour_waiting(
    inbound: Inbound, inbound_of_module: Inbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    neighbour = inbound_of_module
    (delivery,) = (
        each
        for each in inbound.service.service.deliveries.values()
        if each.subscription.reads(inbound.topic)
    )
    bounded = dataclasses.replace(delivery.subscription, letters_max=20)
    monkeypatch.setattr(delivery.effects, "subscription", bounded)

    async def seconds_of_a_receipt() -> float:
        begun = time.perf_counter()
        sent = await neighbour.submit(figure(unit=new_unit()))
        await neighbour.accepted(sent)
        return time.perf_counter() - begun

    await seconds_of_a_receipt()
    alone = await seconds_of_a_receipt()
    flood = asyncio.gather(*(inbound.submit(b"x") for _ in range(1_000)))
    pressed = await seconds_of_a_receipt()
    await flood
    told = await inbound.bus.receive(
        SubmissionRejected, topic=inbound.receipts, where=lambda r: r.code == "too-many-unreadable"
    )
    good = await inbound.submit(figure(unit=new_unit()))

    assert told.message.startswith(f"20 records of {inbound.topic} could not be read")
    # The test itself sends the thousand records in between, on the same two cores.
    assert pressed < 50 * alone
    assert (await inbound.accepted(good)).keys() == {good}
