"""Whole streams of figures: order and repetition change nothing, and concurrent writers wait for
each other.
"""

import asyncio
import random
import uuid
from typing import Any

import pytest

from services.reporting.figures import commands as figures
from services.reporting.figures.kinds.absence import ABSENCE
from services.reporting.submissions.judging import Judged
from shared.errors import Unavailable
from shared.events.reporting import AbsenceFigurePosted
from tests.conftest import MakeDatabase
from tests.reporting import factories
from tests.reporting.conftest import hear_all
from tests.reporting.desk import Desk
from tests.reporting.factories import OTHER_ORGNR, entry, figure, posted, rate_figure
from tests.support.waiting import until

WAITING = """
SELECT count(*)
  FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock'
"""

LEFT_OUT = {"findings", "posted_at", "origin"}
"""What a figure is compared with, when it came and by which door may depend on the order; nothing
else may.
"""


def stream(seed: int) -> list[dict[str, Any]]:
    """Figures of distinct places: three years of months, quarters, units and windows, as days and
    as rates.
    """
    dice = random.Random(seed)
    months = [f"{year}-{month:02}" for year in (2011, 2012, 2013) for month in range(1, 13)]
    days = [
        figure(
            period=period,
            unit=unit,
            lost_days=str(dice.randrange(100)),
            agreed_days=str(dice.randrange(100, 900)),
        )
        for period in [*months, "2012-Q1", "2013-H1", "2012"]
        for unit in (None, "helse", "skule")
    ]
    rates = [
        rate_figure(
            period=period, window=window, rate_percent=str(dice.randrange(10)), unit="rates"
        )
        for period in months
        for window in ("period", "year-to-date")
    ]
    return [
        each | {"figure_id": str(uuid.UUID(int=dice.getrandbits(128), version=4))}
        for each in [*days, *rates]
    ]


def table(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in LEFT_OUT} for row in rows]


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_shuffled_and_doubled_stream_gives_the_same_table(
    make_database: MakeDatabase, seed: int
) -> None:
    straight, mixed = Desk(await make_database("reporting")), Desk(await make_database("reporting"))
    await hear_all(straight)
    await hear_all(mixed)
    figures, dice = stream(seed), random.Random(seed)
    doubled = dice.sample(figures * 2, len(figures) * 2)

    await straight.post(*figures)
    while doubled:
        size = dice.randrange(1, 60)
        batch, doubled = doubled[:size], doubled[size:]
        await mixed.post(*batch)

    assert table(await mixed.figures()) == table(await straight.figures())
    assert len(await straight.figures()) == len(figures)
    told = [
        {event.event_id for event in await each.told(AbsenceFigurePosted)}
        for each in (straight, mixed)
    ]
    assert told[0] == told[1]
    assert len(await mixed.told(AbsenceFigurePosted)) == len(figures)


async def test_a_thousand_figures_are_one_transaction(desk: Desk) -> None:
    figures = [posted(unit=f"unit-{number}") for number in range(1_000)]

    outcomes = await desk.post(*figures)

    assert {judged.result for judged in outcomes} == {"accepted"}
    async with desk.database.connection() as conn:
        assert await conn.fetchval("SELECT count(DISTINCT xmin::text) FROM figure") == 1


async def test_writers_of_one_place_wait_for_each_other(desk: Desk) -> None:
    bodies = [posted(lost_days=str(number)) for number in range(12)]

    outcomes = await asyncio.gather(*(desk.post(body) for body in bodies))

    assert sorted(judged.vintage for (judged,) in outcomes if judged.vintage) == list(range(1, 13))
    rows = await desk.figures()
    assert [row["in_force"] for row in rows] == [False] * 11 + [True]
    assert [event.vintage for event in await desk.told(AbsenceFigurePosted)] == list(range(1, 13))
    assert [row["replaces"] for row in rows[1:]] == [row["figure_id"] for row in rows[:-1]]


async def test_the_same_figure_posted_twice_at_once_is_kept_once(desk: Desk) -> None:
    body = posted()

    outcomes = await asyncio.gather(*(desk.post(body) for _ in range(6)))

    assert sorted(judged.result for (judged,) in outcomes) == ["accepted"] + ["repeated"] * 5
    assert len(await desk.told(AbsenceFigurePosted)) == 1


async def test_batches_that_meet_in_another_order_do_not_block_each_other(desk: Desk) -> None:
    def both(number: int) -> list[Any]:
        pair = [
            entry(figure(unit=f"u{number}")),
            entry(figure(municipality="9903"), publisher=OTHER_ORGNR),
        ]
        return pair if number % 2 else pair[::-1]

    outcomes: list[list[Judged]] = await asyncio.gather(
        *(desk.post(*both(number)) for number in range(12))
    )

    assert {judged.result for pair in outcomes for judged in pair} == {"accepted"}


async def test_one_id_posted_at_once_for_two_municipalities_is_decided_by_trying_again(
    desk: Desk,
) -> None:
    """The two hold different locks, so only the table sees that they collide; nothing of the later
    one is kept.
    """
    await desk.hear(
        factories.publisher(
            version=2,
            may_speak_for=[
                {"municipality_id": factories.VEFSN},
                {"municipality_id": factories.HARSTAD},
            ],
        )
    )
    body = posted()
    other = body | {"municipality": "9903"}
    second = None
    async with desk.database.transaction() as conn:
        await figures.post_figures(conn, [entry(body)], ABSENCE, rights=desk.rights, now=desk.now)
        second = asyncio.create_task(
            desk.post(posted(municipality="9903", period="2013-01"), other)
        )
        async with desk.database.connection() as watcher:
            await until(lambda: watcher.fetchval(WAITING), "the second waits for the first")
    with pytest.raises(Unavailable) as caught:
        await second

    assert caught.value.retry_after_seconds == 1
    assert len(await desk.figures()) == 1
    (again,) = await desk.post(other)
    assert again.error is not None
    assert again.error.code == "id-reused"
