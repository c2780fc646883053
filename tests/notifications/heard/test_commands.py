"""What the registry told, kept by version, on the real database."""

import pytest

from services.notifications.heard import commands, store
from services.notifications.heard.rules import HeardMetric
from shared.events.registry import MetricChanged
from shared.postgres.database import Database
from tests.notifications import factories


@pytest.mark.parametrize("order", [[0, 1], [1, 0], [0, 1, 0, 1]])
async def test_the_newest_version_of_a_metric_is_kept_in_any_order(
    database: Database, order: list[int]
) -> None:
    defined = factories.metric_defined()
    changed = MetricChanged(**{**defined.model_dump(), "version": 2, "decimals": 1})
    for place in order:
        async with database.transaction() as conn:
            await commands.hear_metrics(conn, [(defined, changed)[place]])
    async with database.connection() as conn:
        kept = await store.list_metrics(conn, ["absence", "unheard"])
    assert kept == {"absence": HeardMetric("percent", 1, factories.ABSENCE.axes)}
