"""The short forms of what `make outages` does at length: nothing is refused, lost or doubled."""

import logging
from pathlib import Path

import pytest

from deploy.services import SERVICES
from tests.faults.counts import only_many, repeats
from tests.faults.outages.backlog import MEBIBYTES_MAX, Sample, backlog, slope_of
from tests.faults.outages.broker import Rule, without_broker
from tests.faults.outages.growth import slope
from tests.faults.outages.rolling import roll
from tests.faults.outages.soak import TAKEN, soak
from tests.faults.proof import Proving

MONTHS = 12


@pytest.fixture(autouse=True)
def quiet_clients(caplog: pytest.LogCaptureFixture) -> None:
    """What our writers and readers meet is meant."""
    caplog.set_level(logging.CRITICAL, "aiokafka")


@pytest.mark.infra
async def test_a_rolling_restart_of_every_process_refuses_nobody(
    tmp_path: Path, proving: Proving
) -> None:
    async with proving(tmp_path, replicas=2) as proof:
        rolled = await roll(proof, times=repeats(few=1, many=5), seed=31, pause=0.3, tell=print)

    assert rolled.codes == {0}
    assert set(rolled.statuses) == {200}
    assert (rolled.broken, rolled.unanswered) == (0, 0)
    assert rolled.refused > 0, "a replica that is away refuses connections, so they are counted"
    assert len(rolled.latencies) > 0
    assert rolled.wrong == []


@pytest.mark.infra
async def test_without_kafka_figures_are_accepted_and_an_operator_is_told(
    tmp_path: Path, proving: Proving
) -> None:
    async with proving(tmp_path) as proof:
        away = await without_broker(
            proof, seconds=10, more=50, seed=32, pause=0.2, backdated=True, tell=print
        )

    assert set(away.statuses) == {200}
    assert away.accepted > 0
    assert away.waiting[-1] >= away.waiting[0] + 50
    assert away.oldest_seconds[-1] > away.oldest_seconds[0]
    assert away.alerted_after is not None
    assert away.wrong == []


@pytest.mark.infra
async def test_a_backlog_is_worked_off_whole(tmp_path: Path) -> None:
    figures = repeats(few=10_000, many=100_000)

    drained = await backlog(tmp_path, figures=figures, months=MONTHS, tell=print)

    assert drained.wrong == []
    assert (drained.lost, drained.doubled) == (0, 0)
    print(
        f"MiB at most {drained.peak_mebibytes}, more for each 100,000 events"
        f" {drained.slope_mebibytes}"
    )
    assert set(drained.slope_mebibytes) == set(drained.peak_mebibytes) == set(SERVICES)
    assert max(drained.peak_mebibytes.values()) <= MEBIBYTES_MAX


@only_many
@pytest.mark.infra
async def test_a_steady_stream_is_taken_whole(tmp_path: Path) -> None:
    soaked = await soak(tmp_path, per_second=20, figures=5, minutes=1, tell=print)

    assert (set(soaked.statuses), soaked.accepted) == ({TAKEN}, len(soaked.answers) * 5)
    assert soaked.wrong == []
    assert (soaked.lost, soaked.doubled) == (0, 0)
    assert set(soaked.memory_per_hour) == set(SERVICES)
    assert soaked.history_bytes["reporting.figure"] > 0
    print(f"MiB an hour {soaked.memory_per_hour}, tables {soaked.tables_per_hour}")


@pytest.mark.parametrize(("places", "expected"), [([1.0], 0.0), ([9.0, 9.0, 1.0, 3.0, 5.0], 2.0)])
def test_a_slope_leaves_the_first_half_out(places: list[float], expected: float) -> None:
    assert slope([(float(x), y) for x, y in enumerate(places)]) == pytest.approx(expected)


def test_a_backlog_is_judged_by_its_second_half() -> None:
    first = [Sample(100_000 * number, {"one": 50 * number << 20}) for number in range(5)]
    grows = first + [
        Sample(100_000 * number, {"one": 250 + 3 * number << 20}) for number in range(5, 11)
    ]

    assert slope_of("one", grows) == pytest.approx(3)


def test_the_rule_is_read_where_prometheus_reads_it() -> None:
    rule = Rule.read()

    assert rule.holds(f'saman_outbox_oldest_seconds{{service="reporting"}} {rule.bound + 1}\n')
    assert not rule.holds(f'saman_outbox_oldest_seconds{{service="reporting"}} {rule.bound}\n')
