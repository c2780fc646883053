"""What a grant must be."""

from dataclasses import dataclass
from decimal import Decimal

from services.registry.entries.rules import check_id, check_line, revised
from shared.errors import RuleBroken

YEAR_MIN, YEAR_MAX = 1950, 2100
LETTER_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant to a project for one year.

    Attributes:
        amount: in kroner, with at most two decimals.
        is_conditional: it is paid only when a condition of the letter is met.
        letter: the letter that awards it.
        version: rises by one with every change of this state, from 1.
    """

    grant_id: str
    project_id: str
    year: int
    amount: Decimal
    is_conditional: bool
    letter: str | None = None
    version: int = 1


def revised_grant(present: Grant | None, wanted: Grant) -> Grant | None:
    """Judge a grant that was put; none when it is as it was.

    Raises:
        RuleBroken: `id-malformed`, `year-out-of-range`, `amount-malformed`, `text-malformed` or
            `grant-moved` (to another project).
    """
    check_id(wanted.grant_id, "grant")
    if not YEAR_MIN <= wanted.year <= YEAR_MAX:
        raise RuleBroken(
            f"year must be {YEAR_MIN} to {YEAR_MAX}, got {wanted.year}", code="year-out-of-range"
        )
    if wanted.amount <= 0 or wanted.amount != round(wanted.amount, 2):
        raise RuleBroken(
            f"amount must be above 0 and in whole øre, got {wanted.amount}",
            code="amount-malformed",
        )
    if wanted.letter is not None:
        check_line(wanted.letter, "a letter", length_max=LETTER_LENGTH_MAX)
    if present is not None and present.project_id != wanted.project_id:
        raise RuleBroken(
            f"grant {wanted.grant_id} was given to {present.project_id} and stays there, got"
            f" {wanted.project_id}",
            code="grant-moved",
        )
    return revised(present, wanted)
