"""What all of the registry's routes share: names in bodies, what a PUT answers, places in lists."""

from typing import Any

from fastapi import Response

from services.registry.entries.commands import Put
from services.registry.entries.rules import Names
from shared.fields import Line
from shared.http import inputs, lists, problems
from shared.http.preconditions import version_tag

PROBLEMS = problems.of(401, 403, 404, 409, 412)
"""What a change may be refused for, besides what any request may meet."""


class NamesBody(inputs.RequestModel):
    """A name in at least one of bokmål, nynorsk and English."""

    nb: Line | None = None
    nn: Line | None = None
    en: Line | None = None

    def value(self) -> Names:
        """Return the domain's value."""
        return Names(self.nb, self.nn, self.en)


def mark(response: Response, put: Put[Any], *, beside: object = None) -> None:
    """Say in status and headers what a PUT did: 201 for something new, and the entity tag of what
    is in force.

    Args:
        response: of the route.
        put: what came of it.
        beside: see `version_tag`.
    """
    response.status_code = 201 if put.created else 200
    response.headers["ETag"] = version_tag(put.state.version, beside=beside)


def place_after(cursor: str | None) -> str:
    """Return the id behind which a list goes on.

    Raises:
        RuleBroken: `cursor-malformed`.
    """
    place: str | None = lists.read_cursor(cursor, str)
    return place or ""
