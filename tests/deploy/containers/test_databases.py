"""`saman databases apply` on a real PostgreSQL: databases and roles as the settings name them."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from deploy.cli import databases, serving
from shared.errors import RuleBroken
from tests.support.infrastructure import Infra


@pytest.fixture
async def named(infra: Infra, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """Settings that name a database of this test, which is removed afterwards."""
    name, place = (
        f"apply_{secrets.token_hex(4)}",
        urlsplit(infra.admin_dsn).netloc.rpartition("@")[2],
    )
    monkeypatch.setenv("SAMAN_ADMIN_DSN", infra.admin_dsn)
    monkeypatch.setenv(
        "SAMAN_REPORTING_OWNER_DSN", f"postgresql://{name}_owner:o%2Fpass@{place}/{name}"
    )
    monkeypatch.setenv("SAMAN_REPORTING_DATABASE_DSN", f"postgresql://{name}:pass@{place}/{name}")
    yield name
    admin = await asyncpg.connect(infra.admin_dsn)
    await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    for role in (name, f"{name}_owner"):
        await admin.execute(f"DROP ROLE IF EXISTS {role}")
    await admin.close()


def address(infra: Infra, user: str, password: str, database: str) -> str:
    place = urlsplit(infra.admin_dsn).netloc.rpartition("@")[2]
    return f"postgresql://{user}:{password}@{place}/{database}?sslmode=disable"


async def test_the_owner_makes_tables_and_the_service_works_in_them(
    infra: Infra, named: str
) -> None:
    for _ in range(2):
        await asyncio.to_thread(databases.apply, ["reporting"])
    owner = await asyncpg.connect(address(infra, f"{named}_owner", "o%2Fpass", named))
    await owner.execute("CREATE TABLE figure (id int)")
    await owner.close()
    service = await asyncpg.connect(address(infra, named, "pass", named))
    await service.execute("INSERT INTO figure (id) VALUES (1)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute("CREATE TABLE other (id int)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await service.execute("DROP TABLE figure")
    await service.close()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(address(infra, named, "pass", "postgres"))


async def test_machines_are_told_what_was_made_and_migrated(
    named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await asyncio.to_thread(databases.apply, ["reporting"], as_json=True)
    made = json.loads(capsys.readouterr().out)
    assert made == {"reporting": {"database": named, "owner": f"{named}_owner", "service": named}}
    await asyncio.to_thread(serving.migrate, "reporting", as_json=True)
    assert json.loads(capsys.readouterr().out) == {"up_to_date": ["reporting"]}


async def test_a_new_password_in_the_settings_holds_at_once(
    infra: Infra, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.to_thread(databases.apply, ["reporting"])
    monkeypatch.setenv("SAMAN_REPORTING_DATABASE_DSN", address(infra, named, "other", named))
    await asyncio.to_thread(databases.apply, ["reporting"])
    await (await asyncpg.connect(address(infra, named, "other", named))).close()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(address(infra, named, "pass", named))


def test_a_setting_that_is_missing_or_half_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAMAN_REPORTING_OWNER_DSN", raising=False)
    with pytest.raises(RuleBroken, match="set SAMAN_REPORTING_OWNER_DSN to postgresql://"):
        databases.apply(["reporting"])
    monkeypatch.setenv("SAMAN_REPORTING_OWNER_DSN", "postgresql://db.example/reporting")
    with pytest.raises(RuleBroken, match="role:password"):
        databases.apply(["reporting"])


def test_two_databases_for_one_service_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMAN_REPORTING_OWNER_DSN", "postgresql://o:p@db.example/one")
    monkeypatch.setenv("SAMAN_REPORTING_DATABASE_DSN", "postgresql://s:p@db.example/other")
    with pytest.raises(RuleBroken, match="two databases"):
        databases.apply(["reporting"])
