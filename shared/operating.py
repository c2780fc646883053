"""What operators do over HTTP on every service: look at dead letters, replay or discard them, replay a consumer.

A dead letter holds what a stranger sent, so all of it needs the operator's key.
"""

from base64 import b64encode
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import AwareDatetime, BaseModel, Field

from shared import http
from shared.auth import Action, Principal, require
from shared.errors import NotFound
from shared.messaging import dead_letters, replays
from shared.messaging.dead_letters import DeadLetter

if TYPE_CHECKING:
    from shared.runtime import Service

State = Literal["waiting", "replayed", "discarded"]
LetterId = Annotated[int, Path(ge=1, le=2**63 - 1)]


class LetterAnswer(BaseModel):
    """A dead letter: where it came from, and why it was put aside.

    Attributes:
        origin: topic/partition/offset.
        code: stable code, or the exception's name for what nobody foresaw.
        attempts: how often it was tried.
    """

    id: int
    consumer: str
    origin: str
    code: str
    error: str
    attempts: int
    state: State
    reason: str | None
    created_at: datetime
    settled_at: datetime | None


class RecordAnswer(BaseModel):
    """The raw record; bytes as base64, because they need not be text."""

    key: str | None
    headers: list[tuple[str, str | None]]
    value: str | None


class WholeLetter(LetterAnswer):
    """A dead letter with its record."""

    record: RecordAnswer


class LetterList(BaseModel):
    """Dead letters in the order they came."""

    items: list[LetterAnswer]
    next: str | None


class LetterQuery(http.ListQuery):
    """Which letters to list."""

    state: State | None = "waiting"
    code: str | None = Field(default=None, max_length=200)


class Discarding(http.RequestModel):
    """Why a letter is given up."""

    reason: str = Field(min_length=1, max_length=500)


class Replaying(http.RequestModel):
    """From which moment a consumer reads again.

    Attributes:
        since: a moment with its offset from UTC (RFC 3339), or `beginning`.
        topics: only these of its topics; none means all.
        dry_run: only say what would be read again.
    """

    since: AwareDatetime | Literal["beginning"]
    topics: list[Annotated[str, Field(max_length=249)]] = Field(default_factory=list, max_length=1_000)
    dry_run: bool = False


class RereadingAnswer(BaseModel):
    """What is read again of one partition: the first offset, and how many records at most."""

    topic: str
    partition: int
    first: int
    count: int


class ReplayAnswer(BaseModel):
    """What is read again, or would be."""

    consumer: str
    dry_run: bool
    items: list[RereadingAnswer]


def make_router(service: "Service") -> APIRouter:
    """Return the routes of one service's dead letters."""
    router = APIRouter(prefix=f"/api/{service.name}/v1/dead-letters", tags=["dead letters"])
    operators = _operators(service, 401, 403, 404, 409)

    @router.get("", summary="List dead letters", **operators, response_model=LetterList)
    async def list_letters(query: Annotated[LetterQuery, Query()]) -> Any:
        after = http.read_cursor(query.cursor, int) or 0
        async with service.database.connection() as conn:
            letters = await dead_letters.list_(
                conn, state=query.state, code=query.code, after=after, count=query.limit + 1
            )
        listed = http.page(letters, query.limit, lambda letter: letter.id)
        return {**listed, "items": [_answer(letter) for letter in listed["items"]]}

    @router.get("/{letter_id}", summary="One dead letter with its raw record", **operators)
    async def show(letter_id: LetterId) -> WholeLetter:
        async with service.database.transaction() as conn:
            letter = await dead_letters.get(conn, letter_id)
        return WholeLetter(**_answer(letter).model_dump(), record=_record(letter))

    @router.post("/{letter_id}/replay", summary="Hand it once more to its consumer", **operators)
    async def replay(letter_id: LetterId) -> LetterAnswer:
        return _answer(await dead_letters.replay(service.deliveries, service.database, letter_id))

    @router.post("/{letter_id}/discard", summary="Give it up, with a reason", **operators)
    async def discard(letter_id: LetterId, body: Discarding) -> LetterAnswer:
        async with service.database.transaction() as conn:
            await dead_letters.discard(conn, letter_id, reason=body.reason)
            return _answer(await dead_letters.get(conn, letter_id))

    return router


def make_consumer_router(service: "Service") -> APIRouter:
    """Return the routes of one service's consumers."""
    router = APIRouter(prefix=f"/api/{service.name}/v1/consumers", tags=["consumers"])

    @router.post(
        "/{consumer}/replay",
        summary="Let a consumer read again from a moment",
        **_operators(service, 401, 403, 404),
    )
    async def replay_consumer(consumer: Annotated[str, Path(max_length=249)], body: Replaying) -> ReplayAnswer:
        if (subscription := service.subscriptions.get(consumer)) is None:
            known = ", ".join(sorted(service.subscriptions))
            raise NotFound(f"{service.name} has no consumer {consumer[:80]!r}; it has {known}")
        since = None if isinstance(body.since, str) else body.since
        found = await replays.plan(service.settings.bus, subscription, since, body.topics)
        if found and not body.dry_run:
            async with service.database.transaction() as conn:
                await replays.order(conn, subscription, found, since=str(body.since))
        items = [RereadingAnswer.model_validate(each, from_attributes=True) for each in found]
        return ReplayAnswer(consumer=consumer, dry_run=body.dry_run, items=items)

    return router


def _operators(service: "Service", *codes: int) -> dict[str, Any]:
    async def operator(principal: Annotated[Principal, Depends(service.principal)]) -> None:
        require(principal, Action.OPERATE)

    return {"dependencies": [Depends(operator)], "responses": http.problems(*codes)}


def _answer(letter: DeadLetter) -> LetterAnswer:
    return LetterAnswer.model_validate(letter, from_attributes=True)


def _record(letter: DeadLetter) -> RecordAnswer:
    record = letter.record
    assert record is not None
    return RecordAnswer(
        key=_base64(record.key),
        headers=[(name, _base64(value)) for name, value in record.headers],
        value=_base64(record.value),
    )


def _base64(content: bytes | None) -> str | None:
    return None if content is None else b64encode(content).decode()
