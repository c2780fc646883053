"""Tokens of Maskinporten: a machine proves which organisation it acts for, without a key of ours.

A token is a JWT (RFC 7519) that the issuer signed with RSA. It is verified here, by the issuer's
public keys, and nobody is asked about it. Who it stands for is the organisation in `consumer`, or,
of a system user, the one in `systemuser_org`; `client_id` says nothing that could be relied on.

Source: https://docs.digdir.no/docs/Maskinporten/maskinporten_protocol_token and
https://docs.altinn.studio/authentication (system users).
"""

from base64 import urlsafe_b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry
from stdnum.no import orgnr

from shared import strict_json
from shared.access.issuers import Issuer, IssuerSettings
from shared.errors import NotAuthenticated, RuleBroken

ALGORITHMS = ("RS256", "RS384", "RS512")
LEEWAY = timedelta(seconds=10)
"""How far clocks may stand apart, as Maskinporten recommends."""

LENGTH_MAX = 8_192
SYSTEM_USER = "urn:altinn:systemuser"
ISO_6523 = "iso6523-actorid-upis"
_NORWEGIAN = "0192:"
"""Before an organisation number of the Norwegian register (ISO 6523)."""

_HEADERS = frozenset({"alg", "kid", "typ", "x5t", "x5t#S256"})
"""What a header may hold. Others could name a key of the sender's own, or change what is signed."""

_TYPES = frozenset({"jwt", "at+jwt"})
_REGISTRY = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)


@dataclass(frozen=True, slots=True)
class Machine:
    """Whom a token stands for.

    Attributes:
        organisation_number: who acts, and is answered for.
        supplier: organisation number of the supplier that acts by delegation.
        system_user: id of the system user, where the token is one's.
        issuer: who says so.
    """

    organisation_number: str
    issuer: str
    supplier: str | None = None
    system_user: str | None = None

    @property
    def token(self) -> str:
        """What the audit log says of the token: whose it is, and who acts for the organisation."""
        parts = [f"a token of {self.issuer}"]
        if self.supplier is not None:
            parts.append(f"supplier {self.supplier}")
        if self.system_user is not None:
            parts.append(f"system user {self.system_user}")
        return ", ".join(parts)


def is_token(bearer: str) -> bool:
    """Tell whether what stands behind `Bearer` may be a token; keys of ours have one dot."""
    return bearer.count(".") == 2


async def verify(token: str, issuers: Sequence[Issuer], *, now: datetime) -> Machine:
    """Return whom a token stands for.

    Args:
        token: as it stands behind `Bearer`.
        issuers: those that are trusted.
        now: the true time.

    Raises:
        NotAuthenticated: it is not accepted; the sentence says why and quotes nothing of it.
        Unavailable: its issuer's keys are not known, and cannot be fetched now.
    """
    if len(token) > LENGTH_MAX:
        raise _refused(f"it has more than {LENGTH_MAX} characters")
    header, claims, signature = token.split(".")
    head, said = _object(header, "header"), _object(claims, "content")
    _judge_header(head)
    issuer = next((each for each in issuers if each.settings.issuer == said.get("iss")), None)
    if issuer is None:
        raise _refused("its issuer is not one that is trusted here")
    if not signature:
        raise _refused("it has no signature")
    key = await issuer.key(head["kid"])
    try:
        jws.deserialize_compact(token, key, algorithms=ALGORITHMS, registry=_REGISTRY)
    except (JoseError, ValueError):
        raise _refused("its signature does not fit") from None
    _judge_times(said, now)
    _judge_purpose(said, issuer.settings)
    return _machine_of(said, issuer.settings.issuer)


def _object(part: str, name: str) -> dict[str, Any]:
    try:
        read = strict_json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (RuleBroken, ValueError):
        read = None
    if not isinstance(read, dict):
        raise _refused(f"its {name} cannot be read")
    return read


def _judge_header(head: dict[str, Any]) -> None:
    if head.get("alg") not in ALGORITHMS:
        raise _refused(f"it is not signed with one of {', '.join(ALGORITHMS)}")
    kind = head.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise _refused("it is a token of another type")
    if not isinstance(head.get("kid"), str):
        raise _refused("it does not name the key that it is signed with")
    if not _HEADERS.issuperset(head):
        raise _refused("its header holds what is not looked at here")


def _judge_times(said: dict[str, Any], now: datetime) -> None:
    if _moment(said, "exp") + LEEWAY.total_seconds() <= now.timestamp():
        raise _refused("it has expired")
    if _moment(said, "iat") - LEEWAY.total_seconds() > now.timestamp():
        raise _refused("it was issued in the future")
    if "nbf" in said and _moment(said, "nbf") - LEEWAY.total_seconds() > now.timestamp():
        raise _refused("it is not valid yet")


def _moment(said: dict[str, Any], name: str) -> int:
    value = said.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _refused(f"its {name} is no time")
    return value


def _judge_purpose(said: dict[str, Any], wanted: IssuerSettings) -> None:
    if said.get("token_type", "Bearer") != "Bearer":
        raise _refused("it is a token of another type")
    scopes = said.get("scope")
    if not isinstance(scopes, str) or wanted.scope not in scopes.split(" "):
        raise _refused(f"it has not the scope {wanted.scope}")
    audience = said.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if wanted.audience is not None and wanted.audience not in named:
        raise _refused(f"it is meant for others; its audience must be {wanted.audience}")


def _machine_of(said: dict[str, Any], issuer: str) -> Machine:
    consumer = _organisation(said, "consumer")
    supplier = _organisation(said, "supplier") if "supplier" in said else None
    if supplier is None and "delegation_source" in said:
        raise _refused("it is delegated, and does not say to which supplier")
    system_user = _system_user(said)
    if system_user is None:
        return Machine(consumer, issuer, supplier)
    # The consumer is then the vendor of the system, who acts for the customer that made the user.
    return Machine(
        _organisation(system_user, "systemuser_org"),
        issuer,
        supplier if supplier is not None else consumer,
        _user_id(system_user),
    )


def _system_user(said: dict[str, Any]) -> dict[str, Any] | None:
    details = said.get("authorization_details")
    if details is None:
        return None
    if not isinstance(details, list) or not all(isinstance(each, dict) for each in details):
        raise _refused("its authorization_details cannot be read")
    users: list[dict[str, Any]] = [each for each in details if each.get("type") == SYSTEM_USER]
    if len(users) > 1:
        raise _refused("it names several system users")
    return users[0] if users else None


def _user_id(system_user: dict[str, Any]) -> str:
    named = system_user.get("systemuser_id")
    if isinstance(named, list) and len(named) == 1 and isinstance(named[0], str) and named[0]:
        return named[0][:100]
    raise _refused("it does not name one system user")


def _organisation(said: dict[str, Any], name: str) -> str:
    """Return the organisation number in a claim such as `consumer`."""
    claim = said.get(name)
    identity = claim.get("ID") if isinstance(claim, dict) else None
    if (
        not isinstance(claim, dict)
        or claim.get("authority") != ISO_6523
        or not isinstance(identity, str)
        or not identity.startswith(_NORWEGIAN)
    ):
        raise _refused(f"its {name} is no organisation of the Norwegian register")
    number = identity.removeprefix(_NORWEGIAN)
    if not (number.isascii() and number.isdigit() and orgnr.is_valid(number)):
        raise _refused(f"its {name} has no valid organisation number")
    return number


def _refused(why: str) -> NotAuthenticated:
    return NotAuthenticated(f"the token is not accepted: {why}")
