"""Sessions of people who signed in: an encrypted cookie that every service checks by itself.

No process remembers a session. The cookie is a JWE (direct encryption, A256GCM), so nobody can
read, change or make one without the key, which all services share as a secret. It ends when it was
not used for a while, at an absolute end, and when the person's `sessions_valid_from` passes its
beginning: that travels on `registry.person.v1`, so signing out everywhere holds within seconds.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry
from joserfc.jwk import OctKey

COOKIE = "saman-session"
HEADER = {"alg": "dir", "enc": "A256GCM"}
_JWE = JWERegistry(algorithms=list(HEADER.values()))
SECRET_LENGTH_MIN = 32
"""Characters of a key, each of about six random bits. The key itself is their SHA-256."""

OPERATOR = "operator"
"""Whose session it is when somebody showed the operator's key; people are `person/<id>`."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session lasts.

    Attributes:
        idle: after so much time without a request it is over.
        absolute: after so much time it is over in any case.
    """

    idle: timedelta
    absolute: timedelta


REFRESH_AFTER = timedelta(minutes=1)
"""A cookie that was used is written anew so often at most."""


@dataclass(frozen=True, slots=True)
class Session:
    """One person, or the operator, in one browser.

    Attributes:
        subject: `person/<id>` or `operator`.
        bound_to: of the operator, the hash of the key that was shown: with another key it ends.
        form_token: stands in every form, so that no other site can send one.
        begun_at, used_at: true time, not the clock of tests.
    """

    subject: str
    form_token: str
    begun_at: datetime
    used_at: datetime
    bound_to: str = ""

    @property
    def person_id(self) -> UUID | None:
        """Whose it is, when it is a person's."""
        kind, _, name = self.subject.partition("/")
        return UUID(name) if kind == "person" else None

    def sent(self, form_token: str | None) -> bool:
        """Tell whether a form is one of this session's."""
        return hmac.compare_digest(self.form_token.encode(), (form_token or "").encode())

    def is_over(self, now: datetime, lifetime: Lifetime) -> bool:
        """Tell whether it ended: unused for too long, or begun too long ago."""
        return now - self.used_at > lifetime.idle or now - self.begun_at > lifetime.absolute


class SessionKeys:
    """The secret keys: the first one writes, all of them read, so that keys can be changed.

    Args:
        written: random characters, at least 32 for each key; keys are separated by spaces.

    Raises:
        ValueError: one of them is too short.
    """

    def __init__(self, written: str) -> None:
        self._keys = [_key(each) for each in written.split()]

    @property
    def are_there(self) -> bool:
        """Whether anybody can sign in at all."""
        return bool(self._keys)

    def seal(self, claims: Mapping[str, Any]) -> str:
        """Return a cookie that holds claims, and that nobody without a key can read or make."""
        return jwt.encode(HEADER, dict(claims), self._keys[0], registry=_JWE)

    def unseal(self, cookie: str | None) -> dict[str, Any] | None:
        """Return the claims of a cookie; None of one that no key of ours wrote."""
        for key in self._keys if cookie else ():
            try:
                return jwt.decode(cookie or "", key, registry=_JWE).claims
            except (JoseError, ValueError):
                continue
        return None

    def write(self, session: Session) -> str:
        """Return the cookie of a session."""
        return self.seal(
            {
                "sub": session.subject,
                "iat": session.begun_at.timestamp(),
                "used": session.used_at.timestamp(),
                "form": session.form_token,
                "bound": session.bound_to,
            }
        )

    def read(self, cookie: str | None) -> Session | None:
        """Return the session of a cookie; None of what is no session of ours."""
        claims = self.unseal(cookie)
        try:
            return None if claims is None else _session(claims)
        except (KeyError, TypeError, ValueError):
            return None


def begin(subject: str, *, now: datetime, bound_to: str = "") -> Session:
    """Begin a session; each has its own token for forms."""
    return Session(subject, secrets.token_urlsafe(24), now, now, bound_to)


def _session(claims: Mapping[str, Any]) -> Session:
    return Session(
        subject=str(claims["sub"]),
        form_token=str(claims["form"]),
        begun_at=datetime.fromtimestamp(float(claims["iat"]), UTC),
        used_at=datetime.fromtimestamp(float(claims["used"]), UTC),
        bound_to=str(claims["bound"]),
    )


def _key(written: str) -> OctKey:
    if len(written) < SECRET_LENGTH_MIN:
        raise ValueError(
            f"a session key must have at least {SECRET_LENGTH_MIN} characters, one has"
            f" {len(written)}"
        )
    return OctKey.import_key(hashlib.sha256(written.encode()).digest())
