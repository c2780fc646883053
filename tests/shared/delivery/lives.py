"""A consumer that dies on purpose and is started again, as an orchestrator would, in processes of
its own.
"""

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.delivery.records import Record
from shared.events.registry import MunicipalityRegistered
from shared.postgres.database import Connection
from tests.shared.delivery.consuming import Consuming, keep
from tests.support.infrastructure import DatabaseHandle, Infra

DIES = 9
LIVES_MAX = 12
DEADLY = 13
"""A version whose handling kills."""


@dataclass(frozen=True, slots=True)
class Lives:
    """What the processes ended with, one after the other, and how many events each had handled."""

    exit_codes: list[int]
    handled_counts: list[int]
    group: str


async def run_lives(
    infra: Infra, handle: DatabaseHandle, topic: str, fate: str, *, records: int
) -> Lives:
    """Start a consumer again and again until one has seen so many records and ends by itself.

    Args:
        fate: `dies-after-commit`: the first one ends between its commit and the acknowledgement.
            `dies-in-handler`: every one that handles the deadly version.
    """
    group = f"mechanisms.{secrets.token_hex(4)}"
    order = {
        "bootstrap": infra.bootstrap,
        "handle": [handle.name, handle.dsn, handle.owner_dsn],
        "topic": topic,
        "fate": fate,
        "records": records,
        "group": group,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.shared.delivery.lives",
        json.dumps(order),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 50)
    lives = [json.loads(line) for line in out.decode().splitlines() if line.startswith("[")]
    assert process.returncode == 0, f"the lives did not end well: {out.decode()[-2000:]}"
    return Lives([code for code, _ in lives], [count for _, count in lives], group)


async def _live(order: dict[str, Any], number: int, report: int) -> None:
    infra = Infra("child", order["bootstrap"], "")
    handler = _die_on_deadly if order["fate"] == "dies-in-handler" else keep
    consuming = Consuming(
        infra,
        DatabaseHandle(*order["handle"]),
        order["topic"],
        handler=handler,
        group=order["group"],
        batch=50,
    )
    take = consuming.delivery.take

    async def take_and_die(records: Sequence[Record]) -> None:
        await take(records)
        os.write(report, b"%d\n" % consuming.delivery.progress.handled_count)
        os._exit(DIES)

    if order["fate"] == "dies-after-commit" and number == 0:
        consuming.delivery.take = take_and_die  # type: ignore[method-assign]
    async with consuming:
        await consuming.until_consumed(order["records"])
        os.write(report, b"%d\n" % consuming.delivery.progress.handled_count)


async def _die_on_deadly(
    events: Sequence[MunicipalityRegistered], conn: Connection, now: datetime
) -> None:
    await keep(events, conn, now)
    if any(event.version == DEADLY for event in events):
        os._exit(DIES)


def _main() -> int:
    order = json.loads(sys.argv[1])
    for number in range(LIVES_MAX):
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            asyncio.run(_live(order, number, writing))
            os._exit(0)
        os.close(writing)
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        with os.fdopen(reading) as report:
            print(json.dumps([code, int(report.readline() or 0)]), flush=True)
        if code != DIES:
            return code
    return 1


if __name__ == "__main__":
    sys.exit(_main())
