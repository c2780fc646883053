"""Which units are withheld beside small ones."""

from collections.abc import Iterable

import pytest

from services.metrics.units.rules import MUNICIPALITY, Held, withheld_beside

JANUARY, FEBRUARY = 2013 * 12, 2013 * 12 + 1


def held(
    unit: str,
    persons: int | None,
    *,
    definition: str = "total",
    months: tuple[int, int] = (JANUARY, JANUARY),
    was_shown: bool = False,
) -> Held:
    is_small = persons < 5 if persons is not None else unit != MUNICIPALITY
    return Held(unit, definition, 0, months, persons, is_small, was_shown)


def named(figures: Iterable[Held]) -> set[str]:
    return {one.unit for one in withheld_beside(list(figures), 5)}


@pytest.mark.parametrize(
    ("whole", "units", "withheld"),
    [
        pytest.param(20, {"a": 3, "b": 17}, {"b"}, id="the sister of a small unit"),
        pytest.param(100, {"a": 3, "b": 17}, set(), id="enough persons in no unit"),
        pytest.param(24, {"a": 3, "b": 17}, {"b"}, id="too few persons in no unit"),
        pytest.param(40, {"a": 3, "b": 17, "c": 20}, {"b"}, id="the smallest sister"),
        pytest.param(20, {"a": 3, "b": 3, "c": 14}, set(), id="two small ones are enough together"),
        pytest.param(17, {"a": 1, "b": 2, "c": 14}, {"c"}, id="two small ones too few together"),
        pytest.param(100, {"a": 50, "b": 47}, {"b"}, id="a small rest that is no unit"),
        pytest.param(97, {"a": 50, "b": 47}, set(), id="nothing left"),
        pytest.param(100, {"a": 50, "b": 40}, set(), id="enough left"),
        pytest.param(None, {"a": 50, "b": 40}, set(), id="an unknown rest beside nothing withheld"),
        pytest.param(None, {"a": 3, "b": 40}, {"b"}, id="an unknown rest beside a withheld unit"),
        pytest.param(90, {"a": None, "b": 40, "c": 30}, {"c"}, id="a unit of unknown size"),
        pytest.param(30, {"a": 3, "b": 40, "c": 50}, {"b"}, id="more in units than in all"),
        pytest.param(3, {"a": 3}, set(), id="a municipality that is withheld itself"),
        pytest.param(20, {"a": 3}, set(), id="no sister to withhold"),
    ],
)
def test_a_second_unit_is_withheld_where_what_is_left_is_a_small_cell(
    whole: int | None, units: dict[str, int | None], withheld: set[str]
) -> None:
    figures = [held(MUNICIPALITY, whole), *(held(name, count) for name, count in units.items())]

    assert named(figures) == withheld


def test_units_without_a_figure_of_the_municipality_are_judged_as_if_it_came() -> None:
    assert named([held("a", 3), held("b", 17), held("c", 30)]) == {"b"}


def test_what_is_withheld_by_one_definition_is_so_by_all() -> None:
    figures = [
        held(MUNICIPALITY, 20),
        held("a", 3),
        held("b", 17),
        held(MUNICIPALITY, 1000, definition="doctor"),
        held("b", 17, definition="doctor"),
    ]

    assert {(one.unit, one.definition_key) for one in withheld_beside(figures, 5)} == {
        ("b", "total"),
        ("b", "doctor"),
    }


def test_a_quarter_of_units_beside_months_of_the_municipality_is_judged() -> None:
    quarter = (JANUARY, JANUARY + 2)
    figures = [
        *(held(MUNICIPALITY, 20, months=(month, month)) for month in range(JANUARY, JANUARY + 3)),
        held("a", 3, months=quarter),
        held("b", 17, months=quarter),
    ]

    assert named(figures) == {"b"}


def test_a_unit_that_was_published_already_takes_the_municipality_instead() -> None:
    figures = [held(MUNICIPALITY, 20), held("a", 3), held("b", 17, was_shown=True)]

    assert named(figures) == {MUNICIPALITY, "b"}


def test_a_municipality_that_was_published_already_is_left_as_it_is() -> None:
    figures = [
        held(MUNICIPALITY, 20, was_shown=True),
        held("a", 3),
        held("b", 17, was_shown=True),
    ]

    assert named(figures) == {"b"}


def test_where_nobody_counts_persons_nothing_is_withheld() -> None:
    figures = [
        Held(MUNICIPALITY, "-", 0, (JANUARY, JANUARY), None, False, False),
        Held("a", "-", 0, (JANUARY, JANUARY), None, False, False),
    ]

    assert withheld_beside(figures, 0) == set()


def test_a_longer_window_of_the_municipality_withholds_no_month_that_is_not_small() -> None:
    year = (JANUARY, JANUARY + 1)
    figures = [
        *(held(MUNICIPALITY, 40, months=months) for months in ((JANUARY,) * 2, (FEBRUARY,) * 2)),
        held(MUNICIPALITY, 40, months=year),
        held("a", 3),
        held("a", 17, months=(FEBRUARY, FEBRUARY)),
        held("b", 17),
        held("b", 23, months=(FEBRUARY, FEBRUARY)),
    ]

    assert {(one.unit, one.span) for one in withheld_beside(figures, 5)} == set()
