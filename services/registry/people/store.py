"""People as they are kept."""

import json
from typing import Any
from uuid import UUID

from services.registry.people.rules import Person
from shared.access.persons import grants_in, role_object
from shared.errors import NotFound
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)

FIRST = ("", UUID(int=0))
"""The place before everybody."""


async def find_person(conn: Connection, person_id: UUID) -> Person | None:
    """Return a person, or none."""
    row = await QUERIES.find_person(conn, person_id=person_id)
    return None if row is None else _person(row)


async def get_person(conn: Connection, person_id: UUID) -> Person:
    """Return a person.

    Raises:
        NotFound: `person-unknown`.
    """
    found = await find_person(conn, person_id)
    if found is None:
        raise NotFound(f"no person {person_id} is known", code="person-unknown")
    return found


async def find_by_address(conn: Connection, email: str) -> Person | None:
    """Return who reads mail at an address, or none."""
    row = await QUERIES.find_person_by_email(conn, email=email)
    return None if row is None else _person(row)


async def list_people(
    conn: Connection,
    *,
    programme_id: str | None = None,
    project_id: str | None = None,
    after: tuple[str, UUID] = FIRST,
    count: int,
) -> list[Person]:
    """Return people by name, of a programme or a project where one is named."""
    rows = QUERIES.list_people(
        conn,
        programme=programme_id,
        project=project_id,
        after_name=after[0],
        after_id=after[1],
        count=count,
    )
    return [_person(row) async for row in rows]


async def put_person(conn: Connection, person: Person) -> None:
    """Keep a person as they are now."""
    await QUERIES.put_person_row(
        conn,
        person_id=person.person_id,
        version=person.version,
        display_name=person.display_name,
        email=person.email,
        language=person.language,
        roles=json.dumps([role_object(grant) for grant in person.grants]),
        sessions_valid_from=person.sessions_valid_from,
    )


async def remove_person(conn: Connection, person_id: UUID) -> None:
    """Forget a person."""
    await QUERIES.remove_person(conn, person_id=person_id)


async def list_unforgotten(conn: Connection) -> list[UUID]:
    """Return whom the log says to forget and who is kept all the same, as after a restore."""
    return [row["person_id"] async for row in QUERIES.list_unforgotten(conn)]


def _person(row: Any) -> Person:
    return Person(
        person_id=row["person_id"],
        display_name=row["display_name"],
        email=row["email"],
        language=row["language"],
        grants=grants_in(json.loads(row["roles"])),
        sessions_valid_from=row["sessions_valid_from"],
        version=row["version"],
    )
