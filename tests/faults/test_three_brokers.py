"""Three brokers, and each record on two of them before it counts: those that lead are killed under
load, one by one.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx2
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.services import SERVICES
from shared.events.catalogue import OWN_TOPICS
from shared.events.inbound import topics_of_publisher
from shared.events.metrics import MetricUpdated
from shared.events.reporting import AbsenceFigurePosted, SubmissionAccepted
from shared.kafka.topics import disagreements
from shared.service.clients import new_client
from tests.faults.checker import check
from tests.faults.counts import repeats
from tests.faults.evidence import Evidence, gather
from tests.faults.proof import Proof, Proving
from tests.faults.world import PUBLISHERS
from tests.support.kafka_cluster import BROKERS, KafkaCluster, cluster_servers
from tests.support.system import System
from tests.support.topics import partition_count

STRUCK = (
    f"inbound.{PUBLISHERS[0]}.figures.v1",
    AbsenceFigurePosted.topic(),
    "__consumer_offsets",
    MetricUpdated.topic(),
    SubmissionAccepted.topic_of(PUBLISHERS[0]),
)
"""Whose leaders are struck in turn: of what comes in, of what goes on, and of where consumers note
how far they are.
"""

TURN_SECONDS = 600.0
QUIET_SECONDS = 600.0
LOOK_SECONDS = 0.2
DATABASE_IS_LATE = "the database does not answer now"


@asynccontextmanager
async def looking_at(cluster: KafkaCluster) -> AsyncIterator[AIOKafkaConsumer]:
    """A client that sees where partitions end."""
    client = AIOKafkaConsumer(bootstrap_servers=cluster.bootstrap)
    await client.start()
    try:
        yield client
    finally:
        await client.stop()


async def next_written(client: AIOKafkaConsumer, places: list[TopicPartition]) -> TopicPartition:
    """Return the partition that is written to next."""
    before = await client.end_offsets(places)
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        now = await client.end_offsets(places)
        if grown := [place for place in places if now[place] > before[place]]:
            return grown[0]


async def strike(proof: Proof, cluster: KafkaCluster, client: AIOKafkaConsumer, topic: str) -> None:
    """Kill the broker that leads what is being written to; start it again when another has taken
    over its work.
    """
    place = await next_written(
        client, [TopicPartition(topic, number) for number in range(partition_count(topic))]
    )
    victim = await cluster.leader_of(place)
    await cluster.kill(victim)
    while await cluster.leader_of(place) in (victim, -1):
        assert await disagreements(proof.system.connection.bus, OWN_TOPICS) == [], (
            "the dead one is not to be asked"
        )
        await asyncio.sleep(LOOK_SECONDS)
    print(f"{place.topic}/{place.partition} was led by broker {victim}, and is by another now")
    await next_written(client, [place])
    await cluster.brokers[victim].start()
    await cluster.until_in_sync()


async def look_for_unready(system: System, found: set[str]) -> None:
    """Note why a service says that it is not ready, until cancelled; on a busy machine its database
    may be late.
    """
    while True:
        for service in SERVICES:
            try:
                async with new_client(timeout=TURN_SECONDS) as client:
                    answer = await client.get(f"{system.address(service)}/-/ready")
            except httpx2.HTTPError as error:
                found.add(f"{service}: {error!r}")
                continue
            found |= {
                f"{service}: {why}"
                for why in answer.json().get("reasons", ())
                if DATABASE_IS_LATE not in why
            }
        await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def staying_ready(system: System) -> AsyncIterator[None]:
    """See that no service asks to be left alone while the block runs: one broker of three is no
    reason to.
    """
    found: set[str] = set()
    looking = asyncio.create_task(look_for_unready(system, found))
    try:
        yield
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
    assert found == set()


def summary(evidence: Evidence, *, kills: int, seconds: float) -> str:
    """Say what a run was made of, for docs/reliability.md."""
    ours = [topic for topic in evidence.log if not topic.startswith("inbound.")]
    return json.dumps(
        {
            "kills": kills,
            "seconds": round(seconds),
            "sent": len(evidence.sent),
            "kept": len(evidence.rows("reporting", "figure")),
            "repeated in our topics": sum(
                len(evidence.log[t]) - len(list(evidence.firsts(t))) for t in ours
            ),
        }
    )


@pytest.mark.infra
async def test_killing_the_broker_that_leads_loses_nothing_and_doubles_nothing(
    tmp_path: Path, proving: Proving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMAN_KAFKA_REPLICATION", str(BROKERS))
    kills = repeats(few=3, many=10)
    async with cluster_servers(tmp_path) as servers, proving(tmp_path, servers=servers) as proof:
        wanted = [*OWN_TOPICS, *topics_of_publisher(PUBLISHERS[0])]
        assert await disagreements(proof.system.connection.bus, wanted) == []
        load = proof.load(seed=3)
        begun = time.monotonic()
        async with load.going(), looking_at(servers.kafka) as client, staying_ready(proof.system):
            for turn in range(kills):
                async with asyncio.timeout(TURN_SECONDS):
                    await strike(proof, servers.kafka, client, STRUCK[turn % len(STRUCK)])
        evidence = await gather(
            proof.system, proof.world, load, proof.receiver, quiet_seconds=QUIET_SECONDS
        )
        print(summary(evidence, kills=kills, seconds=time.monotonic() - begun))
        assert check(evidence) == []
