"""Entity tags and conditional requests (RFC 9110, 13.1): a PUT says which state it is based on, so
that nobody overwrites what they have not seen; a GET says which state it knows.
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header
from pydantic import BaseModel

from shared.errors import Conflict

LENGTH_MAX = 1_000
"""Characters of a list of entity tags."""

_TAG = re.compile(r'(?P<weak>W/)?(?P<opaque>"[^"]*")')
"""An entity tag (RFC 9110, 8.8.3). It may hold a comma, so a list is not cut at commas."""

_BESIDE = re.compile(r'"(\d+)\.[0-9a-f]{12}"', re.ASCII)

Guard = Callable[[int | None], None]
"""Told the version that is in force (none when there is nothing yet) before anything is written;
raises to refuse.
"""


def etag(content: BaseModel | dict[str, Any]) -> str:
    """Return the entity tag of a thing without versions: a digest of what is shown."""
    text = (
        content.model_dump_json()
        if isinstance(content, BaseModel)
        else json.dumps(content, sort_keys=True, default=str)
    )
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'


def unguarded(_version: int | None) -> None:
    """Let every state be overwritten."""


def version_tag(version: int, *, beside: object = None) -> str:
    """Return the entity tag of a version.

    Args:
        version: what a change is based on.
        beside: what is shown with it and may differ while the version does not, such as counts;
            none when there is nothing of the kind.
    """
    if beside is None:
        return f'"{version}"'
    shown = json.dumps(beside, sort_keys=True, default=str).encode()
    return f'"{version}.{hashlib.sha256(shown).hexdigest()[:12]}"'


def is_unchanged(current: str | None, if_none_match: str) -> bool:
    """Tell whether one of the tags that a client knows is the current one (RFC 9110, 13.1.2).

    The comparison is weak: `W/"3"`, which a proxy makes of `"3"`, stands for the same content.

    Args:
        current: the entity tag in force; none when there is nothing to be known.
        if_none_match: a tag, a list of tags, or `*`, which is any.
    """
    if current is None:
        return False
    opaque = current.removeprefix("W/")
    return if_none_match.strip() == "*" or any(
        tag["opaque"] == opaque for tag in _TAG.finditer(if_none_match)
    )


def _is_matched(current: str | None, if_match: str) -> bool:
    """Tell whether a change is based on the tag in force; strong, as RFC 9110, 13.1.1 wants it."""
    return current is not None and (
        if_match.strip() == "*"
        or any(not tag["weak"] and tag["opaque"] == current for tag in _TAG.finditer(if_match))
    )


@dataclass(frozen=True, slots=True)
class Precondition:
    """What must hold for a change to be made.

    Attributes:
        if_match: the tag that the change is based on; `*` is whatever there is.
        if_none_match: a tag that must not be in force; `*` is any, so that only something new is
            made.
    """

    if_match: str | None = None
    if_none_match: str | None = None

    def check(self, version: int | None) -> None:
        """Refuse a change that was based on another state than the one in force; a `Guard`.

        Raises:
            Conflict: `lost-update`, answered as 412.
        """
        current = version_tag(version) if version is not None else None
        if self.if_match is not None and not _is_matched(current, _versions_in(self.if_match)):
            raise _lost(f"If-Match {self.if_match}", current)
        if self.if_none_match is not None and is_unchanged(
            current, _versions_in(self.if_none_match)
        ):
            raise _lost(f"If-None-Match {self.if_none_match}", current)


def _versions_in(tags: str) -> str:
    """Leave out of tags what stood beside the version: a change does not touch it."""
    return _BESIDE.sub(r'"\1"', tags)


def _lost(condition: str, current: str | None) -> Conflict:
    return Conflict(
        f"the thing has changed: {condition}, now {current or 'absent'}", code="lost-update"
    )


def _read(
    if_match: Annotated[
        str | None,
        Header(max_length=LENGTH_MAX, description="The ETag that this change is based on."),
    ] = None,
    if_none_match: Annotated[
        str | None,
        Header(max_length=LENGTH_MAX, description="`*` to make something new and change nothing."),
    ] = None,
) -> Precondition:
    return Precondition(if_match, if_none_match)


Conditional = Annotated[Precondition, Depends(_read)]
"""The condition that a request names; a parameter of routes."""
