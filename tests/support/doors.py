"""The HTTP interfaces of services without their consumers, relays and background work: enough for
who may do what.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI

from deploy.services import wiring
from shared.delivery import dead_letters
from shared.delivery.dead_letters import Failure
from shared.delivery.records import Record
from shared.events.envelope import Event
from shared.service.runtime import Service
from tests.support.apps import OPERATOR_KEY, SESSION_KEY
from tests.support.infrastructure import Infra

WEBHOOK_KEY = "a key of the tests that is long enough to be one"


@asynccontextmanager
async def open_doors(
    infra: Infra, *names: str, **more: object
) -> AsyncIterator[dict[str, FastAPI]]:
    """Open the HTTP interfaces of services, each on a database of its own, until the block ends."""
    apps: dict[str, FastAPI] = {}
    async with AsyncExitStack() as stack:
        for name in names:
            handle = await infra.make_database(name)
            stack.push_async_callback(infra.drop_database, handle)
            settings: dict[str, Any] = {
                "database_dsn": handle.dsn,
                "operator_key_hash": hashlib.sha256(OPERATOR_KEY.encode()).hexdigest(),
                "session_keys": SESSION_KEY,
                "bus": infra.bus,
                **({"webhook_key": WEBHOOK_KEY} if name == "notifications" else {}),
                **more,
            }
            module = wiring(name)
            apps[name] = module.create_app(module.Settings.model_validate(settings))
            stack.push_async_callback(service_of(apps[name]).database.close)
        yield apps


def service_of(app: FastAPI) -> Service:
    """Return the parts behind an app."""
    service: Service = app.state.service
    return service


async def bury(
    app: FastAPI,
    record: Event | bytes,
    *,
    consumer: str,
    error: str = "nobody thought of it",
    offset: int = 0,
) -> int:
    """Let a service keep a dead letter, as its consumer does; return its number."""
    topic = f"{consumer.partition('.')[2]}.v1"
    if isinstance(record, Event):
        headers = tuple((name, value.encode()) for name, value in record.headers().items())
        kept = Record(topic, 0, offset, record.key.encode(), headers, record.payload())
    else:
        kept = Record(topic, 0, offset, b"a key", (("ce_type", b"\xff"), ("empty", None)), record)
    async with service_of(app).database.transaction() as conn:
        await dead_letters.bury(conn, consumer, kept, Failure("LookupError", error))
        number: int = await conn.fetchval("SELECT max(id) FROM dead_letter")
    return number
