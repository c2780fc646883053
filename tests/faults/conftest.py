"""A system to strike, with a small world in it and a receiver of webhooks beside it."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults import world
from tests.faults.checker import Finding, check
from tests.faults.evidence import QUIET_SECONDS, gather
from tests.faults.world import World
from tests.faults.writing import Load
from tests.notifications.receiver import Receiver, receiving
from tests.support.system import System, running


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


Proving = Callable[[Path], AbstractAsyncContextManager[Proof]]


@asynccontextmanager
async def proving(folder: Path) -> AsyncIterator[Proof]:
    """Run a fresh system with a world in it while the block runs."""
    async with running(folder, extra=world.SETTINGS) as system, receiving() as receiver:
        yield Proof(system, await world.prepare(system, receiver), receiver)


@pytest.fixture(name="proving")
def proving_() -> Proving:
    """Runs fresh systems."""
    return proving


def pytest_report_header() -> str:
    """Say how long the proof takes."""
    return f"faults: each point is struck {repeats()} times (SAMAN_FAULT_REPEATS)"


def repeats() -> int:
    """How often each deterministic fault is repeated: 3, or what `make faults` says."""
    return int(os.environ.get("SAMAN_FAULT_REPEATS", "3"))
