"""What is told of programmes."""

from typing import Annotated

from pydantic import Field

from shared.events.envelope import (
    Contract,
    Event,
    Slug,
)
from shared.events.registry.names import Names
from shared.moments import Day


class Cohort(Contract):
    """A wave of participants (pulje). `claimed` holds counts that a source states, beside those
    that the data give.
    """

    id: Slug
    names: Names
    starts_on: Day
    claimed: dict[str, int] = {}


OptionId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,62}$")]


class Option(Contract):
    """A way of working that projects of a theme may choose."""

    id: OptionId
    names: Names


class Theme(Contract):
    """A theme (tema) that projects work on, with the options of its profile."""

    id: Slug
    names: Names
    options: list[Option] = []


class ReportKind(Contract):
    """A kind of report that projects owe."""

    id: Slug
    names: Names


class ClaimedTable(Contract):
    """What a source states as a table only, kept beside what is counted.

    Attributes:
        cohort_id: whose projects it is about; null for the whole programme.
        rows, columns: ids, such as a theme's and a year.
        cells: row by row, as texts; null is an empty cell.
    """

    table_id: Slug
    cohort_id: Slug | None = None
    rows: list[str]
    columns: list[str]
    cells: list[list[str | None]]
    source: str


class _ProgrammeEvent(Event):
    producer = "registry"
    aggregate = "programme"

    programme_id: Slug
    version: int
    names: Names
    cohorts: list[Cohort] = []
    themes: list[Theme] = []
    report_kinds: list[ReportKind] = []
    claimed: dict[str, int] = {}
    claimed_tables: list[ClaimedTable] = []

    @property
    def key(self) -> str:
        return self.programme_id


class ProgrammeRegistered(_ProgrammeEvent):
    """A programme exists from now on."""


class ProgrammeChanged(_ProgrammeEvent):
    """A programme's names, cohorts, themes or report kinds changed."""


ProgrammeEvent = ProgrammeRegistered | ProgrammeChanged
