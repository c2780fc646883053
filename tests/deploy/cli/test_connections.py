"""Connections whose heads do not come are ended, and the others live on."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from fastapi import FastAPI
from httpx2 import AsyncClient

from deploy.cli import connections
from deploy.cli.serving import server_options
from shared.http import wiring
from tests.browser.serving import served

HEAD = b"GET /things HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest_asyncio.fixture
async def url(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Where an app is served as services are, but less patiently."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    app = FastAPI()
    wiring.install(app)

    @app.get("/things")
    async def things() -> int:
        return 1

    async with served(app, **server_options("")) as address:
        yield address


async def opened(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))


async def test_a_connection_that_says_nothing_is_ended(url: str) -> None:
    reader, writer = await opened(url)
    assert await reader.read() == b""
    writer.close()


async def test_a_head_that_comes_letter_by_letter_is_not_waited_for(url: str) -> None:
    reader, writer = await opened(url)

    async def trickle() -> None:
        while True:
            writer.write(b"X")
            await asyncio.sleep(0.02)  # slowly, and without end

    writer.write(b"GET /")
    trickling = asyncio.create_task(trickle())
    assert await reader.read() == b""
    trickling.cancel()
    writer.close()


async def test_a_second_head_is_waited_for_no_longer_than_the_first(url: str) -> None:
    reader, writer = await opened(url)
    writer.write(HEAD)
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.write(b"GET /")
    assert b"HTTP/1.1" not in await reader.read()
    writer.close()


async def test_requests_one_after_another_keep_their_connection(url: str) -> None:
    async with AsyncClient(base_url=url) as client:
        assert [(await client.get("/things")).status_code for _ in range(20)] == [200] * 20


async def test_one_address_has_so_many_connections(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "CONNECTIONS_EACH", 3)
    monkeypatch.setattr(connections, "HEAD_SECONDS", 30.0)
    held = [await opened(url) for _ in range(3)]
    for _, writer in held:
        writer.write(HEAD)
    for reader, _ in held:
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    reader, one_more = await opened(url)
    assert await reader.read() == b""
    for _, writer in (*held, (reader, one_more)):
        writer.close()


async def test_what_is_no_http_is_refused_as_everything_is(url: str) -> None:
    reader, writer = await opened(url)
    writer.write(b"nonsense\r\n\r\n")
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"application/problem+json" in answer
    assert b"x-content-type-options: nosniff" in answer.lower()
    writer.close()
