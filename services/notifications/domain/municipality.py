"""What a municipality is called and where it lies, which changes on a day that is known long
before.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class MunicipalityVersion:
    """A municipality from a day on, until the next version begins."""

    valid_from: date
    name: str
    county_number: str
