"""Writing measurements down."""

import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


@dataclass(frozen=True, slots=True)
class Throughput:
    """One bulk run.

    Attributes:
        figures: how many were put on the inbound topics.
        seconds: from the first put to the last municipality's MetricUpdated.
        events: MetricUpdated that were published for them, groups among them.
        cpu_seconds: per process.
    """

    figures: int
    seconds: float
    producing_seconds: float
    events: int
    cpu_seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """One rebuild of metrics from the log, while the service ran and nothing came in.

    Attributes:
        records: of the log, read.
        states: compared.
        seconds: for all of it.
        switch_seconds: of these, how long the service was kept out of its database.
    """

    records: int
    states: int
    seconds: float
    switch_seconds: float


@dataclass(frozen=True, slots=True)
class Results:
    """All measurements of one run."""

    at: datetime
    machine: str
    throughput: Throughput
    latency_seconds: Sequence[float]
    restart_seconds: Mapping[str, float]
    rebuilding: Rebuilding


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def table(results: Results) -> str:
    """Return the results as a Markdown table."""
    bulk = results.throughput
    cuts = statistics.quantiles(results.latency_seconds, n=100)
    lines = [
        (
            f"Measured {results.at:%Y-%m-%d %H:%M} UTC on {results.machine}; broker, PostgreSQL,"
            " four service processes, producer and reader share the cores."
        ),
        "",
        "| what | figure |",
        "|---|---|",
        (
            f"| figures, inbound topic to published `MetricUpdated` | {bulk.figures:,} in"
            f" {bulk.seconds:.1f} s = **{bulk.figures / bulk.seconds:,.0f} per second** |"
        ),
        (
            f"| `MetricUpdated` published meanwhile, groups among them | {bulk.events:,} = "
            f"{bulk.events / bulk.seconds:,.0f} per second |"
        ),
        (
            f"| post to `MetricUpdated` at 200 per second, p50 / p99 | {cuts[49] * 1000:.0f} /"
            f" {cuts[98] * 1000:.0f} ms |"
        ),
    ]
    lines += [
        f"| first `MetricUpdated` after {name} was killed and started | {seconds:.1f} s |"
        for name, seconds in results.restart_seconds.items()
    ]
    anew = results.rebuilding
    lines.append(
        f"| `saman rebuild metrics`: {anew.records:,} records read, {anew.states:,} states compared"
        f" | {anew.seconds:.0f} s; readers kept waiting for {anew.switch_seconds:.2f} s of them |"
    )
    lines += [
        f"| CPU per figure, {name} | {seconds / bulk.figures * 1e6:.0f} µs |"
        for name, seconds in bulk.cpu_seconds.items()
    ]
    return "\n".join(lines)


def write(text: str) -> None:
    """Put the table between its marks in docs/performance.md."""
    page = PAGE.read_text()
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}")
