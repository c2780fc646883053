"""`make chaos MINUTES=60 SEED=1`: prints progress, and writes the result and the log of faults to
var/chaos.
"""

import argparse
import asyncio
import json
import logging
import secrets
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.chaos.run import Plan, chaos
from tests.faults.chaos.schedule import MIX

RESULTS = Path("var/chaos")


def tell(sentence: str) -> None:
    """Print with the time of day."""
    print(f"{datetime.now(UTC):%H:%M:%S} {sentence}", flush=True)


def main() -> int:
    """Run; return 0 when nothing was lost, doubled or out of order."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=60)
    arguments.add_argument(
        "--seed", type=int, default=None, help="a random one, which is printed, by default"
    )
    arguments.add_argument("--per-second", type=float, default=320.0, help="figures")
    arguments.add_argument(
        "--pause", type=float, default=1.5, help="seconds between faults on average"
    )
    arguments.add_argument(
        "--kinds", nargs="*", choices=MIX, default=[], help="of faults; all by default"
    )
    arguments.add_argument(
        "--variants", default="", help="broken services, such as delete-before-send"
    )
    chosen = arguments.parse_args()
    seed = secrets.randbelow(1_000_000) if chosen.seed is None else chosen.seed
    RESULTS.mkdir(parents=True, exist_ok=True)
    name = f"seed-{seed}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    log, written = RESULTS / f"{name}.faults.jsonl", RESULTS / f"{name}.json"
    logging.getLogger("aiokafka").setLevel(
        logging.CRITICAL
    )  # what our writers and readers meet is meant
    tell(f"seed {seed}, {chosen.minutes} minutes; faults go to {log}")
    plan = Plan(
        seed,
        chosen.minutes * 60,
        pause=chosen.pause,
        per_second=chosen.per_second,
        kinds=tuple(chosen.kinds),
        variants=chosen.variants,
    )
    with tempfile.TemporaryDirectory(prefix="saman-chaos-", ignore_cleanup_errors=True) as folder:
        result = asyncio.run(chaos(Path(folder), plan, log, tell))
    written.write_text(json.dumps(asdict(result), indent=1) + "\n")
    tell(f"{json.dumps(asdict(result), indent=1)}\nwritten to {written}")
    return 1 if result.wrong or result.inversions else 0


if __name__ == "__main__":
    sys.exit(main())
