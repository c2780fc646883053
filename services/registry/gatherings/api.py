"""Gatherings over HTTP: as data that a client puts, and what happens to them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, StrictInt

from services.registry.entries.api import PROBLEMS, NamesBody, mark, place_after
from services.registry.gatherings import commands, store
from services.registry.gatherings.events import gathering_fields
from services.registry.gatherings.rules import (
    AgendaItem,
    Attendance,
    Evaluation,
    Gathering,
    GatheringKind,
    GatheringState,
    ItemKind,
    Party,
)
from services.registry.gatherings.store import GatheringFilter
from services.registry.municipalities.api import MunicipalityId
from shared.access.roles import Action
from shared.events import registry as told
from shared.events.envelope import Slug
from shared.fields import Line
from shared.http import inputs, lists, problems
from shared.http.preconditions import Conditional, version_tag
from shared.moments import Moment
from shared.service.runtime import Service

Count = Annotated[StrictInt, Field(ge=0, le=1_000)]


class AgendaItemBody(inputs.RequestModel):
    """Something on the agenda."""

    starts_at: Moment
    ends_at: Moment
    title: Line
    kind: ItemKind = ItemKind.OTHER
    speaker: Line | None = None


class ExpectedBody(inputs.RequestModel):
    """Who is to come; no municipalities stands for all of the network or programme."""

    municipality_ids: list[MunicipalityId] = Field(default=[], max_length=500)
    parties: list[Party] = Field(default=[], max_length=3)


class PanelistBody(inputs.RequestModel):
    """A municipality that has one member in the panel."""

    municipality_id: MunicipalityId


class EvaluationBody(inputs.RequestModel):
    """A question of the evaluation, and how many chose each answer."""

    question: Line
    answers: Annotated[dict[Line, Count], Field(max_length=20)]


class AttendanceBody(inputs.RequestModel):
    """How many persons of a municipality's party."""

    municipality_id: MunicipalityId
    party: Party
    count: Count


class TableBody(inputs.RequestModel):
    """Who sits at a table."""

    seats: list[AttendanceBody]


class GatheringBody(inputs.RequestModel):
    """A gathering as a whole. What an answer holds beyond that, such as `signed_up` and `tables`,
    has a route of its own; it may be sent back and is not used.
    """

    programme_id: Slug
    network_id: Slug | None = None
    kind: GatheringKind
    names: NamesBody
    starts_at: Moment
    ends_at: Moment
    place: Line
    agenda: list[AgendaItemBody] = Field(default=[], max_length=200)
    expected: ExpectedBody = ExpectedBody()
    observers: Count = 0
    panel: list[PanelistBody] = Field(default=[], max_length=100)
    questions: list[Line] = Field(default=[], max_length=50)
    evaluation: list[EvaluationBody] = Field(default=[], max_length=50)
    gathering_id: Slug | None = None
    version: StrictInt | None = None
    signed_up: list[AttendanceBody] | None = None
    attended: list[AttendanceBody] | None = None
    tables: list[TableBody] | None = None
    state: GatheringState | None = None
    reason: Line | None = None

    def value(self, gathering_id: str) -> Gathering:
        """Return the domain's value."""
        return Gathering(
            gathering_id=gathering_id,
            programme_id=self.programme_id,
            kind=self.kind,
            names=self.names.value(),
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            place=self.place,
            network_id=self.network_id,
            agenda=tuple(
                AgendaItem(item.starts_at, item.ends_at, item.title, item.kind, item.speaker)
                for item in self.agenda
            ),
            expected_municipality_ids=tuple(self.expected.municipality_ids),
            expected_parties=tuple(self.expected.parties),
            observers=self.observers,
            panel=tuple(panelist.municipality_id for panelist in self.panel),
            questions=tuple(self.questions),
            evaluation=tuple(
                Evaluation(asked.question, dict(asked.answers)) for asked in self.evaluation
            ),
        )


class SignUpBody(inputs.RequestModel):
    """How many of a municipality come, by party; in place of what it said before."""

    municipality_id: MunicipalityId
    counts: dict[Party, Count]


class HeldBody(inputs.RequestModel):
    """Who came."""

    attended: list[AttendanceBody] = Field(max_length=1_500)


class CancelledBody(inputs.RequestModel):
    """Why a gathering does not take place."""

    reason: Line


class SeatingBody(inputs.RequestModel):
    """How many a table seats at most; tables are equal, or one smaller."""

    table_size: Annotated[StrictInt, Field(ge=2, le=100)] = 8


class GatheringQuery(lists.ListQuery):
    """Which gatherings to list; what is not given does not narrow."""

    programme: Slug | None = None
    network: Slug | None = None
    state: GatheringState | None = None


class GatheringAnswer(told.GatheringContract):
    """A gathering as it is."""


class GatheringPutAnswer(GatheringAnswer):
    """The state in force; `changed` tells whether this request changed it."""

    changed: bool


