"""Databases and log come back from backups of different moments; once repaired, no invariant is
broken.

`make test` puts the log back to a moment between those of the databases, so that each side has
forgotten what another knows; `make faults` also lets only the databases forget, and only the log.
"""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.cli.publishers import add_publisher
from deploy.local.postgres_home import binaries
from deploy.services import SERVICES
from tests.faults.counts import only_many
from tests.faults.evidence import gather
from tests.faults.outages.broker import one_broker
from tests.faults.proof import Proof, Proving
from tests.faults.sources import METRICS
from tests.faults.writing import Load

NEWCOMER = "310000051"
"""A publisher that comes after the backup."""

COMMAND_SECONDS = 300.0
WHILE_SECONDS = 3.0
"""How long writers go on between two moments."""


async def ran(*command: str, environment: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Run a program to its end; return its exit code, what it said and what it complained of."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **(environment or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), COMMAND_SECONDS)
    assert process.returncode in (0, 1), err.decode()
    return process.returncode, out.decode(), err.decode()


async def dump(proof: Proof, service: str, folder: Path, *options: str) -> None:
    """Back one database up, as docs/operating.md says."""
    program = str(binaries(None) / "pg_dump")
    dsn = proof.system.databases[service].owner_dsn
    assert (
        await ran(program, "--format=custom", f"--file={folder / service}.dump", *options, dsn)
    )[0] == 0


async def dump_while_events_wait(proof: Proof, service: str, folder: Path) -> None:
    """Back one database up as it was while events that it had written were not in the log yet."""
    conn = await asyncpg.connect(proof.system.databases[service].owner_dsn)
    try:
        async with asyncio.timeout(COMMAND_SECONDS):
            while True:
                async with conn.transaction(isolation="repeatable_read", readonly=True):
                    if await conn.fetchval("SELECT EXISTS (SELECT FROM outbox)"):
                        snapshot = await conn.fetchval("SELECT pg_export_snapshot()")
                        return await dump(proof, service, folder, f"--snapshot={snapshot}")
    finally:
        await conn.close()


async def put_back(proof: Proof, service: str, folder: Path) -> None:
    """Replace one database by its backup, and put the rights on it right."""
    servers = proof.system.servers
    conn = await asyncpg.connect(servers.admin_dsn)
    try:
        await conn.execute(f"DROP DATABASE {service} WITH (FORCE)")
        await conn.execute(f"CREATE DATABASE {service} OWNER {service}_owner")
    finally:
        await conn.close()
    program = str(binaries(None) / "pg_restore")
    dsn = f"--dbname={servers.postgres.dsn(service)}"
    assert (await ran(program, "--exit-on-error", dsn, f"{folder / service}.dump"))[0] == 0
    await servers.postgres.create_database(service)


async def restore(proof: Proof, verb: str, *, ends_with: int) -> dict[str, Any]:
    """Run `saman restore` against the system; return what it found of each service."""
    system = proof.system
    code, said, complaint = await ran(
        *(sys.executable, "-m", "deploy.cli.main", "restore", verb, "--json"),
        environment={
            **{
                f"SAMAN_{name.upper()}_DATABASE_DSN": system.databases[name].service_dsn
                for name in SERVICES
            },
            "SAMAN_ADMIN_DSN": system.servers.admin_dsn,
            "SAMAN_METRICS_OWNER_DSN": system.databases["metrics"].owner_dsn,
            "SAMAN_KAFKA_BOOTSTRAP": system.servers.bootstrap,
        },
    )
    assert code == ends_with, f"{said} {complaint}"
    found: dict[str, Any] = json.loads(said)
    return found


class LogBackup:
    """A backup of Kafka's files, which are whole only while it is stopped.

    Args:
        proof: whose log.
        folder: of the system.
        backup: where the copy goes.
    """

    def __init__(self, proof: Proof, folder: Path, backup: Path) -> None:
        self._kafka = one_broker(proof.system)
        self._files = folder / "kafka"
        self._backup = backup / "kafka"

    async def take(self) -> None:
        """Stop the broker, copy its files and start it again."""
        await self._kafka.stop()
        await asyncio.to_thread(shutil.copytree, self._files, self._backup)
        await self._kafka.start()

    async def put_back(self) -> None:
        """Replace its files by the backup."""
        await self._kafka.stop()
        await asyncio.to_thread(shutil.rmtree, self._files)
        await asyncio.to_thread(shutil.copytree, self._backup, self._files)
        await self._kafka.start()


async def crash(proof: Proof) -> None:
    """Kill all services at once."""
    await asyncio.gather(*(proof.system.kill(service) for service in SERVICES))


async def mend(proof: Proof) -> dict[str, Any]:
    """Compare, repair, compare again, and start the services; return what was found first."""
    found = await restore(proof, "check", ends_with=1)
    await restore(proof, "repair", ends_with=0)
    for service in SERVICES:
        await proof.system.start(service)
    for service in SERVICES:
        await proof.system.until_ready(service)
    return found


async def write_more(proof: Proof, load: Load, *, seed: int) -> Load:
    """Let writers go on for a while, and then until all that they began is answered."""
    more = Load(proof.system, proof.world, seed, batch=load.batch, sent=load.sent)
    async with more.going():
        await asyncio.sleep(WHILE_SECONDS)
    return more


@only_many
@pytest.mark.infra
async def test_databases_of_four_earlier_moments_take_from_the_log_what_they_lost(
    tmp_path: Path, proving: Proving
) -> None:
    async with proving(tmp_path / "system") as proof:
        load = proof.load(seed=41, batch=6)
        async with load.going():
            for service in SERVICES:
                await asyncio.sleep(WHILE_SECONDS)
                await dump(proof, service, tmp_path)
            await add_publisher(
                proof.system.connection, NEWCOMER, name="New", municipalities=[], wait=True
            )
            await asyncio.sleep(WHILE_SECONDS)
        assert await proof.findings(load) == [], "a backup misses what is on its way to the log"

        await crash(proof)
        for service in SERVICES:
            await put_back(proof, service, tmp_path)
        found = await mend(proof)
        assert {name for name in SERVICES if found[name]["database_is_older"]} == set(SERVICES)
        assert not any(found[name]["log_is_older"] for name in SERVICES)
        assert await proof.findings(load) == []

        load = await write_more(proof, load, seed=42)
        assert await proof.findings(load) == []


@only_many
@pytest.mark.infra
async def test_a_log_of_an_earlier_moment_is_told_again_what_it_lost(
    tmp_path: Path, proving: Proving
) -> None:
    async with proving(tmp_path / "system") as proof:
        backup = LogBackup(proof, tmp_path / "system", tmp_path)
        load = await write_more(proof, proof.load(seed=51, batch=6), seed=51)
        assert await proof.findings(load) == []
        before = len(load.sent)
        await backup.take()
        load = await write_more(proof, load, seed=52)
        assert await proof.findings(load) == []

        await crash(proof)
        await backup.put_back()
        found = await mend(proof)
        assert found["reporting"]["log_is_older"]

        await load.repeat(one for one in load.sent[before:] if one.door == "kafka")
        load = await write_more(proof, load, seed=53)
        assert await proof.findings(load, log_was_cut=True) == []


@pytest.mark.infra
async def test_a_log_between_the_moments_of_the_databases_is_told_again_and_tells_again(
    tmp_path: Path, proving: Proving
) -> None:
    async with proving(tmp_path / "system") as proof:
        backup = LogBackup(proof, tmp_path / "system", tmp_path)
        load = proof.load(seed=61, batch=6)
        async with load.going():
            await dump(proof, "registry", tmp_path)
            await add_publisher(
                proof.system.connection, NEWCOMER, name="New", municipalities=[], wait=True
            )
            await dump_while_events_wait(proof, "metrics", tmp_path)
            await asyncio.sleep(WHILE_SECONDS)
            await backup.take()
            await asyncio.sleep(WHILE_SECONDS)
        assert await proof.findings(load) == [], "what neither log nor database has is lost"
        for service in ("reporting", "notifications"):
            await dump(proof, service, tmp_path)

        await crash(proof)
        for service in SERVICES:
            await put_back(proof, service, tmp_path)
        await backup.put_back()
        found = await mend(proof)
        assert {name for name in SERVICES if found[name]["database_is_older"]} >= {
            "registry",
            "metrics",
        }
        assert {name for name in SERVICES if found[name]["log_is_older"]} >= {
            "reporting",
            "notifications",
        }
        evidence = await gather(proof.system, proof.world, load, proof.receiver)
        told = [record.id for record in evidence.log[METRICS]]
        assert len(told) == len(set(told)), (
            "what waited when metrics was backed up has long been told"
        )

        await load.repeat(one for one in load.sent if one.door == "kafka")
        load = await write_more(proof, load, seed=62)
        assert await proof.findings(load, log_was_cut=True) == []
