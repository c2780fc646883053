"""What a process shows to Prometheus. Counting is done where the work is; this module only gives it
names, and makes one exposition of all that run in the process.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from shared.errors import Unavailable
from shared.postgres import deadline
from shared.service.runtime import Service
from shared.service.status import status_of

STATUS_SECONDS = 4
"""For what a scrape asks of the database; Prometheus by itself waits ten seconds for the whole."""


class ServiceCollector(Collector):
    """Reads a service's state at each scrape; `ask` fetches what needs the database first."""

    def __init__(self, service: Service) -> None:
        self.registry = CollectorRegistry()
        self.status: dict[str, Any] | None = None
        self._service = service
        self.registry.register(self)

    async def ask(self) -> None:
        """Fetch what needs the database.

        A service whose database is away is there and not ready, and a scrape that failed would say
        that it is down; so its other figures are shown without those.
        """
        status = None
        with deadline.within(STATUS_SECONDS), suppress(Unavailable):
            status = await status_of(self._service)
        self.status = status

    def collect(self) -> Iterator[Metric]:
        """Yield the figures of the last status."""
        yield self._gauge(
            "saman_ready", "1 when the service is ready", not self._service.health.reasons()
        )
        if self.status is None:
            return
        outbox, letters = self.status["outbox"], self.status["dead_letters"]
        yield self._gauge(
            "saman_outbox_rows", "Events waiting to be published", outbox["waiting_count"]
        )
        yield self._gauge(
            "saman_outbox_oldest_seconds",
            "Age of the oldest event waiting",
            outbox["oldest_seconds"] or 0,
        )
        yield self._gauge(
            "saman_outbox_parked_rows", "Events that the broker refused", outbox["parked_count"]
        )
        yield self._gauge(
            "saman_dead_letters_waiting", "Dead letters not yet settled", letters["waiting_count"]
        )
        yield self._gauge(
            "saman_dead_letters_oldest_seconds",
            "Age of the oldest of them",
            _age(letters["oldest_at"]),
        )
        lag = GaugeMetricFamily(
            "saman_consumer_lag_records", "Records waiting", labels=["service", "group"]
        )
        records = CounterMetricFamily(
            "saman_consumer_records", "Records consumed", labels=["service", "group", "outcome"]
        )
        for consumer in self.status["consumers"]:
            lag.add_metric([self._service.name, consumer["group"]], consumer["lag"])
            for outcome in ("handled", "repeated", "unused", "buried", "not_kept"):
                records.add_metric(
                    [self._service.name, consumer["group"], outcome], consumer[f"{outcome}_count"]
                )
        sent = CounterMetricFamily(
            "saman_outbox_sent", "Events published by this process", labels=["service"]
        )
        sent.add_metric([self._service.name], outbox["sent_count"])
        yield from (lag, records, sent)

    def _gauge(self, name: str, meaning: str, value: float) -> Metric:
        gauge = GaugeMetricFamily(name, meaning, labels=["service"])
        gauge.add_metric([self._service.name], value)
        return gauge


def _age(moment: str | None) -> float:
    return (
        0.0
        if moment is None
        else (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
    )


class _Together(Collector):
    """Several registries as one: families of one name become one family.

    The text form has each family once, with all its samples in one block.
    """

    def __init__(self, registries: Iterable[Collector]) -> None:
        self._registries = registries

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for registry in self._registries:
            for family in registry.collect():
                kept = families.setdefault(family.name, family)
                if kept is not family:
                    kept.samples.extend(family.samples)
        return families.values()


def process_figures() -> CollectorRegistry:
    """Return what is told of the process itself: processor time, memory, open files, garbage."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


async def expose(
    services: Sequence[ServiceCollector], *others: Collector, accept: str
) -> tuple[bytes, str]:
    """Return the figures of all services of this process in one of Prometheus' forms, and its media
    type.

    Args:
        services: the collectors of those that run in this process.
        others: what else is told, such as the figures of the process.
        accept: the request's `Accept`, by which Prometheus asks for a form.
    """
    await asyncio.gather(*(service.ask() for service in services))
    write, media_type = choose_encoder(accept)
    return write(_Together([*others, *(service.registry for service in services)])), media_type
