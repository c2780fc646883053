"""A programme as data: its names, cohorts, themes and kinds of report."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType

from services.registry.entries.rules import Names, check_distinct, check_id, check_names
from shared.errors import RuleBroken

_OPTION_ID = re.compile(r"[a-z][a-z0-9_]{1,62}\Z", re.ASCII)
NOT_OPTIONS = ("other", "not_decided")
"""Stand beside the options of every profile."""

NOTHING_CLAIMED: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Cohort:
    """A wave of participants (pulje).

    Attributes:
        claimed: counts that a source states, such as 51 municipalities; kept beside the counts that
            the data give and never mended to agree with them.
    """

    cohort_id: str
    names: Names
    starts_on: date
    claimed: Mapping[str, int] = field(default_factory=lambda: NOTHING_CLAIMED)


@dataclass(frozen=True, slots=True)
class Option:
    """A way of working that projects of a theme may choose, a column of the theme's matrix."""

    option_id: str
    names: Names


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme (tema) that projects work on; several programmes may share one."""

    theme_id: str
    names: Names
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportKind:
    """A kind of report that projects owe."""

    report_kind_id: str
    names: Names


@dataclass(frozen=True, slots=True)
class ClaimedTable:
    """What a source states as a table only; kept beside what the data give and never mended.

    Attributes:
        cohort_id: whose projects it is about; none for the whole programme.
        rows, columns: ids, such as a theme's and a year.
        cells: row by row, as the source has them; none is an empty cell.
        source: where it stands.
    """

    table_id: str
    cohort_id: str | None
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[str | None, ...], ...]
    source: str


@dataclass(frozen=True, slots=True)
class Programme:
    """A framework programme for local projects.

    Attributes:
        claimed: as for a cohort, for the programme as a whole.
        version: rises by one with every change of this state, from 1.
    """

    programme_id: str
    names: Names
    cohorts: tuple[Cohort, ...] = ()
    themes: tuple[Theme, ...] = ()
    report_kinds: tuple[ReportKind, ...] = ()
    claimed: Mapping[str, int] = field(default_factory=lambda: NOTHING_CLAIMED)
    claimed_tables: tuple[ClaimedTable, ...] = ()
    version: int = 1


def revised_programme(present: Programme | None, wanted: Programme) -> Programme | None:
    """Judge a programme that was put; none when it is as it was.

    Raises:
        RuleBroken: `id-malformed`, `id-repeated`, `name-malformed`, `count-negative` or
            `table-malformed`.
    """
    _check(wanted)
    if present is None:
        return replace(wanted, version=1)
    kept = replace(wanted, version=present.version)
    return None if kept == present else replace(kept, version=present.version + 1)


def _check(programme: Programme) -> None:
    check_id(programme.programme_id, "programme")
    check_names(programme.names, "programme")
    for what, parts in (
        ("cohort", [(cohort.cohort_id, cohort.names) for cohort in programme.cohorts]),
        ("theme", [(theme.theme_id, theme.names) for theme in programme.themes]),
        ("report kind", [(kind.report_kind_id, kind.names) for kind in programme.report_kinds]),
    ):
        check_distinct([each for each, _ in parts], what)
        for each, names in parts:
            check_id(each, what)
            check_names(names, what)
    for theme in programme.themes:
        check_distinct([option.option_id for option in theme.options], "option of a theme")
        for option in theme.options:
            _check_option_id(option.option_id)
            check_names(option.names, "option")
    for table in programme.claimed_tables:
        _check_table(table, programme)
    for claimed in (programme.claimed, *(cohort.claimed for cohort in programme.cohorts)):
        for what, count in claimed.items():
            if count < 0:
                raise RuleBroken(
                    f"claimed {what[:80]} must be 0 or more, got {count}", code="count-negative"
                )


def _check_table(table: ClaimedTable, programme: Programme) -> None:
    check_id(table.table_id, "claimed table")
    if table.cohort_id is not None and table.cohort_id not in {
        cohort.cohort_id for cohort in programme.cohorts
    }:
        raise RuleBroken(
            f"the claimed table {table.table_id} is of the cohort {table.cohort_id[:80]!r}, which"
            f" programme {programme.programme_id} does not have",
            code="cohort-unknown",
        )
    check_distinct(table.rows, f"row of {table.table_id}")
    check_distinct(table.columns, f"column of {table.table_id}")
    widths = {len(row) for row in table.cells}
    if len(table.cells) != len(table.rows) or widths - {len(table.columns)}:
        raise RuleBroken(
            f"{table.table_id} must have a cell for each of its {len(table.rows)} rows and"
            f" {len(table.columns)} columns, got {len(table.cells)} rows of"
            f" {', '.join(map(str, sorted(widths))) or '0'}",
            code="table-malformed",
        )


def _check_option_id(option_id: str) -> None:
    if not _OPTION_ID.match(option_id) or option_id in NOT_OPTIONS:
        raise RuleBroken(
            "the id of an option must be 2 to 63 lower-case letters, digits and underscores, a"
            f" letter first, and none of {', '.join(NOT_OPTIONS)}, got {option_id[:80]!r}",
            code="id-malformed",
        )
