"""Published versions of forms."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared import strict_json
from shared.errors import NotFound
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)


@dataclass(frozen=True, slots=True)
class PublishedForm:
    """A version of a form as it is kept, without what it asks.

    Attributes:
        digest: SHA-256 of the definition, in hex.
    """

    form_id: str
    version: int
    report_kind: str
    valid_for: Mapping[str, str]
    names: Mapping[str, str]
    digest: str
    published_at: datetime


async def add_version(
    conn: Connection, form: PublishedForm, definition: str
) -> PublishedForm | None:
    """Keep a version, and return it with its digest; None if that version is there already.

    Args:
        definition: as JSON.
    """
    digest = await QUERIES.add_version(
        conn,
        form_id=form.form_id,
        version=form.version,
        report_kind=form.report_kind,
        valid_for=json.dumps(dict(form.valid_for)),
        names=json.dumps(dict(form.names)),
        definition=definition,
        published_at=form.published_at,
    )
    if digest is None:
        return None
    return PublishedForm(
        form.form_id,
        form.version,
        form.report_kind,
        form.valid_for,
        form.names,
        digest,
        form.published_at,
    )


async def find_version(
    conn: Connection, form_id: str, version: int
) -> tuple[PublishedForm, str] | None:
    """Return a version and its definition as JSON, or none."""
    row = await QUERIES.find_version(conn, form_id=form_id, version=version)
    return None if row is None else (_form(row), row["definition"])


async def get_version(conn: Connection, form_id: str, version: int) -> tuple[PublishedForm, str]:
    """Return a version and its definition as JSON.

    Raises:
        NotFound: `form-unknown`.
    """
    found = await find_version(conn, form_id, version)
    if found is None:
        raise NotFound(f"there is no version {version} of form {form_id}", code="form-unknown")
    return found


async def is_same(conn: Connection, form_id: str, version: int, definition: str) -> bool:
    """Tell whether a kept version asks the same as a definition, however that is written."""
    return bool(
        await QUERIES.is_same(conn, form_id=form_id, version=version, definition=definition)
    )


async def newest_version(conn: Connection, form_id: str) -> int:
    """Return the number of the newest version; 0 where there is none."""
    return await QUERIES.newest_version(conn, form_id=form_id) or 0


async def list_newest(conn: Connection, *, after: str, count: int) -> list[PublishedForm]:
    """Return the newest version of each form, in the order of their ids, behind `after` only."""
    return [_form(row) async for row in QUERIES.list_newest(conn, after=after, count=count)]


def _form(row: Mapping[str, Any]) -> PublishedForm:
    return PublishedForm(
        form_id=row["form_id"],
        version=row["version"],
        report_kind=row["report_kind"],
        valid_for=strict_json.loads(row["valid_for"].encode()),
        names=strict_json.loads(row["names"].encode()),
        digest=row["digest"],
        published_at=row["published_at"],
    )
