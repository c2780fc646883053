"""Rules of networks."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.registry.entries.rules import Names
from services.registry.networks.rules import NetworkMember, revised_network
from shared.errors import RuleBroken
from tests.registry.factories import programme
from tests.registry.together import network

PROJECTS = {"vefsn": "saman", "elsewhere": "other"}


def test_the_same_network_put_again_is_no_change() -> None:
    made = revised_network(None, network(), programme(), PROJECTS)
    assert made == network()
    assert revised_network(replace(network(), version=4), network(), programme(), PROJECTS) is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"network_id": "X"}, "id-malformed"),
        ({"names": Names()}, "name-malformed"),
        ({"goals": (Names(" "),)}, "name-malformed"),
        ({"cohort_ids": ("cohort-9",)}, "cohort-unknown"),
        ({"theme_ids": ("innovation",)}, "theme-unknown"),
        ({"theme_ids": ("reputation",) * 2}, "id-repeated"),
        ({"members": (NetworkMember("nobody"),)}, "project-unknown"),
        ({"members": (NetworkMember("elsewhere"),)}, "project-of-another-programme"),
        ({"members": (NetworkMember("vefsn"),) * 2}, "member-repeated"),
        (
            {"members": (NetworkMember("vefsn", date(2013, 1, 2), date(2013, 1, 1)),)},
            "days-reversed",
        ),
    ],
    ids=str,
)
def test_a_network_that_makes_no_sense_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        revised_network(None, network(**change), programme(), PROJECTS)
    assert refused.value.code == code


def test_a_project_may_leave_a_network_and_come_back() -> None:
    members = (
        NetworkMember("vefsn", None, date(2012, 12, 31)),
        NetworkMember("vefsn", date(2013, 6, 1)),
    )
    assert revised_network(None, network(members=members), programme(), PROJECTS) is not None
