"""The HTTP doors of notifications without consumers and senders."""

from dataclasses import dataclass

from httpx2 import AsyncClient

from shared.postgres.database import Database


@dataclass(frozen=True, slots=True)
class Doors:
    """The HTTP interface without consumers and sender: `client` has no key, `operator` has the
    operator's.
    """

    client: AsyncClient
    operator: AsyncClient
    database: Database
