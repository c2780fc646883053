"""What a service has heard of the people who may sign in, and who a session belongs to."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from shared.access.auth import NOBODY, OPERATOR, Principal
from shared.access.roles import Grant, Party, Role, Scope
from shared.access.sessions import OPERATOR as OPERATORS
from shared.access.sessions import Lifetime, Session
from shared.errors import NotAuthenticated
from shared.events.registry import PersonErased, PersonEvent
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


async def keep_persons(conn: Connection, events: Sequence[PersonEvent]) -> None:
    """Keep what the registry says of people; an older state never overwrites a newer one.

    Who was erased is forgotten, and is not taken up again by a record that is read once more.
    """
    for event in events:
        if isinstance(event, PersonErased):
            await QUERIES.erase_person(conn, person_id=event.person_id, erased_at=event.occurred_at)
            continue
        await QUERIES.put_person(
            conn,
            person_id=event.person_id,
            version=event.version,
            roles=json.dumps([role.model_dump(mode="json", by_alias=True) for role in event.roles]),
            sessions_valid_from=event.sessions_valid_from,
        )


async def principal_of(
    conn: Connection,
    session: Session,
    *,
    operator_key_hash: str,
    now: datetime,
    lifetime: Lifetime,
) -> Principal:
    """Return who a session belongs to.

    Args:
        now: true time; neither sessions nor keys go by the clock of tests.

    Raises:
        NotAuthenticated: `session-over`; it ended, or the person may not come in any longer.
    """
    if session.is_over(now, lifetime):
        raise _over("it was not used for a while")
    if session.subject == OPERATORS:
        if not operator_key_hash or session.bound_to != operator_key_hash.lower():
            raise _over("the operator's key is another one now")
        return OPERATOR
    person_id = session.person_id
    if person_id is None:
        return NOBODY
    row = await QUERIES.find_person(conn, person_id=person_id)
    if row is None or session.begun_at < row["sessions_valid_from"]:
        raise _over("it was ended, or the access was taken back")
    return Principal(person_id=person_id, grants=grants_in(json.loads(row["roles"])))


async def find_grants(conn: Connection, person_id: UUID) -> tuple[Grant, ...]:
    """Return the roles of a person as this service has heard of them; none of an unknown one."""
    row = await QUERIES.find_person(conn, person_id=person_id)
    return () if row is None else grants_in(json.loads(row["roles"]))


def grants_in(roles: Sequence[dict[str, Any]]) -> tuple[Grant, ...]:
    """Read roles as the event carries them."""
    return tuple(
        Grant(
            Role(role["role"]),
            Scope(
                role["scope"]["programme"],
                role["scope"].get("project"),
                frozenset(filter(None, [role["scope"].get("network")])),
                frozenset(role["scope"].get("cohorts") or ()),
                frozenset(role["scope"].get("report_kinds") or ()),
            ),
            Party(role["party"]) if role.get("party") else None,
            _day(role.get("from")),
            _day(role.get("to")),
        )
        for role in roles
    )


def role_object(grant: Grant) -> dict[str, Any]:
    """Return a role as a JSON object, in the form in which it is told."""
    scope = grant.scope
    return {
        "role": grant.role.value,
        "scope": {
            "programme": scope.programme_id,
            "project": scope.project_id,
            "network": next(iter(scope.network_ids), None),
            "cohorts": sorted(scope.cohort_ids),
            "report_kinds": sorted(scope.report_kinds),
        },
        "party": grant.party.value if grant.party else None,
        "from": grant.from_.isoformat() if grant.from_ else None,
        "to": grant.to.isoformat() if grant.to else None,
    }


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _over(why: str) -> NotAuthenticated:
    return NotAuthenticated(f"the session is over: {why}; please sign in", code="session-over")
