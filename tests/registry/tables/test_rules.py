"""How the sources' tables are counted."""

import pytest

from services.registry.entries.rules import Names
from services.registry.municipalities.rules.membership import Membership
from services.registry.programmes.rules import ClaimedTable
from services.registry.projects.rules import Mark, ThemeProfile
from services.registry.tables.rules import (
    claimed_and_counted,
    full_time_matrix,
    projects_by_county,
    start_up_profiles,
    theme_by_end_year,
)
from shared.errors import NotFound
from tests.registry.factories import municipality, programme, project

CLAIMED = ClaimedTable(
    "theme-by-end-year",
    "saman-cohort-1",
    ("reputation", "total"),
    ("2014", "total"),
    (("5", "5"), ("5", "5")),
    "slides",
)
PROGRAMME = programme(claimed_tables=(CLAIMED,))
CHOSEN = ThemeProfile({"open_house": Mark(4)}, ("ungdom", "eldre"), True)
PROJECTS = [
    project("a-1", planned_end_year=2014, profile={"reputation": CHOSEN}),
    project("b-1", profile={"reputation": ThemeProfile({})}),
    project("c-1", theme_ids=(), members=(Membership("oslo-0301"),)),
    project("d-1"),
]


def test_projects_are_counted_by_theme_and_planned_end_year() -> None:
    table = theme_by_end_year(PROGRAMME, PROJECTS, "saman-cohort-1")
    assert [row.head_id for row in table.rows] == ["reputation", "total"]
    assert [column.head_id for column in table.columns] == ["2014", "not-settled", "total"]
    assert table.counted == (("1", "2", "3"), ("1", "2", "3"))
    assert table.unknown == 1
    assert ("reputation", "2014", "5", "1") in table.differences()
    assert ("reputation", "not-settled", None, "2") in table.differences()


def test_what_is_claimed_of_one_cohort_is_not_set_beside_another() -> None:
    assert theme_by_end_year(PROGRAMME, PROJECTS, "cohort-2").claimed is None
    assert theme_by_end_year(PROGRAMME, PROJECTS, "cohort-2").differences() == ()


def test_the_matrix_has_a_row_per_project_and_counts_the_marks() -> None:
    table = full_time_matrix(PROGRAMME, PROJECTS, "reputation")
    assert [row.head_id for row in table.rows] == ["a-1", "b-1", "total"]
    assert table.counted == (
        ("4", "ungdom, eldre", "x"),
        (None, None, None),
        ("1", None, "1"),
    )
    assert table.unknown == 1
    with pytest.raises(NotFound):
        full_time_matrix(PROGRAMME, PROJECTS, "innovation")


def test_profiles_are_counted_by_option() -> None:
    table = start_up_profiles(PROGRAMME, PROJECTS, "reputation")
    assert [row.head_id for row in table.rows] == ["open_house", "total"]
    assert table.counted == (("1",), ("1",))


def test_projects_are_counted_by_the_county_in_which_they_started() -> None:
    known = {
        "vefsn-1824": municipality(),
        "oslo-0301": municipality("0301", "Oslo"),
    }
    nowhere = project("e-1", members=())
    table = projects_by_county(PROGRAMME, [*PROJECTS, nowhere], known)
    assert [(row.head_id, row.names) for row in table.rows] == [
        ("18", Names(nb="Nordland")),
        ("total", None),
    ]
    assert table.counted == (("4", "4"), ("4", "4"))
    assert table.unknown == 1


def test_claimed_counts_stand_beside_counted_ones() -> None:
    table = claimed_and_counted(PROGRAMME, PROJECTS)
    assert table.counted == (("2", "4"), ("2", "4"))
    assert ("saman-cohort-1", "municipalities", "51", "2") in table.differences()
