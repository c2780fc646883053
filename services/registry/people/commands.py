"""What can be done to people: invite them, change what they hold, and forget them."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID, uuid4

from services.registry.entries.commands import Put
from services.registry.entries.store import Kind, lock
from services.registry.people import events, store
from services.registry.people.rules import (
    Person,
    check_grant,
    check_language,
    check_name,
    deputised,
    may_give,
    read_address,
    with_grant,
    with_grant_ended,
)
from services.registry.programmes import store as programmes
from services.registry.projects import store as projects
from shared.access.auth import Principal, require
from shared.access.roles import Action, Grant
from shared.errors import NotAllowed, RuleBroken
from shared.postgres.database import Connection


@dataclass(frozen=True, slots=True)
class Invitation:
    """Whom somebody wants to come in, and as what."""

    email: str
    display_name: str
    language: str
    grants: tuple[Grant, ...]


async def invite(
    conn: Connection, wanted: Invitation, *, by: Principal, today: date, now: datetime
) -> Put[Person]:
    """Give roles to who reads mail at an address; somebody new is registered.

    Name and language of who is known already stay: they are their own affair.

    Args:
        by: whose roles must reach as far as what is given.
        today: in Europe/Oslo.

    Raises:
        NotAllowed: `role-missing`, `role-elsewhere` or `role-not-yours-to-give`.
        RuleBroken: as the rules of people, or `programme-unknown`, `project-unknown`.
    """
    address = read_address(wanted.email)
    check_name(wanted.display_name)
    check_language(wanted.language)
    for grant in wanted.grants:
        check_grant(grant)
        require(by, Action.INVITE, on=today, within=grant.scope)
        if not by.is_operator and not any(may_give(own, grant) for own in by.roles_on(today)):
            raise NotAllowed(
                f"the role {grant.role} is given by the secretariat", code="role-not-yours-to-give"
            )
        await _check_place(conn, grant)
    await lock(conn, Kind.PERSON)
    present = await store.find_by_address(conn, address)
    person = present or Person(
        uuid4(), wanted.display_name.strip(), address, wanted.language, (), now, version=0
    )
    for grant in wanted.grants:
        person = with_grant(person, grant)
    if present is not None and person.grants == present.grants:
        return Put(present, created=False, changed=False)
    person = await _keep(conn, person, reason="invited", now=now)
    return Put(person, created=present is None, changed=True)


async def end_role(
    conn: Connection,
    person_id: UUID,
    grant: Grant,
    *,
    last_day: date,
    by: Principal,
    today: date,
    now: datetime,
) -> Person:
    """End a role at the end of a day.

    Raises:
        NotAllowed: as `invite`.
        NotFound, Conflict: `person-unknown`, `role-unknown` or `role-ended`.
    """
    require(by, Action.INVITE, on=today, within=grant.scope)
    await lock(conn, Kind.PERSON)
    person = await store.get_person(conn, person_id)
    return await _keep(
        conn, with_grant_ended(person, grant, last_day), reason="role ended", now=now
    )


async def name_deputy(
    conn: Connection, person_id: UUID, deputy: Invitation, *, to: date, today: date, now: datetime
) -> Put[Person]:
    """Let another hold a person's roles from today to a day; what they hold is theirs to hand on.

    Raises:
        RuleBroken, Conflict, NotFound: as the rules of people.
    """
    address = read_address(deputy.email)
    check_name(deputy.display_name)
    check_language(deputy.language)
    await lock(conn, Kind.PERSON)
    person = await store.get_person(conn, person_id)
    if address == person.email:
        raise RuleBroken("a deputy is somebody else", code="deputy-self")
    present = await store.find_by_address(conn, address)
    other = present or Person(
        uuid4(), deputy.display_name.strip(), address, deputy.language, (), now, version=0
    )
    for grant in deputised(person, from_=today, to=to):
        other = with_grant(other, grant)
    other = await _keep(conn, other, reason="deputy", now=now)
    return Put(other, created=present is None, changed=True)


async def change_self(
    conn: Connection, person_id: UUID, *, display_name: str, language: str, now: datetime
) -> Person:
    """Let a person change their own name and language.

    Raises:
        RuleBroken: `name-malformed` or `language-unknown`.
        NotFound: `person-unknown`.
    """
    check_name(display_name)
    check_language(language)
    await lock(conn, Kind.PERSON)
    person = await store.get_person(conn, person_id)
    new = replace(person, display_name=display_name.strip(), language=language)
    return person if new == person else await _keep(conn, new, reason="own wish", now=now)


async def end_sessions(conn: Connection, person_id: UUID, *, now: datetime) -> Person:
    """End every session of a person, wherever it is open.

    Raises:
        NotFound: `person-unknown`.
    """
    await lock(conn, Kind.PERSON)
    person = await store.get_person(conn, person_id)
    return await _keep(
        conn, replace(person, sessions_valid_from=now), reason="sessions ended", now=now
    )


async def erase(conn: Connection, person_id: UUID, *, reason: str, now: datetime) -> None:
    """Forget a person, everywhere. Doing it again changes nothing.

    What they signed keeps role and party and loses the name.
    """
    await lock(conn, Kind.PERSON)
    if await store.find_person(conn, person_id) is None:
        return
    await store.remove_person(conn, person_id)
    await events.tell_erased(conn, person_id, reason=reason, now=now)


async def forget_erased(conn: Connection) -> int:
    """Forget whom the log says to forget; a database that was put back may have them still."""
    await lock(conn, Kind.PERSON)
    unforgotten = await store.list_unforgotten(conn)
    for person_id in unforgotten:
        await store.remove_person(conn, person_id)
    return len(unforgotten)


async def _keep(conn: Connection, person: Person, *, reason: str, now: datetime) -> Person:
    new = replace(person, version=person.version + 1)
    await store.put_person(conn, new)
    await events.tell(conn, new, reason=reason, now=now)
    return new


async def _check_place(conn: Connection, grant: Grant) -> None:
    """Make sure that a role is held in something that there is.

    Raises:
        RuleBroken: `programme-unknown` or `project-unknown`.
    """
    scope = grant.scope
    if await programmes.find_programme(conn, scope.programme_id) is None:
        raise RuleBroken(
            f"there is no programme {scope.programme_id[:80]!r}", code="programme-unknown"
        )
    if scope.project_id is None:
        return
    project = await projects.find_project(conn, scope.project_id)
    if project is None or project.programme_id != scope.programme_id:
        raise RuleBroken(
            f"there is no project {scope.project_id[:80]!r} in {scope.programme_id}",
            code="project-unknown",
        )
