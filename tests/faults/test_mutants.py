"""The checker bites: under one and the same strain the sound system passes, and each mutant turns
it red.

All mutants are tried at once, in places where each shows by a finding of its own.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx2
import pytest

from deploy.services import SERVICES
from shared import faults
from shared.clock import Clock
from shared.service.clients import new_client
from tests.faults.checker import Finding
from tests.faults.proof import Proof, Proving
from tests.faults.test_fault_points import until_struck
from tests.faults.variants import MUTANTS, STUMBLE, UNGUARDED
from tests.faults.world import put_round
from tests.faults.writing import Load
from tests.support.system import OPERATOR_KEY

STRAINS = {
    "registry": (),
    "reporting": ("overtaken", "stumbling"),
    "metrics": ("slow-handling",),
    "notifications": ("impatient",),
}
STILL_SECONDS = 20.0
"""A broken system may never come to rest. It is judged, as the sound one, when nothing has moved
for longer than any pause of ours, so that what is missing then is not merely late.
"""

NEWCOMER = "310000051"
AWAY_SECONDS = 2.5
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Mutation:
    """What is broken at once, and the harm that each does.

    Attributes:
        services: the mutants of each service.
        harm: per mutant, the invariant and the sentence that must be found: something doubled,
            lost, put out of order, given away, or sent to where it does not belong.
    """

    services: dict[str, tuple[str, ...]] = field(default_factory=dict)
    harm: dict[str, tuple[str, str]] = field(default_factory=dict)


MUTATION = Mutation(
    {
        "registry": ("telling",),
        "reporting": ("outbox-by-last-id", "no-version-guard", "reply-to"),
        "metrics": ("auto-commit", "delete-before-send"),
        "notifications": ("no-inbox", "ack-on-error"),
    },
    {
        "no-inbox": ("I5", "told twice"),
        "outbox-by-last-id": ("I2", "left in the outbox of reporting"),
        "no-version-guard": ("I3", "reporting holds an older publisher"),
        "reply-to": ("R", "somebody else's topic was written to"),
        "auto-commit": ("I4", "figures that metrics never kept"),
        "delete-before-send": ("I3", "metrics lost on their way"),
        "ack-on-error": ("I5", "not told"),
        "telling": ("I8", "the operator's key is in the log of"),
    },
)


class Strain:
    """One and the same strain for sound and broken systems."""

    def __init__(self, proof: Proof, mutation: Mutation, folder: Path) -> None:
        self._proof = proof
        self._mutation = mutation
        self._mended = folder / "mended"

    async def start(self, service: str, order: str = "") -> None:
        """Start a service in its variant."""
        names = ",".join((*STRAINS[service], *self._mutation.services.get(service, ())))
        command = ("-m", "tests.faults.variants", names)
        environment = {STUMBLE: str(self._mended), faults.VARIABLE: order}
        await self._proof.system.start(service, command=command, environment=environment)

    async def restart(self, service: str, order: str = "") -> None:
        """Kill a service and start it again."""
        await self._proof.system.kill(service)
        await self.start(service, order)

    async def apply(self, load: Load) -> None:
        """Bring out what each mutant lacks while the load goes on."""
        for service, mutants in self._mutation.services.items():
            for mutant in mutants:
                await self._unguard(service, mutant)
        for service in SERVICES:
            await self.restart(service)
        for service in SERVICES:
            await self._proof.system.until_ready(service)
        async with load.going():
            await asyncio.gather(
                self._metrics(), self._notifications(), self._publisher(), self._reports()
            )

    async def _unguard(self, service: str, mutant: str) -> None:
        if mutant in UNGUARDED:
            conn = await asyncpg.connect(self._proof.system.databases[service].owner_dsn)
            try:
                await conn.execute(UNGUARDED[mutant])
            finally:
                await conn.close()

    async def _die(self, service: str, *orders: str) -> None:
        """Let a service live one life after another, each with the next order, and then one
        without.
        """
        for order in orders:
            await self.restart(service, order)
            await until_struck(self._proof, service, order)
        await self.restart(service)

    async def _metrics(self) -> None:
        """Die between reading an outbox and sending, and with batches in hand that nobody has begun
        to handle.
        """
        await self._die("metrics", "relay.read:die:1", "relay.read:die:3", "relay.read:die:2")
        await self._die(
            "metrics", "delivery.fetched:die:2", "delivery.fetched:die:3", "delivery.fetched:die:2"
        )

    async def _notifications(self) -> None:
        """Die between effects and the commit of their offsets, and then take the database away for
        a while.
        """
        system = self._proof.system
        await self._die("notifications", "delivery.committed:die:3", "delivery.committed:die:5")
        await system.until_ready("notifications")
        admin = await asyncpg.connect(system.servers.admin_dsn)
        try:
            await admin.execute("ALTER DATABASE notifications ALLOW_CONNECTIONS false")
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
                " 'notifications'"
            )
            await asyncio.sleep(AWAY_SECONDS)
            await admin.execute("ALTER DATABASE notifications ALLOW_CONNECTIONS true")
        finally:
            await admin.close()

    async def _publisher(self) -> None:
        """Let reporting stumble over a publisher's first state, hear the second, and then replay
        the first.
        """
        system = self._proof.system
        headers = {"Authorization": f"Bearer {OPERATOR_KEY}"}
        async with new_client(timeout=20, headers=headers) as client:
            for name in ("Once", "Twice"):
                path = f"{system.address('registry')}/api/registry/v1/publishers/{NEWCOMER}"
                assert (
                    await client.put(path, json={"name": name, "may_speak_for": []})
                ).status_code < 300
            letters = f"{system.address('reporting')}/api/reporting/v1/dead-letters"
            letter = await self._letter(client, letters)
            self._mended.touch()
            answer = await client.post(f"{letters}/{letter}/replay")
            assert answer.status_code == 200, answer.text

    async def _reports(self) -> None:
        """Let reports become due in a transaction that figures overtake."""
        today = Clock().today()
        await put_round(self._proof.system, "overtaken", opens_on=today - WEEK, due_on=today + WEEK)

    async def _letter(self, client: httpx2.AsyncClient, letters: str) -> int:
        """Wait until the first state is a dead letter and the second is known."""
        query = "SELECT version FROM known_publisher WHERE organisation_number = $1"
        conn = await asyncpg.connect(self._proof.system.databases["reporting"].owner_dsn)
        try:
            async with asyncio.timeout(60):
                while True:
                    found = (await client.get(letters, params={"code": "ValueError"})).json()[
                        "items"
                    ]
                    if found and await conn.fetchval(query, NEWCOMER) == 2:
                        return int(found[0]["id"])
                    await asyncio.sleep(0.1)
        finally:
            await conn.close()


async def strained(proving: Proving, folder: Path, mutation: Mutation) -> list[Finding]:
    """Return what the checker finds in a system under strain."""
    async with proving(folder) as proof:
        load = proof.load(seed=3, batch=5)
        await Strain(proof, mutation, folder).apply(load)
        return await proof.findings(load, still_seconds=STILL_SECONDS)


@pytest.mark.infra
async def test_the_sound_system_stands_the_strain(tmp_path: Path, proving: Proving) -> None:
    assert await strained(proving, tmp_path, Mutation()) == []


@pytest.mark.infra
async def test_the_checker_finds_every_mutant(tmp_path: Path, proving: Proving) -> None:
    found = await strained(proving, tmp_path, MUTATION)
    harm = {(each.invariant, each.sentence) for each in found}
    unseen = {mutant for mutant, expected in MUTATION.harm.items() if expected not in harm}
    assert not unseen, f"found: {[str(each) for each in found]}"


def test_every_mutant_is_tried() -> None:
    assert (
        MUTATION.harm.keys()
        == MUTANTS.keys()
        == {name for names in MUTATION.services.values() for name in names}
    )
