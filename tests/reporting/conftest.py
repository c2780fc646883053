"""Reporting's commands, HTTP doors and whole service; the first two need no broker."""

import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import pytest_asyncio
from fastapi import FastAPI
from httpx2 import ASGITransport, AsyncClient

from services.reporting.app import Settings, create_app
from shared.events.inbound import AbsenceFigurePosted, topics_of_publisher
from shared.events.registry import SpeaksFor
from shared.events.reporting import SubmissionAccepted, SubmissionRejected
from shared.kafka.topics import apply
from shared.postgres.database import Database
from tests.conftest import MakeDatabase
from tests.reporting import factories
from tests.reporting.desk import Desk
from tests.support.apps import RunningService, run_service
from tests.support.bus import Bus
from tests.support.clock import offset_to
from tests.support.infrastructure import Infra

R = TypeVar("R", SubmissionAccepted, SubmissionRejected)


@pytest_asyncio.fixture
async def empty_desk(make_database: MakeDatabase) -> Desk:
    """Reporting that has heard of the built-in metrics, and of nothing else."""
    return Desk(await make_database("reporting"))


@pytest_asyncio.fixture
async def desk(empty_desk: Desk) -> Desk:
    """Reporting that has heard of Vefsn and Harstad, and of a publisher for each."""
    await hear_all(empty_desk)
    return empty_desk


@dataclass(frozen=True, slots=True)
class Door:
    """Reporting's HTTP interface without consumers and relay.

    Attributes:
        nobody: speaks to it without a key.
        vefsn: with the key of the publisher that speaks for Vefsn.
        harstad: likewise for Harstad.
        operator: with the operator's key.
        desk: looks at what is kept.
        app: what they speak to.
    """

    nobody: AsyncClient
    vefsn: AsyncClient
    harstad: AsyncClient
    operator: AsyncClient
    desk: Desk
    app: FastAPI


@pytest_asyncio.fixture
async def door(infra: Infra) -> AsyncIterator[Door]:
    """Reporting's HTTP interface on a database of its own."""
    async with open_door(infra) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module")
async def shared_door(infra: Infra) -> AsyncIterator[Door]:
    """Likewise, one for all tests of a module that stay apart by their ids."""
    async with open_door(infra) as opened:
        yield opened


@asynccontextmanager
async def open_door(
    infra: Infra, *, now: datetime = factories.NOW, **more: object
) -> AsyncIterator[Door]:
    """Open reporting's HTTP interface, with what the desk of the fixture has heard."""
    handle = await infra.make_database("reporting")
    settings = {
        "database_dsn": handle.dsn,
        "operator_key_hash": hashlib.sha256(factories.OPERATOR_KEY.encode()).hexdigest(),
        "clock_offset_seconds": offset_to(now),
        **more,
    }
    app = create_app(Settings.model_validate(settings))
    database: Database = app.state.service.database
    desk = Desk(database, now=now)
    await hear_all(desk)

    def client(key: str | None) -> AsyncClient:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return AsyncClient(transport=ASGITransport(app), base_url="http://test", headers=headers)

    async with (
        client(None) as nobody,
        client(factories.key_of(factories.ORGNR)) as vefsn,
        client(factories.key_of(factories.OTHER_ORGNR)) as harstad,
        client(factories.OPERATOR_KEY) as operator,
    ):
        yield Door(nobody, vefsn, harstad, operator, desk, app)
    await database.close()
    await infra.drop_database(handle)


async def hear_all(desk: Desk) -> None:
    """Tell of Vefsn and Harstad, and of a publisher for each; Harstad's speaks for it from 2013
    on.
    """
    await desk.hear(
        factories.municipality(),
        factories.harstad(),
        factories.publisher(),
        factories.publisher(
            organisation_number=factories.OTHER_ORGNR,
            name="Harstad kommune",
            may_speak_for=[
                SpeaksFor(
                    municipality_id=factories.HARSTAD, from_=date(2013, 1, 1), to=date(2013, 12, 31)
                )
            ],
        ),
    )


