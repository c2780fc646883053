"""Publishers with their mandates and keys."""

from collections import defaultdict
from collections.abc import Iterable

from services.registry.municipalities.rules.membership import Membership
from services.registry.publishers.rules import Key, Publisher
from shared.errors import NotFound
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


async def list_publishers(
    conn: Connection, organisation_numbers: Iterable[str]
) -> dict[str, Publisher]:
    """Return those of the publishers that are known, by organisation number."""
    wanted = list(organisation_numbers)
    mandates: defaultdict[str, list[Membership]] = defaultdict(list)
    async for row in QUERIES.list_mandates(conn, organisation_numbers=wanted):
        mandate = Membership(row["municipality_id"], row["mandate_from"], row["mandate_to"])
        mandates[row["organisation_number"]].append(mandate)
    keys: defaultdict[str, list[Key]] = defaultdict(list)
    async for row in QUERIES.list_keys(conn, organisation_numbers=wanted):
        key = Key(
            row["key_id"], row["hash"], row["created_at"], row["expires_at"], row["revoked_at"]
        )
        keys[row["organisation_number"]].append(key)
    return {
        number: Publisher(
            number,
            row["name"],
            tuple(mandates[number]),
            tuple(keys[number]),
            row["revoked_at"],
            row["version"],
        )
        async for row in QUERIES.list_publishers(conn, organisation_numbers=wanted)
        for number in (row["organisation_number"],)
    }


async def find_publisher(conn: Connection, organisation_number: str) -> Publisher | None:
    """Return a publisher, or none."""
    return (await list_publishers(conn, [organisation_number])).get(organisation_number)


async def get_publisher(conn: Connection, organisation_number: str) -> Publisher:
    """Return a publisher.

    Raises:
        NotFound: `publisher-unknown`.
    """
    found = await find_publisher(conn, organisation_number)
    if found is None:
        raise NotFound(
            f"no publisher {organisation_number[:20]!r} is registered", code="publisher-unknown"
        )
    return found


async def seek_publishers(conn: Connection, *, after: str, count: int) -> list[Publisher]:
    """Return publishers in the order of their numbers, those behind `after` only."""
    rows = QUERIES.seek_organisation_numbers(conn, after=after, count=count)
    return list(
        (await list_publishers(conn, [row["organisation_number"] async for row in rows])).values()
    )


async def put_publisher(conn: Connection, publisher: Publisher) -> None:
    """Keep a publisher's state in place of what was kept of it."""
    number = publisher.organisation_number
    await QUERIES.put_publisher_row(
        conn,
        organisation_number=number,
        version=publisher.version,
        name=publisher.name,
        revoked_at=publisher.revoked_at,
    )
    await QUERIES.remove_mandates(conn, organisation_number=number)
    await QUERIES.add_mandates(
        conn,
        organisation_number=number,
        municipality_ids=[mandate.municipality_id for mandate in publisher.may_speak_for],
        mandate_from=[mandate.from_ for mandate in publisher.may_speak_for],
        mandate_to=[mandate.to for mandate in publisher.may_speak_for],
    )
    await QUERIES.put_keys(
        conn,
        organisation_number=number,
        key_ids=[key.key_id for key in publisher.keys],
        hashes=[key.hash for key in publisher.keys],
        created_at=[key.created_at for key in publisher.keys],
        expires_at=[key.expires_at for key in publisher.keys],
        revoked_at=[key.revoked_at for key in publisher.keys],
    )
