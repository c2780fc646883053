"""Lists with cursors. A cursor is opaque to clients: it encodes the last item's place in order."""

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import Field

from shared import strict_json
from shared.errors import RuleBroken
from shared.http.inputs import RequestModel

LIST_DEFAULT = 100
LIST_MAX = 1_000

_COLUMN_MAX = 2**63
"""PostgreSQL's bigint ends below this."""


class ListQuery(RequestModel):
    """What every list takes; a parameter that is not known is refused."""

    limit: int = Field(default=LIST_DEFAULT, ge=1, le=LIST_MAX, description="Items per answer.")
    cursor: str | None = Field(
        default=None, max_length=500, description="`next` of the answer before."
    )


def page(items: Sequence[Any], limit: int, cursor_of: Callable[[Any], Any]) -> dict[str, Any]:
    """Return a list's answer: the first items, and the cursor of the next ones if there are more.

    Args:
        items: `limit + 1` items where there are so many.
        limit: items per answer.
        cursor_of: returns an item's place in the order.
    """
    shown = list(items[:limit])
    following = write_cursor(cursor_of(shown[-1])) if len(items) > limit else None
    return {"items": shown, "next": following}


def write_cursor(place: Any) -> str:
    """Return the cursor of a place in the order."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, read: Callable[[Any], Any] = lambda place: place) -> Any:
    """Return the place in the order that a cursor stands for; None for the start of the list.

    Args:
        cursor: as the client sent it.
        read: turns the decoded JSON into the place. Any error that it raises over a stranger's
            content means that the cursor is malformed.

    Raises:
        RuleBroken: `cursor-malformed`; the cursor is not one that was given out.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = strict_json.loads(base64.b64decode(padded, b"-_", validate=True))
        for part in place if isinstance(place, list) else [place]:
            if isinstance(part, int) and not -_COLUMN_MAX <= part < _COLUMN_MAX:
                raise ValueError("larger than any column")
        return read(place)
    except (RuleBroken, ValueError, TypeError, LookupError, AttributeError):
        raise RuleBroken(
            "the cursor is not one that this list gave out", code="cursor-malformed"
        ) from None
