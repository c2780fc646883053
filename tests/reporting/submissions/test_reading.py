"""What makes two bodies the same, and what makes two receipts the same."""

from decimal import Decimal
from typing import Any

import pytest

from services.reporting.submissions.reading import hash_of
from shared.events.inbound import AbsenceFigurePosted
from shared.events.reporting import SubmissionAccepted, SubmissionRejected
from tests.reporting.desk import Desk
from tests.reporting.factories import DEFINITION, entry, figure, posted


class LaterContract(AbsenceFigurePosted):
    """A version to come, with one more field that may be absent."""

    positions: int | None = None


def hashed(
    content: dict[str, Any], contract: type[AbsenceFigurePosted] = AbsenceFigurePosted
) -> bytes:
    return hash_of(contract.model_validate(content))


@pytest.mark.parametrize(
    "same",
    [
        figure(unit=None, note=None, generated=False, window="period"),
        figure(unit=None, note=None, generated=None, window=None),
        figure(lost_days=Decimal("1387.2")),
        figure(agreed_days=20104),
        figure(agreed_days="020104.000000"),
        dict(reversed(figure().items())),
    ],
)
def test_the_same_content_written_otherwise_has_the_same_hash(same: dict[str, Any]) -> None:
    assert hashed(same) == hashed(figure())


@pytest.mark.parametrize(
    "other",
    [
        figure(lost_days="1387.21"),
        figure(persons=None),
        figure(note=""),
        figure(generated=True),
        figure(definition=DEFINITION | {"holiday": "uncorrected"}),
    ],
)
def test_other_content_has_another_hash(other: dict[str, Any]) -> None:
    assert hashed(other) != hashed(figure())


def test_a_field_that_a_later_contract_adds_does_not_make_another_body_of_yesterdays() -> None:
    assert hashed(figure(), LaterContract) == hashed(figure())
    assert hashed(figure(positions=1), LaterContract) != hashed(figure())


async def test_a_record_that_is_consumed_again_gets_the_same_receipt_again(desk: Desk) -> None:
    good, bad = posted(), posted(period="2013-13")

    for _ in range(2):
        await desk.post(entry(good, origin="inbound.1.figures.v1/0/7"))
        await desk.post(entry(bad, origin="inbound.1.figures.v1/0/8"))

    for kind in (SubmissionAccepted, SubmissionRejected):
        receipts = await desk.told(kind)
        assert len(receipts) == 2
        assert receipts[0].event_id == receipts[1].event_id


async def test_a_record_that_is_replayed_to_another_verdict_gets_another_receipt(
    desk: Desk,
) -> None:
    origin, body = "inbound.1.figures.v1/0/7", posted(municipality="9903")

    await desk.post(entry(body, origin=origin))
    await desk.post(entry(body | {"municipality": "9824"}, origin=origin))

    (rejected,), (accepted,) = (
        await desk.told(SubmissionRejected),
        await desk.told(SubmissionAccepted),
    )
    assert rejected.event_id != accepted.event_id
