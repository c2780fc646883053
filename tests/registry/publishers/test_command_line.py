"""What `saman publishers add` writes to the registry, on the real registry and the real broker."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from deploy.cli.connection import Api, Connection
from deploy.cli.publishers import add_publisher, spoken_for
from shared.clock import Clock
from shared.errors import RuleBroken
from tests.registry.client import API
from tests.registry.factories import organisation_number_of_nobody
from tests.support.apps import RunningService
from tests.support.infrastructure import Infra

Step = Callable[[], Awaitable[Any]]


class Interrupted(Api):
    """Lets something happen after each reading."""

    def __init__(self, client: AsyncClient, then: Step | None) -> None:
        super().__init__(client)
        self._then = then

    async def answer(self, method: str, path: str, **options: Any) -> Response:
        try:
            return await super().answer(method, path, **options)
        finally:
            if method == "GET" and self._then is not None:
                await self._then()


@dataclass(frozen=True, slots=True)
class InProcess(Connection):
    """Speaks to a registry of this process."""

    operator: AsyncClient
    then: Step | None = None

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Api]:
        yield Interrupted(self.operator, self.then)


async def add(
    registry: RunningService, infra: Infra, number: str, municipality: str, then: Step | None = None
) -> Any:
    connection = InProcess("http://test", infra.bus, "", registry.operator, then)
    return await add_publisher(
        connection, number, name="Test", municipalities=[municipality], wait=False
    )


async def put(registry: RunningService, number: str, *mandates: dict[str, Any]) -> None:
    body = {"name": "Test", "may_speak_for": list(mandates)}
    answer = await registry.operator.put(f"{API}/publishers/{number}", json=body)
    assert answer.status_code in (200, 201), answer.text


async def mandates(registry: RunningService, number: str) -> list[dict[str, Any]]:
    answer = await registry.operator.get(f"{API}/publishers/{number}")
    return list(answer.json()["may_speak_for"])


async def test_a_right_that_has_ended_is_given_anew_from_today(
    registry: RunningService, infra: Infra
) -> None:
    number = organisation_number_of_nobody()
    today = Clock().today().isoformat()
    ended = {"municipality_id": "vefsn-1824", "from": None, "to": "2013-12-31"}
    anew = {"municipality_id": "vefsn-1824", "from": today, "to": None}
    await put(registry, number, ended)
    for _ in range(2):
        added = await add(registry, infra, number, "vefsn-1824")
        assert await mandates(registry, number) == [ended, anew]
        assert added["may_speak_for"] == [anew]
        assert spoken_for(added) == f"vefsn-1824 from {today}"


async def test_a_right_that_will_end_stays_and_is_shown_with_its_end(
    registry: RunningService, infra: Infra
) -> None:
    number = organisation_number_of_nobody()
    held = {"municipality_id": "vefsn-1824", "from": None, "to": "2999-12-31"}
    await put(registry, number, held)
    added = await add(registry, infra, number, "vefsn-1824")
    assert await mandates(registry, number) == [held]
    assert spoken_for(added) == "vefsn-1824 to 2999-12-31"


@pytest.mark.parametrize("is_known", [True, False])
async def test_what_another_operator_gave_meanwhile_is_not_taken_away(
    registry: RunningService, infra: Infra, is_known: bool
) -> None:
    number = organisation_number_of_nobody()
    if is_known:
        await put(registry, number)

    async def meanwhile() -> None:
        await put(registry, number, {"municipality_id": "bodo-1804"})

    with pytest.raises(RuleBroken) as refused:
        await add(registry, infra, number, "vefsn-1824", meanwhile)
    assert refused.value.code == "lost-update"
    assert [one["municipality_id"] for one in await mandates(registry, number)] == ["bodo-1804"]
    await add(registry, infra, number, "vefsn-1824")
    assert [one["municipality_id"] for one in await mandates(registry, number)] == [
        "bodo-1804",
        "vefsn-1824",
    ]
