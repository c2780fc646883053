"""Doing harm, and undoing it after its time."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg

from tests.faults.chaos.schedule import Fault
from tests.faults.chaos.system import System

END_SESSIONS = """
SELECT count(pg_terminate_backend(pid))
  FROM pg_stat_activity
 WHERE datname = $1 AND pid <> pg_backend_pid()
"""
BACK_SECONDS = 120.0


class Faults:
    """Injects the faults of a schedule into a system.

    Attributes:
        counts: how many of each kind were done; what met a target that was down or busy is not
            counted.
    """

    def __init__(self, system: System) -> None:
        self.counts: dict[str, int] = {}
        self._system = system
        self._busy: set[str] = set()
        self._kinds: dict[str, Callable[[Fault], Awaitable[bool]]] = {
            "kill": self._kill,
            "terminate": self._terminate,
            "freeze": self._freeze,
            "freeze past the session": self._freeze,
            "end database sessions": self._end_sessions,
            "silent broker": lambda fault: self._network(fault, silent=True),
            "refusing broker": lambda fault: self._network(fault, silent=False),
            "silent database": lambda fault: self._network(fault, silent=True),
            "refusing database": lambda fault: self._network(fault, silent=False),
            "kill postgres": self._end_server,
            "kill kafka": self._end_server,
            "terminate kafka": self._end_server,
            "full disk": self._fill_disk,
        }

    async def inject(self, fault: Fault) -> bool:
        """Do it, wait until its time is over, undo it; tell whether it met its target."""
        place = self._place(fault)
        if place in self._busy:
            return False
        self._busy.add(place)
        try:
            is_done = await self._kinds[fault.kind](fault)
        finally:
            self._busy.discard(place)
        if is_done:
            self.counts[fault.kind] = self.counts.get(fault.kind, 0) + 1
        return is_done

    def _place(self, fault: Fault) -> str:
        if fault.target == "network":
            return fault.kind.rpartition(" ")[2]
        return f"{fault.target} sessions" if fault.kind == "end database sessions" else fault.target

    def _signal(self, target: str, number: signal.Signals) -> bool:
        running = self._system.processes[target]
        if not running.alive():
            return False
        with suppress(ProcessLookupError):
            os.kill(running.pid, number)
            return True
        return False

    async def _kill(self, fault: Fault) -> bool:
        return self._signal(fault.target, signal.SIGKILL)

    async def _terminate(self, fault: Fault) -> bool:
        return self._signal(fault.target, signal.SIGTERM)

    async def _freeze(self, fault: Fault) -> bool:
        running = self._system.processes[fault.target]
        if not self._signal(fault.target, signal.SIGSTOP):
            return False
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            with suppress(ProcessLookupError):
                os.kill(running.pid, signal.SIGCONT)
        return True

    async def _end_sessions(self, fault: Fault) -> bool:
        try:
            conn = await asyncpg.connect(self._system.servers.admin_dsn, timeout=3)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        try:
            return bool(await conn.fetchval(END_SESSIONS, fault.target, timeout=3))
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        finally:
            conn.terminate()

    async def _network(self, fault: Fault, *, silent: bool) -> bool:
        proxy = self._system.broker if fault.kind.endswith("broker") else self._system.database
        if silent:
            proxy.fall_silent()
        else:
            proxy.refuse()
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            proxy.heal()
        return True

    async def _end_server(self, fault: Fault) -> bool:
        servers = self._system.servers
        server = servers.postgres if fault.target == "postgres" else servers.kafka
        pid = server.pid
        if pid is None or not server.ready:
            return False
        os.kill(pid, signal.SIGTERM if fault.kind.startswith("terminate") else signal.SIGKILL)
        async with asyncio.timeout(BACK_SECONDS):
            while server.pid == pid or not server.ready:  # noqa: ASYNC110 - another process's state
                await asyncio.sleep(0.1)
        return True

    async def _fill_disk(self, fault: Fault) -> bool:
        disk = self._system.disk
        try:
            await asyncio.to_thread(disk.fill)
            await asyncio.sleep(fault.seconds)
        finally:
            await asyncio.to_thread(disk.empty)
        return True
