"""How a supervisor runs the parts of a service when they fail."""

import asyncio

import pytest

from shared.errors import Unavailable
from shared.service import supervisor
from shared.service.health import Health
from shared.service.supervisor import Supervisor
from tests.support.waiting import until


async def test_a_part_that_runs_again_no_longer_keeps_the_service_from_being_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervisor, "RETRY_SECONDS_MIN", 0.2)
    monkeypatch.setattr(supervisor, "RECOVERED_SECONDS", 0.1)
    health = Health()
    running = Supervisor("check", health)
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            raise Unavailable("the database does not answer now")
        await asyncio.Event().wait()

    running.start("work", work)
    await until(lambda: bool(health.reasons()), "the failure is told")
    assert health.reasons() == ["work: Unavailable: the database does not answer now"]
    await until(lambda: not health.reasons(), "the failure is over")
    assert begun == 2
    await running.stop_all()


async def test_what_is_missing_is_a_reason_until_it_is_there() -> None:
    health = Health()
    health.note("topics", "topic a.b.v1 does not exist")
    assert health.reasons() == ["topics: topic a.b.v1 does not exist"]
    health.note("topics", None)
    assert health.reasons() == []
