"""Fault points: what is armed strikes once and there, and nothing else does anything."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shared import faults
from shared.errors import RuleBroken

ROOT = Path(__file__).parents[3]


def run(orders: str, *points: str) -> int:
    """Come to points in a process with these orders; return how it ended. If it stops meanwhile it
    is waked.
    """
    code = (
        f"from shared import faults; faults.arm({orders!r}); [faults.point(name) for name in"
        f" {points!r}]"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) as process:
        seen = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WSTOPPED | os.WNOWAIT)
        if seen is not None and seen.si_code == os.CLD_STOPPED:
            process.send_signal(signal.SIGCONT)
    return process.returncode


def test_every_point_of_the_code_is_listed_and_every_listed_one_is_in_the_code() -> None:
    written = [
        name
        for folder in ("shared", "services", "deploy")
        for path in (ROOT / folder).rglob("*.py")
        for name in re.findall(r'faults\.point\("([^"]+)"\)', path.read_text())
    ]
    assert sorted(written) == sorted(faults.POINTS)


def test_a_process_dies_at_the_point_and_the_time_it_was_told() -> None:
    assert run("relay.sent:die:2", "relay.sent", "relay.read") == 0
    assert run("relay.sent:die:2", "relay.sent", "relay.read", "relay.sent") == -signal.SIGKILL


def test_one_that_was_waked_goes_on_to_its_next_order() -> None:
    orders = "relay.read:hang,relay.read:die:2"
    assert run(orders, "relay.read", "relay.read", "relay.sent") == 0
    assert run(orders, "relay.read", "relay.read", "relay.read") == -signal.SIGKILL


@pytest.mark.parametrize(
    "order",
    [
        "relay.sent",
        "relay.sent:hang,relay.sent",
        "relay.sent:sleep",
        "nowhere:die",
        "relay.sent:die:x",
    ],
)
def test_an_order_that_means_nothing_is_refused_with_the_points_there_are(order: str) -> None:
    with pytest.raises(RuleBroken, match=r"delivery\.committed"):
        faults.arm(order)


def test_nothing_is_armed_by_default() -> None:
    for name in faults.POINTS:
        faults.point(name)
