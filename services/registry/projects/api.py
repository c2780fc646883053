"""Projects with members and goals over HTTP, as data that a client puts."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, StrictInt

from services.registry.entries.api import PROBLEMS, NamesBody, mark, place_after
from services.registry.municipalities.api import MemberBody, MunicipalityId, read_municipality
from services.registry.projects import commands, store
from services.registry.projects.events import project_fields
from services.registry.projects.rules import Baseline, Direction, Goal, Project
from services.registry.projects.store import ProjectFilter
from shared.access.roles import Action
from shared.events import registry as told
from shared.events.envelope import Exact, Slug
from shared.fields import Line
from shared.http import http
from shared.http.preconditions import Conditional, version_tag
from shared.moments import Day
from shared.service.runtime import Service

Definition = Annotated[
    dict[
        Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")],
        Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")],
    ],
    Field(max_length=20),
]
"""One value for each axis of a metric."""


class BaselineBody(http.RequestModel):
    """Where a goal starts, and the time it was measured in, such as `2007-2010`."""

    value: Exact
    period: Line


class GoalBody(http.RequestModel):
    """A target with a baseline, a direction and a date."""

    goal_id: Slug
    metric: Slug = "absence"
    window: Annotated[
        str, Field(pattern="^(month|quarter|half-year|year|year-to-date|rolling-12)$")
    ]
    definition: Definition
    direction: Direction
    baseline: BaselineBody
    target: Exact
    due_on: Day
    persons_per_point: Exact | None = None

    def value(self) -> Goal:
        """Return the domain's value."""
        return Goal(
            self.goal_id,
            self.metric,
            self.window,
            self.definition,
            self.direction,
            Baseline(self.baseline.value, self.baseline.period),
            self.target,
            self.due_on,
            self.persons_per_point,
        )


class ProjectBody(http.RequestModel):
    """A project as a whole. `project_id` and `version` may be sent back and are not used."""

    programme_id: Slug
    names: NamesBody
    cohort_id: Slug | None = None
    theme_ids: list[Slug] = Field(default=[], max_length=50)
    members: list[MemberBody] = Field(default=[], max_length=1_000)
    goals: list[GoalBody] = Field(default=[], max_length=100)
    ended_on: Day | None = None
    project_id: Slug | None = None
    version: StrictInt | None = None

    def value(self, project_id: str) -> Project:
        """Return the domain's value."""
        return Project(
            project_id,
            self.programme_id,
            self.names.value(),
            self.cohort_id,
            tuple(self.theme_ids),
            tuple(member.value() for member in self.members),
            tuple(goal.value() for goal in self.goals),
            self.ended_on,
        )


class ProjectQuery(http.ListQuery):
    """Which projects to list; what is not given does not narrow."""

    programme: Slug | None = None
    cohort: Slug | None = None
    theme: Slug | None = None
    municipality: MunicipalityId | None = Field(
        default=None, description="An id, or a number that only one municipality ever bore."
    )


class ProjectAnswer(BaseModel):
    """A project with members and goals."""

    project_id: str
    version: int
    programme_id: str
    names: told.Names
    cohort_id: str | None
    theme_ids: list[str]
    members: list[told.Member]
    goals: list[told.Goal]
    ended_on: date | None


class ProjectPutAnswer(ProjectAnswer):
    """The state in force; `changed` tells whether this request changed it."""

    changed: bool


class ProjectList(BaseModel):
    """Projects by id."""

    items: list[ProjectAnswer]
    next: str | None


def add_routes(router: APIRouter, service: Service) -> None:
    """Add the routes of projects."""
    operator = service.needs(Action.OPERATE)

    @router.get("/projects", summary="Projects", response_model=ProjectList, tags=["projects"])
    async def list_projects(query: Annotated[ProjectQuery, Query()]) -> Any:
        async with service.database.connection() as conn:
            municipality_id = await read_municipality(conn, query.municipality)
            wanted = ProjectFilter(query.programme, query.cohort, query.theme, municipality_id)
            found = await store.seek_projects(
                conn, wanted, after=place_after(query.cursor), count=query.limit + 1
            )
        listed = http.page(found, query.limit, lambda project: project.project_id)
        return {**listed, "items": [project_fields(each) for each in listed["items"]]}

    @router.get(
        "/projects/{project_id}",
        summary="One project with members and goals",
        response_model=ProjectAnswer,
        responses=http.problems(404),
        tags=["projects"],
    )
    async def get_project(project_id: http.SlugPath, response: Response) -> Any:
        async with service.database.connection() as conn:
            found = await store.get_project(conn, project_id)
        response.headers["ETag"] = version_tag(found.version)
        return project_fields(found)

    @router.put(
        "/projects/{project_id}",
        summary="Register or change a project",
        response_model=ProjectPutAnswer,
        responses={201: {"model": ProjectPutAnswer}, **PROBLEMS},
        dependencies=[operator],
        tags=["projects"],
    )
    async def put_project(
        project_id: http.SlugPath, body: ProjectBody, response: Response, precondition: Conditional
    ) -> Any:
        async with service.database.transaction() as conn:
            put = await commands.put_project(
                conn, body.value(project_id), now=service.clock.now(), guard=precondition.check
            )
        mark(response, put)
        return {**project_fields(put.state), "changed": put.changed}
