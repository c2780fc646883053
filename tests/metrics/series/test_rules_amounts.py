"""Exact arithmetic: rounding and the written form of amounts."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.series.rules.amounts import (
    Ratio,
    decimal_text,
    divided,
    exact_text,
    from_micro,
    micro,
)
from tests.metrics.recomputation import days, half_up


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        (5, 2, 3),
        (-5, 2, -3),
        (4, 3, 1),
        (-4, 3, -1),
        (0, 7, 0),
        (1, 3, 0),
        (-1, 2, -1),
        (-49, 100, 0),
    ],
)
def test_division_rounds_halves_away_from_zero(
    numerator: int, denominator: int, expected: int
) -> None:
    assert divided(numerator, denominator) == expected


@given(st.integers(-(10**11), 10**11), st.integers(1, 10**9))
def test_division_agrees_with_fractions(numerator: int, denominator: int) -> None:
    assert decimal_text(divided(100 * numerator, denominator), 2) == half_up(
        Fraction(numerator, denominator), 2
    )


@pytest.mark.parametrize(
    ("microdays", "text"),
    [
        (0, "0.00"),
        (1_387_200_000, "1387.20"),
        (20_104_000_000, "20104.00"),
        (1, "0.000001"),
        (1_234_500, "1.2345"),
    ],
)
def test_days_are_written_exactly_with_at_least_two_places(microdays: int, text: str) -> None:
    assert exact_text(microdays, 2) == text


@given(st.integers(0, 10**18 - 1))
def test_days_agree_with_fractions(microdays: int) -> None:
    assert exact_text(microdays, 2) == days(Fraction(microdays, 1_000_000))


def test_an_amount_that_contracts_cannot_write_is_left_out() -> None:
    assert exact_text(10**18, 2) is None
    assert decimal_text(10**14, 2) is None
    assert decimal_text(-(10**13), 1) is None


@pytest.mark.parametrize(
    ("tenths", "text"), [(0, "0.0"), (-5, "-0.5"), (110, "11.0"), (-1234, "-123.4")]
)
def test_tenths_keep_their_sign(tenths: int, text: str) -> None:
    assert decimal_text(tenths, 1) == text


@given(st.decimals(min_value=0, max_value=999_999_999_999, places=6))
def test_millionths_are_exact_both_ways(value: Decimal) -> None:
    assert from_micro(micro(value)) == value


def test_a_ratio_is_per_cent() -> None:
    assert Ratio(138_720_000_000_000_000, 20_104_000_000).hundredths == 690
    assert Ratio(8_150_000, 1).trillionths == 8_150_000_000_000
