"""Who may do what in which database: every role in every database with every operation, on a real
PostgreSQL.

The roles are made by what the one-machine stack and `saman databases apply`, which the compose file
runs, both use.
"""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import asyncpg
import pytest

from deploy.local import databases
from deploy.services import SERVICES
from tests.support.infrastructure import Infra

PASSWORD = "secret-of-the-role"
STRANGER = "stranger"
SERVERS_OWN = ("postgres", "template1")

OPERATIONS = {
    "read": "SELECT id FROM figure",
    "add": "INSERT INTO figure (id) VALUES (2)",
    "change": "UPDATE figure SET id = 3",
    "take out": "DELETE FROM figure",
    "number": "SELECT nextval('number')",
    "read the audit log": "SELECT id FROM audit_entry, audit_seal",
    "add to the audit log": "INSERT INTO audit_entry (id) VALUES (2)",
    "add to the chain": "INSERT INTO audit_seal (seal) VALUES (2)",
    "change the audit log": "UPDATE audit_entry SET id = 3",
    "take out of the audit log": "DELETE FROM audit_entry",
    "change the chain": "UPDATE audit_seal SET seal = 3",
    "take out of the chain": "DELETE FROM audit_seal",
    "empty the audit log": "TRUNCATE audit_entry, audit_seal",
    "make a passing table": "CREATE TEMPORARY TABLE passing (id int)",
    "empty a table": "TRUNCATE figure",
    "make a table": "CREATE TABLE other (id int)",
    "make a schema": "CREATE SCHEMA other",
    "alter a table": "ALTER TABLE figure ADD COLUMN more int",
    "switch triggers off": "ALTER TABLE figure DISABLE TRIGGER USER",
    "drop a table": "DROP TABLE figure",
    "give rights away": "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT ALL ON TABLES TO PUBLIC",
    "become the owner": "SET ROLE {owner}",
    "make a role": "CREATE ROLE {unused}",
    "make a database": "CREATE DATABASE {unused}",
    "switch all triggers off": "SET session_replication_role = replica",
    "read the server's files": "SELECT pg_read_file('PG_VERSION')",
    "run a program": "COPY figure TO PROGRAM 'true'",
}
MAY = {
    "service": {
        *("connect", "read", "add", "change", "take out", "number", "make a passing table"),
        *("read the audit log", "add to the audit log", "add to the chain"),
    },
    # What keeps the owner from changing the audit log is a trigger, not a right; see the audit
    # log's own tests.
    "owner": (
        {"connect", *OPERATIONS}
        - {
            "make a role",
            "make a database",
            "switch all triggers off",
            "read the server's files",
            "run a program",
        }
    ),
    "stranger": set[str](),
}
ROLES = [*SERVICES, *(f"{service}_owner" for service in SERVICES), STRANGER]
PLACES = [*SERVICES, *SERVERS_OWN]


@dataclass(frozen=True, slots=True)
class Server:
    """A server with this run's databases and roles, whose names begin with the run's own prefix."""

    place: str
    prefix: str

    def name(self, role_or_database: str) -> str:
        return (
            role_or_database
            if role_or_database in SERVERS_OWN
            else f"{self.prefix}_{role_or_database}"
        )

    async def enter(self, role: str, database: str) -> asyncpg.Connection:
        return await asyncpg.connect(
            f"postgresql://{self.name(role)}:{PASSWORD}@{self.place}/{self.name(database)}?sslmode=disable"
        )


@pytest.fixture(scope="session")
async def server(infra: Infra) -> AsyncIterator[Server]:
    """Four databases with tables in them, each made and then put right again, as every start of a
    stack does.
    """
    admin_url = urlsplit(infra.admin_dsn)
    server = Server(admin_url.netloc.rpartition("@")[2], f"rights_{secrets.token_hex(4)}")
    admin = await asyncpg.connect(infra.admin_dsn)
    await admin.execute(f"CREATE ROLE {server.name(STRANGER)} LOGIN PASSWORD '{PASSWORD}'")
    for service in SERVICES:
        await _make(server, admin_url.geturl(), service)
        owner = await server.enter(f"{service}_owner", service)
        await owner.execute(
            "CREATE TABLE figure (id int); INSERT INTO figure (id) VALUES (1); CREATE SEQUENCE"
            " number;CREATE TABLE audit_entry (id int); CREATE TABLE audit_seal (seal int);"
        )
        await owner.close()
        await _make(server, admin_url.geturl(), service)
    yield server
    for service in SERVICES:
        await admin.execute(f"DROP DATABASE {server.name(service)} WITH (FORCE)")
    for role in ROLES:
        await admin.execute(f"DROP ROLE {server.name(role)}")
    await admin.close()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("role", ROLES)
async def test_a_role_may_do_in_a_database_what_the_table_says_and_nothing_else(
    server: Server, role: str, place: str
) -> None:
    allowed = {
        operation
        for operation in ("connect", *OPERATIONS)
        if await _is_allowed(server, role, place, operation)
    }
    assert allowed == MAY[_kind(role, place)]


def _kind(role: str, place: str) -> str:
    return {place: "service", f"{place}_owner": "owner"}.get(role, "stranger")


async def _is_allowed(server: Server, role: str, place: str, operation: str) -> bool:
    """Try one cell; what it did is undone. Any answer but "yes" and "you may not" is a fault of the
    test.
    """
    try:
        conn = await server.enter(role, place)
    except asyncpg.InsufficientPrivilegeError:
        return False
    try:
        if operation == "connect":
            return True
        names = {"owner": server.name(f"{place}_owner"), "unused": f"{server.prefix}_unused"}
        statement = OPERATIONS[operation].format(**names)
        if operation == "make a database":  # which cannot be undone by a transaction's end
            await conn.execute(statement)
            return True
        await conn.execute("BEGIN")
        await conn.execute(statement)
        return True
    except asyncpg.InsufficientPrivilegeError:
        return False
    finally:
        await conn.close()


async def _make(server: Server, admin_dsn: str, service: str) -> None:
    def as_administrator(database: str) -> str:
        return urlsplit(admin_dsn)._replace(path=f"/{database}").geturl()

    await databases.create(
        as_administrator,
        lambda _: PASSWORD,
        server.name(service),
        owner=server.name(f"{service}_owner"),
        service=server.name(service),
    )
