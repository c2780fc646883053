"""Rules of commitments."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.registry.commitments.rules import CommitmentState, revised_commitment
from shared.errors import RuleBroken
from tests.registry.together import commitment

DAY = date(2012, 9, 12)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"commitment_id": "X"}, "id-malformed"),
        ({"text": " "}, "text-malformed"),
        ({"text": "x" * 501}, "text-malformed"),
        ({"note": ""}, "text-malformed"),
        ({"due_on": date(2012, 9, 11)}, "due-before-made"),
        ({"state": CommitmentState.DROPPED}, "note-missing"),
    ],
    ids=str,
)
def test_a_commitment_that_makes_no_sense_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        revised_commitment(None, commitment(**change), begins_on=DAY)
    assert refused.value.code == code


@pytest.mark.parametrize("change", [{"gathering_id": "oslo-2013"}, {"project_id": "sund"}])
def test_a_commitment_stays_where_it_was_made(change: dict[str, str]) -> None:
    with pytest.raises(RuleBroken) as refused:
        revised_commitment(commitment(), commitment(**change), begins_on=DAY)
    assert refused.value.code == "commitment-moved"


def test_a_commitment_is_kept_dropped_or_open_again() -> None:
    kept = revised_commitment(commitment(), commitment(state=CommitmentState.KEPT), begins_on=DAY)
    assert kept == commitment(state=CommitmentState.KEPT, version=2)
    assert kept is not None
    again = revised_commitment(kept, commitment(), begins_on=DAY)
    assert again == replace(commitment(), version=3)
    assert revised_commitment(again, commitment(), begins_on=DAY) is None
