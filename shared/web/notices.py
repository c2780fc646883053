"""What the next page tells of the last action, once: it travels in a cookie of its own.

A page that did something answers with a redirect, and has no session in memory to leave a word in.
What is told is chosen by a template from a few kinds; nothing in it can act.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from shared.http.session_cookie import is_secure

_COOKIE = "saman-notice"
_SECONDS = 60
_LENGTH_MAX = 2_000


def leave_notice(response: Response, request: Request, notice: Mapping[str, Any]) -> None:
    """Let the next page tell of this."""
    written = urlsafe_b64encode(json.dumps(notice, ensure_ascii=False).encode()).decode()
    if len(written) > _LENGTH_MAX:
        written = urlsafe_b64encode(json.dumps({"kind": notice["kind"]}).encode()).decode()
    response.set_cookie(
        _COOKIE, written, max_age=_SECONDS, httponly=True, samesite="lax", secure=is_secure(request)
    )


def notice_of(request: Request) -> dict[str, Any] | None:
    """Return what is to be told on this page, if anything."""
    written = request.cookies.get(_COOKIE, "")
    try:
        notice = json.loads(urlsafe_b64decode(written)) if written else None
    except ValueError:
        return None
    return notice if isinstance(notice, dict) and "kind" in notice else None


def take_notice(response: Response, request: Request) -> None:
    """Forget what was told by this answer."""
    if _COOKIE in request.cookies:
        response.delete_cookie(_COOKIE, httponly=True, samesite="lax", secure=is_secure(request))
