"""Defining metrics on a real database: effect, repetition, order."""

from datetime import timedelta

import pytest

from services.registry.metrics import store
from services.registry.metrics.builtin.files import read_builtin
from services.registry.metrics.commands import load_builtin, put_metric
from services.registry.metrics.rules import DefinedMetric
from shared.errors import Conflict
from shared.postgres.database import Database
from shared.values import MetricKind
from tests.registry.factories import METRICS, NOW, metric, stale, told

LATER = NOW + timedelta(days=1)


async def test_a_metric_put_again_is_not_told_again(database: Database) -> None:
    for _ in range(2):
        async with database.transaction() as conn:
            await put_metric(conn, metric("reputation"), now=NOW)
    assert await told(database) == [("MetricDefined", "reputation", 1)]
    async with database.connection() as conn:
        assert await store.get_metric(conn, "reputation") == DefinedMetric(metric("reputation"))


async def test_a_changed_metric_is_told_and_a_stale_one_refused(database: Database) -> None:
    async with database.transaction() as conn:
        await put_metric(conn, metric(), now=NOW)
        await put_metric(conn, metric(decimals=1), now=NOW)
    with pytest.raises(Conflict):
        async with database.transaction() as conn:
            await put_metric(conn, metric(), now=LATER, guard=stale)
    assert await told(database) == [
        ("MetricDefined", "absence", 1),
        ("MetricChanged", "absence", 2),
    ]
    async with database.connection() as conn:
        assert (await store.get_metric(conn, "absence")).metric == metric(decimals=1)


async def test_a_metric_with_another_meaning_leaves_no_trace(database: Database) -> None:
    async with database.transaction() as conn:
        await put_metric(conn, metric(), now=NOW)
    with pytest.raises(Conflict):
        async with database.transaction() as conn:
            await put_metric(conn, metric(kind=MetricKind.MEAN), now=NOW)
    assert await told(database) == [("MetricDefined", "absence", 1)]


async def test_the_built_in_metrics_are_kept_exactly_as_their_files_say(database: Database) -> None:
    for _ in range(2):
        async with database.transaction() as conn:
            await load_builtin(conn, read_builtin(), now=NOW)
    async with database.connection() as conn:
        kept = await store.seek_metrics(conn, after="", count=100)
    assert {each.metric.metric_id: each.metric for each in kept} == METRICS
    assert {each.version for each in kept} == {1}


async def test_what_an_operator_changed_holds_until_the_file_changes(database: Database) -> None:
    async with database.transaction() as conn:
        await load_builtin(conn, {"first": metric()}, now=NOW)
        await put_metric(conn, metric(small_persons=10), now=NOW)
        assert await load_builtin(conn, {"first": metric()}, now=LATER) == ()
        kept = await store.get_metric(conn, "absence")
        assert kept.metric.small_persons == 10
        assert await load_builtin(conn, {"second": metric(decimals=1)}, now=LATER) == ("absence",)
        assert (await store.get_metric(conn, "absence")).metric == metric(decimals=1)
