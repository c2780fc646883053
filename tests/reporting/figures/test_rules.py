"""The rules by which a figure is accepted, as tables."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.reporting.figures.kinds.absence import ABSENCE
from services.reporting.figures.rules import (
    Window,
    compared_periods,
    weight_kind_fault,
    weight_kind_of,
)
from shared.values import Measure, Period
from tests.reporting.factories import draft, rate_draft
from tests.support.metrics import BUILT_IN

TODAY = date(2013, 3, 7)
METRIC = BUILT_IN["absence"]


def days(lost: str | None, agreed: str | None) -> dict[str, Any]:
    return {
        "lost_days": None if lost is None else Decimal(lost),
        "agreed_days": None if agreed is None else Decimal(agreed),
    }


@pytest.mark.parametrize(
    ("changes", "code", "names"),
    [
        ({"period": Period.parse("1989-12")}, "period-too-old", ["1989-12", "1990"]),
        ({"period": Period.parse("2013-03")}, "period-not-ended", ["2013-03-31", "2013-03-07"]),
        ({"period": Period.parse("2013")}, "period-not-ended", ["2013-12-31", "2013-03-07"]),
        (
            {"period": Period.parse("2012-Q4"), "window": Window.ROLLING_12},
            "window-needs-month",
            ["rolling-12", "2012-Q4"],
        ),
        (days(None, None), "figure-incomplete", ["lost_days", "rate_percent"]),
        (days("86", None), "figure-incomplete", ["lost_days and agreed_days"]),
        (days(None, "1000"), "figure-incomplete", ["lost_days and agreed_days"]),
        (
            {"rate_percent": Decimal("8.6"), "weight_kind": "equal"},
            "figure-ambiguous",
            ["not both"],
        ),
        (days("-0.01", "1000"), "number-negative", ["lost_days", "-0.01"]),
        (days("-0", "1000"), "number-negative", ["lost_days", "-0"]),
        (days("0", "-1000"), "number-negative", ["agreed_days", "-1000"]),
        (days("1000.01", "1000"), "lost-above-agreed", ["1000.01", "1000"]),
        ({"weight": Decimal(1)}, "weight-without-rate", ["rate_percent"]),
        ({"weight_kind": "equal"}, "weight-without-rate", ["rate_percent"]),
    ],
)
def test_a_figure_in_day_counts_is_refused(
    changes: dict[str, Any], code: str, names: list[str]
) -> None:
    (fault,) = ABSENCE.faults_of(draft(**changes), METRIC, today=TODAY)

    assert fault.code == code
    assert all(name in fault.message for name in names), fault.message


@pytest.mark.parametrize(
    ("changes", "code", "names"),
    [
        ({"rate": "100.01"}, "rate-out-of-bounds", ["100.01", "0 to 100"]),
        ({"rate": "-0.1"}, "number-negative", ["rate_percent", "-0.1"]),
        ({"weight_kind": None}, "weight-kind-missing", ["equal, working-days or agreed-days"]),
        ({"weight": Decimal(3)}, "weight-not-wanted", ["3"]),
        ({"weight_kind": "agreed-days"}, "weight-missing", ["agreed-days", "none"]),
        (
            {"weight_kind": "working-days", "weight": Decimal(0)},
            "weight-missing",
            ["working-days", "got 0"],
        ),
        (
            {"weight_kind": "agreed-days", "weight": Decimal(-5)},
            "number-negative",
            ["weight", "-5"],
        ),
        (
            {"window": Window.YEAR_TO_DATE, "weight_kind": None, "weight": Decimal(3)},
            "weight-not-wanted",
            ["3"],
        ),
    ],
)
def test_a_rate_without_days_is_refused(
    changes: dict[str, Any], code: str, names: list[str]
) -> None:
    (fault,) = ABSENCE.faults_of(rate_draft(**changes), METRIC, today=TODAY)

    assert fault.code == code
    assert all(name in fault.message for name in names), fault.message


@pytest.mark.parametrize(
    "figure",
    [
        draft(),
        draft(**days("0", "0")),
        draft(**days("1000", "1000")),
        draft(period=Period.parse("1990-01")),
        draft(period=Period.parse("2012-Q4")),
        draft(period=Period.parse("2012-H2")),
        draft(period=Period.parse("2012")),
        draft(window=Window.YEAR_TO_DATE),
        rate_draft("0"),
        rate_draft("100"),
        rate_draft(weight_kind="agreed-days", weight=Decimal("0.5")),
        rate_draft(weight_kind="working-days", weight=Decimal(20)),
        rate_draft(window=Window.ROLLING_12, weight_kind=None),
        rate_draft(window=Window.YEAR_TO_DATE, weight_kind="agreed-days"),
    ],
)
def test_a_figure_is_good(figure: Any) -> None:
    assert ABSENCE.faults_of(figure, METRIC, today=TODAY) == []


def test_all_faults_are_named_at_once() -> None:
    figure = draft(period=Period.parse("2013-04"), **days("-5", "-7"))

    assert [fault.code for fault in ABSENCE.faults_of(figure, METRIC, today=TODAY)] == [
        "period-not-ended",
        "number-negative",
        "number-negative",
    ]


def test_a_month_has_ended_on_the_first_day_of_the_next() -> None:
    february = draft(period=Period.parse("2013-02"))

    assert [
        fault.code for fault in ABSENCE.faults_of(february, METRIC, today=date(2013, 2, 28))
    ] == ["period-not-ended"]
    assert ABSENCE.faults_of(february, METRIC, today=date(2013, 3, 1)) == []


@pytest.mark.parametrize(
    ("figure", "others", "is_mixed"),
    [
        (rate_draft(), [], False),
        (rate_draft(), ["equal"], False),
        (rate_draft(), ["agreed-days"], True),
        (rate_draft(weight_kind="agreed-days", weight=Decimal(5)), ["equal"], True),
        (draft(), ["agreed-days"], False),
        (rate_draft(window=Window.YEAR_TO_DATE), ["agreed-days"], False),
    ],
)
def test_a_series_has_one_kind_of_weight(figure: Any, others: list[str], is_mixed: bool) -> None:
    fault = weight_kind_fault(figure, others)

    assert (fault is not None) is is_mixed
    if fault is not None:
        assert fault.code == "weight-kind-mixed"
        assert others[0] in fault.message


def test_day_counts_and_wider_windows_bring_no_weight_into_a_series() -> None:
    assert weight_kind_of(rate_draft()) == "equal"
    assert weight_kind_of(draft()) is None
    assert weight_kind_of(rate_draft(window=Window.ROLLING_12)) is None


@pytest.mark.parametrize(
    ("period", "before"),
    [
        ("2013-01", ("2012-12", "2012-01")),
        ("2013-Q1", ("2012-Q4", "2012-Q1")),
        ("2013-H1", ("2012-H2", "2012-H1")),
        ("2013", ("2012", "2012")),
    ],
)
def test_a_rate_is_compared_with_the_period_before_or_the_year_before(
    period: str, before: tuple[str, str]
) -> None:
    assert tuple(map(str, compared_periods(Period.parse(period)))) == before


def rate_of_january(rate: str) -> tuple[Period, Measure]:
    return Period.parse("2013-01"), Measure(value=Decimal(rate))


@pytest.mark.parametrize(
    ("figure", "before", "codes"),
    [
        (draft(), None, []),
        (draft(), rate_of_january("6.90"), []),
        (rate_draft("13.6"), rate_of_january("8.6"), []),
        (rate_draft("13.61"), rate_of_january("8.6"), ["jump"]),
        (rate_draft("3.59"), rate_of_january("8.6"), ["jump"]),
        (rate_draft("86", window=Window.ROLLING_12), rate_of_january("8.6"), []),
        (draft(**days("0", "0")), rate_of_january("8.6"), ["denominator-zero"]),
        (draft(persons=648), None, ["days-above-persons"]),
        (draft(persons=649), None, []),
        (draft(persons=0), None, ["days-above-persons"]),
        (draft(persons=None), None, []),
        (draft(persons=217, period=Period.parse("2012-Q4")), None, []),
        (draft(persons=1, window=Window.YEAR_TO_DATE), None, []),
        (
            draft(persons=1, **days("5000", "20104")),
            rate_of_january("6.9"),
            ["jump", "days-above-persons"],
        ),
    ],
)
def test_what_is_accepted_but_strange_is_pointed_out(
    figure: Any, before: tuple[Period, Measure] | None, codes: list[str]
) -> None:
    findings = ABSENCE.findings_of(figure, METRIC, before)

    assert [finding.code for finding in findings] == codes
    assert {finding.severity for finding in findings} <= {"warning"}


def test_a_jump_names_both_rates_and_the_bound() -> None:
    (jump,) = ABSENCE.findings_of(rate_draft("86.0"), METRIC, rate_of_january("8.6"))

    assert "86.00 %" in jump.message
    assert "8.60 % of 2013-01" in jump.message
    assert "5 points" in jump.message
    assert jump.message_args == {
        "rate": "86.00",
        "before": "8.60",
        "points": "77.40",
        "period": "2013-01",
    }
