"""Boards and the front page, read from what figures left on the real PostgreSQL."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from services.metrics.boards.commands import get_board
from services.metrics.boards.rules import Board
from services.metrics.front.pages.reading import read_front
from services.metrics.front.pages.view import Filters, Participant
from services.metrics.intake import commands
from services.metrics.series.rules.figures import Window
from shared.postgres.database import Database
from tests.conftest import MakeDatabase
from tests.metrics import factories, stored
from tests.metrics.factories import NOW, posted_event, withdrawn_event
from tests.metrics.posted import DEFINITION, SUBJECT, posted
from tests.metrics.recomputation import Posted
from tests.metrics.stored import hear

MONTHS = [posted("2013-01", lost="90"), posted("2013-02", lost="80"), posted("2013-03", lost="70")]


async def board_after(
    database: Database, figures: Sequence[Posted], *, withdrawn: Sequence[Posted] = ()
) -> Board:
    """Post figures, take some of them back, and return Vefsn's board."""
    await stored.apply(
        database,
        [posted_event(one) for one in figures],
        [withdrawn_event(one) for one in withdrawn],
    )
    async with database.connection() as conn:
        return await get_board(conn, "vefsn-1824")


async def vefsn_on_the_front_page(database: Database) -> Participant:
    async with database.connection() as conn:
        front = await read_front(conn, Filters())
    return next(one for one in front.participants if one.municipality_id == "vefsn-1824")


async def test_a_board_ends_with_the_last_figure_in_force(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    await hear(database, goals=True)

    board = await board_after(database, MONTHS, withdrawn=[MONTHS[-1]])

    assert [str(row.period) for row in board.rows] == ["2013-01", "2013-02", "2013"]
    total = board.rows[-1]
    year_to_date = total.cells[Window.YEAR_TO_DATE]
    assert (str(total.until), year_to_date.present, year_to_date.expected) == ("2013-02", 2, 2)
    participant = await vefsn_on_the_front_page(database)
    assert (str(participant.period), participant.present, str(participant.level)) == (
        "2013-02",
        2,
        "8.500000000000",
    )


async def test_a_board_begins_with_the_first_figure_in_force(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    await hear(database)
    early = posted("2012-12")

    board = await board_after(database, [early, *MONTHS], withdrawn=[early])

    assert [str(row.period) for row in board.rows] == ["2013-01", "2013-02", "2013-03", "2013"]


async def test_a_figure_for_a_coarser_window_is_one_that_a_board_ends_with(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await hear(database)

    board = await board_after(
        database, [*MONTHS, posted("2013-04", window="year-to-date", rate="7.5")]
    )

    assert [str(row.until) for row in board.rows if row.is_sum] == ["2013-04"]


async def test_figures_that_were_all_withdrawn_are_on_no_board(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    await hear(database, goals=True)

    board = await board_after(database, MONTHS, withdrawn=MONTHS)

    assert (board.rows, board.others) == ([], [])
    participant = await vefsn_on_the_front_page(database)
    assert (participant.level, participant.period) == (None, None)


async def test_a_board_without_a_goal_is_of_the_definition_that_counts_most(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await hear(database)
    doctor = posted("2013-01", definition_key="doctor.agreed.corrected.ssb", lost="30")

    board = await board_after(database, [doctor, *MONTHS])

    assert board.meaning is not None
    assert board.meaning.key == DEFINITION
    assert [other.key for other in board.others] == [doctor.definition_key]


async def test_the_board_and_the_front_page_are_of_the_definition_that_has_figures(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await hear(database)
    mistaken = [
        posted(one.period, definition_key="doctor.agreed.corrected.ssb", lost="30")
        for one in MONTHS
    ]

    board = await board_after(database, [*mistaken, *MONTHS], withdrawn=mistaken)

    assert board.meaning is not None
    assert (board.meaning.key, board.others) == (DEFINITION, [])
    assert (await vefsn_on_the_front_page(database)).level is not None


async def test_a_goal_stands_on_the_board_as_in_the_event(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    await hear(database, goals=True)
    reached, open_again = posted("2013-01", lost="60"), posted("2013-02", lost="90")
    for figures, withdrawn, state in [
        ([reached], [], "reached"),
        ([open_again], [], "open"),
        ([], [open_again], "reached"),
        ([], [reached], "open"),
    ]:
        board = await board_after(database, figures, withdrawn=withdrawn)

        newest = (await stored.metrics_of(database, SUBJECT))[-1]
        assert board.goal is not None
        assert (board.goal[1], newest.goals[0].state) == (state, state)


async def test_a_goal_of_another_project_with_the_same_id_does_not_speak_for_it(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await hear(database, goals=True)
    easier = factories.goal_contract(target=Decimal("8.0"))
    async with database.transaction() as conn:
        await commands.hear_projects(
            conn, [factories.project("annet-prosjekt", goals=[easier])], now=NOW
        )

    board = await board_after(database, [posted("2013-01", lost="79")])

    assert board.goal is not None
    assert (board.goal[0].project_id, board.goal[1]) == ("annet-prosjekt", "reached")
    (newest,) = await stored.metrics_of(database, SUBJECT)
    assert [(one.project_id, one.state) for one in newest.goals] == [
        ("annet-prosjekt", "reached"),
        ("vefsn-prosjektet", "open"),
    ]


async def test_a_change_of_a_year_to_date_that_lacks_a_month_is_not_shown(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await hear(database, goals=True)
    await board_after(database, MONTHS[:1])
    assert (await vefsn_on_the_front_page(database)).change == Decimal("0.4")

    await board_after(database, MONTHS[2:])

    participant = await vefsn_on_the_front_page(database)
    assert (participant.level, participant.change) == (Decimal(8), None)


async def test_a_board_says_where_the_goals_own_window_stands(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    async with database.transaction() as conn:
        goals = [factories.goal_contract(window="quarter")]
        await commands.hear_projects(conn, [factories.project(goals=goals)], now=NOW)

    board = await board_after(database, [*MONTHS, posted("2013-04")])

    assert board.goal_row is not None
    assert (str(board.goal_row.period), board.goal_row.persons_tenths) == ("2013-Q1", 60)


@pytest.mark.parametrize(
    ("small_month", "level", "suppressed"),
    [("2012-12", Decimal("8.6"), False), ("2013-01", None, True)],
)
async def test_a_level_is_too_small_to_show_only_where_none_is_shown(
    make_database: MakeDatabase, small_month: str, level: Decimal | None, suppressed: bool
) -> None:
    database = await make_database("metrics")
    await hear(database)

    await board_after(database, [posted(small_month, persons=3), posted("2013-02")])

    participant = await vefsn_on_the_front_page(database)
    assert (participant.level, participant.suppressed) == (level, suppressed)
