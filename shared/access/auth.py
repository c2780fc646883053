"""Who asks, and what they may do: keys, principals, and the one function that decides.

A publisher's key is `pub_<key id>.<43 characters>`. Only its SHA-256 is kept: the key is 256 random
bits, so a slow hash would protect nothing, and strangers could overload us with it. The hashes
travel on `registry.publisher.v1`, so each service checks by itself, and a revocation holds as soon
as that event is read.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from shared.access.roles import ROLES_FOR, Action, Grant, Role, Scope
from shared.errors import NotAllowed, NotAuthenticated
from shared.events.registry import PublisherEvent
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)

KEY_PREFIX = "pub_"
_KEY_FORM = re.compile(rf"{KEY_PREFIX}(?P<key_id>[A-Za-z0-9-]{{1,64}})\.[A-Za-z0-9_-]{{43}}")
"""Only such a text is looked up; any other need not even be storable in the database."""


@dataclass(frozen=True, slots=True)
class Mandate:
    """A municipality that a publisher may speak for.

    Attributes:
        to: the last day; None while the mandate has no end.
    """

    municipality_id: str
    from_: date | None = None
    to: date | None = None

    def holds(self, on: date) -> bool:
        """Tell whether the mandate covers a day."""
        return (self.from_ is None or self.from_ <= on) and (self.to is None or on <= self.to)


@dataclass(frozen=True)
class Principal:
    """Who asks.

    Attributes:
        organisation_number: of a publisher; none for the operator, people, and nobody in
            particular.
        is_operator: may do everything.
        mandates: the municipalities that a publisher may speak for.
        key_id: of the key that was shown.
        token: by whose token a publisher came in place of a key, as the audit log says it.
        person_id: of a person who signed in.
        grants: the roles that the person holds, now or at another time.
    """

    organisation_number: str | None = None
    is_operator: bool = False
    mandates: tuple[Mandate, ...] = ()
    key_id: str | None = None
    token: str | None = None
    person_id: UUID | None = None
    grants: tuple[Grant, ...] = ()

    @property
    def name(self) -> str:
        """What the audit log calls them."""
        if self.is_operator:
            return "operator"
        if self.person_id is not None:
            return f"person/{self.person_id}"
        if self.organisation_number is None:
            return "nobody"
        shown = f"key {self.key_id}" if self.token is None else self.token
        return f"publisher/{self.organisation_number} with {shown}"

    def may_speak_for(self, municipality_id: str, on: date) -> bool:
        """Tell whether a mandate covers a municipality on a day."""
        return any(mandate.holds(on) for mandate in self._by_municipality.get(municipality_id, ()))

    def roles_on(self, day: date) -> tuple[Grant, ...]:
        """Return the roles that hold on a day."""
        return tuple(grant for grant in self.grants if grant.holds(day))

    @cached_property
    def _by_municipality(self) -> dict[str, list[Mandate]]:
        # A publisher for many municipalities posts a thousand figures at once; each asks.
        found: dict[str, list[Mandate]] = {}
        for mandate in self.mandates:
            found.setdefault(mandate.municipality_id, []).append(mandate)
        return found


NOBODY = Principal()
OPERATOR = Principal(is_operator=True)
PUBLISHERS_DO = frozenset({Action.PUBLISH, Action.READ_SUBMISSIONS, Action.READ_PUBLISHER})


def require(
    principal: Principal,
    action: Action,
    *,
    municipality_id: str | None = None,
    on: date | None = None,
    publisher: str | None = None,
    within: Scope | None = None,
) -> None:
    """Return if the principal may do this, else raise. Every right in the system is decided here.

    Args:
        municipality_id: whose figures are touched, for a publisher's actions.
        on: the day on which the mandate or the role must hold: for figures the last day of the
            period, for people today.
        publisher: whose own entry is touched, by its organisation number.
        within: where the object stands, for people's actions; none asks for any such role at all.

    Raises:
        NotAuthenticated: no key was given, and nobody may do this without one.
        NotAllowed: the publisher or the person may not do this, or not with this object.
    """
    if principal.is_operator:
        return
    if principal.person_id is not None:
        _require_role(principal, action, on=on, within=within)
        return
    if principal.organisation_number is None:
        raise NotAuthenticated("this needs a key: Authorization: Bearer <key>")
    if action not in PUBLISHERS_DO:
        raise NotAllowed("only the operator may do this")
    if publisher is not None and publisher != principal.organisation_number:
        raise NotAllowed(f"publisher {principal.organisation_number} may see its own entry only")
    if municipality_id is None or on is None:
        return
    if not principal.may_speak_for(municipality_id, on):
        raise NotAllowed(
            f"publisher {principal.organisation_number} may not speak for {municipality_id} on"
            f" {on.isoformat()}; ask the programme's operator to register it",
            code="publisher-not-allowed",
        )


def _require_role(
    principal: Principal, action: Action, *, on: date | None, within: Scope | None
) -> None:
    if action is Action.SEE_OWN_ACCESS:
        return
    wanted = ROLES_FOR.get(action, frozenset())
    if not wanted:
        raise NotAllowed("only the operator may do this")
    held = principal.grants if on is None else principal.roles_on(on)
    fitting = [grant for grant in held if grant.role in wanted]
    if not fitting:
        raise NotAllowed(
            f"this is for {_listed(wanted)}; ask the programme's secretariat for the role",
            code="role-missing",
        )
    if within is not None and not any(grant.reaches(within) for grant in fitting):
        raise NotAllowed(
            "your role is held elsewhere: this is not of your project, network or programme",
            code="role-elsewhere",
        )


def _listed(roles: Collection[Role]) -> str:
    return " or ".join(sorted(role.value for role in roles))


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made; `text` is shown once and kept nowhere."""

    key_id: str
    text: str
    hash: str


