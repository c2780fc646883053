"""What an absence rate means, as four parts. Metrics with axes take its place (`metrics.py`)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from shared.errors import RuleBroken


class Certification(StrEnum):
    """Who certified the absence that is counted; what counts more stands first."""

    TOTAL = "total"
    DOCTOR = "doctor"
    SELF = "self"


class Denominator(StrEnum):
    """Which days the absence is a share of: agreed working days, or possible ones (KS' PAI)."""

    AGREED = "agreed"
    POSSIBLE = "possible"


class Source(StrEnum):
    """Who made the statistics."""

    MUNICIPALITY_HR = "municipality-hr"
    KS_PAI = "ks-pai"
    SSB = "ssb"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Definition:
    """What an absence rate means. Unlike definitions are never mixed (FORMULAS 1.1, 1.2).

    Attributes:
        certification: whose certificate counts.
        denominator: agreed or possible days.
        holiday_corrected: whether holiday taken was subtracted from the denominator.
        source: who made the statistics.
    """

    certification: Certification
    denominator: Denominator
    holiday_corrected: bool
    source: Source

    @property
    def key(self) -> str:
        """The four joined, such as `total.agreed.corrected.municipality-hr`."""
        corrected = "corrected" if self.holiday_corrected else "uncorrected"
        return f"{self.certification}.{self.denominator}.{corrected}.{self.source}"

    @property
    def order(self) -> tuple[int, str]:
        """Where it stands when one of several has to be chosen: what counts more goes first, then
        by key.
        """
        return list(Certification).index(self.certification), self.key

    @classmethod
    def from_key(cls, key: str) -> Self:
        """Read a definition key.

        Raises:
            RuleBroken: `definition-unknown`; the key is not four known parts.
        """
        try:
            certification, denominator, corrected, source = key.split(".")
            return cls(
                Certification(certification),
                Denominator(denominator),
                {"corrected": True, "uncorrected": False}[corrected],
                Source(source),
            )
        except (ValueError, KeyError):
            raise RuleBroken(
                "definition key must be like total.agreed.corrected.municipality-hr, got"
                f" {key[:80]!r}",
                code="definition-unknown",
            ) from None
