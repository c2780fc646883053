"""Exact arithmetic on whole numbers: millionths instead of decimals, ratios instead of quotients.

Why whole numbers: they are exact like `Decimal` and several times faster, and metrics computes some
tens of thousands of sums per second. A quotient is rounded once, when it is written, and never used
again.
"""

from decimal import Decimal
from typing import NamedTuple

MILLION = 1_000_000
"""Decimals have at most six places (CONTRACTS 1), so a millionth is the unit of amounts."""

PLACES = 6

_TRILLION = 10**12
_LARGEST_WRITTEN = 10**18
"""Contracts write at most twelve digits before the point; a larger sum (of absurd figures) is left
out, not cut.
"""

_SHIFTS = tuple(10**places for places in range(PLACES + 1))
_TWO_DIGITS = tuple(f"{number:02}" for number in range(100))


class Ratio(NamedTuple):
    """A value, exactly: `numerator / denominator` millionths of its unit; the denominator is above
    zero. A tuple, because batches make tens of thousands.
    """

    numerator: int
    denominator: int

    def rounded(self, places: int) -> int:
        """Return the value with that many decimals, as a whole number of the last one; halves away
        from zero.
        """
        return divided(self.numerator, self.denominator * _SHIFTS[PLACES - places])

    @property
    def hundredths(self) -> int:
        """The value in hundredths of its unit, halves away from zero."""
        return divided(self.numerator, self.denominator * 10_000)

    @property
    def trillionths(self) -> int:
        """The value in trillionths of its unit: what "unrounded" means in the store."""
        return divided(self.numerator * MILLION, self.denominator)


def micro(value: Decimal) -> int:
    """Return an exact decimal of at most six places in millionths."""
    return int(value * MILLION)


def from_micro(amount: int) -> Decimal:
    """Return the exact decimal of an amount in millionths, without trailing zeros."""
    return Decimal(amount).scaleb(-6).normalize()


def divided(numerator: int, denominator: int) -> int:
    """Divide whole numbers and round, halves away from zero. The denominator must be above zero."""
    if numerator >= 0:
        return (2 * numerator + denominator) // (2 * denominator)
    return -((denominator - 2 * numerator) // (2 * denominator))


def decimal_text(amount: int, places: int) -> str | None:
    """Write a whole number of the last decimal as a decimal with that many places; None where
    contracts cannot write it.
    """
    if places == 2:
        whole, part = divmod(abs(amount), 100)
        text = f"{whole}.{_TWO_DIGITS[part]}"
    elif places:
        whole, part = divmod(abs(amount), _SHIFTS[places])
        text = f"{whole}.{part:0{places}}"
    else:
        whole = abs(amount)
        text = str(whole)
    if whole >= _TRILLION:
        return None
    return f"-{text}" if amount < 0 else text


def exact_text(amount: int, places: int) -> str | None:
    """Write an amount in millionths exactly, with at least that many places; None where contracts
    cannot write it.
    """
    if not -_LARGEST_WRITTEN < amount < _LARGEST_WRITTEN:
        return None
    whole, part = divmod(abs(amount), MILLION)
    sign = "-" if amount < 0 else ""
    if places == 2 and part % 10_000 == 0:
        return f"{sign}{whole}.{_TWO_DIGITS[part // 10_000]}"
    digits = f"{part:06}".rstrip("0").ljust(places, "0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"
