"""Rules of grants."""

from decimal import Decimal
from typing import Any

import pytest

from services.registry.grants.rules import revised_grant
from shared.errors import RuleBroken
from tests.registry.together import grant


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"grant_id": "X"}, "id-malformed"),
        ({"year": 12}, "year-out-of-range"),
        ({"amount": Decimal(0)}, "amount-malformed"),
        ({"amount": Decimal(-1)}, "amount-malformed"),
        ({"amount": Decimal("1.005")}, "amount-malformed"),
        ({"letter": " "}, "text-malformed"),
    ],
    ids=str,
)
def test_a_grant_that_makes_no_sense_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        revised_grant(None, grant(**change))
    assert refused.value.code == code


def test_a_grant_stays_with_its_project() -> None:
    with pytest.raises(RuleBroken) as refused:
        revised_grant(grant(), grant(project_id="sund"))
    assert refused.value.code == "grant-moved"


def test_a_condition_that_was_met_is_a_change() -> None:
    assert revised_grant(grant(), grant()) is None
    assert revised_grant(grant(), grant(is_conditional=False)) == grant(
        is_conditional=False, version=2
    )
