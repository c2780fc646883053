"""A minute of random faults, always the same ones, while figures come in; `make chaos` runs it for
longer.
"""

import json
import logging
from pathlib import Path

import pytest

from tests.faults.chaos.run import Plan, chaos
from tests.faults.chaos.schedule import MIX, Fault, schedule
from tests.faults.evidence import QUIET_SECONDS

SEED = 1
PLAN = Plan(
    SEED, seconds=60, municipalities=20, months=12, quiet_seconds=QUIET_SECONDS, disk_gigabytes=8
)


def faults(seed: int, kinds: frozenset[str] = frozenset(MIX)) -> list[Fault]:
    return list(schedule(seed, seconds=60, pause=1.5, kinds=kinds))


def test_a_seed_gives_the_same_faults_each_time_and_another_seed_others() -> None:
    assert faults(1) == faults(1)
    assert faults(1) != faults(2)


def test_a_minute_has_every_rare_kind_of_fault() -> None:
    rare = {kind for kind, mix in MIX.items() if mix.weight <= 2}
    for seed in range(20):
        assert {fault.kind for fault in faults(seed)} >= rare


def test_a_machine_that_cannot_fill_a_disk_gets_the_same_faults_but_those() -> None:
    assert faults(1, frozenset(MIX) - {"full disk"}) == [
        fault for fault in faults(1) if fault.kind != "full disk"
    ]


@pytest.mark.infra
async def test_a_minute_of_random_faults_loses_nothing_doubles_nothing_and_keeps_the_order(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "aiokafka")

    result = await chaos(tmp_path, PLAN, tmp_path / "faults.jsonl", print)

    assert result.wrong == []
    assert (result.figures_lost, result.figures_doubled, result.inversions) == (0, 0, 0)
    logged = [json.loads(line) for line in (tmp_path / "faults.jsonl").read_text().splitlines()]
    assert sum(fault["done"] for fault in logged) == result.fault_count
    kinds = frozenset(MIX) - ({"full disk"} if "not possible" in result.disk else set())
    planned = schedule(SEED, seconds=PLAN.seconds, pause=PLAN.pause, kinds=kinds)
    assert sorted(fault["number"] for fault in logged) == [fault.number for fault in planned]
    assert result.fault_count >= 20
    assert result.figures_accepted >= 5_000
