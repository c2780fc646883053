"""A whole system with a small world in it, a receiver of webhooks beside it, and the checker that
judges it.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import httpx2

from deploy.services import SERVICES
from shared.service.clients import new_client
from tests.faults import world
from tests.faults.checker import Finding, check
from tests.faults.evidence import QUIET_SECONDS, gather
from tests.faults.world import World
from tests.faults.writing import Load
from tests.notifications.receiver import Receiver, receiving
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

    async def findings(
        self, load: Load, *, still_seconds: float = QUIET_SECONDS, log_was_cut: bool = False
    ) -> list[Finding]:
        """Wait for quiet, and return what the checker finds; see `gather`."""
        evidence = await gather(
            self.system, self.world, load, self.receiver, still_seconds=still_seconds
        )
        return check(replace(evidence, log_was_cut=log_was_cut))


async def partitions_of(proof: Proof, process: str) -> int:
    """Return how many partitions a process reads; none while it does not answer."""
    service = process.partition("-")[0]
    async with new_client(timeout=30) as client:
        try:
            answer = await client.get(f"{proof.system.address(process)}/api/{service}/v1/status")
        except httpx2.HTTPError:
            return 0
    return (
        sum(consumer["partitions"] for consumer in answer.json()["consumers"])
        if answer.status_code == 200
        else 0
    )


class Proving(Protocol):
    """Runs a fresh system while a block runs."""

    def __call__(
        self,
        folder: Path,
        *,
        replicas: int = 1,
        extra: Mapping[str, Mapping[str, str]] | None = None,
        servers: Servers | None = None,
    ) -> AbstractAsyncContextManager[Proof]: ...


@asynccontextmanager
async def proving(
    folder: Path,
    *,
    replicas: int = 1,
    extra: Mapping[str, Mapping[str, str]] | None = None,
    servers: Servers | None = None,
) -> AsyncIterator[Proof]:
    """Run a fresh system with a world in it while the block runs.

    Args:
        folder: for data and logs.
        replicas: processes of each service.
        extra: settings by service, beside those that the world needs.
        servers: fresh ones that run already; by default PostgreSQL and one broker of its own.
    """
    settings = {
        name: {**world.SETTINGS.get(name, {}), **(extra or {}).get(name, {})} for name in SERVICES
    }
    async with (
        running(folder, extra=settings, replicas=replicas, servers=servers) as system,
        receiving() as receiver,
    ):
        yield Proof(system, await world.prepare(system, receiver), receiver)
