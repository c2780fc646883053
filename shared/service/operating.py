"""What operators do over HTTP on every service: look at dead letters, replay them, discard them
with a reason; let out events that the broker refused; see when publishers' keys were last used.

A dead letter holds what a stranger sent, so all of it needs the operator's key.
"""

from base64 import b64encode
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from shared.access.roles import Action
from shared.delivery import bounding, dead_letters, redelivery
from shared.delivery.dead_letters import DeadLetter, LetterFilter
from shared.fields import SEVERAL_LINES
from shared.http import inputs, lists, problems
from shared.http.routes import StrictRoute
from shared.moments import Moment
from shared.outbox import outbox
from shared.service.runtime import Service

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
    headers: list[Annotated[list[str | None], Field(min_length=2, max_length=2)]]
    value: str | None


class WholeLetter(LetterAnswer):
    """A dead letter with its record."""

    record: RecordAnswer


class NotKeptAnswer(BaseModel):
    """How many records of a publisher's topic were counted only, because too many letters of it
    wait.
    """

    consumer: str
    topic: str
    count: int
    begun_at: datetime
    last_at: datetime


class LetterList(BaseModel):
    """Dead letters in the order they came; `not_kept` counts what did not become one."""

    items: list[LetterAnswer]
    next: str | None
    not_kept: list[NotKeptAnswer]


class _Which(lists.ListQuery):
    """Which letters are meant; what is not given does not narrow."""

    consumer: str | None = Field(default=None, max_length=250)
    topic: str | None = Field(default=None, max_length=250)
    code: str | None = Field(default=None, max_length=200)
    key: str | None = Field(default=None, max_length=500, description="The record's key, as text.")
    created_after: Moment | None = None
    created_before: Moment | None = None

    def wanted(self, state: State | None) -> LetterFilter:
        """Return what is meant, as the letters are looked up."""
        key = None if self.key is None else self.key.encode()
        return LetterFilter(
            state,
            self.consumer,
            self.topic,
            self.code,
            key,
            self.created_after,
            self.created_before,
        )


class LetterQuery(_Which):
    """Which letters to list."""

    state: State | Literal["all"] = "waiting"


class Replaying(_Which):
    """Which of the waiting letters to replay; all when nothing is given."""

    limit: int = Field(
        default=lists.LIST_DEFAULT,
        ge=1,
        le=lists.LIST_MAX,
        strict=True,
        description="Letters at most, in one go.",
    )


class FailedAgain(BaseModel):
    """A letter that waits on."""

    id: int
    code: str
    error: str


class ReplayedAnswer(BaseModel):
    """What became of a replay of many; `next` is the cursor of those that were not reached."""

    replayed: list[int]
    failed: list[FailedAgain]
    next: str | None


class Discarding(inputs.RequestModel):
    """Why a letter is given up."""

    reason: Annotated[str, Field(min_length=1, max_length=500), SEVERAL_LINES]


def make_router(service: Service) -> APIRouter:
    """Return the routes that one service has for its operator."""
    router = APIRouter(prefix=f"/api/{service.name}/v1", route_class=StrictRoute)
    _add_letters(router, service)
    _add_deciding(router, service)
    _add_parked_keys(router, service)
    _add_key_uses(router, service)
    return router


def _for_operators(service: Service) -> dict[str, Any]:
    return {
        "tags": ["dead letters"],
        "dependencies": [service.needs(Action.OPERATE)],
        "responses": problems.of(401, 403, 404, 409),
    }


def _add_letters(router: APIRouter, service: Service) -> None:
    operators = _for_operators(service)

    @router.get(
        "/dead-letters", summary="List dead letters", **operators, response_model=LetterList
    )
    async def list_letters(query: Annotated[LetterQuery, Query()]) -> Any:
        after = lists.read_cursor(query.cursor, int) or 0
        async with service.database.connection() as conn:
            wanted = query.wanted(None if query.state == "all" else query.state)
            letters = await dead_letters.list_(conn, wanted, after=after, count=query.limit + 1)
            not_kept = await bounding.list_not_kept(conn)
        listed = lists.page(letters, query.limit, lambda letter: letter.id)
        return {
            "items": [_answer(letter) for letter in listed["items"]],
            "next": listed["next"],
            "not_kept": [
                NotKeptAnswer.model_validate(each, from_attributes=True) for each in not_kept
            ],
        }

    @router.get(
        "/dead-letters/{letter_id}", summary="One dead letter with its raw record", **operators
    )
    async def show(letter_id: LetterId) -> WholeLetter:
        async with service.database.transaction() as conn:
            letter = await dead_letters.show(conn, letter_id)
        return WholeLetter(**_answer(letter).model_dump(), record=_record(letter))


