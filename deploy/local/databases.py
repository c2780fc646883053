"""Makes the databases of the services, each with its own two roles and nobody else's eyes on it.

The *owner* runs migrations and nothing else. The *service* role reads and writes rows of its own
database and can neither change tables nor connect to another database. The one-machine stack and
`saman databases apply` both use this.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import asyncpg

from deploy.local.errors import StackError

SUPERUSER = "postgres"
# Any number that no service takes for a lock of its own in the database postgres.
_LOCK = 7_265_110
_NAME = re.compile(r"[a-z][a-z0-9_]{0,50}")
APPEND_ONLY = ("audit_entry", "audit_seal")
"""Tables in which the service may read and add, and nothing else."""


@dataclass(frozen=True, slots=True)
class Database:
    """The addresses of one service's database."""

    name: str
    owner_dsn: str
    """For migrations only."""
    service_dsn: str


async def create(
    as_administrator: Callable[[str], str],
    password_of: Callable[[str], str],
    name: str,
    *,
    owner: str,
    service: str,
) -> None:
    """Make the database and its two roles, or put them right when they exist.

    Args:
        as_administrator: gives the address of a database for a role that may make roles and
            databases.
        password_of: gives the password of a role.
        name: of the database.
        owner: the role that migrates.
        service: the role that works.

    Raises:
        OSError, asyncpg.PostgresError: the server does not answer, or refuses.
    """
    for identifier in (name, owner, service):
        if not _NAME.fullmatch(identifier):
            raise StackError(
                f"{identifier!r} is no name for a database or role: use a-z, 0-9 and _, at most 51"
                " characters."
            )
    admin = await asyncpg.connect(as_administrator(SUPERUSER))
    try:
        # Rights on the same catalogue rows cannot be changed side by side; the lock goes with the
        # connection.
        await admin.execute(f"SELECT pg_advisory_lock({_LOCK})")
        for role in (owner, service):
            await _put_role(admin, role, password=password_of(role))
        if not await admin.fetchval(
            "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name
        ):
            await admin.execute(f"CREATE DATABASE {name} OWNER {owner}")
        await admin.execute(_door(name, owner, service))
        inside = await asyncpg.connect(as_administrator(name))
        try:
            await inside.execute(_rights(owner, service))
        finally:
            await inside.close()
    finally:
        await admin.close()


async def _put_role(admin: asyncpg.Connection, role: str, *, password: str) -> None:
    verb = (
        "ALTER"
        if await admin.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role)
        else "CREATE"
    )
    statement = await admin.fetchval(
        "SELECT format('%s ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD %L', "
        "$1::text, $2::text, $3::text)",
        *(verb, role, password),
    )
    await admin.execute(statement)


def _door(name: str, owner: str, service: str) -> str:
    """Who may connect: PUBLIC may by default, which would let each service into all databases."""
    return f"""
        ALTER DATABASE {name} OWNER TO {owner};
        REVOKE ALL ON DATABASE {name} FROM PUBLIC;
        REVOKE ALL ON DATABASE postgres FROM PUBLIC;
        REVOKE ALL ON DATABASE template1 FROM PUBLIC;
        GRANT CONNECT, TEMPORARY ON DATABASE {name} TO {service};
    """


def _rights(owner: str, service: str) -> str:
    """What the service role may do: rows, in what the owner made before and in what its migrations
    will make.
    """
    return f"""
        REVOKE ALL ON SCHEMA public FROM PUBLIC;
        GRANT USAGE ON SCHEMA public TO {service};
        GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {service};
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {service};
        ALTER DEFAULT PRIVILEGES FOR ROLE {owner}
            GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {service};
        ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE ON SEQUENCES TO {service};
        {"".join(_append_only(table, service) for table in APPEND_ONLY)}
    """


def _append_only(table: str, service: str) -> str:
    """Take back what the grant on all tables gave; this runs at every start, long after the table's
    migration.
    """
    return f"""
        DO $$ BEGIN
            IF to_regclass('public.{table}') IS NOT NULL THEN
                REVOKE UPDATE, DELETE, TRUNCATE ON public.{table} FROM {service};
            END IF;
        END $$;
    """
