"""Windows: sums of day counts, weighted rates, reported figures, coverage and the reasons for a
missing value.
"""

import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.publishing.rules.states import settle
from services.metrics.series.rules.windows import own_series
from tests.metrics.posted import (
    contents,
    figure_of,
    figures_of_one_series,
    posted,
    series_of,
)
from tests.metrics.recomputation import Posted, recompute
from tests.metrics.vefsn import source_rows, vefsn_figures


def rate(content: dict[str, Any], window: str) -> dict[str, Any]:
    found: dict[str, Any] = content["windows"][window]
    return found


def test_a_month_of_day_counts_is_lost_over_agreed_days() -> None:
    content = contents(series_of([posted("2013-02", lost="1387.20", agreed="20104.00")]))["2013-02"]

    assert rate(content, "month") == {
        "value": "6.90", "reported": None, "numerator": "1387.20", "denominator": "20104.00",
        "coverage": {"present": 1, "expected": 1}, "reason": None,
    }  # fmt: skip


def test_a_quarter_is_the_sum_of_lost_over_the_sum_of_agreed_days_not_the_mean_of_rates() -> None:
    months = [("01", "10", "100"), ("02", "10", "100"), ("03", "0", "800")]
    figures = [posted(f"2013-{month}", lost=lost, agreed=agreed) for month, lost, agreed in months]

    content = contents(series_of(figures))["2013-03"]

    assert rate(content, "quarter")["value"] == "2.00"
    assert rate(content, "quarter")["numerator"] == "20.00"
    assert rate(content, "year-to-date")["coverage"] == {"present": 3, "expected": 3}
    assert rate(content, "rolling-12")["coverage"] == {"present": 3, "expected": 12}


@pytest.mark.parametrize(
    ("period", "windows"),
    [
        ("2013-02", ["month", "year-to-date", "rolling-12"]),
        ("2013-03", ["month", "quarter", "year-to-date", "rolling-12"]),
        ("2013-06", ["month", "quarter", "half-year", "year-to-date", "rolling-12"]),
        ("2013-12", ["month", "quarter", "half-year", "year", "year-to-date", "rolling-12"]),
        ("2013-Q2", ["quarter", "half-year", "year-to-date", "rolling-12"]),
        ("2013-H2", ["half-year", "year", "year-to-date", "rolling-12"]),
        ("2013", ["year", "year-to-date", "rolling-12"]),
    ],
)
def test_coarser_windows_belong_to_the_state_of_their_last_period(
    period: str, windows: list[str]
) -> None:
    assert list(contents(series_of([posted(period)]))[period]["windows"]) == windows


def test_a_month_without_a_figure_has_no_value_but_its_year_to_date_has() -> None:
    gap = contents(series_of([posted("2013-01"), posted("2013-03")]))["2013-02"]

    assert rate(gap, "month") == {
        "value": None, "reported": None, "numerator": None, "denominator": None,
        "coverage": {"present": 0, "expected": 1}, "reason": "no-data",
    }  # fmt: skip
    assert rate(gap, "year-to-date")["value"] == "8.60"
    assert rate(gap, "year-to-date")["coverage"] == {"present": 1, "expected": 2}


def test_no_agreed_days_give_no_rate_and_say_why() -> None:
    content = contents(series_of([posted("2013-01", lost="0", agreed="0")]))["2013-01"]

    assert rate(content, "month")["value"] is None
    assert rate(content, "month")["reason"] == "denominator-zero"
    assert rate(content, "month")["coverage"] == {"present": 1, "expected": 1}


@pytest.mark.parametrize(
    ("kind", "weights", "expected"),
    [
        ("equal", (None, None), "7.00"),
        ("working-days", ("10", "30"), "6.50"),
        ("agreed-days", ("1", "3"), "6.50"),
    ],
)
def test_bare_rates_are_weighted_as_declared(
    kind: str, weights: tuple[str | None, str | None], expected: str
) -> None:
    rates = zip(("8.0", "6.0"), weights, strict=True)
    figures = [
        posted(f"2013-0{month}", rate=value, weight_kind=kind, weight=weight)
        for month, (value, weight) in enumerate(rates, start=1)
    ]

    year_to_date = rate(contents(series_of(figures))["2013-02"], "year-to-date")

    assert year_to_date["value"] == expected
    assert (year_to_date["numerator"], year_to_date["denominator"]) == (None, None)


