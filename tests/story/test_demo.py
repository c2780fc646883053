"""The demonstration as a newcomer runs it: one command, the right board, nothing left running."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.demo import show
from deploy.local.stack import running_programs

DEMO_SECONDS = 240.0


async def run_demo(folder: Path, *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.cli.main", "demo", "--dir", str(folder), *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "COLUMNS": "120"},
    )
    output, _ = await asyncio.wait_for(process.communicate(), DEMO_SECONDS)
    assert process.returncode is not None
    return process.returncode, output.decode()


@pytest.mark.infra
async def test_the_demo_shows_the_right_board_again_and_leaves_nothing_running(
    stack_folder: Path,
) -> None:
    first_code, first = await run_demo(stack_folder, "--once")
    second_code, second = await run_demo(stack_folder, "--once")
    _, told = await run_demo(stack_folder, "--once", "--json")

    assert (first_code, second_code) == (0, 0), first + second
    for shown in (first, second):
        assert "SUM 2011" in shown
        assert (
            "TargetReached municipality/vefsn-1824: year-to-date 2013-04 6,90 %, mål 6,9 %" in shown
        )
        assert "mail to prosjektleiar@vefsn.example: Vefsn nådde målet" in shown
    # The second run posted the same figures: the goal was reached once, and told once.
    assert second.count("Vefsn nådde målet") == 1
    outcome = json.loads(next(line for line in told.splitlines() if line.startswith("{")))
    assert outcome["wrong"] == []
    assert [(one["goal_id"], one["value"]) for one in outcome["milestones"]] == [
        ("vefsn-naervaer", "6.90")
    ]
    assert set(running_programs(stack_folder).values()) == {None}


@pytest.mark.parametrize(
    ("deliveries", "said"),
    [
        ([], ["no mail to prosjektleiar@vefsn.example was delivered (none was tried)"]),
        (
            [{"state": "waiting", "last_error": "the mail server cannot be reached: OSError"}],
            [
                (
                    "no mail to prosjektleiar@vefsn.example was delivered (the mail server cannot"
                    " be reached: OSError)"
                ),
            ],
        ),
        (
            [{"state": "failed", "last_error": "550"}, {"state": "delivered", "last_error": None}],
            [],
        ),
    ],
)
def test_a_demo_without_a_mail_is_wrong(deliveries: list[dict[str, Any]], said: list[str]) -> None:
    assert show.undelivered(deliveries) == said


@pytest.mark.infra
async def test_a_demo_that_is_interrupted_stops_what_it_started(stack_folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.cli.main", "demo", "--dir", str(stack_folder)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    async with asyncio.timeout(DEMO_SECONDS):
        async for line in process.stderr:
            if b"Loading the programme" in line or b"Starting the services" in line:
                break
        process.send_signal(signal.SIGINT)
        await process.stderr.read()
        await process.wait()

    assert process.returncode == 0
    assert set(running_programs(stack_folder).values()) == {None}
