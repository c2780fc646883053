"""Programmes over HTTP, as data that a client puts."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, StrictInt

from services.registry.entries.api import PROBLEMS, NamesBody, mark, place_after
from services.registry.programmes import commands, store
from services.registry.programmes.events import programme_fields
from services.registry.programmes.rules import (
    ClaimedTable,
    Cohort,
    Option,
    Programme,
    ReportKind,
    Theme,
)
from services.registry.programmes.store import Participants
from shared.access.roles import Action
from shared.events import registry as told
from shared.events.envelope import Slug
from shared.fields import ONE_LINE, Line
from shared.http import inputs, lists, problems
from shared.http.preconditions import Conditional, version_tag
from shared.moments import Day
from shared.postgres.database import Connection
from shared.service.runtime import Service

Cell = Annotated[str, Field(max_length=200), ONE_LINE]
Count = Annotated[StrictInt, Field(ge=0, le=10**6)]
Claimed = Annotated[
    dict[Annotated[str, Field(min_length=1, max_length=80), ONE_LINE], Count],
    Field(max_length=50),
]
"""Counts that a source states, such as {"municipalities": 51}."""


class CountedAnswer(BaseModel):
    """What the data give, beside what is claimed; `memberships` counts a municipality once per
    project.
    """

    municipalities: StrictInt
    projects: StrictInt
    memberships: StrictInt


class CohortBody(inputs.RequestModel):
    """A wave of participants; its id is its own in all programmes."""

    id: Slug
    names: NamesBody
    starts_on: Day
    claimed: Claimed = Field(default_factory=dict)
    counted: CountedAnswer | None = Field(
        default=None, description="May be sent back as it was answered; not used."
    )


class OptionBody(inputs.RequestModel):
    """A way of working that projects of a theme may choose."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,62}$")]
    names: NamesBody


class NamedBody(inputs.RequestModel):
    """A kind of report."""

    id: Slug
    names: NamesBody


class ThemeBody(inputs.RequestModel):
    """A theme, with the ways of working that projects may choose in it."""

    id: Slug
    names: NamesBody
    options: list[OptionBody] = Field(default=[], max_length=50)

    def value(self) -> Theme:
        """Return the domain's value."""
        options = tuple(Option(option.id, option.names.value()) for option in self.options)
        return Theme(self.id, self.names.value(), options)


class ClaimedTableBody(inputs.RequestModel):
    """What a source states as a table only, kept beside what is counted."""

    table_id: Slug
    cohort_id: Slug | None = None
    rows: list[Line] = Field(max_length=500)
    columns: list[Line] = Field(max_length=100)
    cells: list[list[Cell | None]] = Field(max_length=500)
    source: Line

    def value(self) -> ClaimedTable:
        """Return the domain's value."""
        return ClaimedTable(
            self.table_id,
            self.cohort_id,
            tuple(self.rows),
            tuple(self.columns),
            tuple(tuple(row) for row in self.cells),
            self.source,
        )


class ProgrammeBody(inputs.RequestModel):
    """A programme as a whole. `programme_id`, `version` and `counted` may be sent back and are not
    used.
    """

    names: NamesBody
    cohorts: list[CohortBody] = Field(default=[], max_length=100)
    themes: list[ThemeBody] = Field(default=[], max_length=100)
    report_kinds: list[NamedBody] = Field(default=[], max_length=100)
    claimed: Claimed = Field(default_factory=dict)
    claimed_tables: list[ClaimedTableBody] = Field(default=[], max_length=50)
    programme_id: Slug | None = None
    version: StrictInt | None = None
    counted: CountedAnswer | None = None

    def value(self, programme_id: str) -> Programme:
        """Return the domain's value."""
        return Programme(
            programme_id,
            self.names.value(),
            tuple(
                Cohort(c.id, c.names.value(), c.starts_on, dict(c.claimed)) for c in self.cohorts
            ),
            tuple(theme.value() for theme in self.themes),
            tuple(ReportKind(kind.id, kind.names.value()) for kind in self.report_kinds),
            dict(self.claimed),
            tuple(table.value() for table in self.claimed_tables),
        )


class CohortAnswer(told.Cohort):
    """A cohort with what is claimed of it and what is counted."""

    counted: CountedAnswer


class ProgrammeAnswer(BaseModel):
    """A programme with what is claimed of it and what is counted; the two are never mended to
    agree.
    """

    programme_id: str
    version: int
    names: told.Names
    cohorts: list[CohortAnswer]
    themes: list[told.Theme]
    report_kinds: list[told.ReportKind]
    claimed: dict[str, int]
    claimed_tables: list[told.ClaimedTable]
    counted: CountedAnswer


class ProgrammePutAnswer(ProgrammeAnswer):
    """The state in force; `changed` tells whether this request changed it."""

    changed: bool


class ProgrammeList(BaseModel):
    """Programmes by id."""

    items: list[ProgrammeAnswer]
    next: str | None


def add_routes(router: APIRouter, service: Service) -> None:
    """Add the routes of programmes."""
    operator = service.needs(Action.OPERATE)

    @router.get(
        "/programmes", summary="All programmes", response_model=ProgrammeList, tags=["programmes"]
    )
    async def list_programmes(query: Annotated[lists.ListQuery, Query()]) -> Any:
        async with service.database.connection() as conn:
            found = await store.seek_programmes(
                conn, after=place_after(query.cursor), count=query.limit + 1
            )
            listed = lists.page(found, query.limit, lambda programme: programme.programme_id)
            return {**listed, "items": [await _with_counts(conn, each) for each in listed["items"]]}

    @router.get(
        "/programmes/{programme_id}",
        summary="One programme, with claimed counts beside counted ones",
        response_model=ProgrammeAnswer,
        responses=problems.of(404),
        tags=["programmes"],
    )
    async def get_programme(programme_id: inputs.SlugPath, response: Response) -> Any:
        async with service.database.connection() as conn:
            found = await store.get_programme(conn, programme_id)
            answer = await _with_counts(conn, found)
        response.headers["ETag"] = version_tag(found.version, beside=answer)
        return answer

    @router.put(
        "/programmes/{programme_id}",
        summary="Register or change a programme",
        response_model=ProgrammePutAnswer,
        responses={201: {"model": ProgrammePutAnswer}, **PROBLEMS},
        dependencies=[operator],
        tags=["programmes"],
    )
    async def put_programme(
        programme_id: inputs.SlugPath,
        body: ProgrammeBody,
        response: Response,
        precondition: Conditional,
    ) -> Any:
        async with service.database.transaction() as conn:
            put = await commands.put_programme(
                conn, body.value(programme_id), now=service.clock.now(), guard=precondition.check
            )
            answer = await _with_counts(conn, put.state)
        mark(response, put, beside=answer)
        return {**answer, "changed": put.changed}


async def _with_counts(conn: Connection, programme: Programme) -> dict[str, Any]:
    total, by_cohort = await store.count_participants(conn, programme.programme_id)
    fields = programme_fields(programme)
    cohorts = [
        {**cohort.model_dump(), "counted": _counted(by_cohort.get(cohort.id, Participants()))}
        for cohort in fields["cohorts"]
    ]
    return {**fields, "cohorts": cohorts, "counted": _counted(total)}


def _counted(participants: Participants) -> dict[str, int]:
    return {
        "municipalities": participants.municipalities,
        "projects": participants.projects,
        "memberships": participants.memberships,
    }
