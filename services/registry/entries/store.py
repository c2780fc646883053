"""The lock that every writer takes first, and names as they are kept."""

import json
from enum import StrEnum
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

from services.registry.entries.rules import Names
from shared.postgres.database import Connection, load_queries

QUERIES = load_queries(__file__)
T = TypeVar("T")


class Kind(StrEnum):
    """What a writer locks: things whose rules look at each other are one kind."""

    MUNICIPALITY = "registry.municipality"
    PROGRAMME = "registry.programme"
    METRIC = "registry.metric"
    TOGETHER = "registry.together"
    PUBLISHER = "registry.publisher"
    PERSON = "registry.person"


class JsonColumn(Generic[T]):
    """A value of rules that is kept whole in a `jsonb` column.

    Args:
        of: its type; decimals are written as text, so that no digit is lost.
    """

    def __init__(self, of: Any) -> None:
        self._adapter: TypeAdapter[T] = TypeAdapter(of)

    def write(self, value: T) -> str:
        """Return the column's content."""
        return self._adapter.dump_json(value).decode()

    def read(self, text: str) -> T:
        """Return the value of a column."""
        return self._adapter.validate_json(text)


async def lock(conn: Connection, kind: Kind) -> None:
    """Let no other transaction write things of this kind until this one ends."""
    await QUERIES.lock(conn, what=kind.value)


def read_names(text: str) -> Names:
    """Return names from a `jsonb` column."""
    return Names(**json.loads(text))


def names_object(names: Names) -> dict[str, str | None]:
    """Return names as a JSON object."""
    return {"nb": names.nb, "nn": names.nn, "en": names.en}


def names_json(names: Names) -> str:
    """Return names for a `jsonb` column."""
    return json.dumps(names_object(names))
