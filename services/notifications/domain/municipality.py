"""What a municipality is called and where it lies, which changes on a day that is known long before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class MunicipalityVersion:
    """A municipality from a day on, until the next version begins."""

    valid_from: date
    name: str
    county_number: str


def version_on(versions: Sequence[MunicipalityVersion], day: date) -> MunicipalityVersion:
    """Return the version that holds on a day: of those that have begun the last, else the first that will.

    One that ended keeps its last version.

    Args:
        versions: at least one, in order of time.
        day: in Europe/Oslo.
    """
    return next((version for version in reversed(versions) if version.valid_from <= day), versions[0])
