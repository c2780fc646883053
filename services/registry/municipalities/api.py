"""Municipalities over HTTP: who exists, on a day; merge, split, rename, renumber."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import BaseModel, Field, StrictInt

from services.registry.entries.api import PROBLEMS, mark, place_after
from services.registry.municipalities import commands, store
from services.registry.municipalities.events import municipality_fields
from services.registry.municipalities.reference.tables import county_on
from services.registry.municipalities.rules.county import County
from services.registry.municipalities.rules.membership import Membership
from services.registry.municipalities.rules.municipality import (
    DatedVersion,
    Municipality,
    only_bearer,
)
from services.registry.municipalities.rules.reform import (
    Change,
    Merge,
    NewMunicipality,
    Rename,
    Renumber,
    Split,
)
from services.registry.municipalities.store import MunicipalityFilter
from shared.access.roles import Action
from shared.errors import RuleBroken
from shared.events import registry as told
from shared.events.envelope import MunicipalityNumber, Slug
from shared.fields import Line
from shared.http import inputs, lists, problems
from shared.http.preconditions import Conditional, version_tag
from shared.moments import Day
from shared.postgres.database import Connection
from shared.service.runtime import Service

MunicipalityId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,118}[a-z0-9]$")]
MunicipalityPath = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{1,118}[a-z0-9]$")]
CountyNumber = Annotated[str, Field(pattern=r"^\d{2}$")]


class MunicipalityQuery(lists.ListQuery):
    """Which municipalities to list; what is not given does not narrow."""

    number: MunicipalityNumber | None = Field(default=None, description="Borne on `at`, or ever.")
    at: Day | None = Field(
        default=None, description="A day on which it exists; before 2013 the numbers of 2013 hold."
    )
    name: Line | None = Field(
        default=None, description="Any name, town or alias, in any usual spelling."
    )
    county: Line | None = Field(
        default=None, description="Number or name of the county, on `at` or ever."
    )
    cohort: Slug | None = Field(
        default=None, description="Of a project that it is or was a member of."
    )
    theme: Slug | None = Field(
        default=None, description="Of such a project; with `cohort`, of the same one."
    )


class MunicipalityAnswer(BaseModel):
    """A municipality's whole state: every name and number with its days, and where it came from and
    went.
    """

    municipality_id: str
    version: int
    versions: list[told.MunicipalityVersion]
    aliases: list[str]
    predecessors: list[str]
    successors: list[told.Successor]


class MunicipalityPutAnswer(MunicipalityAnswer):
    """The state in force; `changed` tells whether this request changed it."""

    changed: bool


class MunicipalityList(BaseModel):
    """Municipalities by id."""

    items: list[MunicipalityAnswer]
    next: str | None


class VersionBody(inputs.RequestModel):
    """What it is called and numbered for a time; the county follows from the number where it is not
    given.
    """

    number: MunicipalityNumber
    name: Line
    county_number: CountyNumber | None = None
    county_name: Line | None = None
    valid_from: Day
    valid_to: Day | None = None

    def value(self) -> DatedVersion:
        """Return the domain's value."""
        county = _county(self.number, self.valid_from, self.county_number, self.county_name)
        return DatedVersion(self.number, self.name, county, self.valid_from, self.valid_to)


class SuccessorBody(inputs.RequestModel):
    """What took over, and when, as it was answered."""

    municipality_id: MunicipalityId
    on: Day


class MunicipalityBody(inputs.RequestModel):
    """A municipality registered or corrected by hand.

    What an answer holds beyond versions and aliases may be sent back and is not used: lineage is
    made by changes.
    """

    versions: list[VersionBody] = Field(min_length=1, max_length=50)
    aliases: list[Line] = Field(default=[], max_length=50)
    municipality_id: MunicipalityId | None = None
    version: StrictInt | None = None
    predecessors: list[MunicipalityId] | None = None
    successors: list[SuccessorBody] | None = None

    def value(self, municipality_id: str) -> Municipality:
        """Return the domain's value."""
        return Municipality(
            municipality_id, tuple(v.value() for v in self.versions), tuple(self.aliases)
        )


