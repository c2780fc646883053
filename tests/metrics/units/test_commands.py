"""Units beside small ones are withheld in the store and in what is told, and shown again."""

import asyncio

from shared.postgres.database import Database
from tests.conftest import MakeDatabase
from tests.metrics import stored
from tests.metrics.factories import posted_event, withdrawn_event
from tests.metrics.posted import DEFINITION, SUBJECT, posted
from tests.metrics.recomputation import Posted
from tests.metrics.stored import hear

WHOLE = posted("2013-01", persons=20)
SMALL = posted("2013-01", unit="barnehagen", persons=3)
SISTER = posted("2013-01", unit="hjemmetjenesten", persons=17)


def unit(name: str) -> str:
    return f"unit/vefsn-1824/{name}"


async def post(database: Database, *figures: Posted) -> None:
    for figure in figures:
        await stored.apply(database, [posted_event(figure)])


async def withheld(database: Database, period: str = "2013-01", window: str = "month") -> set[str]:
    """Return the subjects whose value over a window is not shown."""
    states = await stored.states(database)
    return {
        subject.rpartition("/")[2]
        for (subject, definition_key, at), content in states.items()
        if (definition_key, at) == (DEFINITION, period)
        and content["windows"][window]["value"] is None
    }


async def test_the_sister_of_a_small_unit_is_withheld_in_every_window_that_the_month_is_in(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await hear(database)

    await post(database, WHOLE, SISTER, SMALL)
    february = [posted("2013-02", unit=one.unit, persons=17) for one in (SMALL, SISTER)]
    await post(database, posted("2013-02", persons=40), *february)

    both = {"barnehagen", "hjemmetjenesten"}
    assert await withheld(database) == both
    assert await withheld(database, "2013-02") == set()
    assert await withheld(database, "2013-02", "year-to-date") == both


async def test_a_sister_is_shown_again_when_the_small_unit_counted_wrongly(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await hear(database)
    await post(database, WHOLE, SISTER, SMALL)

    await post(database, posted("2013-01", unit="barnehagen", persons=33, vintage=2))
    await post(database, posted("2013-01", persons=50, vintage=2))

    assert await withheld(database) == set()


async def test_a_small_unit_that_is_taken_back_stays_secret(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    await hear(database)
    await post(database, WHOLE, SISTER, SMALL)

    await stored.apply(database, [withdrawn_event(SMALL)])

    assert "hjemmetjenesten" in await withheld(database)


async def test_the_municipality_is_withheld_with_its_groups_where_a_sister_was_out_before(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await hear(database)

    await post(database, SISTER, SMALL, WHOLE)

    assert {"vefsn-1824", "18"} <= await withheld(database)
    assert (await stored.metrics_of(database, SUBJECT))[-1].suppressed

    await post(database, posted("2013-01", persons=500, vintage=2))
    assert not {"vefsn-1824", "18"} & await withheld(database)


async def test_a_batch_that_comes_twice_judges_as_it_did_once(make_database: MakeDatabase) -> None:
    once, twice = await make_database("metrics"), await make_database("metrics")
    batch = [posted_event(one) for one in (SISTER, SMALL, WHOLE)]
    for database in (once, twice):
        await hear(database)
        await stored.apply(database, batch)

    await stored.apply(twice, batch)

    assert await stored.everything(twice) == await stored.everything(once)


async def test_replicas_that_take_units_at_the_same_time_do_not_pass_each_other(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await hear(database)
    await post(database, WHOLE)

    await asyncio.gather(post(database, SISTER), post(database, SMALL))

    told = [
        event
        for event in await stored.metrics_of(database, unit("hjemmetjenesten"))
        if not event.suppressed
    ]
    assert told == []
    assert await withheld(database) == {"barnehagen", "hjemmetjenesten"}
