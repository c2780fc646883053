"""PostgreSQL and Kafka really started, killed, taken over and misused."""

import asyncio
import os
import signal
import socket
import stat
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from subprocess import Popen

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAuthorizationFailedError

from deploy.local import processes
from deploy.local.databases import Database
from deploy.local.errors import StackError
from deploy.local.infrastructure import (
    Infrastructure,
    erase,
    start_infrastructure,
    stop_infrastructure,
)
from deploy.local.ports import CLIENT_RANGE, HOST, Ports
from deploy.local.postgres import PostgresServer
from tests.deploy.local.conftest import DEADLINE_SECONDS, PUBLISHER_PASSWORD, until

START = """
import asyncio, sys, time
from pathlib import Path
from deploy.local.infrastructure import start_infrastructure
async def main():
    await start_infrastructure(Path(sys.argv[1]), attached=sys.argv[2] == "attached")
    print("up", flush=True)
    if sys.argv[2] == "attached":
        await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.fixture(scope="session")
async def metrics(stack: Infrastructure) -> Database:
    return await stack.postgres.create_database("metrics")


@pytest.fixture
async def folder(tmp_path: Path) -> AsyncIterator[Path]:
    """A folder in which nothing is left running."""
    yield tmp_path
    await erase(tmp_path)


async def test_both_listen_on_the_loopback_address_only(stack: Infrastructure) -> None:
    ports = {
        stack.postgres.port,
        *(stack.kafka.port_of(name) for name in ("INTERNAL", "CONTROLLER", "OUTSIDE")),
    }
    assert len(ports) == 4
    assert _listening_addresses(ports) == {"127.0.0.1"}


async def test_secrets_are_for_the_owner_of_the_folder_only(stack: Infrastructure) -> None:
    assert stat.S_IMODE((stack.folder.path / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(stack.postgres.data_dir.stat().st_mode) == 0o700


async def test_postgres_keeps_what_it_promises(stack: Infrastructure) -> None:
    connection = await asyncpg.connect(stack.admin_dsn)
    try:
        for name, value in {
            "fsync": "on",
            "data_checksums": "on",
            "password_encryption": "scram-sha-256",
        }.items():
            assert await connection.fetchval("SELECT current_setting($1)", name) == value
        assert (
            await connection.fetchval("SELECT upper('blåbær') || pg_encoding_to_char(6)")
            == "BLÅBÆRUTF8"
        )
    finally:
        await connection.close()


async def test_the_service_role_works_on_rows_and_nothing_else(metrics: Database) -> None:
    owner, service = (
        await asyncpg.connect(metrics.owner_dsn),
        await asyncpg.connect(metrics.service_dsn),
    )
    try:
        await owner.execute(
            "CREATE TABLE figure (id bigint GENERATED ALWAYS AS IDENTITY, old_id bigserial,"
            " lost_days numeric)"
        )
        await service.execute("INSERT INTO figure (lost_days) VALUES (1), (2)")
        await service.execute("UPDATE figure SET lost_days = 3 WHERE lost_days = 2")
        await service.execute("DELETE FROM figure WHERE lost_days = 1")
        assert await service.fetchval("SELECT sum(lost_days) FROM figure") == 3
        for forbidden in (
            "DROP TABLE figure",
            "ALTER TABLE figure ADD x int",
            "TRUNCATE figure",
            "CREATE TABLE x ()",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await service.execute(forbidden)
    finally:
        await owner.close()
        await service.close()


async def test_a_service_cannot_enter_another_database(
    stack: Infrastructure, metrics: Database
) -> None:
    first, second = await asyncio.gather(
        *(stack.postgres.create_database(name) for name in ("registry", "reporting"))
    )
    for other in (first.name, second.name, "postgres", "template1"):
        with pytest.raises(
            asyncpg.InsufficientPrivilegeError, match="permission denied for database"
        ):
            await asyncpg.connect(metrics.service_dsn, database=other)


async def test_making_a_database_again_changes_nothing(
    stack: Infrastructure, metrics: Database
) -> None:
    assert await stack.postgres.create_database("metrics") == metrics


async def test_a_wrong_password_is_refused(stack: Infrastructure) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(
            host=HOST, port=stack.postgres.port, user="postgres", password="x", database="postgres"
        )


async def test_kafka_takes_and_hands_out_a_record_of_one_mebibyte(stack: Infrastructure) -> None:
    await _create_topic(stack, "figures")
    async with AIOKafkaProducer(
        bootstrap_servers=stack.bootstrap, enable_idempotence=True, max_request_size=1_300_000
    ) as producer:
        await producer.send_and_wait(
            "figures", b"x" * (1 << 20), key=b"vefsn", headers=[("ce_id", b"1")]
        )
    async with AIOKafkaConsumer(
        "figures", bootstrap_servers=stack.bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        assert len((await consumer.getone()).value) == 1 << 20


async def test_a_second_listener_asks_who_it_is_and_what_he_may(stack: Infrastructure) -> None:
    await _create_topic(stack, "forbidden")
    async with AIOKafkaProducer(
        bootstrap_servers=f"{HOST}:{stack.kafka.port_of('OUTSIDE')}",
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_plain_username="publisher",
        sasl_plain_password=PUBLISHER_PASSWORD,
    ) as producer:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait("forbidden", b"figure")


async def test_a_supervisor_starts_again_what_was_killed(stack: Infrastructure) -> None:
    addresses = stack.admin_dsn, stack.bootstrap
    for server in stack.servers:
        assert server.pid
        os.kill(server.pid, signal.SIGKILL)
        await server.ended()
        assert not server.ready

    await asyncio.gather(*(server.start() for server in stack.servers))

    assert all(server.ready for server in stack.servers)
    assert (stack.admin_dsn, stack.bootstrap) == addresses


async def test_a_folder_that_is_held_is_refused_in_one_sentence(stack: Infrastructure) -> None:
    with pytest.raises(StackError, match=f"Another Saman .process {os.getpid()}. is at work"):
        await start_infrastructure(stack.folder.path, attached=True)


async def test_what_was_left_running_is_taken_over_or_ended(
    folder: Path, other_process: Callable[..., Popen[str]]
) -> None:
    assert other_process(START, folder, "detached").wait() == 0
    left = {name: processes.find(folder, name) for name in ("postgres", "kafka")}

    taken_over = await start_infrastructure(folder, attached=False)
    assert {server.name: server.pid for server in taken_over.servers} == {
        name: running.pid for name, running in left.items() if running
    }

    begun = time.monotonic()
    anew = await start_infrastructure(folder, attached=True)
    assert time.monotonic() - begun < DEADLINE_SECONDS
    assert not any(running.alive() for running in left.values() if running)
    assert anew.bootstrap == taken_over.bootstrap
    await anew.stop()


async def test_both_end_when_the_parent_is_killed(
    folder: Path, other_process: Callable[..., Popen[str]]
) -> None:
    parent = other_process(START, folder, "attached")
    assert parent.stdout
    assert parent.stdout.readline() == "up\n"
    running = [processes.find(folder, name) for name in ("postgres", "kafka")]
    assert all(running)

    parent.kill()

    await until(lambda: not any(one.alive() for one in running if one), what="the end of both")


async def test_stopping_works_from_any_process(folder: Path) -> None:
    server = PostgresServer(folder, attached=False)
    await server.start()

    assert await stop_infrastructure(folder) == ["postgres"]

    await asyncio.wait_for(server.ended(), 5)
    data = server.data_dir
    await erase(folder)
    assert not data.exists()


async def test_data_of_another_version_are_refused_in_one_sentence(folder: Path) -> None:
    server = PostgresServer(folder)
    await server.start()
    await server.stop()
    (server.data_dir / "PG_VERSION").write_text("17\n")

    with pytest.raises(
        StackError, match=r"are of PostgreSQL 17, not 18: choose another folder .*\.$"
    ) as raised:
        await server.start()

    assert "\n" not in str(raised.value)


async def test_a_stranger_on_a_port_is_one_sentence(folder: Path) -> None:
    with socket.socket() as stranger:
        stranger.bind((HOST, 0))
        stranger.listen(1)
        port = stranger.getsockname()[1]

        with pytest.raises(
            StackError,
            match=rf"^Port {port} on 127\.0\.0\.1, which Kafka needs, is held by another",
        ):
            await start_infrastructure(folder, attached=True, kafka_port=port)

    assert processes.find(folder, "postgres") is None


def test_ports_come_from_below_the_range_of_clients_and_stay(tmp_path: Path) -> None:
    port = Ports(tmp_path).take("web")

    assert port < int(CLIENT_RANGE.read_text().split()[0])
    assert Ports(tmp_path).take("web") == port
    assert Ports(tmp_path).take("mail") != port


def _listening_addresses(ports: set[int]) -> set[str]:
    """Return where these ports are open, read as `ss` reads it: hexadecimal, least significant byte
    first.
    """
    found = set()
    for family, size in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/net/{family}").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            address, port = local.split(":")
            if state == "0A" and int(port, 16) in ports:
                words = [
                    bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8)
                ]
                found.add(socket.inet_ntop(size, b"".join(words)).removeprefix("::ffff:"))
    return found


async def _create_topic(stack: Infrastructure, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()
