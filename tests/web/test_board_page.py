"""The scoreboard page, as a reader without a browser's help gets it."""

import json
import re
from dataclasses import replace
from html import unescape

import pytest

from services.metrics.boards.pages.chart import Line, draw
from services.metrics.boards.pages.view import Board
from services.metrics.boards.rules import board_rows, goal_row
from services.metrics.series.rules.figures import Window
from shared.values import Period
from tests.web.rendering import render, text_of
from tests.web.sample import GOAL, VEFSN_STATES, cell, state, vefsn


def rows_of(html: str) -> list[str]:
    body = "".join(re.findall(r"<tbody.*?</tbody>", html, re.DOTALL))
    return [text_of(row) for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)]


async def test_the_board_has_a_row_per_month_and_a_sum_row_per_year() -> None:
    html = (await render("board.html", {"board": vefsn()})).text

    assert rows_of(html) == [
        "nov. 12 7 av 17 7 Siste mnd. 7,9 Hittil i år 8,2 ≠ utregnet 7,8 Siste 12 mnd. 8,2",
        (
            "des. 12 4 av 17 4 kilden 5 Siste mnd. 8,2 Hittil i år 8,1 ≠ utregnet 7,8 Siste 12"
            " mnd. 8,1"
        ),
        "SUM 2012 5 av 17 5 Siste mnd. Hittil i år 8,1 ≠ utregnet 7,8 Siste 12 mnd.",
        "jan. 13 8 av 17 8 Siste mnd. 7,8 Hittil i år 7,8 Siste 12 mnd. 8,0",
        "feb. 13 17 av 17 17 Siste mnd. 6,9 Hittil i år 7,5 ≠ utregnet 7,4 Siste 12 mnd. 7,7",
        "mars 13 17 av 17 17 Siste mnd. 4,4 Hittil i år 6,4 ≠ utregnet 6,3 Siste 12 mnd. 7,0",
        "SUM 2013 17 av 17 17 Siste mnd. Hittil i år 6,4 ≠ utregnet 6,3 Siste 12 mnd.",
    ]


async def test_a_figure_is_rounded_from_the_unrounded_one_and_not_twice() -> None:
    rate = state("2013-01", (cell("7.749"), cell("7.749"), cell("7.749")))

    html = (
        await render("board.html", {"board": Board("a-0001", "A", "B", board_rows([rate], None))})
    ).text

    assert "7,7" in rows_of(html)[0]


async def test_the_goal_is_put_into_words_and_persons() -> None:
    page = text_of((await render("board.html", {"board": vefsn()})).text)

    assert "Målet innen 31. desember 2013: 6,9 %" in page
    assert "20 % mindre enn 8,6 %, som er gjennomsnittet for 2007-2010." in page
    assert "Det er 17 flere på jobb." in page
    assert "Hittil i 2013 6,4 % 22 flere på jobb hver dag Målet er nådd" in page


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (Window.MONTH, "Mars 2013 4,4 % 42 flere på jobb hver dag"),
        (Window.ROLLING_12, "De 12 månedene til og med mars 2013 7,0 % 17 flere på jobb hver dag"),
    ],
)
async def test_where_the_goal_stands_is_said_of_its_own_window(window: Window, words: str) -> None:
    goal = replace(GOAL, window=window)
    board = replace(vefsn(), goal=goal, goal_row=goal_row(VEFSN_STATES, goal))

    assert words in text_of((await render("board.html", {"board": board})).text)


async def test_where_the_goal_stands_by_too_few_figures_is_marked_and_counts_no_persons() -> None:
    lacking = state("2013-02", (cell("7"), replace(cell("7"), present=1, expected=2), cell("7")))
    board = replace(vefsn(), goal_row=goal_row([lacking], GOAL))

    page = text_of((await render("board.html", {"board": board})).text)

    assert "Hittil i 2013 7,0 % * av 1 av 2 tall Målet" in page
    assert "* er regnet av færre tall enn perioden skal ha." in page


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("nb", ["Sykefravær i kommunen", "Målet er nådd", "6,4 %"]),
        ("nn", ["Sjukefråvær i kommunen", "22 fleire på jobb kvar dag", "6,4 %"]),
        ("en", ["Sickness absence in the municipality", "22 more at work every day", "6.4%"]),
    ],
)
async def test_the_page_speaks_the_readers_language(language: str, words: list[str]) -> None:
    answer = await render("board.html", {"board": vefsn()}, accept_language=language)

    assert f'<html lang="{language}"' in answer.text
    assert answer.headers["content-language"] == language
    assert [word for word in words if word not in text_of(answer.text)] == []


async def test_the_chart_is_drawn_in_the_page_and_told_in_words() -> None:
    html = (await render("board.html", {"board": vefsn()})).text
    title = "Sykefravær i Vefsn fra november 2012 til mars 2013"
    words = "Verdien var 7,9 % i november 2012 og 4,4 % i mars 2013."

    assert unescape(html).count(f">{title}</title>") == 2
    assert words in text_of(html)
    assert "Utgangspunktet er 8,6 %, målet 6,9 %." in text_of(html)
    assert len(re.findall(r'<path class="line line-\d" d="M\d', html)) == 2 * 3 + 3


