"""The scoreboard equals Vefsn's slide, row by row."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from services.metrics.boards.rules import Row, board_rows, goal_row
from services.metrics.publishing.commands.wire import write
from services.metrics.publishing.rules.published import Cell, PublishedState, unrounded
from services.metrics.publishing.rules.states import settle
from services.metrics.series.rules.figures import Window, period_of
from shared.values import rounded
from tests.metrics.posted import ABSENCE, posted, series_of
from tests.metrics.recomputation import Posted
from tests.metrics.vefsn import GOAL, source_rows, vefsn_figures


def published(figures: list[Posted]) -> list[PublishedState]:
    series = series_of(figures)
    states = []
    for state in settle(series, range(series.first, series.last + 1), [GOAL]).states:
        written = write(state, ABSENCE)
        pairs = zip(written.unrounded[::2], written.unrounded[1::2], strict=True)
        rates = json.loads(written.content)["windows"]
        cells = {
            Window(window): Cell(
                computed, reported, rate["coverage"]["present"], rate["coverage"]["expected"]
            )
            for (window, rate), (computed, reported) in zip(rates.items(), pairs, strict=True)
        }
        states.append(PublishedState(period_of(state.last_month, state.months), cells))
    return states


def one_decimal(trillionths: int | None) -> str | None:
    value = unrounded(trillionths)
    return None if value is None else str(rounded(value, 1))


def test_the_board_equals_the_slide() -> None:
    rows = board_rows(published(vefsn_figures()), GOAL)

    assert [(str(row.period), row.is_sum) for row in rows] == [
        (row.period, row.is_sum) for row in source_rows()
    ]
    for row, source in zip(rows, source_rows(), strict=True):
        assert one_decimal(row.cells[Window.YEAR_TO_DATE].reported) == source.year_to_date
        assert row.smileys == source.smileys_by_rule
        if not row.is_sum:
            assert one_decimal(row.cells[Window.MONTH].shown) == source.month
            assert one_decimal(row.cells[Window.ROLLING_12].reported) == source.rolling_12


def test_sum_rows_are_the_year_to_date_of_each_years_last_month() -> None:
    sums = [row for row in board_rows(published(vefsn_figures()), GOAL) if row.is_sum]
    assert [(str(row.period), str(row.until), row.smileys) for row in sums] == [
        ("2011", "2011-12", 3), ("2012", "2012-12", 5), ("2013", "2013-07", 17),
    ]  # fmt: skip
    assert sums[-1].persons_tenths == 220


def differing(rows: list[Row], window: Window) -> list[str]:
    return [str(row.period) for row in rows if not row.is_sum and row.cells[window].differs]


def test_cells_are_marked_where_reported_and_computed_differ_at_one_decimal() -> None:
    rows = board_rows(published(vefsn_figures()), GOAL)

    assert differing(rows, Window.YEAR_TO_DATE) == [
        *(f"2012-{month:02}" for month in range(2, 13)),
        *(f"2013-{month:02}" for month in range(2, 8)),
    ]
    assert [period for period in differing(rows, Window.ROLLING_12) if period > "2013"] == []
    assert differing(rows, Window.MONTH) == []


def test_a_year_without_any_month_has_only_its_sum() -> None:
    rows = board_rows(published(vefsn_figures()), GOAL)
    assert [row.is_sum for row in rows[:2]] == [True, False]


def test_a_year_that_was_posted_as_a_whole_is_its_sum() -> None:
    year = posted("2011", rate="8.3", weight_kind="equal")
    rows = board_rows(published([year, posted("2012-01")]), GOAL)

    assert [(str(row.period), row.smileys) for row in rows if row.is_sum] == [
        ("2011", 3),
        ("2012", 0),
    ]
    assert one_decimal(rows[0].cells[Window.YEAR_TO_DATE].shown) == "8.3"


def test_a_gap_in_a_year_with_other_months_is_a_row_without_a_figure() -> None:
    rows = board_rows(published([posted("2013-01"), posted("2013-03")]), GOAL)

    assert [str(row.period) for row in rows] == ["2013-01", "2013-02", "2013-03", "2013"]
    assert (rows[1].cells[Window.MONTH].shown, rows[1].smileys) == (None, None)


def test_a_year_to_date_that_lacks_a_month_counts_no_persons() -> None:
    rows = board_rows(published([posted("2013-01", lost="60"), posted("2013-03", lost="60")]), GOAL)

    assert rows[-1].cells[Window.YEAR_TO_DATE].shown == 6 * 10**12
    assert [(row.persons_tenths, row.smileys) for row in rows] == [
        (260, 17),
        (None, None),
        (260, 17),
        (None, None),
    ]


def test_a_reported_year_to_date_counts_persons_without_its_months() -> None:
    figures = [posted("2013-03", lost="60"), posted("2013-03", window="year-to-date", rate="8.0")]
    rows = board_rows(published([posted("2013-01"), *figures]), GOAL)

    assert (rows[-1].persons_tenths, rows[-1].smileys) == (60, 6)


@pytest.mark.parametrize(
    ("window", "period", "until", "percents"),
    [
        (Window.MONTH, "2013-04", "2013-04", 5),
        (Window.QUARTER, "2013-Q1", "2013-03", 8),
        (Window.YEAR_TO_DATE, "2013", "2013-04", Decimal("7.25")),
        (Window.ROLLING_12, "2013-04", "2013-04", Decimal("7.25")),
    ],
)
def test_a_goals_row_is_the_newest_rate_of_its_own_window(
    window: Window, period: str, until: str, percents: Decimal
) -> None:
    figures = [
        posted(f"2013-0{month}", lost=lost)
        for month, lost in ((1, "90"), (2, "80"), (3, "70"), (4, "50"))
    ]

    row = goal_row(published(figures), replace(GOAL, window=window))

    assert row is not None
    assert (str(row.period), str(row.until), row.counted) == (period, until, window)
    assert unrounded(row.cells[window].shown) == percents


def test_a_goals_row_of_too_few_figures_counts_no_persons() -> None:
    row = goal_row(published([posted("2013-01", lost="60"), posted("2013-03", lost="60")]), GOAL)

    assert row is not None
    assert (one_decimal(row.cells[Window.YEAR_TO_DATE].shown), row.persons_tenths) == ("6.0", None)


def test_a_board_without_a_goal_has_no_smileys() -> None:
    rows = board_rows(published(vefsn_figures()), None)
    assert {(row.smileys, row.persons_tenths) for row in rows} == {(None, None)}


def test_a_cell_is_rounded_from_the_unrounded_rate() -> None:
    """7.0499 is 7.05 in the published figure and still 7.0 on the board."""
    state = published([posted("2013-01", lost="70.499", agreed="1000")])[0]
    assert unrounded(state.cells[Window.MONTH].shown) == Decimal("7.0499")
    assert one_decimal(state.cells[Window.MONTH].shown) == "7.0"
