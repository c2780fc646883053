"""Versions of one thing over time, each of which holds from a day on."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol, TypeVar


class Dated(Protocol):
    """What holds from a day on, until the next of its kind does."""

    @property
    def valid_from(self) -> date:
        """The first day."""


D = TypeVar("D", bound=Dated)


def version_on(versions: Sequence[D], day: date) -> D:
    """Return the version that holds on a day: of those that have begun the last, else the first
    that will.

    What ended keeps its last version.

    Args:
        versions: at least one, in order of time.
        day: in Europe/Oslo.
    """
    return next(
        (version for version in reversed(versions) if version.valid_from <= day), versions[0]
    )