class NewBody(inputs.RequestModel):
    """What a merge or split makes. `from`: whose territory it takes; all of the change's when not
    given.
    """

    number: MunicipalityNumber
    name: Line
    county_number: CountyNumber | None = None
    county_name: Line | None = None
    aliases: list[Line] = Field(default=[], max_length=50)
    from_: list[MunicipalityId] | None = Field(
        default=None, alias="from", min_length=1, max_length=100
    )

    def value(self, on: date, all_of: list[str]) -> NewMunicipality:
        """Return the domain's value."""
        county = _county(self.number, on, self.county_number, self.county_name)
        made_from = tuple(self.from_ if self.from_ is not None else all_of)
        return NewMunicipality(self.number, self.name, county, made_from, tuple(self.aliases))


class _ChangeBody(inputs.RequestModel):
    change_id: Slug = Field(description="Chosen by the client; the same change again does nothing.")
    on: Day = Field(description="The first day of the new state.")


class RenameBody(_ChangeBody):
    """A municipality takes another name and keeps its id."""

    kind: Literal["rename"]
    municipality_id: MunicipalityId
    name: Line

    def value(self) -> Change:
        """Return the domain's value."""
        return Rename(self.change_id, self.on, self.municipality_id, self.name)


class RenumberBody(_ChangeBody):
    """A municipality takes another number, perhaps another county and name, and keeps its id."""

    kind: Literal["renumber"]
    municipality_id: MunicipalityId
    number: MunicipalityNumber
    name: Line | None = None
    county_number: CountyNumber | None = None
    county_name: Line | None = None

    def value(self) -> Change:
        """Return the domain's value."""
        county = _county(self.number, self.on, self.county_number, self.county_name)
        return Renumber(
            self.change_id, self.on, self.municipality_id, self.number, county, self.name
        )


class MergeBody(_ChangeBody):
    """Municipalities end and new ones are made; several new ones where parts go to different
    ones.
    """

    kind: Literal["merge"]
    municipality_ids: list[MunicipalityId] = Field(min_length=2, max_length=100)
    into: list[NewBody] = Field(min_length=1, max_length=100)

    def value(self) -> Change:
        """Return the domain's value.

        Raises:
            RuleBroken: `change-malformed`; the new ones are not made from exactly those that end.
        """
        into = tuple(new.value(self.on, self.municipality_ids) for new in self.into)
        used = {old for new in into for old in new.made_from}
        if used != set(self.municipality_ids):
            odd = min(used ^ set(self.municipality_ids))
            raise RuleBroken(
                f"municipality_ids must be those that the new ones are made from; {odd} is only in"
                " one of the two",
                code="change-malformed",
            )
        return Merge(self.change_id, self.on, into)


class SplitBody(_ChangeBody):
    """A municipality ends and several new ones are made from it."""

    kind: Literal["split"]
    municipality_id: MunicipalityId
    into: list[NewBody] = Field(min_length=2, max_length=100)

    def value(self) -> Change:
        """Return the domain's value."""
        into = tuple(new.value(self.on, [self.municipality_id]) for new in self.into)
        return Split(self.change_id, self.on, self.municipality_id, into)


ChangeBody = Annotated[
    RenameBody | RenumberBody | MergeBody | SplitBody, Body(discriminator="kind")
]


class MemberBody(inputs.RequestModel):
    """A municipality's part in something, from its first to its last day."""

    municipality_id: MunicipalityId
    from_: Day | None = Field(default=None, alias="from")
    to: Day | None = None

    def value(self) -> Membership:
        """Return the domain's value."""
        return Membership(self.municipality_id, self.from_, self.to)


