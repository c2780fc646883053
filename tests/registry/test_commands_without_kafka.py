"""The command line while the registry answers and Kafka does not."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.browser.serving import served
from tests.registry.client import API
from tests.registry.factories import organisation_number_of_nobody
from tests.support.apps import OPERATOR_KEY, RunningService

PROGRAMME = Path(__file__).parents[2] / "programmes" / "saman-2011"
COMMAND_SECONDS = 120.0


@pytest.mark.parametrize(
    "arguments",
    [
        ("publishers", "add", "{number}", "--name", "Test", "--municipality", "vefsn-1824"),
        ("publishers", "revoke", "{number}"),
        ("programme", "load", "{programme}"),
        ("consumers",),
    ],
    ids=" ".join,
)
async def test_a_command_that_does_not_reach_kafka_says_so_in_one_sentence(
    registry: RunningService, unused_tcp_port: int, arguments: tuple[str, ...]
) -> None:
    number = organisation_number_of_nobody()
    await registry.operator.put(f"{API}/publishers/{number}", json={"name": "Test"})
    async with served(registry.app) as address:
        process = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-m",
                "deploy.cli.main",
                *(one.format(number=number, programme=PROGRAMME) for one in arguments),
            ),
            stderr=asyncio.subprocess.PIPE,
            env={
                **os.environ,
                "SAMAN_URL": address,
                "SAMAN_OPERATOR_KEY": OPERATOR_KEY,
                "SAMAN_KAFKA_BOOTSTRAP": f"127.0.0.1:{unused_tcp_port}",
            },
        )
        _, said = await asyncio.wait_for(process.communicate(), COMMAND_SECONDS)
    assert process.returncode == 1
    assert b"Traceback" not in said, said.decode()
    last = said.decode().strip().splitlines()[-1]
    assert last.startswith(f"saman: Kafka at 127.0.0.1:{unused_tcp_port} "), said.decode()
