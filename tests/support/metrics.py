"""The built-in metrics, as services that heard of them keep them: tests need not tell of them."""

from collections.abc import Awaitable, Callable

from services.metrics.heard import store
from services.registry.metrics.builtin.files import read_builtin
from shared.postgres.database import Connection


async def _seed_metrics(conn: Connection) -> None:
    for metric in read_builtin().values():
        await store.put_metric(conn, metric, 1)


SEEDS: dict[str, Callable[[Connection], Awaitable[None]]] = {"metrics": _seed_metrics}
"""What is put into the template of a service's databases."""
