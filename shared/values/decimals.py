"""Exact decimals: how contracts write them, and how quotients are kept and rounded."""

import re
from decimal import ROUND_HALF_UP, Context, Decimal

from shared.errors import RuleBroken

DIGITS_MAX = 12
"""Digits before the point of any number in a contract (CONTRACTS 1)."""

PLACES_MAX = 6
"""Digits after the point."""

_DECIMAL = re.compile(rf"-?\d{{1,{DIGITS_MAX}}}(\.\d{{1,{PLACES_MAX}}})?\Z", re.ASCII)
SIGNIFICANT_DIGITS = 12
"""Quotients are kept to this many digits (CONTRACTS, "Precision"). Fewer would show in a board's
second decimal.
"""

_SIX_PLACES = Decimal(1).scaleb(-PLACES_MAX)
_WITHIN_CONTRACT = Context(prec=DIGITS_MAX + PLACES_MAX)
_QUOTIENTS = Context(prec=SIGNIFICANT_DIGITS, rounding=ROUND_HALF_UP)


def is_within_contract(value: Decimal) -> bool:
    """Tell whether a decimal can be written as contracts do: at most 12 digits before and 6 after
    the point. Zeros at the end do not count.
    """
    return _fitted(value) is not None


def _fitted(value: Decimal) -> Decimal | None:
    """Return the same number with at most 6 places; None where that would be another number."""
    if not value.is_finite():
        return None
    if not value:
        return Decimal(0)
    if value.adjusted() >= DIGITS_MAX:
        return None
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    if exponent >= -PLACES_MAX:
        return value
    fitted = value.quantize(_SIX_PLACES, context=_WITHIN_CONTRACT)
    return fitted if fitted == value else None


def parse_decimal(value: object) -> Decimal:
    """Read an exact decimal as contracts write it: at most 12 digits before and 6 after the point.

    Args:
        value: text, an int, or a Decimal. Of a Decimal, which stood as a number in JSON, only the
            value counts: 20104.00000000 and 2.0104E+4 are 20104. A float is refused, because it
            already lost the digits that were sent.

    Raises:
        RuleBroken: `decimal-malformed`; NaN, infinity, an exponent in a text, too many digits, or
            no number at all.
    """
    if isinstance(value, Decimal) and (fitted := _fitted(value)) is not None:
        return fitted
    text = str(value)
    if isinstance(value, bool | float | Decimal) or not _DECIMAL.match(text):
        raise RuleBroken(
            f"a number must have at most {DIGITS_MAX} digits before and {PLACES_MAX} after the"
            f" point, got {text[:40]!r}",
            code="decimal-malformed",
        )
    return Decimal(text)


def quotient(numerator: Decimal, denominator: Decimal) -> Decimal:
    """Divide, keeping 12 significant digits. The result is published or compared, never added up
    again.
    """
    return _QUOTIENTS.divide(numerator, denominator)


def rounded(value: Decimal, places: int) -> Decimal:
    """Round to `places` decimals, halves away from zero (SSB's and the programme's rule; not
    banker's rounding).
    """
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
