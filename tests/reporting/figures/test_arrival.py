"""Which of two figures of one place holds: the one that arrived last, whatever was read first,
through whichever doors they came, and whoever sent them.
"""

from datetime import datetime, timedelta
from itertools import product

import pytest

from tests.reporting import factories
from tests.reporting.desk import Desk
from tests.reporting.factories import NOW, ORGNR, OTHER_ORGNR, entry, posted

MILLISECOND = timedelta(milliseconds=1)
DOORS = {
    "http": (ORGNR, "http"),
    "kafka": (ORGNR, f"inbound.{ORGNR}.figures.v1/0/{{offset}}"),
    "another publisher": (OTHER_ORGNR, f"inbound.{OTHER_ORGNR}.figures.v1/0/{{offset}}"),
}
APART = {"earlier": -MILLISECOND, "at once": timedelta(0), "later": MILLISECOND}


def order(door: str, at: datetime, offset: int) -> tuple[datetime, int, int]:
    """The order of arrivals as CONTRACTS 2 has it: millisecond, Kafka before HTTP, offset."""
    return at, int(door == "http"), 0 if door == "http" else offset


@pytest.fixture
async def shared_place(desk: Desk) -> Desk:
    """Two publishers may speak for Vefsn."""
    await desk.hear(
        *(
            factories.publisher(
                organisation_number=number,
                version=2,
                may_speak_for=[{"municipality_id": factories.VEFSN}],
            )
            for number in (ORGNR, OTHER_ORGNR)
        )
    )
    return desk


async def test_the_figure_that_arrived_last_holds_whatever_was_read_first(
    shared_place: Desk,
) -> None:
    desk = shared_place
    cases = list(product(DOORS, DOORS, APART, (3, 8), (3, 8)))
    wrong = []
    for number, (first_door, second_door, apart, first_offset, second_offset) in enumerate(cases):
        arrivals = [
            order(first_door, NOW, first_offset),
            order(second_door, NOW + APART[apart], second_offset),
        ]
        results: list[str] = []
        ids: list[str] = []
        for (at, _, offset), door in zip(arrivals, (first_door, second_door), strict=True):
            publisher, origin = DOORS[door]
            body = posted(unit=f"unit-{number}", lost_days=str(len(ids)))
            sent = entry(
                body, publisher=publisher, origin=origin.format(offset=offset), arrived_at=at
            )
            results += [
                each.error.code if each.error else each.result for each in await desk.judge([sent])
            ]
            ids.append(body["figure_id"])
        is_older = arrivals[1] < arrivals[0]
        if results != ["accepted", "overtaken" if is_older else "accepted"]:
            wrong.append((cases[number], results))
    assert wrong == []
    assert len(cases) == 108
    in_force = [row for row in await desk.figures() if row["in_force"]]
    assert len(in_force) == len(cases)


async def test_what_was_overtaken_leaves_nothing_and_its_id_may_be_sent_again(desk: Desk) -> None:
    newer, older = posted(lost_days="2"), posted(lost_days="1")
    await desk.judge([entry(newer)])

    (refused,) = await desk.judge([entry(older, arrived_at=NOW - MILLISECOND)])
    assert refused.error is not None
    assert refused.error.code == "overtaken"
    assert len(await desk.figures()) == 1

    (again,) = await desk.judge([entry(older, arrived_at=NOW + MILLISECOND)])
    assert (again.result, again.vintage) == ("accepted", 2)


async def test_a_period_that_ended_between_sending_and_reading_had_not_ended(desk: Desk) -> None:
    last_minute = datetime(2014, 2, 28, 22, 59, 59, tzinfo=NOW.tzinfo)
    body = posted(period="2014-02")

    (early,) = await desk.judge([entry(body, arrived_at=last_minute)])
    (late,) = await desk.judge([entry(body, arrived_at=last_minute + timedelta(seconds=1))])

    assert early.error is not None
    assert early.error.code == "period-not-ended"
    assert late.result == "accepted"
