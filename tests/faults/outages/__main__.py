"""`make outages`: rolling restarts, no broker, a backlog, a soak; prints progress and writes to
var/outages.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.faults.chaos.run import commit, machine
from tests.faults.outages.backlog import MEBIBYTES_MAX, SLOPE_MEBIBYTES_MAX, backlog
from tests.faults.outages.broker import without_broker
from tests.faults.outages.growth import percentile
from tests.faults.outages.rolling import roll
from tests.faults.outages.soak import TAKEN, answers_of, soak
from tests.faults.proof import proving
from tests.support.system import STOP_SECONDS

RESULTS = Path("var/outages")
LATE_SECONDS = 5.0
ANSWER_SECONDS = 0.05
MEBIBYTES_PER_HOUR = 1.0
SEED = 20_130_204
Outcome = tuple[dict[str, Any], list[str]]
"""What was measured, and which promises were not kept."""


def tell(sentence: str) -> None:
    """Print with the time of day."""
    print(f"{datetime.now(UTC):%H:%M:%S} {sentence}", flush=True)


async def rolling(folder: Path, chosen: argparse.Namespace) -> Outcome:
    """Restart two processes of every service in turn, again and again."""
    async with proving(folder, replicas=2) as proof:
        rolled = await roll(proof, times=chosen.rounds, seed=SEED, pause=0.5, tell=tell)
    kept = {
        "no 5xx": max(rolled.statuses) < 500,
        "every request answered by the replica that took it": not rolled.broken
        and not rolled.unanswered,
        f"every exit within {STOP_SECONDS:.0f} s and with 0": rolled.codes == {0}
        and max(rolled.exits) < STOP_SECONDS,
        f"no figure later than {LATE_SECONDS:.0f} s": max(rolled.latencies) < LATE_SECONDS,
        "all invariants": not rolled.wrong,
    }
    late = sorted(rolled.latencies)
    shown = asdict(rolled) | {
        "exits": {"count": len(rolled.exits), "longest": max(rolled.exits)},
        "codes": sorted(map(str, rolled.codes)),
        "latencies": {
            "count": len(late),
            "p50": percentile(late, 50),
            "p99": percentile(late, 99),
            "max": late[-1],
            f"later than {LATE_SECONDS:.0f} s": sum(each >= LATE_SECONDS for each in late),
        },
    }
    return shown, broken(kept)


async def broker(folder: Path, chosen: argparse.Namespace) -> Outcome:
    """Do without Kafka for some minutes."""
    async with proving(folder) as proof:
        away = await without_broker(
            proof, seconds=chosen.minutes * 60, more=100, seed=SEED, pause=1.0, tell=tell
        )
    kept = {
        "every request accepted": max(away.statuses) < 300 and away.accepted > 0,
        "the outbox grew": away.waiting[-1] > away.waiting[0],
        "its age alerts": away.alerted_after is not None,
        "all invariants": not away.wrong,
    }
    shown = asdict(away) | {
        "waiting": max(away.waiting),
        "oldest_seconds": max(away.oldest_seconds),
    }
    return shown, broken(kept)


async def drained(folder: Path, chosen: argparse.Namespace) -> Outcome:
    """Work a backlog off."""
    result = await backlog(folder, figures=chosen.figures, months=60, tell=tell)
    memory, slope = max(result.peak_mebibytes.values()), max(result.slope_mebibytes.values())
    kept = {
        f"at most {MEBIBYTES_MAX} MiB": memory <= MEBIBYTES_MAX,
        f"at most {SLOPE_MEBIBYTES_MAX} MiB more for each 100,000 events": slope
        <= SLOPE_MEBIBYTES_MAX,
        "nothing lost or doubled": not result.wrong,
    }
    return asdict(result), broken(kept)


async def soaked(folder: Path, chosen: argparse.Namespace) -> Outcome:
    """Post figures at a steady pace."""
    pace = {"per_second": chosen.per_second, "figures": chosen.batch, "minutes": chosen.hours * 60}
    result = await soak(folder, **pace, tell=tell)
    answers = answers_of(result)
    kept = {
        "every request accepted": set(result.statuses) == {TAKEN},
        f"99 % answered within {ANSWER_SECONDS} s": answers["p99"] <= ANSWER_SECONDS,
        f"memory grows by at most {MEBIBYTES_PER_HOUR} MiB an hour": _most(result.memory_per_hour)
        <= MEBIBYTES_PER_HOUR,
        f"what keeps no history by {MEBIBYTES_PER_HOUR} MiB": _most(result.tables_per_hour)
        <= MEBIBYTES_PER_HOUR,
        "nothing lost or doubled": not result.wrong,
    }
    return asdict(result) | {"answers": answers}, broken(kept)


def _most(grown: dict[str, float]) -> float:
    return max(grown.values(), default=0.0)


RUNS: dict[str, Callable[[Path, argparse.Namespace], Coroutine[Any, Any, Outcome]]] = {
    "rolling": rolling,
    "broker": broker,
    "backlog": drained,
    "soak": soaked,
}
BY_DEFAULT = ("rolling", "broker", "backlog")
"""A soak takes as many hours as one gives it."""


def broken(kept: dict[str, bool]) -> list[str]:
    """Return the promises that were not kept."""
    return [promise for promise, is_kept in kept.items() if not is_kept]


def main() -> int:
    """Run what is chosen, one after the other; return 0 when every promise was kept."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--only", nargs="*", choices=RUNS, default=BY_DEFAULT, help="all but the soak by default"
    )
    arguments.add_argument("--rounds", type=int, default=20, help="of rolling restarts")
    arguments.add_argument("--minutes", type=float, default=15, help="without Kafka")
    arguments.add_argument("--figures", type=int, default=1_000_000, help="in the backlog")
    arguments.add_argument("--hours", type=float, default=8, help="of the soak")
    arguments.add_argument("--per-second", type=float, default=20, help="requests of the soak")
    arguments.add_argument("--batch", type=int, default=5, help="figures in each of them")
    chosen = arguments.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    logging.getLogger("aiokafka").setLevel(
        logging.CRITICAL
    )  # what our writers and readers meet is meant
    failed = False
    for name in chosen.only:
        at = datetime.now(UTC)
        tell(f"{name} begins")
        with tempfile.TemporaryDirectory(
            prefix=f"saman-{name}-", ignore_cleanup_errors=True
        ) as folder:
            shown, promises = asyncio.run(RUNS[name](Path(folder), chosen))
        failed = failed or bool(promises)
        result = {
            "run": name,
            "at": at.isoformat(),
            "machine": machine(),
            "commit": commit(),
            **shown,
        }
        written = RESULTS / f"{name}-{at:%Y%m%dT%H%M%S}.json"
        written.write_text(json.dumps(result | {"not kept": promises}, indent=1) + "\n")
        tell(f"{written.read_text()}written to {written}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
