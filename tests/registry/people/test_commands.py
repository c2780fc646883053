"""Inviting, ending roles, deputies and erasure, on the real database."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from services.registry.people import commands, store
from services.registry.people.commands import Invitation
from services.registry.people.rules import Person
from services.registry.programmes.commands import put_programme
from services.registry.projects.commands import put_project
from shared.access import persons
from shared.access.auth import OPERATOR, Principal
from shared.access.roles import Grant, Role, Scope
from shared.errors import NotAllowed, RuleBroken
from shared.events.registry import PersonErased, PersonRegistered, RoleContract
from shared.postgres.database import Database
from tests.registry import factories

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TODAY = date(2026, 3, 1)
PROGRAMME = Scope("saman")
VEFSN = Scope("saman", "vefsn")


def invitation(*grants: Grant, email: str = "kari@vefsn.example") -> Invitation:
    return Invitation(email, "Kari Nordmann", "nn", grants or (Grant(Role.READER, PROGRAMME),))


def holder(*grants: Grant) -> Principal:
    return Principal(person_id=UUID(int=7), grants=grants)


@dataclass(frozen=True, slots=True)
class People:
    """A registry with the programme `saman` and its project `vefsn`."""

    database: Database

    async def invite(self, wanted: Invitation, by: Principal = OPERATOR) -> Person:
        async with self.database.transaction() as conn:
            put = await commands.invite(conn, wanted, by=by, today=TODAY, now=NOW)
        return put.state

    async def outbox(self) -> list[tuple[str, bytes | None]]:
        async with self.database.connection() as conn:
            rows = await conn.fetch(
                "SELECT headers ->> 'ce_type' AS type, payload FROM outbox"
                " WHERE topic = 'registry.person.v1' ORDER BY id"
            )
        return [(row["type"].split(".")[3], row["payload"]) for row in rows]

    async def everything(self) -> str:
        """All that is kept, as one text, without what waits to be sent."""
        async with self.database.connection() as conn:
            tables = await conn.fetch(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
                " AND tablename <> 'outbox'"
            )
            rows = [
                await conn.fetch(f"SELECT t::text AS row FROM {table['tablename']} AS t")  # noqa: S608 - ours
                for table in tables
            ]
        return "\n".join(row["row"] for found in rows for row in found)


@pytest.fixture
async def people(database: Database) -> People:
    async with database.transaction() as conn:
        await put_programme(conn, factories.programme(), now=NOW)
        await put_project(conn, factories.project(members=(), goals=()), now=NOW)
    return People(database)


async def test_who_is_invited_twice_is_one_person_and_is_told_once(people: People) -> None:
    first = await people.invite(invitation())
    again = await people.invite(invitation(email=" KARI@Vefsn.example"))

    assert again == first
    assert [kind for kind, _ in await people.outbox()] == ["PersonRegistered"]


async def test_another_role_makes_another_version(people: People) -> None:
    await people.invite(invitation())
    person = await people.invite(invitation(Grant(Role.PROJECT_MANAGER, VEFSN)))

    assert (person.version, len(person.grants)) == (2, 2)
    assert [kind for kind, _ in await people.outbox()] == ["PersonRegistered", "PersonChanged"]


@pytest.mark.parametrize(
    ("by", "wanted", "code"),
    [
        (holder(), Grant(Role.READER, PROGRAMME), "role-missing"),
        (holder(Grant(Role.READER, PROGRAMME)), Grant(Role.READER, PROGRAMME), "role-missing"),
        (
            holder(Grant(Role.PROJECT_MANAGER, Scope("saman", "sola"))),
            Grant(Role.PROJECT_OWNER, VEFSN),
            "role-elsewhere",
        ),
        (
            holder(Grant(Role.PROJECT_MANAGER, VEFSN), Grant(Role.SECRETARIAT, Scope("other"))),
            Grant(Role.SECRETARIAT, PROGRAMME),
            "role-elsewhere",
        ),
        (
            holder(Grant(Role.SECRETARIAT, PROGRAMME, None, None, date(2026, 2, 28))),
            Grant(Role.READER, PROGRAMME),
            "role-missing",
        ),
    ],
)
async def test_who_may_not_invite_is_told_why_and_nothing_is_done(
    people: People, by: Principal, wanted: Grant, code: str
) -> None:
    with pytest.raises(NotAllowed) as refused:
        await people.invite(invitation(wanted), by)
    assert refused.value.code == code
    assert await people.outbox() == []


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (Grant(Role.READER, Scope("nowhere")), "programme-unknown"),
        (Grant(Role.PROJECT_OWNER, Scope("saman", "nowhere")), "project-unknown"),
    ],
)
async def test_a_role_is_held_in_something_that_there_is(
    people: People, wanted: Grant, code: str
) -> None:
    with pytest.raises(RuleBroken) as refused:
        await people.invite(invitation(wanted))
    assert refused.value.code == code


async def test_an_erased_person_is_nowhere_any_more(people: People) -> None:
    person = await people.invite(invitation(Grant(Role.PROJECT_MANAGER, VEFSN)))
    async with people.database.transaction() as conn:
        await commands.erase(conn, person.person_id, reason="own wish", now=NOW)
        await commands.erase(conn, person.person_id, reason="own wish", now=NOW)

    kept = await people.everything()
    assert "Nordmann" not in kept
    assert "kari@" not in kept
    assert [kind for kind, _ in await people.outbox()] == ["PersonRegistered", "PersonErased"]
    assert (await people.outbox())[-1][1] is None


async def test_who_was_erased_is_not_brought_back_by_an_older_record(people: People) -> None:
    person_id = UUID(int=5)
    registered = PersonRegistered(
        person_id=person_id,
        version=1,
        display_name="Kari",
        email="kari@vefsn.example",
        language="nn",
        roles=[RoleContract.model_validate({"role": "reader", "scope": {"programme": "saman"}})],
        sessions_valid_from=NOW,
    )
    async with people.database.transaction() as conn:
        await persons.keep_persons(conn, [registered, PersonErased(person_id=person_id)])
        await persons.keep_persons(conn, [registered])
        assert await persons.find_grants(conn, person_id) == ()


async def test_a_restored_database_forgets_whom_the_log_says_to_forget(people: People) -> None:
    person = await people.invite(invitation())
    async with people.database.transaction() as conn:
        await persons.keep_persons(conn, [PersonErased(person_id=person.person_id)])
        assert await commands.forget_erased(conn) == 1
        assert await commands.forget_erased(conn) == 0
        assert await store.find_person(conn, person.person_id) is None


async def test_a_deputy_is_registered_with_the_roles_for_the_time(people: People) -> None:
    person = await people.invite(invitation(Grant(Role.PROJECT_MANAGER, VEFSN)))
    async with people.database.transaction() as conn:
        put = await commands.name_deputy(
            conn,
            person.person_id,
            Invitation("ola@vefsn.example", "Ola", "nb", ()),
            to=date(2026, 3, 31),
            today=TODAY,
            now=NOW,
        )
    (grant,) = put.state.grants
    assert (put.created, grant.from_, grant.to) == (True, TODAY, date(2026, 3, 31))
