"""What a count of the workforce says of each metric, and how many persons stand behind it."""

from decimal import Decimal

import pytest

from services.metrics.workforce.rules import Derived, Workforce, derived, places

KEY = "included.municipality-hr"


def said(count: Workforce) -> dict[tuple[str, str], tuple[str, str, int | None]]:
    return {
        (one.metric, one.definition_key): (str(one.numerator), str(one.denominator), one.persons)
        for one in derived(count, KEY)
        if one.numerator is not None
    }


def test_a_whole_count_says_all_five_metrics() -> None:
    count = Workforce(1000, Decimal("742.5"), 1100, 600, 400, None, 150)

    assert said(count) == {
        ("position-size", KEY): ("742.5", "1000", 1000),
        ("position-size-per-position", KEY): ("742.5", "1100", 1000),
        ("part-time-share", KEY): ("600", "1000", 400),
        ("full-time-share", KEY): ("400", "1000", 400),
        ("involuntary-part-time-share", f"{KEY}.part-time"): ("150", "600", 150),
    }


def test_those_asked_are_the_denominator_where_they_were_counted() -> None:
    count = Workforce(
        1000, Decimal(700), part_time_employees=600, asked=80, wanting_larger_position=20
    )

    assert said(count)["involuntary-part-time-share", f"{KEY}.asked"] == ("20", "80", 20)
    assert ("involuntary-part-time-share", f"{KEY}.part-time") not in said(count)


def test_what_a_count_does_not_say_is_missing_and_never_zero() -> None:
    assert set(said(Workforce(10, Decimal(7)))) == {("position-size", KEY)}
    assert [(one.metric, one.definition_key) for one in derived(Workforce(1, Decimal(1)), KEY)] == (
        places(KEY)
    )


@pytest.mark.parametrize(
    ("part_time", "persons"),
    [(0, 50), (1, 1), (4, 4), (20, 20), (47, 3), (50, 50)],
)
def test_few_part_time_employees_and_few_others_are_a_small_cell(
    part_time: int, persons: int
) -> None:
    count = Workforce(50, Decimal(40), part_time_employees=part_time)

    (share,) = [one for one in derived(count, KEY) if one.metric == "part-time-share"]
    assert share == Derived("part-time-share", KEY, Decimal(part_time), Decimal(50), persons)
