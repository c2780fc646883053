"""Every query of every service is understood by its migrated database, and somebody calls it."""

import re
from collections.abc import Iterator
from pathlib import Path

import aiosql
import asyncpg
import pytest

from deploy.services import SERVICES
from shared.postgres.locks import Lock
from tests.support.infrastructure import MECHANISMS, Infra

ROOT = Path(__file__).parent.parent
_LOCK = re.compile(r"pg_(?:try_)?advisory\w*\((\d+)")
_CALL = re.compile(r"QUERIES\.(\w+)\(")


def query_files() -> Iterator[tuple[str, Path]]:
    """The files, each with whose database they are for."""
    for path in sorted((ROOT / "shared").glob("*/queries.sql")):
        yield MECHANISMS, path
    for service in SERVICES:
        for path in sorted((ROOT / "services" / service).rglob("*.sql")):
            if path.parent.name != "migrations":
                yield service, path


FILES = [
    pytest.param(service, path, id=str(path.relative_to(ROOT))) for service, path in query_files()
]


def queries_in(path: Path) -> dict[str, str]:
    """The queries of a file as they are sent, by name."""
    queries = aiosql.from_path(path, "asyncpg")
    names = [name for name in queries.available_queries if not name.endswith("_cursor")]
    return {name: getattr(queries, name).sql for name in names}


@pytest.mark.parametrize(("service", "path"), FILES)
async def test_every_query_is_understood_by_the_migrated_database(
    infra: Infra, service: str, path: Path
) -> None:
    handle = await infra.make_database(service)
    conn = await asyncpg.connect(handle.dsn)
    faults = {}
    for name, sql in queries_in(path).items():
        try:
            await conn.prepare(sql)
        except asyncpg.PostgresError as error:
            faults[name] = str(error)
    await conn.close()
    await infra.drop_database(handle)
    assert faults == {}


@pytest.mark.parametrize(("service", "path"), FILES)
def test_every_query_is_called(service: str, path: Path) -> None:
    folder = ROOT / "shared" if service == MECHANISMS else ROOT / "services" / service
    called = {name for file in folder.rglob("*.py") for name in _CALL.findall(file.read_text())}
    assert set(queries_in(path)) - called == set()


def test_every_advisory_lock_is_in_the_one_list_and_taken_in_one_file() -> None:
    files: dict[int, set[Path]] = {}
    for _, path in query_files():
        for number in _LOCK.findall(path.read_text()):
            files.setdefault(int(number), set()).add(path)
    assert files.keys() <= set(Lock)
    assert all(len(paths) == 1 for paths in files.values())


def test_a_query_that_the_database_does_not_understand_would_be_seen(tmp_path: Path) -> None:
    path = tmp_path / "queries.sql"
    path.write_text("-- name: wrong(id)^\nSELECT no_such_column\n  FROM outbox\n WHERE id = :id;\n")
    assert queries_in(path) == {"wrong": "SELECT no_such_column\n  FROM outbox\n WHERE id = $1;"}
