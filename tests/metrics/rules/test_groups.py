"""Groups: sums over sums, coverage, and small cells that must not be found out by subtraction."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.domain import (
    ALWAYS,
    PERSONS_MIN,
    Contributor,
    Figure,
    Life,
    Membership,
    Part,
    Stretch,
    Weighing,
    group_parts,
    is_small,
    suppressed_groups,
)
from tests.metrics.posted import (
    contents,
    drawn_terms,
    figure_of,
    group_series,
    persons,
    posted,
    series_of,
)
from tests.metrics.recomputation import Posted, rank, recompute

TWO = Membership([ALWAYS, ALWAYS])


def figures_by_municipality(figures: Sequence[Posted]) -> dict[str, Figure]:
    return {one.municipality_id: figure_of(one) for one in figures}


def month_of(parts: dict[str, Part], group: str, members: int) -> dict[str, Any]:
    membership = Membership([ALWAYS] * members)
    series = group_series(group, {2013 * 12 + 1: parts[group]}, membership=membership)
    found: dict[str, Any] = contents(series)["2013-02"]["rates"]["month"]
    return found


def test_a_group_is_the_sum_of_lost_over_the_sum_of_agreed_days() -> None:
    figures = [
        posted(municipality_id="a", lost="50", agreed="1000"),
        posted(municipality_id="b", lost="10", agreed="100"),
    ]
    parts = group_parts({"cohort/pulje-1": ["a", "b"]}, figures_by_municipality(figures))

    assert month_of(parts, "cohort/pulje-1", 2) == {
        "value": "5.45", "reported": None, "numerator": "60.00", "denominator": "1100.00",
        "coverage": {"present": 2, "expected": 2}, "reason": None,
    }  # fmt: skip


def test_a_rate_weighted_by_agreed_days_goes_in_and_takes_the_day_counts_away() -> None:
    figures = [
        posted(municipality_id="a", lost="50", agreed="1000"),
        posted(municipality_id="b", rate="10", weight_kind="agreed-days", weight="100"),
    ]
    month = month_of(group_parts({"g": ["a", "b"]}, figures_by_municipality(figures)), "g", 2)

    assert (month["value"], month["numerator"], month["denominator"]) == ("5.45", None, None)


@pytest.mark.parametrize("kind", ["equal", "working-days"])
def test_members_with_other_weights_count_as_missing(kind: str) -> None:
    figures = [
        posted(municipality_id="a", lost="50", agreed="1000"),
        posted(municipality_id="b", rate="10", weight_kind=kind, weight="20"),
    ]
    month = month_of(group_parts({"g": ["a", "b"]}, figures_by_municipality(figures)), "g", 2)

    assert (month["value"], month["coverage"]) == ("5.00", {"present": 1, "expected": 2})


def test_a_group_without_a_figure_has_no_data() -> None:
    month = month_of(group_parts({"g": ["a", "b"]}, {}), "g", 2)
    assert (month["value"], month["reason"], month["coverage"]) == (
        None,
        "no-data",
        {"present": 0, "expected": 2},
    )


def test_coverage_is_periods_times_members() -> None:
    january, february = 2013 * 12, 2013 * 12 + 1
    parts = {
        january: Part(5, 1, Weighing.DAY_COUNTS, 2),
        february: Part(5, 1, Weighing.DAY_COUNTS, 1),
    }

    rates = contents(group_series("g", parts, membership=TWO))["2013-02"]["rates"]

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
    parts = {january_2020: Part(5, 1, Weighing.DAY_COUNTS, 2)}

    rates = contents(group_series("g", parts, membership=membership))["2020-01"]["rates"]

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
    assert is_small(persons, unknown_is_small=of_unit) is small


def test_a_suppressed_window_shows_nothing_but_its_coverage() -> None:
    states = contents(
        series_of([posted("2013-01", persons=4), posted("2013-02"), posted("2014-01")])
    )

    february, january = states["2013-02"], states["2014-01"]
    assert february["suppressed"]
    assert february["rates"]["month"]["value"] == "8.60"
    assert february["rates"]["year-to-date"] == {
        "value": None, "reported": None, "numerator": None, "denominator": None,
        "coverage": {"present": 2, "expected": 2}, "reason": None,
    }  # fmt: skip
    assert not january["suppressed"]
    assert january["same_month_change_percent"] is None


def small(count: int = 3) -> Contributor:
    return Contributor(count, suppressed=True)


BIG = Contributor(900, suppressed=False)


@pytest.mark.parametrize(
    ("members", "contributors", "suppressed"),
    [
        ({"g": ["a"]}, {"a": small()}, {"g"}),
        ({"g": ["a", "b"]}, {"a": small(1), "b": small(2)}, {"g"}),
        ({"g": ["a", "b"]}, {"a": small(4), "b": small(4)}, set()),
        ({"g": ["a", "b"]}, {"a": small(), "b": BIG}, {"g"}),
        ({"g": ["a", "b", "c"]}, {"a": small(), "b": BIG, "c": BIG}, {"g"}),
        ({"g": ["a", "b", "c"]}, {"a": small(1), "b": small(3), "c": BIG}, {"g"}),
        ({"g": ["a", "b", "c"]}, {"a": small(2), "b": small(3), "c": BIG}, set()),
        ({"g": ["a", "b", "c"], "h": ["b", "c"]}, {"a": small(), "b": BIG, "c": BIG}, {"g"}),
        ({"g": ["a", "b", "c"], "h": ["b", "c", "d"]}, {"a": small(), "b": BIG, "c": BIG}, {"g"}),
        ({"g": ["a", "b", "c"], "h": ["b", "c"]}, {"a": BIG, "b": BIG, "c": BIG}, set()),
        ({"g": ["a", "b", "c"], "h": ["a", "b"]}, {"a": small(), "b": BIG, "c": small()}, {"h"}),
        ({"g": ["a", "b", "c", "d"], "h": ["a", "b"]}, dict.fromkeys("abcd", small()), set()),
        (
            {"g": ["a", "b", "c", "d"], "h": ["a", "b"]},
            dict.fromkeys("abcd", small(2)) | {"a": small(4)},
            {"g"},
        ),
        ({"g": ["a", "b"], "h": ["b", "c"], "i": ["a", "c"]}, dict.fromkeys("abc", small()), {"i"}),
        ({"g": ["a", "b"]}, {"a": Contributor(None, suppressed=False), "b": BIG}, set()),
        (
            {
                "x": ["a", "b"],
                "y": ["c", "d"],
                "z": ["e", "f"],
                "all": ["a", "b", "c", "d", "e", "f", "g"],
            },
            {**dict.fromkeys("abcd", small()), "e": small(2), "f": small(2), "g": BIG},
            {"z", "all"},
        ),
        (
            {"x": ["a", "b"], "y": ["c", "d"], "all": ["a", "b", "c", "d", "e", "f"]},
            {**dict.fromkeys("abcd", small()), "e": small(2), "f": small(2)},
            {"all"},
        ),
    ],
)
def test_groups_are_suppressed_when_a_small_member_could_be_found_out(
    members: dict[str, list[str]], contributors: dict[str, Contributor], suppressed: set[str]
) -> None:
    assert suppressed_groups(members, contributors) == suppressed


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
    parts = group_parts(groups, figures_by_municipality(figures))

    for group, members in groups.items():
        key = (group, posted().definition_key, "2013-02")
        if key in expected:
            month = month_of(parts, group, len(members))
            assert month == expected[key]["rates"]["month"]
        else:
            assert parts[group].present == 0


@given(month_of_members(), GROUPS)
def test_published_totals_never_give_away_a_small_member(
    figures: list[Posted], groups: dict[str, list[str]]
) -> None:
    """An attacker who adds and subtracts published totals in any way never gets the days of one
    small member.
    """
    held = figures_by_municipality(figures)
    adding = {one: figure for one, figure in held.items() if figure.adds_days}
    lone = {
        one for one, figure in adding.items() if is_small(figure.persons, unknown_is_small=False)
    }
    published = [{one} for one in adding.keys() - lone]
    published += [
        adding.keys() & groups[group]
        for group, part in group_parts(groups, held).items()
        if not part.suppressed
    ]
    rows = [[int(one in total) for one in adding] for total in published]

    for one in lone:
        assert rank([*rows, [int(one == other) for other in adding]]) > rank(rows)


CELLS = "abcdefg"


@given(
    st.fixed_dictionaries({one: st.integers(1, 4) for one in CELLS}),
    st.lists(st.sets(st.sampled_from(CELLS), min_size=1), min_size=1, max_size=7),
)
def test_published_totals_never_give_away_a_group_of_too_few(
    persons_of: dict[str, int], groups: list[set[str]]
) -> None:
    """Nor the days of all small members of a group, where fewer than five persons stand behind
    them.
    """
    members = {f"g{number}": sorted(ids) for number, ids in enumerate(groups)}

    suppressed = suppressed_groups(
        members, {one: small(count) for one, count in persons_of.items()}
    )

    rows = [
        [int(one in ids) for one in CELLS]
        for group, ids in members.items()
        if group not in suppressed
    ]
    for ids in groups:
        if len(ids) == 1 or sum(persons_of[one] for one in ids) < PERSONS_MIN:
            assert rank([*rows, [int(one in ids) for one in CELLS]]) > rank(rows)


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
    stretch = Stretch.of(
        {month: Part(*sums, Weighing.DAY_COUNTS) for month, sums in pooled.items()}
    )

    numerator, denominator, *_ = stretch.over(5, 17)

    inside = [(lost, agreed) for month, lost, agreed in rows if 5 <= month <= 17]
    assert (numerator, denominator) == (
        sum(lost for lost, _ in inside),
        sum(agreed for _, agreed in inside),
    )


def test_a_series_with_another_membership_expects_other_figures() -> None:
    series = group_series("g", {2013 * 12: Part(5, 1, Weighing.DAY_COUNTS, 1)}, membership=TWO)
    three = series._replace(membership=Membership([ALWAYS] * 3))
    assert contents(three)["2013-01"]["rates"]["month"]["coverage"] == {"present": 1, "expected": 3}
