"""Finding out whether metrics and its own topics are of the same moment.

What metrics keeps follows from the figures, so nothing is taken from the log or told again piece by
piece: `saman rebuild metrics` works it out anew and goes on behind the newest version that either
of the two has.
"""

from dataclasses import dataclass

from services.metrics.publishing import store
from services.metrics.series.rules.figures import period_of
from shared.delivery.restoring import Log
from shared.events.metrics import MetricUpdated
from shared.postgres.database import Connection


@dataclass
class Compared:
    """How states and log differ.

    Attributes:
        newer_in_log: states that were published in a version that the database does not have.
        lost_in_log: states whose published version the log does not have, or not behind all others.
    """

    newer_in_log: int = 0
    lost_in_log: int = 0


async def compare(conn: Connection, log: Log) -> Compared:
    """Compare the version of every state with the newest one in the log."""
    compared, topic = Compared(), MetricUpdated.topic()
    told = {key: version for (name, key), version in log.versions.items() if name == topic}
    async for series, last_month, months, version in store.list_versions(conn):
        key = "|".join((*series, str(period_of(last_month, months))))
        in_log = told.pop(key, 0)
        compared.newer_in_log += in_log > version
        compared.lost_in_log += log.last.get((topic, key), 0) < version
    compared.newer_in_log += len(told)
    return compared