async def test_a_board_without_figures_says_so() -> None:
    page = text_of(
        (await render("board.html", {"board": Board("jondal-1227", "Jondal", "Hordaland")})).text
    )

    assert "Det er ikke kommet inn tall fra Jondal ennå." in page


async def test_a_period_without_a_rate_of_its_own_is_a_row_and_no_chart() -> None:
    rows = board_rows([state("2013-01", (cell(None), cell(None, "8"), cell(None)))], None)

    html = (await render("board.html", {"board": Board("a-0001", "A", "B", rows)})).text

    assert rows_of(html)[0].startswith("jan. 13")
    assert "<figure" not in html
    assert "Det er ikke kommet inn tall" not in html


def test_a_rate_of_zero_is_a_point_of_the_line() -> None:
    rows = board_rows([state("2013-01", (cell("0"), cell("0"), cell("0")))], None)

    assert [line.values for line in Board("a-0001", "A", "B", rows).lines] == [
        {Period.parse("2013-01"): 0}
    ] * 3


async def test_a_board_without_a_goal_is_a_table_of_rates() -> None:
    html = (
        await render(
            "board.html", {"board": Board("a-0001", "A", "B", board_rows(VEFSN_STATES, None))}
        )
    ).text

    assert "Måned for måned" in html
    assert "av 17" not in html
    assert rows_of(html)[3] == "jan. 13 Siste mnd. 7,8 Hittil i år 7,8 Siste 12 mnd. 8,0"


@pytest.mark.parametrize(
    ("period", "language", "heading", "columns", "rate", "counted"),
    [
        (
            "2013-Q1",
            "nb",
            "Kvartal for kvartal",
            "Kvartal Siste kvartal",
            "7,0 % i 1. kv. 2013",
            "av kvartalets fravær",
        ),
        (
            "2013-H1",
            "nn",
            "Halvår for halvår",
            "Halvår Siste halvår",
            "7,0 % i 1. halvår 2013",
            "av fråværet i halvåret",
        ),
        ("2013", "en", "Year by year", "Year The year", "7.0% in 2013", "from the year's rate"),
    ],
)
async def test_a_board_names_its_periods_by_their_length(
    period: str, language: str, heading: str, columns: str, rate: str, counted: str
) -> None:
    board = Board(
        "a-0001", "A", "B", board_rows([state(period, (cell("7"), cell("7"), cell("7")))], None)
    )
    with_places = replace(board, goal=GOAL)

    html = (await render("board.html", {"board": board}, accept_language=language)).text
    page = text_of(html)
    note = text_of(
        (await render("board.html", {"board": with_places}, accept_language=language)).text
    )

    assert [words for words in (heading, columns, rate) if words not in page] == []
    assert counted in note
    explored = re.search(r'id="board-series">(.+?)</script>', html)
    assert explored is not None
    assert json.loads(explored[1])["periods"] == [re.split(" i | in ", rate)[1]]


async def test_generated_figures_say_so_on_the_page_and_on_each_row() -> None:
    rows = board_rows([state("2013-01", (cell("7"), cell("7"), cell("7")), generated=True)], None)

    html = (await render("board.html", {"board": Board("a-0001", "A", "B", rows)})).text

    assert "Disse tallene er genererte for demonstrasjon. Ingen kommune har meldt dem inn." in html
    assert all("gen." in row for row in rows_of(html))


async def test_a_rate_of_too_few_figures_is_marked() -> None:
    month, half_known = cell("7"), replace(cell("8"), present=1, expected=12)
    rows = board_rows([state("2013-01", (month, month, half_known))], None)

    html = (await render("board.html", {"board": Board("a-0001", "A", "B", rows)})).text

    assert (
        rows_of(html)[0]
        == "jan. 13 Siste mnd. 7,0 Hittil i år 7,0 Siste 12 mnd. 8,0 * av 1 av 12 tall"
    )
    assert "* er regnet av færre tall enn perioden skal ha." in html


async def test_names_are_text_and_never_markup() -> None:
    html = (
        await render("board.html", {"board": Board("a-0001", "<script>alert(1)</script>", "<b>")})
    ).text

    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html


def test_a_missing_month_breaks_the_line() -> None:
    values = {Period.parse(month): cell("7") for month in ("2013-01", "2013-02", "2013-04")}
    line = Line("month", {month: Board.shown(rate) or 0 for month, rate in values.items()})  # type: ignore[misc]

    chart = draw([line], {}, width=340, height=260)

    assert chart is not None
    assert re.sub(r"[\d. ]", "", chart.lines[0].path) == "MLM"


def test_years_and_months_are_named_where_there_is_room() -> None:
    months = {Period.of_month(2011, 6).plus(i): Board.shown(cell("7")) for i in range(30)}
    line = Line("month", {month: value for month, value in months.items() if value is not None})

    chart = draw([line], {}, width=340, height=260)

    assert chart is not None
    assert [year.year for year in chart.years] == [2011, 2012, 2013]
    assert [str(mark.label) for mark in chart.period_marks if mark.label] == [
        "2011-09", "2012-01", "2012-05", "2012-09", "2013-01", "2013-05", "2013-09",
    ]  # fmt: skip


def test_a_chart_of_nothing_is_not_drawn() -> None:
    assert draw([Line("month", {})], {}, width=340, height=260) is None
