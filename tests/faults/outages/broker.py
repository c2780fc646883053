"""Kafka is away for a while: figures are accepted, the outbox grows, an operator is told, and it
drains.
"""

import asyncio
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import yaml

from deploy.local.kafka import KafkaServer
from shared.service.clients import new_client
from tests.faults.chaos.run import Tell
from tests.faults.proof import Proof
from tests.faults.writing import Load
from tests.support.system import System
from tests.support.waiting import until

ALERTS = Path(__file__).parents[3] / "deploy" / "alerts" / "saman.yml"
ALERT = "SamanOutboxOld"
LOOK_SECONDS = 0.5
TELL_SECONDS = 30.0
DRAIN_SECONDS = 600.0
BEFORE = 20
"""Figures that are accepted before Kafka goes, so that everything is known to work."""


@dataclass
class Away:
    """What became of it.

    Attributes:
        accepted: figures that were accepted over HTTP while Kafka was away.
        waiting: events in reporting's outbox, each time it was looked at.
        oldest_seconds: the age of the oldest of them, likewise.
        alerted_after: seconds until the figure was where the alert's rule wants it; none if it
            never was.
        drained_after: seconds from Kafka's return until the outbox was empty.
        statuses: how often each status was answered.
    """

    seconds: float
    accepted: int = 0
    waiting: list[int] = field(default_factory=list)
    oldest_seconds: list[float] = field(default_factory=list)
    alerted_after: float | None = None
    drained_after: float = 0.0
    statuses: dict[int, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rule:
    """The alert on an old outbox: a figure that is above a bound."""

    figure: str
    bound: float

    @classmethod
    def read(cls) -> "Rule":
        """Read it where Prometheus reads it."""
        rules = [
            rule
            for group in yaml.safe_load(ALERTS.read_text())["groups"]
            for rule in group["rules"]
        ]
        (expression,) = [rule["expr"] for rule in rules if rule["alert"] == ALERT]
        found = re.fullmatch(r"(saman_\w+) > (\d+)", expression)
        assert found, f"{ALERT} is not a bound on one figure: {expression}"
        return cls(found[1], float(found[2]))

    def holds(self, shown: str) -> bool:
        """Tell whether what a service shows to Prometheus is above the bound."""
        values = re.findall(rf"^{self.figure}\{{[^}}]*\}} (\S+)$", shown, re.MULTILINE)
        return any(float(value) > self.bound for value in values)


async def without_broker(
    proof: Proof,
    *,
    seconds: float,
    more: int,
    seed: int,
    pause: float,
    backdated: bool = False,
    tell: Tell,
) -> Away:
    """Stop Kafka while figures come in, start it again, and check what became of them.

    Args:
        seconds: how long it stays away at least.
        more: by how many events the outbox must grow before it comes back.
        backdated: make what waits old enough for the alert, instead of waiting for so long.
    """
    away, system = Away(seconds), proof.system
    load = proof.load(seed=seed, batch=5, pause=pause)
    async with load.going():
        await until(
            lambda: accepted_over_http(load) >= BEFORE, "figures come in", seconds=DRAIN_SECONDS
        )
        kafka = one_broker(system)
        await kafka.stop()
        tell("Kafka is away")
        before = accepted_over_http(load)
        await _watch(system, away, more, backdated=backdated, tell=tell)
        away.accepted = accepted_over_http(load) - before
        await kafka.start()
        back = time.monotonic()
        tell(
            f"Kafka is back; {away.waiting[-1]} events wait, the oldest for"
            f" {away.oldest_seconds[-1]:.0f} s"
        )
    await until(lambda: _is_empty(system), "the outbox drains", seconds=DRAIN_SECONDS)
    away.drained_after = time.monotonic() - back
    away.statuses = dict(load.doors.statuses)
    away.wrong = [str(finding) for finding in await proof.findings(load)]
    return away


def accepted_over_http(load: Load) -> int:
    """Return how many figures were accepted over HTTP so far."""
    return sum(one.door == "http" and one.answer == "accepted" for one in load.sent)


async def _watch(system: System, away: Away, more: int, *, backdated: bool, tell: Tell) -> None:
    """Look at what an operator would see, until the time is up and enough waits."""
    rule, begun, told = Rule.read(), time.monotonic(), 0.0
    while (passed := time.monotonic() - begun) < away.seconds or away.waiting[-1] < away.waiting[
        0
    ] + more:
        outbox = await _status(system)
        away.waiting.append(outbox["waiting_count"])
        away.oldest_seconds.append(outbox["oldest_seconds"] or 0.0)
        if away.alerted_after is None and rule.holds(await _shown(system)):
            away.alerted_after = passed
        if passed - told > TELL_SECONDS:
            told = passed
            tell(
                f"{passed:.0f} s: {away.waiting[-1]} events wait, the oldest for"
                f" {away.oldest_seconds[-1]:.0f} s"
            )
        await asyncio.sleep(LOOK_SECONDS)
    if backdated:
        await _make_older(system, 2 * rule.bound)
        away.oldest_seconds.append((await _status(system))["oldest_seconds"])
        away.alerted_after = time.monotonic() - begun if rule.holds(await _shown(system)) else None


async def _status(system: System) -> dict[str, Any]:
    async with new_client(timeout=30) as client:
        answer = await client.get(f"{system.address('reporting')}/api/reporting/v1/status")
    outbox: dict[str, Any] = answer.json()["outbox"]
    return outbox


async def _is_empty(system: System) -> bool:
    return not (await _status(system))["waiting_count"]


async def _shown(system: System) -> str:
    async with new_client(timeout=30) as client:
        return (await client.get(f"{system.address('reporting')}/-/metrics")).text


async def _make_older(system: System, seconds: float) -> None:
    conn = await asyncpg.connect(system.databases["reporting"].owner_dsn)
    try:
        await conn.execute(
            "UPDATE outbox SET created_at = created_at - make_interval(secs => $1)", seconds
        )
    finally:
        await conn.close()


def one_broker(system: System) -> KafkaServer:
    """Return the only broker.

    Raises:
        AssertionError: there are several, and they go on without one.
    """
    kafka = system.servers.kafka
    assert isinstance(kafka, KafkaServer), "a cluster goes on without one of its brokers"
    return kafka
