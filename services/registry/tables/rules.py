"""How the sources' tables are counted from the data."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.registry.entries.rules import Names
from services.registry.municipalities.rules.municipality import Municipality
from services.registry.programmes.rules import ClaimedTable, Programme
from services.registry.projects.rules import Mark, Project
from shared.errors import NotFound

NOT_SETTLED = "not-settled"
TOTAL = "total"
OTHER = "other"
NOT_DECIDED = "not_decided"
MARK = "x"
COUNTED_OPTIONS_BUT = (OTHER,)
"""Columns whose sum the source leaves blank, because each cell is a text of its own."""

Cells = tuple[tuple[str | None, ...], ...]
"""Row by row; none is an empty cell, which is not 0."""


@dataclass(frozen=True, slots=True)
class Head:
    """A row's or a column's id, and its names; none where the id says it all, such as a year."""

    head_id: str
    names: Names | None = None


@dataclass(frozen=True, slots=True)
class CountedTable:
    """A table as the data give it, beside what a source claims.

    Attributes:
        counted: one cell for each row and column.
        claimed: what the source states, with its own heads; none where no source has the table.
        unknown: how many projects are not in the table because nothing is known of them.
    """

    table_id: str
    rows: tuple[Head, ...]
    columns: tuple[Head, ...]
    counted: Cells
    claimed: ClaimedTable | None
    unknown: int

    def differences(self) -> tuple[tuple[str, str, str | None, str | None], ...]:
        """Return the cells in which the two differ: row, column, claimed, counted.

        A row or a column that only one of them has differs in every cell that is not empty.
        """
        if self.claimed is None:
            return ()
        claimed = _by_place(self.claimed.rows, self.claimed.columns, self.claimed.cells)
        counted = _by_place(
            [row.head_id for row in self.rows],
            [column.head_id for column in self.columns],
            self.counted,
        )
        places = dict.fromkeys((*claimed, *counted))
        return tuple(
            (*place, claimed.get(place), counted.get(place))
            for place in places
            if claimed.get(place) != counted.get(place)
        )


def theme_by_end_year(
    programme: Programme, projects: Iterable[Project], cohort_id: str | None
) -> CountedTable:
    """Count projects by theme and planned end year; a project of several themes counts in each.

    "Not settled" counts in the totals. A project without a theme is unknown.
    """
    listed = list(projects)
    counts = Counter(
        (theme_id, str(project.planned_end_year or NOT_SETTLED))
        for project in listed
        for theme_id in project.theme_ids
    )
    years = sorted({year for _, year in counts if year != NOT_SETTLED})
    columns = (*years, NOT_SETTLED)
    themes = [
        theme for theme in programme.themes if any(counts[theme.theme_id, y] for y in columns)
    ]
    rows = [Head(theme.theme_id, theme.names) for theme in themes]
    cells = [[counts[row.head_id, column] for column in columns] for row in rows]
    return CountedTable(
        "theme-by-end-year",
        (*rows, Head(TOTAL)),
        tuple(Head(column) for column in (*columns, TOTAL)),
        _with_totals(cells, len(columns)),
        _claimed(programme, "theme-by-end-year", cohort_id),
        sum(not project.theme_ids for project in listed),
    )


def full_time_matrix(
    programme: Programme, projects: Iterable[Project], theme_id: str
) -> CountedTable:
    """Lay out which project has chosen which option of a theme, with the number of marks below.

    Raises:
        NotFound: `theme-unknown`.
    """
    theme = next((each for each in programme.themes if each.theme_id == theme_id), None)
    if theme is None:
        raise NotFound(
            f"programme {programme.programme_id} has no theme {theme_id[:80]!r}",
            code="theme-unknown",
        )
    of_theme = [project for project in projects if theme_id in project.theme_ids]
    known = [project for project in of_theme if theme_id in project.profile]
    options = [option.option_id for option in theme.options]
    body = tuple(_profile_row(project, theme_id, options) for project in known)
    sums = tuple(
        None if column in COUNTED_OPTIONS_BUT else str(sum(row[place] is not None for row in body))
        for place, column in enumerate((*options, OTHER, NOT_DECIDED))
    )
    return CountedTable(
        "full-time-matrix",
        (*(Head(project.project_id, project.names) for project in known), Head(TOTAL)),
        (
            *(Head(option.option_id, option.names) for option in theme.options),
            *(Head(OTHER), Head(NOT_DECIDED)),
        ),
        (*body, sums),
        _claimed(programme, "full-time-matrix", None),
        len(of_theme) - len(known),
    )


def start_up_profiles(
    programme: Programme, projects: Iterable[Project], theme_id: str
) -> CountedTable:
    """Count the projects of a theme by the option that they have chosen.

    Raises:
        NotFound: `theme-unknown`.
    """
    matrix = full_time_matrix(programme, projects, theme_id)
    options = matrix.columns[:-2]
    chosen = [
        sum(row[place] is not None for row in matrix.counted[:-1]) for place in range(len(options))
    ]
    return CountedTable(
        "start-up-profiles",
        (*options, Head(TOTAL)),
        (Head("projects"),),
        tuple((str(count),) for count in (*chosen, sum(chosen))),
        _claimed(programme, "start-up-profiles", None),
        matrix.unknown,
    )


def projects_by_county(
    programme: Programme,
    projects: Iterable[Project],
    municipalities: Mapping[str, Municipality],
) -> CountedTable:
    """Count projects by county and cohort; one with members in two counties counts in both.

    The county is the one of the day on which the cohort starts.
    """
    starts = {cohort.cohort_id: cohort.starts_on for cohort in programme.cohorts}
    counts: Counter[tuple[str, str]] = Counter()
    names: dict[str, str] = {}
    unknown = 0
    for project in projects:
        on = starts.get(project.cohort_id or "")
        found = set()
        for member in project.members if on is not None else ():
            version = municipalities[member.municipality_id].version_on(on) if on else None
            if version is not None:
                found.add(version.county.number)
                names[version.county.number] = version.county.name
        unknown += not found
        counts.update((county, project.cohort_id or "") for county in found)
    rows = [Head(number, Names(nb=names[number])) for number in sorted(names)]
    columns = [Head(cohort.cohort_id, cohort.names) for cohort in programme.cohorts]
    cells = [[counts[row.head_id, column.head_id] for column in columns] for row in rows]
    return CountedTable(
        "projects-by-county",
        (*rows, Head(TOTAL)),
        (*columns, Head(TOTAL)),
        _with_totals(cells, len(columns)),
        _claimed(programme, "projects-by-county", None),
        unknown,
    )


def claimed_and_counted(programme: Programme, projects: Iterable[Project]) -> CountedTable:
    """Lay out municipalities and projects of the programme and its cohorts, claimed and counted."""
    listed = list(projects)
    groups: list[tuple[str, Names, Mapping[str, int], list[Project]]] = [
        (programme.programme_id, programme.names, programme.claimed, listed)
    ]
    for cohort in programme.cohorts:
        own = [project for project in listed if project.cohort_id == cohort.cohort_id]
        groups.append((cohort.cohort_id, cohort.names, cohort.claimed, own))
    whats = ("municipalities", "projects")
    counted = tuple(_counts(own) for _, _, _, own in groups)
    return CountedTable(
        "claimed-and-counted",
        tuple(Head(group_id, names) for group_id, names, _, _ in groups),
        tuple(Head(what) for what in whats),
        counted,
        ClaimedTable(
            "claimed-and-counted",
            None,
            tuple(group_id for group_id, _, _, _ in groups),
            whats,
            tuple(
                tuple(str(claimed[what]) if what in claimed else None for what in whats)
                for _, _, claimed, _ in groups
            ),
            "claimed counts of the programme and its cohorts",
        ),
        0,
    )


def _counts(projects: Sequence[Project]) -> tuple[str, str]:
    members = {member.municipality_id for project in projects for member in project.members}
    return str(len(members)), str(len(projects))


def _profile_row(project: Project, theme_id: str, options: Sequence[str]) -> tuple[str | None, ...]:
    profile = project.profile[theme_id]
    marks = [_mark_text(profile.marks.get(option_id)) for option_id in options]
    other = ", ".join(profile.other) or None
    return (*marks, other, MARK if profile.not_decided else None)


def _mark_text(mark: Mark | None) -> str | None:
    if mark is None:
        return None
    return str(mark.every_nth) if mark.every_nth is not None else (mark.note or MARK)


def _with_totals(cells: Sequence[Sequence[int]], width: int) -> Cells:
    rows = [[*row, sum(row)] for row in cells]
    below = [sum(row[place] for row in rows) for place in range(width + 1)]
    return tuple(tuple(str(cell) for cell in row) for row in (*rows, below))


def _claimed(programme: Programme, table_id: str, cohort_id: str | None) -> ClaimedTable | None:
    return next(
        (
            table
            for table in programme.claimed_tables
            if table.table_id == table_id and cohort_id in (None, table.cohort_id)
        ),
        None,
    )


def _by_place(
    rows: Sequence[str], columns: Sequence[str], cells: Cells
) -> dict[tuple[str, str], str]:
    return {
        (row, column): cell
        for row, line in zip(rows, cells, strict=True)
        for column, cell in zip(columns, line, strict=True)
        if cell not in (None, "", "0")
    }
