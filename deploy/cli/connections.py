"""Connections as services serve them: none is held for a request whose head does not come.

uvicorn waits for a first request as long as it takes, so whoever opens connections and says
nothing, or a letter now and then, could use up all that a process may have. Bodies have bounds of
their own (`shared.http.bounds`).
"""

import asyncio
import resource
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from shared.http.problems import ProblemResponse, problem

HEAD_SECONDS = 10.0
"""From the opening of a connection, or from the end of an answer, to the end of the next head."""

CONNECTIONS_EACH = 1_000
"""Connections of one address. Those of proxies that are trusted are not counted: all come by them.
"""

FILES_MAX = 65_536
"""Open files that a process asks for; each connection is one."""


class WatchedConnection(H11Protocol):
    """One connection from outside."""

    def __init__(self, config: Any, *rest: Any, **more: Any) -> None:
        super().__init__(config, *rest, **more)
        self._is_counted = not config.proxy_headers
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        if self._is_counted and self._is_one_too_many():
            transport.close()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_watching()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, as every refusal is written here."""
        answer = ProblemResponse(problem("http-error", 400, msg).model_dump(), 400)
        headers = [
            *answer.raw_headers,
            (b"x-content-type-options", b"nosniff"),
            (b"connection", b"close"),
        ]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=bytes(answer.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _is_one_too_many(self) -> bool:
        hosts = [
            each.client[0]
            for each in self.connections
            if isinstance(each, WatchedConnection) and each.client is not None
        ]
        return self.client is not None and hosts.count(self.client[0]) > CONNECTIONS_EACH

    def _watch(self) -> None:
        """Begin to wait when a head is to come, and stop when it has."""
        if self.conn.their_state is not h11.IDLE:
            self._stop_watching()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._end)

    def _stop_watching(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _end(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


def allow_many_files() -> None:
    """Let this process have as many connections as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if hard == resource.RLIM_INFINITY else min(FILES_MAX, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
