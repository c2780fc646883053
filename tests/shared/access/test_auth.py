"""Who is asking, and whether they may."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
import pytest_asyncio

from shared.access import auth
from shared.access.auth import NOBODY, OPERATOR, Mandate, Principal, require
from shared.access.roles import Action
from shared.errors import AppError, NotAllowed, NotAuthenticated
from shared.events.registry import (
    PublisherChanged,
    PublisherKey,
    PublisherRegistered,
    PublisherRevoked,
    SpeaksFor,
)
from shared.postgres.database import Database
from tests.support.infrastructure import MECHANISMS, Infra

NOW = datetime(2013, 3, 7, 12, tzinfo=UTC)
ORGNR = "974760673"
OPERATOR_KEY = "the operator's own key"
KEY, SECOND, EXPIRED = auth.make_key(), auth.make_key(), auth.make_key()

PUBLISHER = Principal(
    ORGNR, mandates=(Mandate("vefsn-1824", date(2010, 1, 1), date(2013, 12, 31)),)
)


def publisher(version: int = 1) -> PublisherRegistered:
    keys = [
        PublisherKey(key_id=KEY.key_id, hash=KEY.hash),
        PublisherKey(key_id=SECOND.key_id, hash=SECOND.hash, expires_at=NOW + timedelta(seconds=1)),
        PublisherKey(key_id=EXPIRED.key_id, hash=EXPIRED.hash, expires_at=NOW),
    ]
    speaks_for = [
        SpeaksFor(municipality_id="vefsn-1824", from_=date(2010, 1, 1), to=date(2013, 12, 31))
    ]
    return PublisherRegistered(
        organisation_number=ORGNR,
        version=version,
        name="Vefsn kommune",
        may_speak_for=speaks_for,
        keys=keys,
    )


@asynccontextmanager
async def informed(infra: Infra) -> AsyncIterator[Database]:
    """A database that has heard of one publisher."""
    handle = await infra.make_database(MECHANISMS)
    opened = Database(handle.dsn, application_name="auth", pool_size=2)
    await opened.open()
    async with opened.transaction() as conn:
        await auth.keep_publishers(conn, [publisher()])
    yield opened
    await opened.close()
    await infra.drop_database(handle)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def database(infra: Infra) -> AsyncIterator[Database]:
    """What tests that only ask may share."""
    async with informed(infra) as shared:
        yield shared


@pytest_asyncio.fixture
async def own_database(infra: Infra) -> AsyncIterator[Database]:
    """For tests that tell it more."""
    async with informed(infra) as own:
        yield own


async def ask(
    database: Database, header: str | None, *, operator_key: str = OPERATOR_KEY
) -> Principal:
    async with database.connection() as conn:
        return await auth.authenticate(
            conn,
            header,
            operator_key_hash=auth.hash_of(operator_key) if operator_key else "",
            now=NOW,
        )


async def test_without_a_header_nobody_in_particular_asks(database: Database) -> None:
    assert await ask(database, None) is NOBODY


@pytest.mark.parametrize("key", [KEY, SECOND], ids=["the first", "a second one, for changing over"])
async def test_a_publisher_is_known_by_each_of_its_live_keys(
    database: Database, key: auth.NewKey
) -> None:
    known = replace(PUBLISHER, key_id=key.key_id)
    assert await ask(database, f"Bearer {key.text}") == known
    assert await ask(database, f"bearer   {key.text} ") == known


async def test_the_operator_is_known_by_the_hash_in_the_settings(database: Database) -> None:
    assert await ask(database, f"Bearer {OPERATOR_KEY}") is OPERATOR


@pytest.mark.parametrize("header", ["Bearer ", "Bearer", f"Bearer {OPERATOR_KEY}"])
async def test_where_no_operator_is_set_there_is_none(database: Database, header: str) -> None:
    with pytest.raises(NotAuthenticated):
        await ask(database, header, operator_key="")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Basic dXNlcjpwYXNz",
        KEY.text,
        f"Bearer {KEY.text}x",
        f"Bearer {KEY.text[:-1]}",
        f"Bearer {KEY.text[:-1]}å",
        f"Bearer {KEY.text}\x00",
        f"Bearer pub_\x00.{'a' * 43}",
        f"Bearer pub_{KEY.key_id}.{'a' * 43}",
        f"Bearer pub_{SECOND.key_id}.{KEY.text.partition('.')[2]}",
        f"Bearer pub_unknown.{KEY.text.partition('.')[2]}",
        f"Bearer pub_{'a' * 10_000}.{'a' * 43}",
        f"Bearer {KEY.hash}",
        f"Bearer pub_' OR true --.{'a' * 43}",
    ],
    ids=count(),  # the keys are others in each process
)
async def test_what_is_no_known_key_is_refused(database: Database, header: str) -> None:
    with pytest.raises(NotAuthenticated) as refused:
        await ask(database, header)
    assert KEY.text not in refused.value.message


async def test_an_expired_key_is_refused_by_name(database: Database) -> None:
    with pytest.raises(NotAuthenticated, match=f"key {EXPIRED.key_id} expired at 2013-03-07"):
        await ask(database, f"Bearer {EXPIRED.text}")


@pytest.mark.parametrize(
    "ahead", [timedelta(0), timedelta(hours=1)], ids=["now", "by a clock that is ahead of ours"]
)
async def test_a_revoked_publisher_is_refused_with_all_its_keys(
    own_database: Database, ahead: timedelta
) -> None:
    fields = publisher(2).model_dump() | {"revoked_at": NOW + ahead}
    async with own_database.transaction() as conn:
        await auth.keep_publishers(conn, [PublisherRevoked(**fields)])
        assert await auth.list_publishers(conn, [ORGNR]) == {}
    for key in (KEY, SECOND):
        with pytest.raises(NotAuthenticated, match="was revoked"):
            await ask(own_database, f"Bearer {key.text}")


async def test_an_older_state_never_overwrites_a_newer_one(own_database: Database) -> None:
    fields = publisher(3).model_dump() | {"keys": []}
    async with own_database.transaction() as conn:
        await auth.keep_publishers(conn, [PublisherChanged(**fields), publisher(2), publisher(3)])
    with pytest.raises(NotAuthenticated):
        await ask(own_database, f"Bearer {KEY.text}")


async def test_the_rights_of_several_publishers_are_read_at_once(database: Database) -> None:
    async with database.connection() as conn:
        assert await auth.list_publishers(conn, [ORGNR, "999999999"]) == {ORGNR: PUBLISHER}


def test_a_new_key_has_its_form_and_is_kept_as_a_hash_only() -> None:
    key = auth.make_key()
    prefix, _, secret = key.text.partition(".")
    assert prefix == f"pub_{key.key_id}"
    assert len(secret) == 43
    assert key.hash == auth.hash_of(key.text)
    assert auth.make_key().text != key.text


INSIDE, BEFORE, AFTER = date(2013, 12, 31), date(2009, 12, 31), date(2014, 1, 1)
ALLOWED, UNKNOWN, FORBIDDEN, NOT_FOR_THIS = (
    None,
    NotAuthenticated,
    NotAllowed,
    "publisher-not-allowed",
)


@pytest.mark.parametrize(
    ("principal", "action", "municipality_id", "on", "outcome"),
    [
        *(
            (OPERATOR, action, municipality, day, ALLOWED)
            for action in Action
            for municipality, day in ((None, None), ("vefsn-1824", INSIDE), ("oslo-0301", AFTER))
        ),
        *(
            (NOBODY, action, municipality, day, UNKNOWN)
            for action in Action
            for municipality, day in ((None, None), ("vefsn-1824", INSIDE))
        ),
        (PUBLISHER, Action.OPERATE, None, None, FORBIDDEN),
        (PUBLISHER, Action.OPERATE, "vefsn-1824", INSIDE, FORBIDDEN),
        *(
            (PUBLISHER, action, municipality, day, outcome)
            for action in (Action.PUBLISH, Action.READ_SUBMISSIONS)
            for municipality, day, outcome in (
                (None, None, ALLOWED),
                ("vefsn-1824", INSIDE, ALLOWED),
                ("vefsn-1824", date(2010, 1, 1), ALLOWED),
                ("vefsn-1824", BEFORE, NOT_FOR_THIS),
                ("vefsn-1824", AFTER, NOT_FOR_THIS),
                ("oslo-0301", INSIDE, NOT_FOR_THIS),
            )
        ),
        (Principal(ORGNR), Action.PUBLISH, "vefsn-1824", INSIDE, NOT_FOR_THIS),
        (
            Principal(ORGNR, mandates=(Mandate("vefsn-1824"),)),
            Action.PUBLISH,
            "vefsn-1824",
            AFTER,
            ALLOWED,
        ),
    ],
)
def test_every_right_is_decided_in_one_place(
    principal: Principal,
    action: Action,
    municipality_id: str | None,
    on: date | None,
    outcome: type[AppError] | str | None,
) -> None:
    if outcome is None:
        return require(principal, action, municipality_id=municipality_id, on=on)
    with pytest.raises(NotAllowed if isinstance(outcome, str) else outcome) as refused:
        require(principal, action, municipality_id=municipality_id, on=on)
    if isinstance(outcome, str):
        assert refused.value.code == outcome
        assert str(on) in refused.value.message
    return None
