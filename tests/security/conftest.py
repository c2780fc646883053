"""All services' HTTP interfaces, and everybody who may come: two publishers of their own
municipalities among them.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest_asyncio
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient

from deploy.services import SERVICES
from services.registry.publishers import store as registry_publishers
from services.registry.publishers.rules import Publisher
from shared.access import auth
from shared.events.registry import Member, PublisherKey, PublisherRegistered, SpeaksFor
from tests.reporting import factories
from tests.reporting.desk import Desk
from tests.reporting.factories import HARSTAD, NOW, ORGNR, OTHER_ORGNR, VEFSN
from tests.reporting.figures.test_indicators import PLANS
from tests.support.apps import OPERATOR_KEY
from tests.support.clock import offset_to
from tests.support.doors import open_doors, service_of
from tests.support.infrastructure import Infra

REVOKED_ORGNR = "964982953"
CHANGED_ORGNR = "310000019"
"""What the operator does to a publisher is done to this one, or nobody's key would be good
afterwards.
"""

EXPIRED, GONE, UNKNOWN = (auth.make_key() for _ in range(3))


class Who(StrEnum):
    """Everybody who may come. `own` speaks for Vefsn, whose things the routes are asked for;
    `other` for Harstad.
    """

    NOBODY = "nobody"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"
    OWN = "own"
    OTHER = "other"
    OPERATOR = "operator"


KEYS: dict[Who, str | None] = {
    Who.NOBODY: None,
    Who.UNKNOWN: UNKNOWN.text,
    Who.EXPIRED: EXPIRED.text,
    Who.REVOKED: GONE.text,
    Who.OWN: factories.key_of(ORGNR),
    Who.OTHER: factories.key_of(OTHER_ORGNR),
    Who.OPERATOR: OPERATOR_KEY,
}


@dataclass(frozen=True, slots=True)
class House:
    """The four services, as everybody reaches them.

    Attributes:
        desk: looks at what reporting keeps, and at what was posted for Vefsn before.
    """

    apps: dict[str, FastAPI]
    clients: dict[tuple[str, Who], AsyncClient]
    desk: Desk

    def of(self, service: str, who: Who) -> AsyncClient:
        """Return how somebody reaches a service."""
        return self.clients[service, who]


@pytest_asyncio.fixture(scope="module")
async def house(infra: Infra) -> AsyncIterator[House]:
    """All services; each has heard of the publishers, and reporting also of both municipalities and
    their projects.
    """
    async with AsyncExitStack() as stack:
        apps = await stack.enter_async_context(
            open_doors(infra, *SERVICES, clock_offset_seconds=offset_to(NOW))
        )
        clients = {}
        for name, app in apps.items():
            for number, (who, key) in enumerate(KEYS.items(), start=1):
                headers = {} if key is None else {"Authorization": f"Bearer {key}"}
                transport = ASGITransport(
                    app, client=(f"192.0.2.{number}", 1)
                )  # bad keys are counted per address
                client = AsyncClient(transport=transport, base_url="http://test", headers=headers)
                clients[name, who] = await stack.enter_async_context(client)
        for app in apps.values():
            async with service_of(app).database.transaction() as conn:
                await auth.keep_publishers(conn, _publishers())
        desk = Desk(service_of(apps["reporting"]).database)
        await desk.hear(
            PLANS,
            factories.municipality(),
            factories.harstad(),
            factories.project(members=[Member(municipality_id=VEFSN)]),
        )
        async with service_of(apps["registry"]).database.transaction() as conn:
            for known in (ORGNR, CHANGED_ORGNR):
                await registry_publishers.put_publisher(conn, Publisher(known, "Vefsn"))
        yield House(apps, clients, desk)


def _publishers() -> list[PublisherRegistered]:
    expired = PublisherKey(
        key_id=EXPIRED.key_id, hash=EXPIRED.hash, expires_at=NOW - timedelta(days=1)
    )
    own, other = (
        factories.publisher(
            organisation_number=number, may_speak_for=[SpeaksFor(municipality_id=municipality_id)]
        )
        for number, municipality_id in ((ORGNR, VEFSN), (OTHER_ORGNR, HARSTAD))
    )
    return [
        own.model_copy(update={"keys": [*own.keys, expired]}),
        other,
        PublisherRegistered(
            organisation_number=REVOKED_ORGNR,
            version=1,
            name="Gone",
            may_speak_for=[SpeaksFor(municipality_id=VEFSN)],
            keys=[PublisherKey(key_id=GONE.key_id, hash=GONE.hash)],
            revoked_at=datetime(2014, 1, 1, tzinfo=UTC),
        ),
    ]
