"""What all of the registry's routes share: names in bodies, what a PUT answers, places in lists."""

from typing import Annotated, Any

from fastapi import Response
from pydantic import Field

from services.registry.entries.commands import Put
from services.registry.entries.rules import Names
from shared.http import http, lists
from shared.http.preconditions import version_tag

Text = Annotated[str, Field(min_length=1, max_length=200)]

PROBLEMS = http.problems(401, 403, 404, 409, 412)
"""What a change may be refused for, besides what any request may meet."""


class NamesBody(http.RequestModel):
    """A name in bokmål, and in nynorsk and English where there is one."""

    nb: Text
    nn: Text | None = None
    en: Text | None = None

    def value(self) -> Names:
        """Return the domain's value."""
        return Names(self.nb, self.nn, self.en)


def mark(response: Response, put: Put[Any]) -> None:
    """Say in status and headers what a PUT did: 201 for something new, and the entity tag of what
    is in force.
    """
    response.status_code = 201 if put.created else 200
    response.headers["ETag"] = version_tag(put.state.version)


def place_after(cursor: str | None) -> str:
    """Return the id behind which a list goes on.

    Raises:
        RuleBroken: `cursor-malformed`.
    """
    place: str | None = lists.read_cursor(cursor, lists.Text)
    return place or ""
