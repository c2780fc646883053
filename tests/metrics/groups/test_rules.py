"""Groups: sums over sums, coverage, and small cells that must not be found out by subtraction."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.groups.rules import group_parts
from services.metrics.heard.rules import ALWAYS, Life, Membership
from services.metrics.series.rules.figures import Figure, Weighing
from services.metrics.series.rules.stretch import Part, Stretch
from services.metrics.suppression.rules import is_small
from tests.metrics.posted import (
    ABSENCE,
    contents,
    drawn_terms,
    figure_of,
    group_series,
    persons,
    posted,
    series_of,
)
from tests.metrics.recomputation import Posted, recompute

TWO = Membership([ALWAYS, ALWAYS])


def figures_by_municipality(figures: Sequence[Posted]) -> dict[str, Figure]:
    return {one.municipality_id: figure_of(one) for one in figures}


def month_of(parts: dict[str, Part], group: str, members: int) -> dict[str, Any]:
    membership = Membership([ALWAYS] * members)
    series = group_series(group, {2013 * 12 + 1: parts[group]}, membership=membership)
    found: dict[str, Any] = contents(series)["2013-02"]["windows"]["month"]
    return found


def test_a_group_is_the_sum_of_lost_over_the_sum_of_agreed_days() -> None:
    figures = [
        posted(municipality_id="a", lost="50", agreed="1000"),
        posted(municipality_id="b", lost="10", agreed="100"),
    ]
    parts = group_parts({"cohort/pulje-1": ["a", "b"]}, figures_by_municipality(figures), ABSENCE)

    assert month_of(parts, "cohort/pulje-1", 2) == {
        "value": "5.45", "reported": None, "numerator": "60.00", "denominator": "1100.00",
        "coverage": {"present": 2, "expected": 2}, "reason": None,
    }  # fmt: skip


def test_a_rate_weighted_by_agreed_days_goes_in_and_takes_the_day_counts_away() -> None:
    figures = [
        posted(municipality_id="a", lost="50", agreed="1000"),
        posted(municipality_id="b", rate="10", weight_kind="agreed-days", weight="100"),
    ]
    month = month_of(
        group_parts({"g": ["a", "b"]}, figures_by_municipality(figures), ABSENCE), "g", 2
    )

    assert (month["value"], month["numerator"], month["denominator"]) == ("5.45", None, None)


@pytest.mark.parametrize("kind", ["equal", "working-days"])
def test_members_with_other_weights_count_as_missing(kind: str) -> None:
    figures = [
        posted(municipality_id="a", lost="50", agreed="1000"),
        posted(municipality_id="b", rate="10", weight_kind=kind, weight="20"),
    ]
    month = month_of(
        group_parts({"g": ["a", "b"]}, figures_by_municipality(figures), ABSENCE), "g", 2
    )

    assert (month["value"], month["coverage"]) == ("5.00", {"present": 1, "expected": 2})


def test_a_group_without_a_figure_has_no_data() -> None:
    month = month_of(group_parts({"g": ["a", "b"]}, {}, ABSENCE), "g", 2)
    assert (month["value"], month["reason"], month["coverage"]) == (
        None,
        "no-data",
        {"present": 0, "expected": 2},
    )


def test_coverage_is_periods_times_members() -> None:
    january, february = 2013 * 12, 2013 * 12 + 1
    parts = {
        january: Part(5, 1, Weighing.PARTS, 2),
        february: Part(5, 1, Weighing.PARTS, 1),
    }

    rates = contents(group_series("g", parts, membership=TWO))["2013-02"]["windows"]

    assert rates["year-to-date"]["coverage"] == {"present": 3, "expected": 4}
    assert rates["rolling-12"]["coverage"] == {"present": 3, "expected": 24}


def test_a_member_is_expected_only_in_the_months_in_which_it_existed() -> None:
    """A municipality merged on 1 January 2020, and the one that was made then."""
    january_2020 = 2020 * 12
    membership = Membership(
        [ALWAYS, Life(None, january_2020), Life(january_2020, None), Life(january_2020, None)]
    )

    assert membership.alive(january_2020 - 1) == 2
    assert membership.alive(january_2020) == 3
    assert membership.expected(january_2020 - 2, january_2020 + 1, 1) == 10


def test_a_month_of_new_members_does_not_pass_for_a_year() -> None:
    january_2020 = 2020 * 12
    membership = Membership([Life(january_2020, None)] * 2)
    parts = {january_2020: Part(5, 1, Weighing.PARTS, 2)}

    rates = contents(group_series("g", parts, membership=membership))["2020-01"]["windows"]

    assert rates["year-to-date"]["coverage"] == {"present": 2, "expected": 2}
    assert rates["rolling-12"]["coverage"] == {"present": 2, "expected": 24}


@pytest.mark.parametrize(
    ("persons", "of_unit", "small"),
    [
        (4, False, True),
        (5, False, False),
        (0, False, True),
        (None, False, False),
        (None, True, True),
        (5, True, False),
    ],
)
def test_fewer_than_five_persons_are_small_and_unknown_ones_in_a_unit(
    persons: int | None, of_unit: bool, small: bool
) -> None:
    assert is_small(persons, 5, unknown_is_small=of_unit) is small


def test_a_suppressed_window_shows_nothing_but_its_coverage() -> None:
    states = contents(
        series_of([posted("2013-01", persons=4), posted("2013-02"), posted("2014-01")])
    )

    february, january = states["2013-02"], states["2014-01"]
    assert february["suppressed"]
    assert february["windows"]["month"]["value"] == "8.60"
    assert february["windows"]["year-to-date"] == {
        "value": None, "reported": None, "numerator": None, "denominator": None,
        "coverage": {"present": 2, "expected": 2}, "reason": None,
    }  # fmt: skip
    assert not january["suppressed"]
    assert january["year_on_year_change_percent"] is None


@pytest.mark.parametrize(
    ("persons", "suppressed"),
    [((900, 900), False), ((None, 900), False), ((4, 900), True), ((0, 4), True)],
)
def test_a_group_with_a_withheld_member_is_withheld(
    persons: tuple[int | None, int], suppressed: bool
) -> None:
    figures = [
        posted(municipality_id=one, persons=held) for one, held in zip("ab", persons, strict=True)
    ]

    assert (
        group_parts({"g": ["a", "b", "c"]}, figures_by_municipality(figures), ABSENCE)[
            "g"
        ].suppressed
        is suppressed
    )


def test_a_withheld_member_that_does_not_go_into_the_sum_withholds_nothing() -> None:
    figures = [posted(municipality_id="a"), posted(municipality_id="b", rate="10", persons=1)]

    assert not group_parts({"g": ["a", "b"]}, figures_by_municipality(figures), ABSENCE)[
        "g"
    ].suppressed


IDS = ["a", "b", "c", "d", "e"]


@st.composite
def month_of_members(draw: st.DrawFn) -> list[Posted]:
    found = []
    for one in draw(st.sets(st.sampled_from(IDS), min_size=1)):
        kind = draw(st.sampled_from(["days", "days", "agreed-days", "equal"]))
        found.append(
            posted("2013-02", municipality_id=one, persons=draw(persons), **draw(drawn_terms(kind)))
        )
    return found


GROUPS = st.dictionaries(
    st.sampled_from(["cohort/pulje-1", "theme/naervaer", "county/18", "programme/saman"]),
    st.lists(st.sampled_from(IDS), min_size=1, unique=True), min_size=1,
)  # fmt: skip


@given(month_of_members(), GROUPS)
def test_groups_equal_an_independent_recomputation(
    figures: list[Posted], groups: dict[str, list[str]]
) -> None:
    expected = recompute(figures, groups)
    parts = group_parts(groups, figures_by_municipality(figures), ABSENCE)

    for group, members in groups.items():
        key = (group, posted().definition_key, "2013-02")
        if key in expected:
            month = month_of(parts, group, len(members))
            assert month == expected[key]["windows"]["month"]
        else:
            assert parts[group].present == 0


@given(
    st.lists(
        st.tuples(st.integers(0, 23), st.integers(0, 10**9), st.integers(1, 10**10)), min_size=1
    )
)
def test_a_window_of_a_group_is_the_pooled_sum(rows: list[tuple[int, int, int]]) -> None:
    pooled: dict[int, tuple[int, int]] = {}
    for month, lost, agreed in rows:
        numerator, denominator = pooled.get(month, (0, 0))
        pooled[month] = (numerator + lost, denominator + agreed)
    stretch = Stretch.of({month: Part(*sums, Weighing.PARTS) for month, sums in pooled.items()})

    numerator, denominator, *_ = stretch.over(5, 17)

    inside = [(lost, agreed) for month, lost, agreed in rows if 5 <= month <= 17]
    assert (numerator, denominator) == (
        sum(lost for lost, _ in inside),
        sum(agreed for _, agreed in inside),
    )


def test_a_series_with_another_membership_expects_other_figures() -> None:
    series = group_series("g", {2013 * 12: Part(5, 1, Weighing.PARTS, 1)}, membership=TWO)
    three = series._replace(membership=Membership([ALWAYS] * 3))
    assert contents(three)["2013-01"]["windows"]["month"]["coverage"] == {
        "present": 1,
        "expected": 3,
    }
