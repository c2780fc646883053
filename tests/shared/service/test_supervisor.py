"""How a service holds its parts together when they fail."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.delivery.subscribe import Router
from shared.errors import Unavailable
from shared.service import runtime
from shared.service.runtime import Service, ServiceSettings


async def test_a_part_that_runs_again_no_longer_keeps_the_service_from_being_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(runtime, "RETRY_SECONDS_MIN", 0.2)
    monkeypatch.setattr(runtime, "RECOVERED_SECONDS", 0.1)
    settings = ServiceSettings(database_dsn="postgresql://nobody:none@127.0.0.1:1/none")
    service = Service("check", settings, migrations=Path(), router=Router("check"))
    service.health.waiting.clear()
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            raise Unavailable("the database does not answer now")
        await asyncio.Event().wait()

    task = asyncio.create_task(service._supervised("work", work))
    await _until(lambda: bool(service.reasons()))
    assert service.reasons() == ["work: Unavailable: the database does not answer now"]
    await _until(lambda: not service.reasons())
    assert begun == 2
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
