"""The seating plan: tables of equal size at which people meet those whom they know least."""

import time
from itertools import combinations
from random import Random

import pytest

from services.registry.gatherings.rules import Party
from services.registry.gatherings.rules.seating import Guest, plan_tables
from shared.errors import RuleBroken

PARTIES = list(Party)


def guests(*of_municipalities: tuple[str, str, str, int]) -> list[Guest]:
    """Return guests by network, project, municipality and number; parties take turns."""
    return [
        Guest(network, project, municipality, PARTIES[turn % 3])
        for network, project, municipality, count in of_municipalities
        for turn in range(count)
    ]


FIVE = guests(
    *(("absence", name, name, 6) for name in ("stein", "vefsn", "jondal", "bomlo", "sund"))
)


def test_tables_are_of_equal_size_or_one_smaller() -> None:
    for count in range(2, 40):
        plan = plan_tables(guests(("n", "p", "m", count)), 8)
        sizes = [len(table) for table in plan.tables]
        assert sum(sizes) == count
        assert max(sizes) <= 8
        assert max(sizes) - min(sizes) <= 1


def test_five_municipalities_with_six_each_sit_apart() -> None:
    plan = plan_tables(FIVE, 5)
    assert plan.pairs["municipality"] == plan.bound == 0
    for table in plan.tables:
        assert len({guest.municipality_id for guest in table}) == 5
        assert {guest.party for guest in table} == set(Party)


def test_as_few_as_can_be_of_one_municipality_sit_together() -> None:
    plan = plan_tables(guests(("n", "p", "big", 10), ("n", "q", "small", 2)), 4)
    assert plan.pairs["municipality"] == plan.bound == 12


def test_projects_are_spread_before_networks() -> None:
    plan = plan_tables(
        guests(("n", "p", "a", 2), ("n", "p", "b", 2), ("m", "q", "c", 2), ("m", "q", "d", 2)), 2
    )
    assert plan.pairs == {"municipality": 0, "project": 0, "network": 0}


def test_the_same_guests_give_the_same_plan_in_whatever_order_they_come() -> None:
    turned = FIVE.copy()
    Random(1).shuffle(turned)
    assert plan_tables(turned, 8) == plan_tables(FIVE, 8)


def test_two_hundred_persons_are_seated_well_and_soon() -> None:
    many = guests(*((f"n{n % 6}", f"p{n}", f"m{n}", 5) for n in range(40)))
    begun = time.process_time()
    plan = plan_tables(many, 8)
    assert time.process_time() - begun < 10, "a good heuristic, not a search without end"
    assert (plan.pairs["municipality"], plan.bound) == (0, 0)
    met = [{guest.party for guest in table} for table in plan.tables]
    assert all(parties == set(Party) for parties in met)
    worst = sum(
        one.knows(other) == "network"
        for table in plan.tables
        for one, other in combinations(table, 2)
    )
    assert plan.pairs["network"] == worst


@pytest.mark.parametrize(
    ("people", "size", "code"),
    [([], 8, "nobody-to-seat"), (FIVE, 1, "table-size-malformed")],
)
def test_a_plan_for_nobody_or_for_no_table_is_refused(
    people: list[Guest], size: int, code: str
) -> None:
    with pytest.raises(RuleBroken) as refused:
        plan_tables(people, size)
    assert refused.value.code == code
