"""Knowledge over HTTP, as data that a client puts."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, StrictInt

from services.registry.entries.api import PROBLEMS, NamesBody, mark, place_after
from services.registry.entries.rules import Names
from services.registry.knowledge import commands, store
from services.registry.knowledge.events import knowledge_fields
from services.registry.knowledge.rules import Knowledge, KnowledgeKind, KnowledgeState, Provenance
from services.registry.knowledge.store import KnowledgeFilter
from shared.access.roles import Action
from shared.events import registry as told
from shared.events.envelope import Slug
from shared.fields import SEVERAL_LINES, Line
from shared.http import inputs, lists, problems
from shared.http.preconditions import Conditional, version_tag
from shared.moments import Day
from shared.service.runtime import Service

Text = Annotated[str, Field(min_length=1, max_length=5_000), SEVERAL_LINES]


class TextsBody(inputs.RequestModel):
    """A longer text in bokmål, nynorsk and English, as far as there is one."""

    nb: Text | None = None
    nn: Text | None = None
    en: Text | None = None

    def value(self) -> Names:
        """Return the domain's value."""
        return Names(self.nb, self.nn, self.en)


class ProvenanceBody(inputs.RequestModel):
    """Who says it, when and where."""

    by: Line
    on: Day | None = None
    where: Line | None = None


class KnowledgeBody(inputs.RequestModel):
    """A piece of knowledge as a whole. `id` and `version` may be sent back and are not used."""

    programme_id: Slug
    kind: KnowledgeKind
    names: NamesBody
    summary: TextsBody = TextsBody()
    theme_ids: list[Slug] = Field(default=[], max_length=50)
    project_ids: list[Slug] = Field(default=[], max_length=500)
    measure_ids: list[Slug] = Field(default=[], max_length=500)
    source: ProvenanceBody
    status: KnowledgeState | None = None
    answer: TextsBody | None = None
    id: Slug | None = None
    version: StrictInt | None = None

    def value(self, knowledge_id: str) -> Knowledge:
        """Return the domain's value."""
        return Knowledge(
            knowledge_id=knowledge_id,
            programme_id=self.programme_id,
            kind=self.kind,
            names=self.names.value(),
            source=Provenance(self.source.by, self.source.on, self.source.where),
            summary=self.summary.value(),
            theme_ids=tuple(self.theme_ids),
            project_ids=tuple(self.project_ids),
            measure_ids=tuple(self.measure_ids),
            status=self.status,
            answer=self.answer.value() if self.answer is not None else None,
        )


class KnowledgeQuery(lists.ListQuery):
    """Which pieces to list; what is not given does not narrow."""

    programme: Slug | None = None
    kind: KnowledgeKind | None = None
    theme: Slug | None = None
    project: Slug | None = None


class KnowledgeAnswer(told.KnowledgeContract):
    """A piece of knowledge as it is."""


class KnowledgePutAnswer(KnowledgeAnswer):
    """The state in force; `changed` tells whether this request changed it."""

    changed: bool


class KnowledgeList(BaseModel):
    """Pieces of knowledge by id."""

    items: list[KnowledgeAnswer]
    next: str | None


def add_routes(router: APIRouter, service: Service) -> None:
    """Add the routes of knowledge."""

    @router.get(
        "/knowledge",
        summary="Good examples, publications, knowledge status and challenges",
        response_model=KnowledgeList,
        tags=["knowledge"],
    )
    async def list_knowledge(query: Annotated[KnowledgeQuery, Query()]) -> Any:
        wanted = KnowledgeFilter(query.programme, query.kind, query.theme, query.project)
        async with service.database.connection() as conn:
            found = await store.seek_knowledge(
                conn, wanted, after=place_after(query.cursor), count=query.limit + 1
            )
        listed = lists.page(found, query.limit, lambda knowledge: knowledge.knowledge_id)
        return {**listed, "items": [knowledge_fields(each) for each in listed["items"]]}

    @router.get(
        "/knowledge/{knowledge_id}",
        summary="One piece of knowledge",
        response_model=KnowledgeAnswer,
        responses=problems.of(404),
        tags=["knowledge"],
    )
    async def get_knowledge(knowledge_id: inputs.SlugPath, response: Response) -> Any:
        async with service.database.connection() as conn:
            found = await store.get_knowledge(conn, knowledge_id)
        response.headers["ETag"] = version_tag(found.version)
        return knowledge_fields(found)

    @router.put(
        "/knowledge/{knowledge_id}",
        summary="Publish or change a piece of knowledge",
        response_model=KnowledgePutAnswer,
        responses={201: {"model": KnowledgePutAnswer}, **PROBLEMS},
        dependencies=[service.needs(Action.OPERATE)],
        tags=["knowledge"],
    )
    async def put_knowledge(
        knowledge_id: inputs.SlugPath,
        body: KnowledgeBody,
        response: Response,
        precondition: Conditional,
    ) -> Any:
        async with service.database.transaction() as conn:
            put = await commands.put_knowledge(
                conn, body.value(knowledge_id), now=service.clock.now(), guard=precondition.check
            )
        mark(response, put)
        return {**knowledge_fields(put.state), "changed": put.changed}
