"""Rolling restarts under load: each process in turn is told to end and started again, as a
deployment does it.
"""

import asyncio
import time
from dataclasses import dataclass, field

from tests.faults.chaos.run import Tell
from tests.faults.outages.latency import Prober
from tests.faults.proof import Proof
from tests.support.system import STOP_SECONDS


@dataclass
class Rolled:
    """What became of it.

    Attributes:
        exits: seconds that each process took to end, in order.
        codes: what they ended with.
        latencies: seconds from the answer for a figure to its MetricUpdated.
        statuses: how often each status was answered.
        refused, broken, unanswered: see `Doors`. A replica that is away refuses connections until
            it is back.
    """

    exits: list[float] = field(default_factory=list)
    codes: set[int | None] = field(default_factory=set)
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    refused: int = 0
    broken: int = 0
    unanswered: int = 0
    figures: int = 0
    wrong: list[str] = field(default_factory=list)


async def roll(proof: Proof, *, times: int, seed: int, pause: float, tell: Tell) -> Rolled:
    """Restart every process of the system so many times while figures come in, and check what
    became of them.
    """
    rolled = Rolled()
    load = proof.load(seed=seed, batch=5, pause=pause)
    prober = Prober(load)
    async with load.going(), prober.going():
        for number in range(times):
            for process in proof.system.names:
                await _restart(proof, process, rolled)
            tell(
                f"round {number + 1} of {times}: {prober.described()}, longest exit"
                f" {max(rolled.exits):.1f} s"
            )
    rolled.latencies = prober.latencies
    doors = load.doors
    rolled.refused, rolled.broken, rolled.unanswered = doors.refused, doors.broken, doors.unanswered
    rolled.statuses = dict(doors.statuses)
    rolled.figures = len(load.sent)
    rolled.wrong = [str(finding) for finding in await proof.findings(load)]
    return rolled


async def _restart(proof: Proof, process: str, rolled: Rolled) -> None:
    running = proof.system.processes[process]
    begun = time.monotonic()
    running.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS * 3):
            rolled.codes.add(await running.wait())
    except TimeoutError:
        rolled.codes.add(None)
        await proof.system.kill(process)
    rolled.exits.append(time.monotonic() - begun)
    await proof.system.start(process)
    await proof.system.until_ready(process)
