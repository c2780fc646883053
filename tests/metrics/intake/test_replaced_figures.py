"""What is read of a place that was corrected many times, on the real PostgreSQL."""

from services.metrics.series import store
from services.metrics.series.rules.figures import Figure
from shared.postgres.database import Database
from tests.conftest import MakeDatabase
from tests.metrics import stored
from tests.metrics.factories import posted_event, withdrawn_event
from tests.metrics.posted import posted

VINTAGES = [posted("2013-02", lost=str(80 + vintage), vintage=vintage) for vintage in range(1, 6)]


async def read(database: Database) -> list[Figure]:
    """Return what is read of the one series, in the order of vintages."""
    async with database.connection() as conn:
        series_id = await conn.fetchval("SELECT series_id FROM series")
        listed = await store.list_figures(conn, {series_id: -1})
    return sorted(listed[series_id], key=lambda figure: figure.vintage)


async def test_of_many_vintages_the_last_is_read_and_all_are_kept(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")

    await stored.apply(database, *([posted_event(one)] for one in VINTAGES))

    assert [figure.vintage for figure in await read(database)] == [5]
    async with database.connection() as conn:
        assert await conn.fetchval("SELECT count(*) FROM figure") == len(VINTAGES)


async def test_vintages_of_one_batch_are_replaced_as_well(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")

    await stored.apply(database, [posted_event(one) for one in reversed(VINTAGES)])

    assert [figure.vintage for figure in await read(database)] == [5]


async def test_what_was_replaced_by_a_withdrawn_figure_is_read_again(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    *_, fourth, fifth = VINTAGES
    await stored.apply(database, [posted_event(one) for one in VINTAGES])

    await stored.apply(database, [withdrawn_event(fifth, in_force=fourth)])

    assert [(figure.vintage, figure.withdrawn) for figure in await read(database)] == [
        (4, False),
        (5, True),
    ]


async def test_a_figure_that_went_into_groups_is_read_beside_one_that_does_not(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")

    await stored.apply(
        database,
        [posted_event(VINTAGES[0])],
        [posted_event(posted("2013-02", rate="8.1", vintage=2))],
    )

    assert [(figure.vintage, figure.joins_groups) for figure in await read(database)] == [
        (1, True),
        (2, False),
    ]
