"""A TCP proxy that can fall silent or refuse, as a network does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit


class Proxy:
    """Passes bytes on between a port of its own and a target, as long as it is told to."""

    def __init__(self, host: str, port: int) -> None:
        self.port = 0
        self._target = host, port
        self._passing = asyncio.Event()
        self._passing.set()
        self._refuses = False
        self._writers: set[asyncio.StreamWriter] = set()

    def fall_silent(self) -> None:
        """Take bytes and pass nothing on, in either direction; new connections get no answer."""
        self._passing.clear()

    def refuse(self) -> None:
        """Cut all connections and refuse new ones."""
        self._refuses = True
        for writer in self._writers:
            writer.transport.abort()

    def heal(self) -> None:
        """Pass on again; what was held back goes out."""
        self._refuses = False
        self._passing.set()

    def through(self, dsn: str) -> str:
        """Return a PostgreSQL address that goes through here."""
        parts = urlsplit(dsn)
        account = parts.netloc.rpartition("@")[0]
        return urlunsplit(
            (parts.scheme, f"{account}@127.0.0.1:{self.port}", parts.path, parts.query, "")
        )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        if self._refuses:
            writer.transport.abort()
            return
        try:
            there = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, there[1]}
        await asyncio.gather(self._pass(reader, there[1]), self._pass(there[0], writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(65_536):
                await self._passing.wait()
                writer.write(chunk)
                await writer.drain()
        writer.close()
        self._writers.discard(writer)


@asynccontextmanager
async def proxy_to(dsn: str) -> AsyncIterator[Proxy]:
    """Run a proxy before a PostgreSQL server."""
    parts = urlsplit(dsn)
    assert parts.hostname is not None
    assert parts.port is not None
    async with proxy_before(parts.hostname, parts.port) as proxy:
        yield proxy


@asynccontextmanager
async def proxy_before(host: str, port: int) -> AsyncIterator[Proxy]:
    """Run a proxy before any server, which need not listen yet."""
    proxy = Proxy(host, port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        proxy.refuse()
        proxy.heal()
        server.close()
        await server.wait_closed()
