"""Whether a service's database is as new as its code."""

from pathlib import Path

from shared.postgres.database import Database, load_queries

QUERIES = load_queries(__file__)
MECHANISM_MIGRATIONS = Path(__file__).parents[1] / "migrations"


async def missing_migrations(database: Database, own: Path) -> list[str]:
    """Return the migrations that the code has and the database has not, by file name.

    Args:
        database: the service's.
        own: the folder of the service's own migrations; those of the mechanisms are known.

    Raises:
        Unavailable: the database does not answer now.
    """
    files = _names(MECHANISM_MIGRATIONS, own)
    async with database.connection() as conn:
        applied = {row["version"] async for row in QUERIES.list_applied_migrations(conn)}
    return sorted(name for name in files if name.partition("_")[0] not in applied)


def _names(*folders: Path) -> list[str]:
    return [file.name for folder in folders for file in folder.glob("*.sql")]
