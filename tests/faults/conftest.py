"""Servers that may be maltreated, and whole systems with a small world in them and a receiver of webhooks beside."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tests.faults import world
from tests.faults.checker import Finding, check
from tests.faults.evidence import QUIET_SECONDS, gather
from tests.faults.world import World
from tests.faults.writing import Load
from tests.notifications.receiver import Receiver, receiving
from tests.support.containers import choose, containers_infra
from tests.support.infrastructure import Infra, local_infra
from tests.support.system import Servers, System, running


@dataclass(frozen=True)
class Proof:
    """A running system, and those who look at it from outside."""

    system: System
    world: World
    receiver: Receiver

    def load(self, *, seed: int, batch: int = 10, pause: float = 0.1) -> Load:
        """Return writers; see `Load`."""
        return Load(self.system, self.world, seed, batch=batch, pause=pause)

    async def findings(self, load: Load, *, quiet_seconds: float = QUIET_SECONDS) -> list[Finding]:
        """Wait for quiet, and return what the checker finds."""
        return check(await gather(self.system, self.world, load, self.receiver, quiet_seconds=quiet_seconds))


Proving = Callable[..., AbstractAsyncContextManager[Proof]]


@asynccontextmanager
async def proving(folder: Path, servers: Servers | None = None) -> AsyncIterator[Proof]:
    """Run a fresh system with a world in it while the block runs, on servers of its own if none are given."""
    async with running(folder, extra=world.SETTINGS, servers=servers) as system, receiving() as receiver:
        yield Proof(system, await world.prepare(system, receiver), receiver)


@pytest.fixture(name="proving")
def proving_() -> Proving:
    """Runs fresh systems."""
    return proving


@pytest_asyncio.fixture(scope="module")
async def own_infra() -> AsyncIterator[Infra]:
    """PostgreSQL and Kafka for one module alone: what is left on the topics here would disturb everybody else."""
    async with containers_infra() if choose().kind == "containers" else local_infra() as infra:
        yield infra