class ChangeAnswer(BaseModel):
    """What a change brought; `repeated`: it was applied before, and these are the present
    states.
    """

    change_id: str
    repeated: bool
    municipalities: list[MunicipalityAnswer]


async def read_municipality(conn: Connection, meant: str | None) -> str | None:
    """Return the id of the municipality that a filter means by an id, or by a number.

    Raises:
        RuleBroken: `municipality-unknown` or `municipality-number-ambiguous`; it is a number that
            nobody or several bore.
    """
    if meant is None or not meant.isdecimal():
        return meant
    bearers = await store.seek_municipalities(
        conn, MunicipalityFilter(number=meant), after="", count=100
    )
    return only_bearer(meant, bearers).municipality_id


def add_routes(router: APIRouter, service: Service) -> None:
    """Add the routes of municipalities."""
    _add_reading(router, service)
    _add_writing(router, service)


def _add_reading(router: APIRouter, service: Service) -> None:

    @router.get(
        "/municipalities",
        summary="Who exists, on a day",
        response_model=MunicipalityList,
        tags=["municipalities"],
    )
    async def list_municipalities(query: Annotated[MunicipalityQuery, Query()]) -> Any:
        wanted = MunicipalityFilter(
            query.number, query.at, query.name, query.county, query.cohort, query.theme
        )
        async with service.database.connection() as conn:
            found = await store.seek_municipalities(
                conn, wanted, after=place_after(query.cursor), count=query.limit + 1
            )
        listed = lists.page(found, query.limit, lambda municipality: municipality.municipality_id)
        return {**listed, "items": [municipality_fields(each) for each in listed["items"]]}

    @router.get(
        "/municipalities/{municipality_id}",
        summary="One municipality with its history",
        response_model=MunicipalityAnswer,
        responses=problems.of(404),
        tags=["municipalities"],
    )
    async def get_municipality(municipality_id: MunicipalityPath, response: Response) -> Any:
        async with service.database.connection() as conn:
            found = await store.get_municipality(conn, municipality_id)
        response.headers["ETag"] = version_tag(found.version)
        return municipality_fields(found)


def _add_writing(router: APIRouter, service: Service) -> None:
    operator = service.needs(Action.OPERATE)

    @router.put(
        "/municipalities/{municipality_id}",
        summary="Register or correct a municipality",
        response_model=MunicipalityPutAnswer,
        responses={201: {"model": MunicipalityPutAnswer}, **PROBLEMS},
        dependencies=[operator],
        tags=["municipalities"],
    )
    async def put_municipality(
        municipality_id: MunicipalityPath,
        body: MunicipalityBody,
        response: Response,
        precondition: Conditional,
    ) -> Any:
        async with service.database.transaction() as conn:
            put = await commands.put_municipality(
                conn, body.value(municipality_id), now=service.clock.now(), guard=precondition.check
            )
        mark(response, put)
        return {**municipality_fields(put.state), "changed": put.changed}

    @router.post(
        "/municipality-changes",
        summary="Merge, split, rename or renumber on a day",
        response_model=ChangeAnswer,
        responses={201: {"model": ChangeAnswer}, **PROBLEMS},
        dependencies=[operator],
        tags=["municipalities"],
    )
    async def change_municipalities(body: ChangeBody, response: Response) -> Any:
        async with service.database.transaction() as conn:
            answer = await commands.change_municipalities(
                conn, body.value(), now=service.clock.now()
            )
        response.status_code = 200 if answer.repeated else 201
        return {
            "change_id": body.change_id,
            "repeated": answer.repeated,
            "municipalities": [municipality_fields(each) for each in answer.municipalities],
        }


def _county(number: str, on: date, county_number: str | None, county_name: str | None) -> County:
    if county_number is None and county_name is None:
        return county_on(number, on)
    if county_number is None or county_name is None:
        raise RuleBroken(
            "county_number and county_name go together: give both, or neither to take the county of"
            " the number",
            code="county-incomplete",
        )
    return County(county_number, county_name)