@dataclass(frozen=True, slots=True)
class Inbound:
    """A publisher's own topics, and the running service behind them.

    Attributes:
        publisher: its organisation number; it speaks for Vefsn, and for Harstad in 2012 only.
        bus: follows the publisher's receipts.
    """

    publisher: str
    service: RunningService
    bus: Bus

    @property
    def topic(self) -> str:
        """Where its figures go."""
        return f"inbound.{self.publisher}.figures.v1"

    @property
    def receipts(self) -> str:
        """Where its receipts come."""
        return SubmissionAccepted.topic_of(self.publisher)

    @property
    def desk(self) -> Desk:
        """Looks at what the service keeps."""
        return Desk(self.service.service.database)

    async def submit(self, content: dict[str, Any] | bytes | None, **more: Any) -> str:
        """Publish a figure under a new id, which is returned."""
        return await self.bus.submit(
            self.topic, content, **({"type_": AbsenceFigurePosted.type} | more)
        )

    async def rejected(self, *ids: str) -> dict[str, SubmissionRejected]:
        """Wait for the rejections of these submissions."""
        return {id_: await self._receipt(SubmissionRejected, id_) for id_ in ids}

    async def accepted(self, *ids: str) -> dict[str, SubmissionAccepted]:
        """Wait for the acceptances of these submissions."""
        return {id_: await self._receipt(SubmissionAccepted, id_) for id_ in ids}

    async def _receipt(self, cls: type[R], id_: str) -> R:
        return await self.bus.receive(
            cls, topic=self.receipts, where=lambda each: str(each.submission_id) == id_
        )


PUBLISHERS = 10
"""Prepared before the service starts, because it looks for new inbound topics only every five
seconds.
"""


@pytest_asyncio.fixture(scope="package")
async def publishers(infra: Infra) -> AsyncIterator[tuple[RunningService, list[str]]]:
    """Reporting on the real broker, and publishers whose topics it reads."""
    numbers = [factories.new_orgnr() for _ in range(PUBLISHERS)]
    await apply(infra.bus, [topic for number in numbers for topic in topics_of_publisher(number)])
    mandates = [
        SpeaksFor(municipality_id=factories.VEFSN),
        SpeaksFor(municipality_id=factories.HARSTAD, from_=date(2012, 1, 1), to=date(2012, 12, 31)),
    ]
    outsider = Bus(infra.bus)
    await outsider.open()
    known = [
        factories.publisher(organisation_number=number, may_speak_for=mandates)
        for number in numbers[1:]
    ]
    await outsider.publish(factories.municipality(), factories.harstad(), *known)
    await outsider.close()
    async with run_service(
        infra,
        "reporting",
        group_prefix=f"{secrets.token_hex(4)}.",
        clock_offset_seconds=offset_to(factories.NOW),
    ) as running:
        yield running, numbers


@pytest_asyncio.fixture
async def inbound(publishers: tuple[RunningService, list[str]], bus: Bus) -> Inbound:
    """One publisher of this test alone."""
    running, numbers = publishers
    mine = Inbound(numbers.pop(), running, bus)
    await bus.follow(mine.receipts, from_start=True)
    return mine


@pytest_asyncio.fixture
async def unregistered(publishers: tuple[RunningService, list[str]], bus: Bus) -> Inbound:
    """Topics of a publisher that the registry does not know."""
    running, numbers = publishers
    mine = Inbound(numbers.pop(0), running, bus)
    await bus.follow(mine.receipts, from_start=True)
    return mine


@pytest_asyncio.fixture(scope="module")
async def inbound_of_module(
    infra: Infra, publishers: tuple[RunningService, list[str]]
) -> AsyncIterator[Inbound]:
    """One publisher for all tests of a module that stay apart by their ids."""
    running, numbers = publishers
    outsider = Bus(infra.bus)
    await outsider.open()
    mine = Inbound(numbers.pop(), running, outsider)
    await outsider.follow(mine.receipts, from_start=True)
    yield mine
    await outsider.close()
