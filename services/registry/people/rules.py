"""The rules of people: which roles there can be, and who may give them to whom."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from shared.access.roles import OF_PROJECTS, Grant, Role
from shared.errors import Conflict, NotFound, RuleBroken

ADDRESS_LENGTH_MAX = 254
NAME_LENGTH_MAX = 200
GRANTS_MAX = 100
DEPUTY_DAYS_MAX = 366
"""Nobody is away for longer without giving the role back."""

LANGUAGES = ("nb", "nn", "en")
_ADDRESS = re.compile(r"[!-?A-~]+@([a-z0-9-]+\.)+[a-z][a-z0-9-]*[a-z0-9]\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in.

    Attributes:
        person_id: random; it says nothing of who it is.
        email: as `read_address` returns it; no two people have the same.
        sessions_valid_from: a session that began earlier is over.
    """

    person_id: UUID
    display_name: str
    email: str
    language: str
    grants: tuple[Grant, ...]
    sessions_valid_from: datetime
    version: int = 1


def read_address(text: str) -> str:
    """Return a mail address in the one form by which it is compared: in lower case.

    Raises:
        RuleBroken: `address-malformed`.
    """
    address = text.strip().lower()
    if len(address) > ADDRESS_LENGTH_MAX or not _ADDRESS.match(address):
        raise RuleBroken(
            f"a mail address is like kari@vefsn.kommune.no, at most {ADDRESS_LENGTH_MAX} letters"
            f" of ASCII, got {len(address)} that are not",
            code="address-malformed",
        )
    return address


def check_name(name: str) -> None:
    """Make sure that a person's name says something.

    Raises:
        RuleBroken: `name-malformed`.
    """
    if not name.strip() or len(name) > NAME_LENGTH_MAX or not name.isprintable():
        raise RuleBroken(
            f"a name has 1 to {NAME_LENGTH_MAX} printable letters, got {len(name)}",
            code="name-malformed",
        )


def check_language(language: str) -> None:
    """Make sure that we can write to somebody.

    Raises:
        RuleBroken: `language-unknown`.
    """
    if language not in LANGUAGES:
        raise RuleBroken(
            f"the language must be one of {', '.join(LANGUAGES)}, got {language[:20]!r}",
            code="language-unknown",
        )


def check_grant(grant: Grant) -> None:
    """Make sure that a role stands where it can be held.

    Raises:
        RuleBroken: `role-scope`; the scope or the party does not fit the role, or it ends before
            it begins.
    """
    role, scope = grant.role, grant.scope
    faults = [
        (role in OF_PROJECTS) != (scope.project_id is not None) and "is held in one project",
        (role is Role.NETWORK_LEAD) != bool(scope.network_ids) and "is held in one network",
        (role is Role.PARTY_REPRESENTATIVE) != (grant.party is not None)
        and "and only that is held for a party",
        role is not Role.REVIEWER
        and bool(scope.cohort_ids or scope.report_kinds)
        and "is not held for cohorts and kinds of reports",
        grant.from_ is not None
        and grant.to is not None
        and grant.to < grant.from_
        and f"ends on {grant.to} before it begins on {grant.from_}",
    ]
    for fault in faults:
        if fault:
            raise RuleBroken(_sentence(role, fault), code="role-scope")


def _sentence(role: Role, fault: str) -> str:
    other = {"is held in one project": OF_PROJECTS, "is held in one network": {Role.NETWORK_LEAD}}
    if role in other.get(fault, {role}) or not fault.startswith("is held in"):
        return f"the role {role} {fault}"
    return f"the role {role} is not held in a {fault.rsplit(' ', 1)[1]}"


def may_give(giver: Grant, grant: Grant) -> bool:
    """Tell whether one role is enough to give another: the secretariat gives all of its programme,
    owners and managers those of their project.
    """
    if not giver.reaches(grant.scope):
        return False
    return giver.role is Role.SECRETARIAT or grant.role in OF_PROJECTS


def with_grant(person: Person, grant: Grant) -> Person:
    """Give a role; the same role in the same place gets the new days.

    Raises:
        RuleBroken: `roles-too-many`.
    """
    others = tuple(held for held in person.grants if _place(held) != _place(grant))
    if len(others) >= GRANTS_MAX:
        raise RuleBroken(f"a person holds {GRANTS_MAX} roles at most", code="roles-too-many")
    return replace(person, grants=(*others, grant))


def with_grant_ended(person: Person, grant: Grant, last_day: date) -> Person:
    """End a role: it holds to the end of its last day.

    Raises:
        NotFound: `role-unknown`; the person does not hold it.
        Conflict: `role-ended`; it ended earlier already.
    """
    held = next((each for each in person.grants if _place(each) == _place(grant)), None)
    if held is None:
        raise NotFound(f"the person does not hold the role {grant.role} there", code="role-unknown")
    if held.to is not None and held.to < last_day:
        raise Conflict(f"the role ended on {held.to.isoformat()} already", code="role-ended")
    ended = replace(held, to=last_day)
    return replace(person, grants=tuple(ended if each is held else each for each in person.grants))


def deputised(person: Person, *, from_: date, to: date) -> tuple[Grant, ...]:
    """Return the roles that a deputy of a person gets for a time.

    Raises:
        RuleBroken: `deputy-time`; the time is none, or longer than a year.
        Conflict: `deputy-nothing`; the person holds no role then.
    """
    days = (to - from_).days
    if not 0 <= days <= DEPUTY_DAYS_MAX:
        raise RuleBroken(
            f"a deputy is named for 1 to {DEPUTY_DAYS_MAX} days, not from {from_} to {to}",
            code="deputy-time",
        )
    held = [grant for grant in person.grants if grant.holds(from_)]
    if not held:
        raise Conflict("who holds no role has none to hand over", code="deputy-nothing")
    return tuple(
        replace(grant, from_=from_, to=to if grant.to is None else min(to, grant.to))
        for grant in held
    )


def _place(grant: Grant) -> tuple[object, ...]:
    return grant.role, grant.scope, grant.party
