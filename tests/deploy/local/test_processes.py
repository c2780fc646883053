"""Whose process it is, and when it ends."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from subprocess import Popen

import pytest

from deploy.local import processes
from deploy.local.processes import Program, Running
from tests.deploy.local.conftest import until

START = """
import sys, time
from pathlib import Path
from deploy.local import processes
folder = Path(sys.argv[1])
argv = ("/bin/sh", "-c", "while :; do sleep 1; done", str(folder))
program = processes.Program(
    name="sleep", argv=argv, marker=str(folder), cwd=folder, log=folder / "sleep.log"
)
print(processes.start(program, folder, attached=sys.argv[2] == "attached").pid, flush=True)
time.sleep(60 if sys.argv[2] == "attached" else 0)
"""


def sleeper(folder: Path, *, ignores_sigterm: bool = False) -> Program:
    trap = "trap '' TERM; " if ignores_sigterm else ""
    argv = ("/bin/sh", "-c", f"{trap}echo up; while :; do sleep 0.1; done", str(folder))
    return Program(
        name="sleep", argv=argv, marker=str(folder), cwd=folder, log=folder / "sleep.log"
    )


async def test_an_attached_program_ends_when_its_parent_is_killed(
    tmp_path: Path, other_process: Callable[..., Popen[str]]
) -> None:
    parent = other_process(START, tmp_path, "attached")
    assert parent.stdout
    assert parent.stdout.readline()
    child = processes.find(tmp_path, "sleep")
    assert child

    parent.kill()

    await until(lambda: not child.alive(), what="the child's end")


async def test_a_detached_program_stays_and_is_ended_as_a_leftover(
    tmp_path: Path, other_process: Callable[..., Popen[str]]
) -> None:
    parent = other_process(START, tmp_path, "detached")
    assert parent.wait() == 0
    child = processes.find(tmp_path, "sleep")
    assert child
    assert child.alive()

    assert await processes.end_leftovers(tmp_path) == ["sleep"]

    assert not child.alive()
    assert processes.find(tmp_path, "sleep") is None


async def test_a_program_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    running = processes.start(sleeper(tmp_path, ignores_sigterm=True), tmp_path, attached=True)
    await until(
        lambda: "up" in (tmp_path / "sleep.log").read_text(), what="the program's first word"
    )

    await running.stop(grace_seconds=0.2)

    assert not running.alive()


@pytest.mark.parametrize(
    "doubt",
    [{"started_ticks": 1}, {"boot_id": "another"}, {"marker": "/some/other/folder"}],
    ids=["another process has the pid", "another boot", "another folder's program"],
)
async def test_a_process_that_is_not_provably_ours_is_left_alone(
    tmp_path: Path, doubt: dict[str, int | str]
) -> None:
    running = processes.start(sleeper(tmp_path), tmp_path, attached=True)
    stranger: Running = replace(running, **doubt)  # type: ignore[arg-type]  # mypy cannot see which field it is

    await stranger.stop()

    assert running.alive()
    os.kill(running.pid, signal.SIGKILL)
    await running.ended()


async def test_a_damaged_record_is_no_proof(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "sleep.json").write_text('{"pid": 1')

    assert processes.find(tmp_path, "sleep") is None
