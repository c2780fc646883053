"""Lists with cursors. A cursor is opaque to clients: it encodes the last item's place in order."""

import base64
import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from shared.errors import RuleBroken
from shared.http.inputs import RequestModel
from shared.strict_json import is_storable

LIST_DEFAULT = 100
LIST_MAX = 1_000
CURSOR_LENGTH_MAX = 500

_COLUMN_MAX = 2**63
"""PostgreSQL's bigint ends below this."""


class ListQuery(RequestModel):
    """What every list takes; a parameter that is not known is refused."""

    limit: int = Field(default=LIST_DEFAULT, ge=1, le=LIST_MAX, description="Items per answer.")
    cursor: str | None = Field(
        default=None, max_length=CURSOR_LENGTH_MAX, description="`next` of the answer before."
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


def read_cursor(cursor: str | None, form: Any) -> Any:
    """Return the place in the order that a cursor stands for; None for the start of the list.

    Args:
        cursor: as the client sent it.
        form: the type of a place, such as `str` or `tuple[date, int]`. Nothing is converted to
            it but what JSON has no type for (dates, UUIDs): whatever else a stranger writes is not
            a place, and is not worked on either.

    Raises:
        RuleBroken: `cursor-malformed`; the cursor is not one that was given out.
    """
    if cursor is None:
        return None
    try:
        padded = cursor[:CURSOR_LENGTH_MAX] + "=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, b"-_", validate=True)
        place = _adapter(form).validate_json(text)
        if all(map(_fits_a_column, place if isinstance(place, tuple) else (place,))):
            return place
    except (ValidationError, ValueError):
        pass
    raise RuleBroken(
        "the cursor is not one that this list gave out; leave it out to begin anew",
        code="cursor-malformed",
    )


def _fits_a_column(part: Any) -> bool:
    if isinstance(part, str):
        return is_storable(part)
    return not isinstance(part, int) or -_COLUMN_MAX <= part < _COLUMN_MAX


@cache
def _adapter(form: Any) -> TypeAdapter[Any]:
    return TypeAdapter(Annotated[form, Field(strict=True)])
