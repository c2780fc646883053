"""The status page asks real addresses: one that answers, one that never does, one where nobody
listens.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from services.registry.console.pages.status import Answered, Silent, ask, ask_all

READY = {
    "service": "metrics",
    "ready": True,
    "outbox": {"waiting_count": 2, "oldest_seconds": 0.5, "parked_count": 0},
    "dead_letters": {"waiting_count": 1},
    "consumers": [{"group": "metrics.a", "lag": 3}, {"group": "metrics.b", "lag": None}],
    "something": "new",
}


@asynccontextmanager
async def server(answer: bytes | None) -> AsyncIterator[str]:
    """Serve those bytes to everyone, or nothing at all, ever; the address is given."""
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if answer is None:
            await over.wait()
        else:
            writer.write(answer)
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = listening.sockets[0].getsockname()
    try:
        yield f"http://{host}:{port}/status"
    finally:
        over.set()
        listening.close()
        await listening.wait_closed()


def http(status: str, body: bytes) -> bytes:
    return (
        b"HTTP/1.1 "
        + status.encode()
        + f"\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
        + body
    )


async def test_a_service_that_answers_is_shown_with_its_figures() -> None:
    async with (
        server(http("200 OK", json.dumps(READY).encode())) as address,
        httpx2.AsyncClient() as client,
    ):
        found = await ask(client, "metrics", address)

    assert isinstance(found, Answered)
    assert (found.state, found.lag, found.answer.outbox.waiting_count) == ("ready", 3, 2)


@pytest.mark.parametrize(
    "answer", [http("500 Oops", b"{}"), http("200 OK", b"<html>"), http("200 OK", b"[]")]
)
async def test_an_answer_that_makes_no_sense_is_told_apart(answer: bytes) -> None:
    async with server(answer) as address, httpx2.AsyncClient() as client:
        assert await ask(client, "metrics", address) == Silent("metrics", "unusable")


async def test_services_that_do_not_answer_hold_up_nobody_for_more_than_a_second() -> None:
    loop = asyncio.get_running_loop()
    async with server(None) as never, server(http("200 OK", json.dumps(READY).encode())) as at_once:
        addresses = {
            "registry": never,
            "reporting": never,
            "metrics": at_once,
            "notifications": "http://127.0.0.1:1/",
        }
        began = loop.time()
        found = await ask_all(addresses)
        took_seconds = loop.time() - began

    assert [service.state for service in found] == ["silent", "silent", "ready", "silent"]
    assert found[0] == Silent("registry", "timeout")
    assert found[3] == Silent("notifications", "unreachable")
    assert took_seconds < 2