class SeatingAnswer(GatheringPutAnswer):
    """The gathering with its plan.

    Attributes:
        pairs: how many pairs at one table know each other, by how.
        bound: below which no plan can come for pairs of one municipality.
    """

    pairs: dict[str, int]
    bound: int


class GatheringList(BaseModel):
    """Gatherings by id."""

    items: list[GatheringAnswer]
    next: str | None


def add_routes(router: APIRouter, service: Service) -> None:
    """Add the routes of gatherings."""
    _add_reading(router, service)
    _add_putting(router, service)
    _add_coming(router, service)
    _add_end(router, service)


def _add_reading(router: APIRouter, service: Service) -> None:

    @router.get(
        "/gatherings", summary="Gatherings", response_model=GatheringList, tags=["gatherings"]
    )
    async def list_gatherings(query: Annotated[GatheringQuery, Query()]) -> Any:
        wanted = GatheringFilter(query.programme, query.network, query.state)
        async with service.database.connection() as conn:
            found = await store.seek_gatherings(
                conn, wanted, after=place_after(query.cursor), count=query.limit + 1
            )
        listed = lists.page(found, query.limit, lambda gathering: gathering.gathering_id)
        return {**listed, "items": [gathering_fields(each) for each in listed["items"]]}

    @router.get(
        "/gatherings/{gathering_id}",
        summary="One gathering with agenda, numbers and tables",
        response_model=GatheringAnswer,
        responses=problems.of(404),
        tags=["gatherings"],
    )
    async def get_gathering(gathering_id: inputs.SlugPath, response: Response) -> Any:
        async with service.database.connection() as conn:
            found = await store.get_gathering(conn, gathering_id)
        response.headers["ETag"] = version_tag(found.version)
        return gathering_fields(found)


def _add_putting(router: APIRouter, service: Service) -> None:

    @router.put(
        "/gatherings/{gathering_id}",
        summary="Schedule or change a gathering",
        response_model=GatheringPutAnswer,
        responses={201: {"model": GatheringPutAnswer}, **PROBLEMS},
        dependencies=[service.needs(Action.OPERATE)],
        tags=["gatherings"],
    )
    async def put_gathering(
        gathering_id: inputs.SlugPath,
        body: GatheringBody,
        response: Response,
        precondition: Conditional,
    ) -> Any:
        async with service.database.transaction() as conn:
            put = await commands.put_gathering(
                conn, body.value(gathering_id), now=service.clock.now(), guard=precondition.check
            )
        mark(response, put)
        return {**gathering_fields(put.state), "changed": put.changed}


def _add_coming(router: APIRouter, service: Service) -> None:
    operator = service.needs(Action.OPERATE)

    @router.post(
        "/gatherings/{gathering_id}/sign-ups",
        summary="Say how many of a municipality come",
        response_model=GatheringPutAnswer,
        responses=PROBLEMS,
        dependencies=[operator],
        tags=["gatherings"],
    )
    async def sign_up(gathering_id: inputs.SlugPath, body: SignUpBody) -> Any:
        async with service.database.transaction() as conn:
            put = await commands.sign_up(
                conn, gathering_id, body.municipality_id, body.counts, now=service.clock.now()
            )
        return {**gathering_fields(put.state), "changed": put.changed}

    @router.post(
        "/gatherings/{gathering_id}/seating",
        summary="Make the seating plan of those who signed up",
        response_model=SeatingAnswer,
        responses=PROBLEMS,
        dependencies=[operator],
        tags=["gatherings"],
    )
    async def seat(gathering_id: inputs.SlugPath, body: SeatingBody) -> Any:
        async with service.database.transaction() as conn:
            put, plan = await commands.seat(
                conn, gathering_id, table_size=body.table_size, now=service.clock.now()
            )
        return {
            **gathering_fields(put.state),
            "changed": put.changed,
            "pairs": plan.pairs,
            "bound": plan.bound,
        }


def _add_end(router: APIRouter, service: Service) -> None:
    operator = service.needs(Action.OPERATE)

    @router.post(
        "/gatherings/{gathering_id}/attendance",
        summary="Say that it was held, and with whom",
        response_model=GatheringPutAnswer,
        responses=PROBLEMS,
        dependencies=[operator],
        tags=["gatherings"],
    )
    async def hold(gathering_id: inputs.SlugPath, body: HeldBody) -> Any:
        attended = [
            Attendance(each.municipality_id, each.party, each.count) for each in body.attended
        ]
        async with service.database.transaction() as conn:
            put = await commands.hold(conn, gathering_id, attended, now=service.clock.now())
        return {**gathering_fields(put.state), "changed": put.changed}

    @router.post(
        "/gatherings/{gathering_id}/cancellation",
        summary="Say that it does not take place",
        response_model=GatheringPutAnswer,
        responses=PROBLEMS,
        dependencies=[operator],
        tags=["gatherings"],
    )
    async def cancel(gathering_id: inputs.SlugPath, body: CancelledBody) -> Any:
        async with service.database.transaction() as conn:
            put = await commands.cancel(conn, gathering_id, body.reason, now=service.clock.now())
        return {**gathering_fields(put.state), "changed": put.changed}