def test_day_counts_and_rates_weighted_by_agreed_days_go_together() -> None:
    figures = [
        posted("2013-01", lost="10", agreed="100"),
        posted("2013-02", rate="5", weight_kind="agreed-days", weight="300"),
    ]
    assert rate(contents(series_of(figures))["2013-02"], "year-to-date")["value"] == "6.25"


@pytest.mark.parametrize("kind", ["equal", "working-days"])
def test_weights_of_unlike_meaning_are_not_mixed(kind: str) -> None:
    figures = [
        posted("2013-01", lost="10", agreed="100"),
        posted("2013-02", rate="5", weight_kind=kind, weight="20"),
    ]

    content = contents(series_of(figures))["2013-02"]

    assert rate(content, "year-to-date")["reason"] == "unlike-definitions"
    assert rate(content, "year-to-date")["value"] is None
    assert rate(content, "month")["value"] == "5.00"


def test_a_coarser_figure_is_shown_as_reported_and_neither_spread_nor_added() -> None:
    figures = [
        posted("2012", rate="9.0", weight_kind="equal"),
        posted("2013-01"),
        posted("2013-Q1", rate="7.7"),
    ]

    states = contents(series_of(figures))

    assert rate(states["2012-12"], "year")["reported"] == "9.00"
    assert rate(states["2012-12"], "year")["reason"] == "no-data"
    assert "2013-03" in states
    assert rate(states["2013-03"], "quarter")["reported"] == "7.70"
    assert rate(states["2013-03"], "quarter")["value"] == "8.60"
    assert rate(states["2013-03"], "quarter")["coverage"] == {"present": 1, "expected": 3}


def test_a_coarser_figure_is_the_grain_until_a_finer_one_comes() -> None:
    assert list(contents(series_of([posted("2013-Q1")]))) == ["2013-Q1"]
    assert list(contents(series_of([posted("2013-Q1"), posted("2013-02")]))) == [
        "2013-02",
        "2013-03",
    ]


def test_a_year_to_date_inside_a_quarter_is_shown_nowhere_in_a_series_of_quarters() -> None:
    figures = [posted("2013-Q1"), posted("2013-02", rate="7.0", window="year-to-date")]
    states = contents(series_of(figures))

    assert list(states) == ["2013-Q1"]
    assert rate(states["2013-Q1"], "year-to-date")["reported"] is None


def test_the_same_month_last_year_is_compared_unrounded() -> None:
    """June 2013 against June 2012 in Vefsn is -22.7 per cent (FORMULAS 1.5)."""
    states = contents(series_of(vefsn_figures()))

    assert states["2013-06"]["year_on_year_change_percent"] == "-22.67"
    assert states["2013-02"]["year_on_year_change_percent"] == "-26.60"
    assert states["2012-02"]["year_on_year_change_percent"] is None


def test_a_later_vintage_replaces_an_earlier_one_in_any_order() -> None:
    figures = [
        posted(lost="10", vintage=1),
        posted(lost="20", vintage=2),
        posted(lost="30", vintage=3, withdrawn=True),
    ]
    for order in (figures, figures[::-1], [figures[1], figures[2], figures[0]]):
        assert rate(contents(series_of(order))["2013-02"], "month")["value"] == "2.00"


def test_a_withdrawn_figure_leaves_its_period_without_data() -> None:
    states = contents(series_of([posted("2013-01"), posted("2013-02", withdrawn=True)]))
    assert rate(states["2013-02"], "month")["reason"] == "no-data"