def make_key() -> NewKey:
    """Make a publisher's key of 256 random bits."""
    key_id = secrets.token_hex(6)
    text = f"{KEY_PREFIX}{key_id}.{secrets.token_urlsafe(32)}"
    return NewKey(key_id, text, hash_of(text))


def hash_of(key: str) -> str:
    """Return the SHA-256 of a key, in hex."""
    return hashlib.sha256(key.encode()).hexdigest()


async def authenticate(
    conn: Connection, authorization: str | None, *, operator_key_hash: str, now: datetime
) -> Principal:
    """Return whose key an Authorization header holds; `NOBODY` when there is no header.

    Raises:
        NotAuthenticated: the header is malformed, or the key unknown, expired or revoked.
    """
    if authorization is None:
        return NOBODY
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key.isascii():
        raise NotAuthenticated("the Authorization header must be: Bearer <key>")
    key = key.strip()
    if operator_key_hash and hmac.compare_digest(hash_of(key), operator_key_hash.lower()):
        return OPERATOR
    form = _KEY_FORM.fullmatch(key)
    key_id = form["key_id"] if form else ""
    row = await QUERIES.find_publisher_by_key(conn, key_id=key_id) if form else None
    known = (
        next((k for k in json.loads(row["keys"]) if k["key_id"] == key_id), None) if row else None
    )
    if row is None or known is None or not hmac.compare_digest(hash_of(key), known["hash"]):
        raise NotAuthenticated("the key is not known")
    if _is_revoked(row):
        raise NotAuthenticated(f"publisher {row['organisation_number']} was revoked")
    if known["expires_at"] and datetime.fromisoformat(known["expires_at"]) <= now:
        raise NotAuthenticated(
            f"key {key_id} expired at {known['expires_at']}; ask the operator for a new one"
        )
    return Principal(
        row["organisation_number"], mandates=_mandates(row["may_speak_for"]), key_id=key_id
    )


async def list_publishers(
    conn: Connection, organisation_numbers: Collection[str], *, also_revoked: bool = False
) -> dict[str, Principal]:
    """Return the publishers that this service has heard of, by organisation number.

    Args:
        organisation_numbers: whom to look for.
        also_revoked: whether revoked publishers are returned too.
    """
    return {
        row["organisation_number"]: Principal(
            row["organisation_number"], mandates=_mandates(row["may_speak_for"])
        )
        async for row in QUERIES.list_publishers(
            conn, organisation_numbers=list(organisation_numbers)
        )
        if also_revoked or not _is_revoked(row)
    }


async def keep_publishers(conn: Connection, events: Sequence[PublisherEvent]) -> None:
    """Keep what the registry says of publishers; an older state never overwrites a newer one."""
    for event in events:
        await QUERIES.put_publisher(
            conn,
            organisation_number=event.organisation_number,
            version=event.version,
            name=event.name,
            may_speak_for=json.dumps(
                [m.model_dump(mode="json", by_alias=True) for m in event.may_speak_for]
            ),
            keys=json.dumps([k.model_dump(mode="json") for k in event.keys]),
            revoked_at=event.revoked_at,
        )


def _is_revoked(row: Mapping[str, Any]) -> bool:
    """Tell whether a publisher was revoked. It counts from when this service hears of it, whatever
    time the registry's clock showed.
    """
    return row["revoked_at"] is not None


def _mandates(text: str) -> tuple[Mandate, ...]:
    return tuple(
        Mandate(
            entry["municipality_id"],
            date.fromisoformat(entry["from"]) if entry["from"] else None,
            date.fromisoformat(entry["to"]) if entry["to"] else None,
        )
        for entry in json.loads(text)
    )
