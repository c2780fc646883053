"""Projects with members, goals, profile and measures over HTTP, as data that a client puts."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from services.registry.entries.api import PROBLEMS, mark, place_after
from services.registry.metrics.commands import get_metrics
from services.registry.municipalities.api import MunicipalityId, read_municipality
from services.registry.projects import commands, store
from services.registry.projects.api.bodies import ProjectBody
from services.registry.projects.events import project_fields
from services.registry.projects.rules.quality import findings
from services.registry.projects.store import ProjectFilter
from shared.access.roles import Action
from shared.events import registry as told
from shared.events.envelope import Slug
from shared.http import inputs, lists, problems
from shared.http.preconditions import Conditional, version_tag
from shared.service.runtime import Service


class ProjectQuery(lists.ListQuery):
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
    planned_end_year: int | None
    joint_unit: told.JointUnit | None
    profile: dict[str, dict[str, told.ProfileMark | list[str] | bool]]
    measures: list[told.Measure]
    success_factors: dict[str, bool]
    handed_over_on: date | None
    follow_up_on: date | None


class FindingAnswer(BaseModel):
    """Something that could be better about the project's goals; none is an error."""

    code: str
    goal_id: str | None


class QualityAnswer(BaseModel):
    """What the check of the project's goals found."""

    project_id: str
    findings: list[FindingAnswer]


class ProjectPutAnswer(ProjectAnswer):
    """The state in force; `changed` tells whether this request changed it."""

    changed: bool


class ProjectList(BaseModel):
    """Projects by id."""

    items: list[ProjectAnswer]
    next: str | None


def add_routes(router: APIRouter, service: Service) -> None:
    """Add the routes of projects."""
    _add_reading(router, service)
    _add_writing(router, service)


def _add_reading(router: APIRouter, service: Service) -> None:
    @router.get("/projects", summary="Projects", response_model=ProjectList, tags=["projects"])
    async def list_projects(query: Annotated[ProjectQuery, Query()]) -> Any:
        async with service.database.connection() as conn:
            municipality_id = await read_municipality(conn, query.municipality)
            wanted = ProjectFilter(query.programme, query.cohort, query.theme, municipality_id)
            found = await store.seek_projects(
                conn, wanted, after=place_after(query.cursor), count=query.limit + 1
            )
        listed = lists.page(found, query.limit, lambda project: project.project_id)
        return {**listed, "items": [project_fields(each) for each in listed["items"]]}

    @router.get(
        "/projects/{project_id}",
        summary="One project with members and goals",
        response_model=ProjectAnswer,
        responses=problems.of(404),
        tags=["projects"],
    )
    async def get_project(project_id: inputs.SlugPath, response: Response) -> Any:
        async with service.database.connection() as conn:
            found = await store.get_project(conn, project_id)
        response.headers["ETag"] = version_tag(found.version)
        return project_fields(found)

    @router.get(
        "/projects/{project_id}/quality",
        summary="What could be better about a project's goals",
        response_model=QualityAnswer,
        responses=problems.of(404),
        tags=["projects"],
    )
    async def check_quality(project_id: inputs.SlugPath) -> Any:
        async with service.database.connection() as conn:
            found = await store.get_project(conn, project_id)
            metrics = await get_metrics(conn, [goal.metric for goal in found.goals])
        return {"project_id": project_id, "findings": findings(found, metrics)}


def _add_writing(router: APIRouter, service: Service) -> None:
    operator = service.needs(Action.OPERATE)

    @router.put(
        "/projects/{project_id}",
        summary="Register or change a project",
        response_model=ProjectPutAnswer,
        responses={201: {"model": ProjectPutAnswer}, **PROBLEMS},
        dependencies=[operator],
        tags=["projects"],
    )
    async def put_project(
        project_id: inputs.SlugPath,
        body: ProjectBody,
        response: Response,
        precondition: Conditional,
    ) -> Any:
        async with service.database.transaction() as conn:
            put = await commands.put_project(
                conn, body.value(project_id), now=service.clock.now(), guard=precondition.check
            )
        mark(response, put)
        return {**project_fields(put.state), "changed": put.changed}
