"""Publishers and their keys on a real database: effect, repetition, order."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from services.registry.publishers import store as publisher_store
from services.registry.publishers.commands import (
    add_key,
    put_publisher,
    reinstate_publisher,
    revoke_key,
    revoke_publisher,
)
from shared.access.auth import authenticate, hash_of
from shared.errors import Conflict, NotAuthenticated, NotFound, RuleBroken
from shared.postgres.database import Database
from tests.registry import factories
from tests.registry.factories import NOW, register, told

LATER = NOW + timedelta(days=1)


async def test_a_publisher_put_again_is_not_told_again(database: Database) -> None:
    await register(database)
    wanted = factories.publisher()
    for _ in range(2):
        async with database.transaction() as conn:
            await put_publisher(conn, wanted, now=NOW)
    assert await told(database) == [("PublisherRegistered", wanted.organisation_number, 1)]


@pytest.mark.parametrize(
    "number", ["974760674", "97476067", "9747606731", "97476067X", " 974760673", "974 760 673"]
)
async def test_a_wrong_organisation_number_is_refused(database: Database, number: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        async with database.transaction() as conn:
            await put_publisher(conn, factories.publisher(number), now=NOW)
    assert refused.value.code == "organisation-number-invalid"


async def test_a_mandate_is_for_a_registered_municipality(database: Database) -> None:
    with pytest.raises(RuleBroken) as refused:
        async with database.transaction() as conn:
            await put_publisher(conn, factories.publisher(), now=NOW)
    assert refused.value.code == "municipality-unknown"


async def test_a_key_works_at_once_and_no_longer_when_it_was_taken_back(database: Database) -> None:
    await register(database)
    wanted = factories.publisher()
    number = wanted.organisation_number
    async with database.transaction() as conn:
        await put_publisher(conn, wanted, now=NOW)
        key, _ = await add_key(conn, number, expires_at=None, now=NOW)

    async with database.connection() as conn:
        known = await authenticate(conn, f"Bearer {key.text}", operator_key_hash="", now=NOW)
    assert known.organisation_number == number

    for _ in range(2):
        async with database.transaction() as conn:
            await revoke_key(conn, number, key.key_id, now=NOW)
    with pytest.raises(NotAuthenticated):
        async with database.connection() as conn:
            await authenticate(conn, f"Bearer {key.text}", operator_key_hash="", now=NOW)
    assert await told(database) == [
        ("PublisherRegistered", number, 1),
        ("PublisherChanged", number, 2),
        ("PublisherChanged", number, 3),
    ]


async def test_only_the_hash_of_a_key_is_kept(database: Database) -> None:
    await register(database)
    wanted = factories.publisher()
    async with database.transaction() as conn:
        await put_publisher(conn, wanted, now=NOW)
        key, _ = await add_key(conn, wanted.organisation_number, expires_at=LATER, now=NOW)
        kept = await publisher_store.get_publisher(conn, wanted.organisation_number)
        everything = await conn.fetchval(
            "SELECT string_agg(convert_from(payload, 'utf8'), '') FROM outbox"
        )
    assert [(k.key_id, k.hash, k.expires_at) for k in kept.keys] == [
        (key.key_id, hash_of(key.text), LATER)
    ]
    assert key.text.partition(".")[2] not in everything


async def test_a_third_live_key_is_refused(database: Database) -> None:
    await register(database)
    wanted = factories.publisher()
    async with database.transaction() as conn:
        await put_publisher(conn, wanted, now=NOW)
        for _ in range(2):
            await add_key(conn, wanted.organisation_number, expires_at=None, now=NOW)
    with pytest.raises(Conflict) as refused:
        async with database.transaction() as conn:
            await add_key(conn, wanted.organisation_number, expires_at=None, now=NOW)
    assert refused.value.code == "keys-two-live"


async def test_a_revocation_holds_until_it_is_lifted_and_each_is_told_once(
    database: Database,
) -> None:
    await register(database)
    wanted = factories.publisher()
    number = wanted.organisation_number
    async with database.transaction() as conn:
        await put_publisher(conn, wanted, now=NOW)
        await add_key(conn, number, expires_at=None, now=NOW)
    for _ in range(2):
        async with database.transaction() as conn:
            await revoke_publisher(conn, number, now=NOW)
    with pytest.raises(Conflict):
        async with database.transaction() as conn:
            await put_publisher(conn, replace(wanted, name="Ny"), now=LATER)
    for _ in range(2):
        async with database.transaction() as conn:
            back = await reinstate_publisher(conn, number, now=LATER)
    assert back.live_keys(LATER) == ()
    assert await told(database) == [
        ("PublisherRegistered", number, 1),
        ("PublisherChanged", number, 2),
        ("PublisherRevoked", number, 3),
        ("PublisherChanged", number, 4),
    ]


async def test_nobody_makes_keys_for_a_publisher_that_is_not_registered(database: Database) -> None:
    with pytest.raises(NotFound):
        async with database.transaction() as conn:
            await add_key(conn, "974760673", expires_at=None, now=NOW)


async def test_of_two_that_make_a_third_key_at_once_none_slips_through(database: Database) -> None:
    await register(database)
    wanted = factories.publisher()
    async with database.transaction() as conn:
        await put_publisher(conn, wanted, now=NOW)

    async def make() -> bool:
        try:
            async with database.transaction() as conn:
                await add_key(conn, wanted.organisation_number, expires_at=None, now=NOW)
        except Conflict:
            return False
        return True

    assert sum(await asyncio.gather(make(), make(), make(), make())) == 2
