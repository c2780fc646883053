"""Nothing is lost, doubled or put out of order when a process dies or hangs at any of the named points."""

import asyncio
import os
import random
import signal
from collections import deque
from pathlib import Path

import pytest

from deploy.local.processes import last_lines
from shared import faults
from tests.faults.counts import repeats
from tests.faults.proof import Proof, Proving

STRUCK_SECONDS = 400.0
"""On a starved machine; a life that handles a backlog record by record, after many deaths, is a slow one."""
FROZEN_SECONDS = 0.5

STRUCK = {
    "http": ("reporting",),
    "transaction": ("reporting", "metrics", "notifications"),
    "relay": ("reporting", "metrics", "notifications"),
    "delivery": ("reporting", "metrics", "notifications"),
    "sender": ("notifications",),
}
"""Which services have the arrows of a mechanism; they take turns."""

ONLY = {"delivery.buried": ("reporting",)}
"""The only records that cannot be handled are those that come from outside."""


def orders(seed: int, times: int) -> dict[str, deque[str]]:
    """Return what each service is told, one order per life: every point so many times, dying and hanging."""
    chance = random.Random(seed)
    told: dict[str, deque[str]] = {"reporting": deque(), "metrics": deque(), "notifications": deque()}
    for turn in range(times):
        for number, point in enumerate(sorted(faults.POINTS)):
            services = ONLY.get(point) or STRUCK[point.partition(".")[0]]
            how = "hang" if turn % 3 == 1 else "die"
            told[services[(turn + number) % len(services)]].append(f"{point}:{how}:{chance.randint(1, 4)}")
    for queue in told.values():
        chance.shuffle(queue)
    return told


async def strike(proof: Proof, service: str, queue: deque[str]) -> None:
    """Let a service live one life after another, each with the next order, and then one without."""
    system = proof.system
    for order in queue:
        await system.kill(service)
        await system.start(service, environment={faults.VARIABLE: order})
        await until_struck(proof, service, order)
        if system.is_frozen(service):
            await asyncio.sleep(FROZEN_SECONDS)
            os.kill(system.processes[service].pid, signal.SIGCONT)
            await asyncio.sleep(FROZEN_SECONDS)
    await system.kill(service)
    await system.start(service)


async def until_struck(proof: Proof, service: str, order: str) -> None:
    """Wait until a service has died or stopped; it is told when it does not come to the point."""
    process = proof.system.processes[service]
    try:
        async with asyncio.timeout(STRUCK_SECONDS):
            while process.returncode is None and not proof.system.is_frozen(service):  # noqa: ASYNC110 - a process
                await asyncio.sleep(0.02)
    except TimeoutError:
        said = last_lines(proof.system.folder / "logs" / f"{service}.log", count=10)
        raise AssertionError(f"{service} never came to {order}; it said last: {said}") from None
    assert process.returncode in (None, -signal.SIGKILL), f"{service} ended with {process.returncode} before {order}"


@pytest.mark.infra
async def test_a_process_that_dies_or_hangs_at_any_point_loses_and_doubles_nothing(
    tmp_path: Path, proving: Proving
) -> None:
    async with proving(tmp_path) as proof:
        load = proof.load(seed=20_130_201, batch=6)
        async with load.going():
            struck = orders(20_130_201, repeats(few=3, many=50))
            await asyncio.gather(*(strike(proof, service, queue) for service, queue in struck.items()))
        assert await proof.findings(load) == []
