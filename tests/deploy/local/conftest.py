"""One stack with real servers for all tests of this folder, and the means to act as another
process.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.infrastructure import Infrastructure, infrastructure
from deploy.local.kafka import KafkaOptions, Listener

PUBLISHER_PASSWORD = "secret-of-the-publisher"
DEADLINE_SECONDS = 60.0

# What a stack with publishers from outside needs: a second door where everybody says who he is, and
# may do what was allowed and nothing else.
OUTSIDE = KafkaOptions(
    listeners=(Listener(name="OUTSIDE", protocol="SASL_PLAINTEXT"),),
    properties={
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.outside.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
    },
    format_arguments=(
        "--add-scram",
        f"SCRAM-SHA-512=[name=publisher,password={PUBLISHER_PASSWORD}]",
    ),
)


@pytest.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Infrastructure]:
    """Both servers, with a second listener, in a folder that is erased afterwards."""
    async with infrastructure(
        tmp_path_factory.mktemp("stack"), keep=False, kafka_options=OUTSIDE
    ) as running:
        data = running.postgres.data_dir
        yield running
    assert not data.exists()


@pytest.fixture
def other_process() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a Python process that runs the code given to it; what is still there at the end is
    killed.
    """
    started: list[subprocess.Popen[str]] = []

    def start(code: str, *arguments: object) -> subprocess.Popen[str]:
        argv = [sys.executable, "-c", code, *map(str, arguments)]
        started.append(
            subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


async def until(condition: Callable[[], bool], *, what: str) -> None:
    """Wait until the condition holds, or fail saying what was waited for."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {DEADLINE_SECONDS} s"
        await asyncio.sleep(0.02)