def test_vefsns_rolling_12_is_carried_on_from_december() -> None:
    """8.1 of December 2012 and the differences give the cells that the slide shows, and go on where
    it stops.
    """
    states = contents(series_of(vefsn_figures()))
    computed = [rate(states[f"2013-0{month}"], "rolling-12")["value"] for month in range(1, 8)]

    assert computed == ["7.95", "7.74", "7.55", "7.37", "7.19", "7.05", "7.00"]


def test_a_reported_year_to_date_of_december_anchors_where_no_rolling_12_is_reported() -> None:
    figures = [one for one in vefsn_figures() if one.window != "rolling-12"]
    assert rate(contents(series_of(figures))["2013-02"], "rolling-12")["value"] == "7.74"


def test_without_december_the_last_reported_rolling_12_is_carried_on() -> None:
    figures = [one for one in vefsn_figures() if one.window == "period" or one.period == "2013-02"]
    states = contents(series_of(figures))

    assert rate(states["2013-03"], "rolling-12")["value"] == "7.51"  # 7.7 + (6.8 - 9.1) / 12
    assert (
        rate(states["2013-04"], "rolling-12")["value"] == "7.33"
    )  # 7.7 + (6.8 - 9.1 + 6.4 - 8.6) / 12
    assert (
        rate(states["2013-02"], "rolling-12")["value"] == "7.48"
    )  # the mean: the figure itself is no anchor


def test_without_an_anchor_the_rolling_12_is_the_mean() -> None:
    figures = [one for one in vefsn_figures() if one.window == "period"]
    states = contents(series_of(figures))

    assert rate(states["2012-12"], "rolling-12")["value"] == "7.83"
    assert rate(states["2013-01"], "rolling-12")["value"] == "7.68"


def test_vefsns_reported_columns_are_those_of_the_slide() -> None:
    states = contents(series_of(vefsn_figures()))

    for row in source_rows():
        rates = states[
            row.period
            if not row.is_sum
            else f"{row.period}-{'07' if row.period == '2013' else '12'}"
        ]["windows"]
        if not row.is_sum:
            assert Decimal(rates["month"]["value"]) == Decimal(row.month or "nan")
            assert rates["rolling-12"]["reported"] == (
                f"{row.rolling_12}0" if row.rolling_12 else None
            )
        assert rates["year-to-date"]["reported"] == f"{row.year_to_date}0"


def test_generated_figures_mark_every_state_whose_windows_hold_them() -> None:
    states = contents(
        series_of([posted("2013-01", generated=True), posted("2014-01"), posted("2014-02")])
    )

    assert states["2013-12"]["generated"]
    assert not states["2014-01"]["generated"]


@given(figures_of_one_series())
def test_states_equal_an_independent_recomputation(figures: list[Posted]) -> None:
    expected = {key[2]: state for key, state in recompute(figures).items()}

    published = contents(series_of(figures))

    assert list(published) == list(expected)
    for period, content in published.items():
        assert {name: content[name] for name in expected[period]} == expected[period]


@given(figures_of_one_series(), st.randoms(use_true_random=False))
def test_the_order_and_repetition_of_figures_does_not_matter(
    figures: list[Posted], chance: random.Random
) -> None:
    shuffled = figures * 2
    chance.shuffle(shuffled)
    assert contents(series_of(shuffled)) == contents(series_of(figures))


@given(figures_of_one_series(with_units=False, kinds=["days"]), st.integers(0, 40))
def test_a_state_of_day_counts_needs_no_figures_from_more_than_a_year_before(
    figures: list[Posted], back: int
) -> None:
    """What the store loads is enough; only reported rolling-12 figures are carried on from further
    back.
    """
    whole = series_of(figures)
    ordinal = max(whole.first, whole.last - back)
    near = [
        figure_of(one)
        for one in figures
        if one.span[0] >= (ordinal - whole.per_year) * whole.months
    ]
    loaded = own_series(
        whole.key, whole.formula, near, months=whole.months, extent=(whole.first, whole.last)
    )

    assert settle(loaded, [ordinal]) == settle(whole, [ordinal])
