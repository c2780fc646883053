"""A webhook receiver on a real socket that behaves as badly as a test wants."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import EllipsisType
from typing import TypeAlias

from standardwebhooks import Webhook

from tests.support.waiting import WAIT_SECONDS

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: str

    def verified(self, secret: str) -> object:
        """Return the body's content if the signature is good, as a receiver would."""
        return Webhook(secret).verify(self.body, self.headers)


class Receiver:
    """Answers each call as `answer` says; what is called is kept in `calls`.

    Args:
        answer: bytes to write for the call; None to close without a word; `...` to hang.
    """

    def __init__(self, answer: Callable[[Call], "Answer"]) -> None:
        self.answer = answer
        self.calls: list[Call] = []
        self.port = 0
        self.open_count = 0
        self.open_count_max = 0
        self._arrived = asyncio.Event()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"

    async def wait_for(self, count: int) -> list[Call]:
        """Wait until so many calls came."""
        async with asyncio.timeout(WAIT_SECONDS):
            while len(self.calls) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return self.calls

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request and answer it."""
        self.open_count += 1
        self.open_count_max = max(self.open_count_max, self.open_count)
        try:
            call = await _read(reader)
            self.calls.append(call)
            self._arrived.set()
            answer = self.answer(call)
            if isinstance(answer, Dripping):
                await answer.write_to(writer)
            elif answer is ...:
                await reader.read()
            elif answer is not None:
                writer.write(answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open_count -= 1
            writer.close()


@dataclass(frozen=True, slots=True)
class Dripping:
    """An answer that comes one byte at a time."""

    head: bytes
    byte: bytes = b"x"

    async def write_to(self, writer: asyncio.StreamWriter) -> None:
        """Write until the other side has had enough."""
        writer.write(self.head)
        while not writer.transport.is_closing():
            writer.write(self.byte)
            await writer.drain()
            await asyncio.sleep(0.02)


Answer: TypeAlias = bytes | Dripping | EllipsisType | None


@asynccontextmanager
async def receiving(
    answer: Callable[[Call], Answer] | bytes = OK, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """Run a receiver while the block runs.

    Args:
        tls: to speak https, as well or badly as it says.
    """
    receiver = Receiver((lambda _: answer) if isinstance(answer, bytes) else answer)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


async def _read(reader: asyncio.StreamReader) -> Call:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.split("\r\n")
    headers = {
        name.lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Call(first.split(" ")[1], headers, body.decode())
