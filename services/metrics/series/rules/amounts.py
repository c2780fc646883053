"""Exact arithmetic on whole numbers: millionths instead of decimals, ratios instead of quotients.

Why whole numbers: they are exact like `Decimal` and several times faster, and metrics computes some
tens of thousands of sums per second. A quotient is rounded once, when it is written, and never used
again.
"""

from decimal import Decimal
from typing import NamedTuple

MILLION = 1_000_000
"""Decimals have at most six places (CONTRACTS 1), so a millionth is the unit of amounts: microdays,
micropercent.
"""

PERCENT_OF_DAYS = 100 * MILLION
"""Lost days times this, over agreed days, is a rate in micropercent."""

_TRILLION = 10**12
_LARGEST_WRITTEN = 10**18
"""Contracts write at most twelve digits before the point; a larger sum (of absurd figures) is left
out, not cut.
"""

_TWO_DIGITS = tuple(f"{number:02}" for number in range(100))


class Ratio(NamedTuple):
    """A rate, exactly: `numerator / denominator` micropercent. A tuple, because batches make tens
    of thousands.
    """

    numerator: int
    denominator: int

    @property
    def hundredths(self) -> int:
        """The rate in hundredths of a per cent, halves away from zero: what is published."""
        return divided(self.numerator, self.denominator * 10_000)

    @property
    def trillionths(self) -> int:
        """The rate in trillionths of a per cent: what "unrounded" means in the store."""
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


def hundredths_text(hundredths: int) -> str | None:
    """Write hundredths as a decimal with two places; None where contracts cannot write it."""
    whole, part = divmod(abs(hundredths), 100)
    if whole >= _TRILLION:
        return None
    return f"-{whole}.{_TWO_DIGITS[part]}" if hundredths < 0 else f"{whole}.{_TWO_DIGITS[part]}"


def tenths_text(tenths: int) -> str | None:
    """Write tenths as a decimal with one place; None where contracts cannot write it."""
    whole, part = divmod(abs(tenths), 10)
    if whole >= _TRILLION:
        return None
    return f"-{whole}.{part}" if tenths < 0 else f"{whole}.{part}"


def days_text(microdays: int) -> str | None:
    """Write days exactly, with at least two places; None where contracts cannot write it."""
    if microdays >= _LARGEST_WRITTEN:
        return None
    whole, part = divmod(microdays, MILLION)
    if part % 10_000 == 0:
        return f"{whole}.{_TWO_DIGITS[part // 10_000]}"
    return f"{whole}." + f"{part:06}".rstrip("0")
