"""Rules of programmes."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.registry.entries.rules import Names
from services.registry.programmes.rules import Cohort, Programme, Theme, revised_programme
from shared.errors import RuleBroken

PROGRAMME = Programme(
    "saman",
    Names("Saman"),
    (Cohort("cohort-1", Names("Pulje 1"), date(2012, 1, 1), {"municipalities": 51}),),
    (Theme("reputation", Names("Omdømme")),),
)


def test_the_same_programme_put_again_is_no_change() -> None:
    assert revised_programme(replace(PROGRAMME, version=4), PROGRAMME) is None


def test_a_claimed_count_is_part_of_the_state() -> None:
    changed = revised_programme(PROGRAMME, replace(PROGRAMME, claimed={"municipalities": 110}))
    assert changed is not None
    assert (changed.version, changed.claimed) == (2, {"municipalities": 110})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"programme_id": "X"}, "id-malformed"),
        ({"names": Names(" ")}, "name-malformed"),
        ({"claimed": {"municipalities": -1}}, "count-negative"),
        ({"cohorts": PROGRAMME.cohorts * 2}, "id-repeated"),
        ({"themes": (Theme("Reputation", Names("Omdømme")),)}, "id-malformed"),
        ({"themes": (Theme("reputation", Names("")),)}, "name-malformed"),
    ],
)
def test_a_programme_that_makes_no_sense_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        revised_programme(None, replace(PROGRAMME, **change))
    assert refused.value.code == code
