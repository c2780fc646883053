"""Ids that others choose: UUIDs in the text form of RFC 9562."""

import re
from uuid import UUID

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


def read_uuid(text: object) -> UUID | None:
    """Return the id that a text is in the form of RFC 9562, in either case; None when it is none.

    `UUID` itself takes braces, `urn:uuid:` and hyphens anywhere, and so finds one id in several
    texts, or another id than the one that was meant.
    """
    if isinstance(text, str) and _UUID.fullmatch(text) is not None:
        return UUID(text)
    return None
