"""Rules that all entries share."""

import pytest

from services.registry.entries.rules import check_id
from shared.errors import RuleBroken


@pytest.mark.parametrize("value", ["ab", "-abc", "abc-", "Abc", "a_b", "a b", "a" * 65, "", "åbc"])
def test_an_id_of_a_client_keeps_to_the_form(value: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        check_id(value, "cohort")
    assert refused.value.code == "id-malformed"
