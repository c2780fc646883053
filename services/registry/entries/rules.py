"""What every entry of the registry has: an id that its client chose, and names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, TypeVar, cast

from shared.errors import RuleBroken

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,62}[a-z0-9]\Z", re.ASCII)


def check_id(value: str, what: str) -> None:
    """Make sure that an id chosen by a client has the agreed form.

    Raises:
        RuleBroken: `id-malformed`.
    """
    if not _SLUG.match(value):
        raise RuleBroken(
            f"the id of a {what} must be 3 to 64 lower-case letters, digits and inner hyphens, got"
            f" {value[:80]!r}",
            code="id-malformed",
        )


E = TypeVar("E")

LANGUAGES = ("nb", "nn", "en")
"""Bokmål, nynorsk and English, in which names may be written."""


@dataclass(frozen=True, slots=True)
class Names:
    """A name in at least one of bokmål, nynorsk and English."""

    nb: str | None = None
    nn: str | None = None
    en: str | None = None

    def by_language(self) -> dict[str, str]:
        """Return the names that there are, by language."""
        names = {language: getattr(self, language) for language in LANGUAGES}
        return {language: name for language, name in names.items() if name is not None}


def check_names(names: Names, what: str) -> None:
    """Make sure that there is a name in at least one language, and that each says something.

    Raises:
        RuleBroken: `name-malformed`.
    """
    present = names.by_language()
    if not present or not all(map(str.strip, present.values())):
        raise RuleBroken(
            f"the name of a {what} must stand in at least one of {', '.join(LANGUAGES)}, none of"
            f" them blank, got {present!r:.100}",
            code="name-malformed",
        )


def check_distinct(ids: Sequence[str], what: str) -> None:
    """Make sure that no id stands twice in a list.

    Raises:
        RuleBroken: `id-repeated`.
    """
    repeated = [each for each in dict.fromkeys(ids) if ids.count(each) > 1]
    if repeated:
        raise RuleBroken(
            f"each {what} may stand once, {repeated[0][:100]!r} stands more often",
            code="id-repeated",
        )


def revised(present: E | None, wanted: E) -> E | None:
    """Return the state of an entry that is to be kept; none when it is as it was.

    Args:
        present: what is kept of it, a frozen dataclass with a `version`; none when it is new.
        wanted: what was put; its version does not matter.
    """
    new: Any = wanted
    if present is None:
        return cast("E", replace(new, version=1))
    version: int = cast("Any", present).version
    if replace(new, version=version) == present:
        return None
    return cast("E", replace(new, version=version + 1))


def check_forward(first: date | None, last: date | None, what: str) -> None:
    """Make sure that a time does not end before it begins.

    Raises:
        RuleBroken: `days-reversed`.
    """
    if first is not None and last is not None and last < first:
        raise RuleBroken(
            f"{what} must not end before it begins on {first}, got {last}", code="days-reversed"
        )


def check_line(text: str, what: str, *, length_max: int) -> None:
    """Make sure that a text says something and is not too long.

    Raises:
        RuleBroken: `text-malformed`.
    """
    if not text.strip() or len(text) > length_max:
        raise RuleBroken(
            f"{what} must be 1 to {length_max} characters, more than spaces, got {text[:60]!r}",
            code="text-malformed",
        )
