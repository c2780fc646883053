"""Fetches and makes, once per machine and user, what lets the stack start quickly: `python -m
deploy.local.prepare`.

`make setup` calls it, because there a few seconds go unnoticed; the stack also starts without it,
more slowly. The JVM's ahead-of-time cache comes from a broker that is watched while it does what it
will do later: start, take records, hand them out.
"""

import asyncio
import logging
import sys
import tempfile
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local import java
from deploy.local.errors import StackError
from deploy.local.jars import fetch_jars, user_cache_dir
from deploy.local.kafka import KafkaOptions, KafkaServer
from deploy.local.progress import Progress, shown

_STEP = "Teaching the Java runtime to start Kafka quickly"
# After the broker is gone the JVM works on for some seconds, to write down what it saw.
_WRITING_SECONDS = 120.0


async def prepare(*, progress: Progress) -> None:
    """Fetch the jars of Kafka and make the ahead-of-time cache, unless both are there."""
    jars = await asyncio.to_thread(fetch_jars, user_cache_dir(), progress=progress)
    cache = java.aot_cache(jars)
    if not cache.exists():
        progress(_STEP)
        with tempfile.TemporaryDirectory(prefix="saman-", dir=cache.parent) as folder:
            made = await _train(Path(folder))
            if (
                made.exists() and made.stat().st_size
            ):  # without it everything works, a second more slowly
                made.replace(cache)


async def _train(folder: Path) -> Path:
    """Let a broker work while the JVM watches, and return the cache that it wrote."""
    made = folder / "kafka.aot"
    kafka = KafkaServer(folder, options=KafkaOptions(java_options=(f"-XX:AOTCacheOutput={made}",)))
    try:
        await kafka.start()
        await _exercise(kafka.bootstrap)
    finally:
        await kafka.stop(grace_seconds=_WRITING_SECONDS)
    return made


async def _exercise(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic("exercise", num_partitions=2, replication_factor=1)])
    finally:
        await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True) as producer:
        for number in range(100):
            await producer.send_and_wait("exercise", b"figure", key=str(number).encode())
    settings = {
        "auto_offset_reset": "earliest",
        "group_id": "exercise",
        "group_instance_id": "exercise-1",
    }
    async with AIOKafkaConsumer(
        "exercise", bootstrap_servers=bootstrap, enable_auto_commit=False, **settings
    ) as consumer:
        await consumer.getone()
        await consumer.commit()


def main() -> int:
    """Prepare this machine and return the exit status."""
    # That a new broker has no coordinator yet passes by itself.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        with shown() as progress:
            asyncio.run(prepare(progress=progress))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
