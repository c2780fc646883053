"""The sources' tables over HTTP, as JSON and CSV."""

import csv
from io import StringIO
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, Field

from services.registry.entries.events import tell_names
from services.registry.municipalities.store import list_municipalities
from services.registry.programmes.events import claimed_table_fields
from services.registry.programmes.rules import Programme
from services.registry.programmes.store import get_programme
from services.registry.projects.rules import Project
from services.registry.projects.store import ProjectFilter, seek_projects
from services.registry.tables.rules import (
    CountedTable,
    Head,
    claimed_and_counted,
    full_time_matrix,
    projects_by_county,
    start_up_profiles,
    theme_by_end_year,
)
from shared.events import registry as told
from shared.events.envelope import Slug
from shared.http import csv_files, inputs, problems
from shared.postgres.database import Connection
from shared.service.runtime import Service

TableId = Literal[
    "theme-by-end-year",
    "full-time-matrix",
    "start-up-profiles",
    "projects-by-county",
    "claimed-and-counted",
]
PROJECTS_MAX = 10_000
"""More than any programme has."""

MATRIX_THEME, PROFILES_THEME = "full-time-part-time", "sickness-absence"
"""What the two tables are about where no theme is asked for."""


class TableQuery(inputs.RequestModel):
    """Which table of which programme, and in what form."""

    programme: Slug
    cohort: Slug | None = Field(default=None, description="Of one cohort's projects only.")
    theme: Slug | None = Field(
        default=None, description="Of which theme the matrix or the profiles are."
    )
    format: csv_files.Format = None


class HeadAnswer(BaseModel):
    """A row's or a column's id, and its names where the id does not say it all."""

    id: str
    names: told.Names | None


class DifferenceAnswer(BaseModel):
    """A cell in which what is claimed and what is counted differ; null is an empty cell."""

    row: str
    column: str
    claimed: str | None
    counted: str | None


class TableAnswer(BaseModel):
    """A table as the data give it, beside what a source claims; neither is mended.

    Attributes:
        counted: cells row by row, as texts; null is an empty cell.
        claimed: what the source states, with its own heads; null where no source has the table.
        unknown: how many projects are not in the table because nothing is known of them.
    """

    table_id: str
    programme_id: str
    rows: list[HeadAnswer]
    columns: list[HeadAnswer]
    counted: list[list[str | None]]
    claimed: told.ClaimedTable | None
    differences: list[DifferenceAnswer]
    unknown: int


def add_routes(router: APIRouter, service: Service) -> None:
    """Add the route of tables."""

    @router.get(
        "/tables/{table_id}",
        summary="A table of the sources, counted and claimed",
        response_model=TableAnswer,
        responses={200: {"content": {"text/csv": {}}}, **problems.of(404)},
        tags=["tables"],
    )
    async def get_table(
        table_id: TableId,
        query: Annotated[TableQuery, Query()],
        response: Response,
        accept: Annotated[str, Header()] = csv_files.JSON,
    ) -> Any:
        async with service.database.connection() as conn:
            table = await read_table(
                conn, table_id, query.programme, cohort_id=query.cohort, theme_id=query.theme
            )
        if csv_files.wants_csv(query.format, accept):
            return csv_files.file(table_id, table_csv(table))
        response.headers["Vary"] = "Accept"
        return table_fields(table, query.programme)


async def read_table(
    conn: Connection,
    table_id: str,
    programme_id: str,
    *,
    cohort_id: str | None = None,
    theme_id: str | None = None,
) -> CountedTable:
    """Count a table from what is registered.

    Raises:
        NotFound: `programme-unknown` or `theme-unknown`.
    """
    programme = await get_programme(conn, programme_id)
    projects = await seek_projects(
        conn,
        ProjectFilter(programme=programme_id, cohort=cohort_id),
        after="",
        count=PROJECTS_MAX,
    )
    return await _count(conn, table_id, programme, projects, cohort_id, theme_id)


async def _count(
    conn: Connection,
    table_id: str,
    programme: Programme,
    projects: list[Project],
    cohort_id: str | None,
    theme_id: str | None,
) -> CountedTable:
    match table_id:
        case "theme-by-end-year":
            return theme_by_end_year(programme, projects, cohort_id)
        case "full-time-matrix":
            return full_time_matrix(programme, projects, theme_id or MATRIX_THEME)
        case "start-up-profiles":
            return start_up_profiles(programme, projects, theme_id or PROFILES_THEME)
        case "projects-by-county":
            ids = {member.municipality_id for project in projects for member in project.members}
            return projects_by_county(programme, projects, await list_municipalities(conn, ids))
        case _:
            return claimed_and_counted(programme, projects)


def table_fields(table: CountedTable, programme_id: str) -> dict[str, Any]:
    """Return a table as JSON carries it."""
    return {
        "table_id": table.table_id,
        "programme_id": programme_id,
        "rows": [_head(row) for row in table.rows],
        "columns": [_head(column) for column in table.columns],
        "counted": [list(row) for row in table.counted],
        "claimed": claimed_table_fields(table.claimed) if table.claimed is not None else None,
        "differences": [
            {"row": row, "column": column, "claimed": claimed, "counted": counted}
            for row, column, claimed, counted in table.differences()
        ],
        "unknown": table.unknown,
    }


def table_csv(table: CountedTable) -> str:
    """Return a table as CSV: a line per cell, with what is counted and what is claimed."""
    claimed: dict[tuple[str, str], str | None] = {}
    if table.claimed is not None:
        for row, line in zip(table.claimed.rows, table.claimed.cells, strict=True):
            for column, cell in zip(table.claimed.columns, line, strict=True):
                claimed[row, column] = cell
    counted = {
        (row.head_id, column.head_id): cell
        for row, line in zip(table.rows, table.counted, strict=True)
        for column, cell in zip(table.columns, line, strict=True)
    }
    text = StringIO()
    lines = csv.writer(text)
    lines.writerow(("row", "column", "counted", "claimed"))
    for place in dict.fromkeys((*counted, *claimed)):
        lines.writerow((*place, counted.get(place) or "", claimed.get(place) or ""))
    return text.getvalue()


def _head(head: Head) -> dict[str, Any]:
    return {
        "id": head.head_id,
        "names": tell_names(head.names) if head.names is not None else None,
    }
