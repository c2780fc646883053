"""Sessions of operators who work in a browser: what a page may do in their name, and for how long.

A browser keeps a random token and nothing else. The operator's key stays in this process's memory,
goes along with each question to a service, and is forgotten when the session ends or the process
does (docs/decisions/0026).
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

IDLE_SECONDS_MAX = 15 * 60
"""A browser that was left open is nobody's after this."""

SECONDS_MAX = 8 * 3_600
"""A working day; then the key is asked for again."""

SESSIONS_MAX = 100
"""More operators than there are; when they are used up, the session that was quiet for longest
ends.
"""


@dataclass(slots=True)
class Session:
    """One operator in one browser.

    Attributes:
        key: the operator's, shown to services and to nobody else.
        form_token: stands in each form, so that no other site can send one (cross-site request
            forgery).
        notice: what the next page tells of the last action.
    """

    key: str = field(repr=False)
    form_token: str = field(repr=False)
    begun_at: float
    used_at: float
    notice: dict[str, Any] | None = None

    def sent(self, form_token: str | None) -> bool:
        """Tell whether a form is one of this session's."""
        return hmac.compare_digest(self.form_token.encode(), (form_token or "").encode())

    def take_notice(self) -> dict[str, Any] | None:
        """Return what is to be told, once."""
        notice, self.notice = self.notice, None
        return notice


class Sessions:
    """The sessions of one process.

    Args:
        clock: seconds that only rise.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._by_digest: dict[str, Session] = {}

    def begin(self, key: str) -> str:
        """Begin a session and return its token."""
        now = self._clock()
        self._by_digest = {
            digest: each for digest, each in self._by_digest.items() if not _is_over(each, now)
        }
        while len(self._by_digest) >= SESSIONS_MAX:
            quietest = min(self._by_digest, key=lambda digest: self._by_digest[digest].used_at)
            del self._by_digest[quietest]
        token = secrets.token_urlsafe(32)
        self._by_digest[_digest(token)] = Session(key, secrets.token_urlsafe(32), now, now)
        return token

    def find(self, token: str | None) -> Session | None:
        """Return the session of a token that is not over, which counts as use; None for any
        other.
        """
        found = self._by_digest.get(_digest(token)) if token else None
        now = self._clock()
        if found is None or _is_over(found, now):
            self.end(token)
            return None
        found.used_at = now
        return found

    def end(self, token: str | None) -> None:
        """End a session and forget its key."""
        self._by_digest.pop(_digest(token or ""), None)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "backslashreplace")).hexdigest()


def _is_over(session: Session, now: float) -> bool:
    return now - session.used_at > IDLE_SECONDS_MAX or now - session.begun_at > SECONDS_MAX
