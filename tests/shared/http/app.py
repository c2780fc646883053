"""A small app with what all services have in common, and how its refusals are checked."""

import asyncio
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response

from shared.errors import (
    AppError,
    Conflict,
    FieldError,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    RuleBroken,
    Unavailable,
)
from shared.http import bounds, inputs, lists, wiring
from shared.http.routes import BodyUpTo
from shared.moments import Moment
from shared.postgres import deadline

ERRORS: dict[str, AppError] = {
    "broken": RuleBroken("lost_days is 12, at most 10", code="lost-above-agreed"),
    "faults": RuleBroken(
        "two faults", code="schema-mismatch", errors=(FieldError("a", "first", "/a~1b/0"),)
    ),
    "conflict": Conflict("the id was used before", code="id-reused"),
    "lost": Conflict("it has changed", code="lost-update"),
    "absent": NotFound("there is no vefsn"),
    "nobody": NotAuthenticated("this needs a key"),
    "stranger": NotAllowed("only the operator may do this"),
    "away": Unavailable("the database does not answer now", retry_after_seconds=7),
    "odd": RuleBroken("a half of a pair \ud800 and a zero \x00"),
}


class Thing(inputs.RequestModel):
    """A body."""

    name: str
    count: int = 0


class Filter(lists.ListQuery):
    """A list's parameters."""

    kind: str | None = None
    since: Moment | None = None


def app_under_test(**limits: int) -> FastAPI:
    app = FastAPI()
    wiring.install(app, limits=bounds.Limits(**limits))
    waiting = asyncio.Event()

    @app.get("/errors/{name}")
    async def fail(name: str) -> None:
        raise ERRORS[name]

    @app.get("/broken")
    async def crash() -> None:
        raise LookupError("the password is hunter2")

    @app.put("/things")
    async def put(thing: Thing) -> Thing:
        return thing

    @app.get("/things")
    async def things(query: Annotated[Filter, Query()]) -> dict[str, Any]:
        place = lists.read_cursor(query.cursor, int) or 0
        return lists.page(
            list(range(place, place + query.limit + 1)), query.limit, lambda last: last + 1
        )

    @app.put("/slow-things", dependencies=[Depends(BodyUpTo(1_000, seconds_max=0.2))])
    async def put_slowly(thing: Thing) -> Thing:
        return thing

    @app.post("/large", dependencies=[Depends(BodyUpTo(1024 * 1024))])
    async def large(request: Request) -> int:
        return len(await request.body())

    @app.put("/filters")
    async def filters(body: Filter) -> int:
        return body.limit

    @app.put("/left")
    async def left(thing: Thing) -> float | None:
        return deadline.seconds_left()

    @app.get("/wait")
    async def wait() -> Response:
        await waiting.wait()
        return Response("done")

    app.state.waiting = waiting
    return app


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """Check that it is this problem document, and return it."""
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert (answer.status_code, document["status"], document["code"]) == (status, status, code), (
        document
    )
    assert document["type"] == f"https://saman.no/problems/{code}"
    assert document["title"]
    assert document["detail"]
    return document