def _add_deciding(router: APIRouter, service: Service) -> None:
    operators = _for_operators(service)

    @router.post(
        "/dead-letters/{letter_id}/replay", summary="Hand it once more to its consumer", **operators
    )
    async def replay(letter_id: LetterId) -> LetterAnswer:
        return _answer(await redelivery.replay(service.deliveries, service.database, letter_id))

    @router.post(
        "/dead-letters/replay",
        summary="Hand all that wait, or those meant, once more to their consumers",
        **operators,
    )
    async def replay_all(body: Replaying) -> ReplayedAnswer:
        after = lists.read_cursor(body.cursor, int) or 0
        done = await redelivery.replay_all(
            service.deliveries,
            service.database,
            body.wanted("waiting"),
            after=after,
            count=body.limit,
        )
        failed = [
            FailedAgain(id=number, code=why.code, error=why.error)
            for number, why in done.failed.items()
        ]
        following = None if done.last_id is None else lists.write_cursor(done.last_id)
        return ReplayedAnswer(replayed=done.replayed, failed=failed, next=following)

    @router.post(
        "/dead-letters/{letter_id}/discard", summary="Give it up, with a reason", **operators
    )
    async def discard(letter_id: LetterId, body: Discarding) -> LetterAnswer:
        async with service.database.transaction() as conn:
            await dead_letters.discard(conn, letter_id, reason=body.reason)
            return _answer(await dead_letters.get(conn, letter_id))


class ParkedKey(BaseModel):
    """Events of one key that wait for a person, because the broker refuses the first of them for
    good.

    Attributes:
        reason: why it does.
    """

    topic: str
    key: str
    event_count: int
    oldest_at: datetime
    reason: str


class ParkedKeyList(BaseModel):
    """All parked keys, the longest parked first."""

    items: list[ParkedKey]


class Releasing(inputs.RequestModel):
    """Which key's events are to go out."""

    topic: str = Field(min_length=1, max_length=250)
    key: str = Field(max_length=500)


class ReleasedAnswer(BaseModel):
    """How many events go out now."""

    event_count: int


def _add_parked_keys(router: APIRouter, service: Service) -> None:
    operators = _for_operators(service) | {"tags": ["parked keys"]}

    @router.get(
        "/parked-keys", summary="List the keys whose events the broker refuses", **operators
    )
    async def list_parked_keys() -> ParkedKeyList:
        async with service.database.connection() as conn:
            parked = await outbox.list_parked(conn)
        return ParkedKeyList(
            items=[ParkedKey.model_validate(one, from_attributes=True) for one in parked]
        )

    @router.post(
        "/parked-keys/release",
        summary="Let the events of a key go out, in their old order",
        **operators,
    )
    async def release(body: Releasing) -> ReleasedAnswer:
        async with service.database.transaction() as conn:
            return ReleasedAnswer(
                event_count=await outbox.release_parked(conn, body.topic, body.key)
            )


class KeyUse(BaseModel):
    """When a key was last good at this service."""

    key_id: str
    last_used_at: datetime


class KeyUseList(BaseModel):
    """The keys of a publisher that were used at this service, by id."""

    items: list[KeyUse]


def _add_key_uses(router: APIRouter, service: Service) -> None:
    @router.get(
        "/key-uses/{organisation_number}",
        summary="When a publisher's keys were last used at this service",
        tags=["keys"],
        dependencies=[service.needs(Action.OPERATE)],
        responses=problems.of(401, 403),
    )
    async def list_key_uses(
        organisation_number: Annotated[str, Path(pattern=r"^\d{9}$")],
    ) -> KeyUseList:
        async with service.database.connection() as conn:
            uses = await service.access.key_uses.of(conn, organisation_number)
        return KeyUseList(
            items=[KeyUse(key_id=key_id, last_used_at=uses[key_id]) for key_id in sorted(uses)]
        )


def _answer(letter: DeadLetter) -> LetterAnswer:
    return LetterAnswer.model_validate(letter, from_attributes=True)


def _record(letter: DeadLetter) -> RecordAnswer:
    record = letter.record
    assert record is not None
    return RecordAnswer(
        key=_base64(record.key),
        headers=[[name, _base64(value)] for name, value in record.headers],
        value=_base64(record.value),
    )


def _base64(content: bytes | None) -> str | None:
    return None if content is None else b64encode(content).decode()
