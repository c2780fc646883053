"""The real PostgreSQL and Kafka that tests run against: containers where an engine answers, else
our own stack.

`SAMAN_TEST_INFRA=auto|containers|local` decides; `auto` takes containers only where the engine
answers and both images are there already, because pulling in the middle of a test run would be slow
or impossible.
"""

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from deploy.local.infrastructure import infrastructure
from deploy.services import migration_folders
from shared.events.catalogue import OWN_TOPICS
from shared.kafka.broker import BusSettings
from shared.kafka.topics import apply
from shared.postgres.database import migrate
from shared.service.schema import MECHANISM_MIGRATIONS
from tests.support.metrics import SEEDS

MECHANISMS = "mechanisms"
"""Instead of a service's name: a database that holds what all services have and nothing else."""


@dataclass(frozen=True, slots=True)
class DatabaseHandle:
    """One test's own database.

    Attributes:
        dsn: with the service's role.
        owner_dsn: with the role that migrates.
    """

    name: str
    dsn: str
    owner_dsn: str


@dataclass
class Infra:
    """Where the servers are, and how to get databases of them.

    Attributes:
        kind: `containers` or `local`.
        bootstrap: Kafka's address.
        admin_dsn: PostgreSQL's superuser.
    """

    kind: str
    bootstrap: str
    admin_dsn: str
    _templates: dict[str, str] = field(default_factory=dict)

    @property
    def bus(self) -> BusSettings:
        """Settings of an outsider."""
        return BusSettings(bootstrap=self.bootstrap, client_id="test")

    async def make_database(self, service: str) -> DatabaseHandle:
        """Make an empty, migrated database of a service; a copy of a template that is migrated once
        per run.
        """
        admin = await asyncpg.connect(self.admin_dsn)
        try:
            if service not in self._templates:
                await self._make_template(admin, service)
            template = self._templates[service]
            name = f"test_{service}_{secrets.token_hex(6)}"
            await admin.execute(
                f"CREATE DATABASE {name} TEMPLATE {template} OWNER test_{service}_owner"
            )
            await admin.execute(f"GRANT CONNECT ON DATABASE {name} TO test_{service}")
        finally:
            await admin.close()
        return self._handle(service, name)

    async def drop_database(self, handle: DatabaseHandle) -> None:
        """Remove a test's database, whoever is still connected."""
        admin = await asyncpg.connect(self.admin_dsn)
        try:
            await admin.execute(f"DROP DATABASE IF EXISTS {handle.name} WITH (FORCE)")
        finally:
            await admin.close()

    async def _make_template(self, admin: asyncpg.Connection, service: str) -> None:
        name, owner, role = (
            f"template_{service}_{secrets.token_hex(4)}",
            f"test_{service}_owner",
            f"test_{service}",
        )
        for account in (owner, role):
            exists = await admin.fetchval(
                "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", account
            )
            await admin.execute(
                f"{'ALTER' if exists else 'CREATE'} ROLE {account} LOGIN PASSWORD 'test'"
            )
        await admin.execute(f"CREATE DATABASE {name} OWNER {owner}")
        inside = await asyncpg.connect(_with(self.admin_dsn, database=name))
        try:
            await inside.execute(
                f"GRANT USAGE ON SCHEMA public TO {role};ALTER DEFAULT PRIVILEGES FOR ROLE {owner}"
                f" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};ALTER DEFAULT"
                f" PRIVILEGES FOR ROLE {owner} GRANT USAGE ON SEQUENCES TO {role};GRANT CREATE ON"
                f" SCHEMA public TO {owner};"
            )
        finally:
            await inside.close()
        folders = [MECHANISM_MIGRATIONS] if service == MECHANISMS else migration_folders(service)
        await asyncio.to_thread(migrate, self._handle(service, name).owner_dsn, folders)
        if service in SEEDS:
            seeding = await asyncpg.connect(self._handle(service, name).owner_dsn)
            try:
                await SEEDS[service](seeding)
            finally:
                await seeding.close()
        self._templates[service] = name

    def _handle(self, service: str, name: str) -> DatabaseHandle:
        def dsn(user: str) -> str:
            return _with(self.admin_dsn, database=name, user=user, password="test")

        return DatabaseHandle(name, dsn(f"test_{service}"), dsn(f"test_{service}_owner"))


@asynccontextmanager
async def local_infra() -> AsyncIterator[Infra]:
    """Run the one-machine stack's servers in a folder of their own, for as long as the tests
    last.
    """
    with tempfile.TemporaryDirectory(prefix="saman-test-", ignore_cleanup_errors=True) as folder:
        async with infrastructure(Path(folder), keep=False) as running:
            await apply(BusSettings(bootstrap=running.bootstrap, client_id="test"), OWN_TOPICS)
            yield Infra("local", running.bootstrap, running.admin_dsn)


def _with(dsn: str, *, database: str, user: str | None = None, password: str | None = None) -> str:
    parts = urlsplit(dsn)
    host = f"{parts.hostname}:{parts.port}"
    account = f"{user}:{password}" if user else f"{parts.username}:{parts.password}"
    return urlunsplit((parts.scheme, f"{account}@{host}", f"/{database}", parts.query, ""))
