"""The rules of signing in by mail: how long a link is good, for whom, and how often one may ask."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

LINK_LASTS = timedelta(minutes=15)
LINKS_KEPT = timedelta(days=1)
LINKS_PER_HOUR = 5
"""Of one address. Whoever asks more often gets the same answer, and no mail: nobody's box is filled
from here.
"""

TRIES_MAX = 5
"""Of a code. It has eight digits, so five guesses find it once in twenty million links."""

CODE_DIGITS = 8

ANY_BROWSER = ""
"""In place of a browser's mark: of a link that the operator made, and that opens anywhere."""


@dataclass(frozen=True, slots=True)
class NewLink:
    """What is mailed, and what is kept of it."""

    token: str = field(repr=False)
    code: str = field(repr=False)

    @property
    def token_hash(self) -> bytes:
        """What is kept of the link."""
        return hash_of(self.token)

    def code_hash(self, browser: str) -> bytes:
        """What is kept of the code; it is good in one browser only."""
        return hash_of(f"{browser}/{self.code}")


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was asked for, as it is kept."""

    link_hash: bytes
    code_hash: bytes
    browser_hash: bytes
    person_id: UUID
    expires_at: datetime
    used_at: datetime | None
    tries: int

    def is_good(self, now: datetime) -> bool:
        """Tell whether it can still be used."""
        return self.used_at is None and now < self.expires_at and self.tries < TRIES_MAX

    def is_of(self, browser: str) -> bool:
        """Tell whether this browser asked for it, or whether it opens in any."""
        marks = (hash_of(browser), hash_of(ANY_BROWSER))
        return any(hmac.compare_digest(self.browser_hash, mark) for mark in marks)

    def has_code(self, browser: str, code: str) -> bool:
        """Tell whether this is its code."""
        return hmac.compare_digest(self.code_hash, hash_of(f"{browser}/{code}"))


def make_link() -> NewLink:
    """Make a link of 256 random bits and a code that can be typed."""
    code = "".join(secrets.choice("0123456789") for _ in range(CODE_DIGITS))
    return NewLink(secrets.token_urlsafe(32), code)


def make_browser() -> str:
    """Make the mark by which the browser that asked is known again."""
    return secrets.token_urlsafe(32)


def hash_of(text: str) -> bytes:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).digest()
