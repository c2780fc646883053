"""What things are called in the three written languages, and where municipalities lie."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Name:
    """A name; where a language has none of its own, bokmål holds."""

    nb: str
    nn: str | None = None
    en: str | None = None


@dataclass(frozen=True, slots=True)
class HeardMetric:
    """What has to be known of a metric to write its figures.

    Attributes:
        unit: such as `percent`.
        decimals: how many are published of a value.
        axes: their ids in the order in which a definition key joins their values.
    """

    unit: str
    decimals: int
    axes: tuple[str, ...]

    def definition(self, key: str) -> dict[str, str]:
        """Return the value of each axis; empty where the key does not fit the axes."""
        values = key.split(".")
        return dict(zip(self.axes, values, strict=True)) if len(values) == len(self.axes) else {}


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who holds a role in a programme, and there in a project.

    Attributes:
        holds_from, holds_to: the first and the last day; none where it has none.
    """

    person_id: UUID
    role: str
    programme_id: str
    project_id: str | None = None
    holds_from: date | None = None
    holds_to: date | None = None

    def holds_on(self, day: date) -> bool:
        """Tell whether the role is held on a day."""
        begins = self.holds_from is None or self.holds_from <= day
        return begins and (self.holds_to is None or day <= self.holds_to)


def name_of(subject: str, names: Mapping[str, Name]) -> Name:
    """Return what a subject is called; its bare id as long as the registry has not told.

    A unit has no name of its own: it is called by its id and its municipality.
    """
    known = names.get(subject)
    if known is not None:
        return known
    kind, _, rest = subject.partition("/")
    if kind == "unit":
        municipality, _, unit = rest.partition("/")
        above = name_of(f"municipality/{municipality}", names)
        return Name(f"{above.nb}, {unit}")
    return Name(rest)


@dataclass(frozen=True, slots=True)
class MunicipalityVersion:
    """A municipality from a day on, until the next version begins."""

    valid_from: date
    name: str
    county_number: str
