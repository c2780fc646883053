"""Lets requests in by their key, token or session: who asks, and how often each may ask."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from fastapi import Depends, Request

from shared.access import auth, maskinporten, persons
from shared.access.issuers import Issuer
from shared.access.key_uses import KeyUses
from shared.access.roles import Action
from shared.access.sessions import Lifetime, Session, SessionKeys
from shared.audit import log as audit
from shared.clock import Clock
from shared.delivery.subscribe import Router, subscribe
from shared.errors import NotAllowed, NotAuthenticated
from shared.events.registry import (
    PersonChanged,
    PersonErased,
    PersonEvent,
    PersonRegistered,
    PublisherChanged,
    PublisherEvent,
    PublisherRegistered,
    PublisherRevoked,
)
from shared.http import bounds
from shared.http.limits import Rate, Slots
from shared.http.routes import Needs
from shared.http.session_cookie import session_of
from shared.postgres import shares
from shared.postgres.database import Connection, Database
from shared.service.clients import fetch
from shared.service.settings import ServiceSettings

LOG = structlog.get_logger()

FAILED_KEYS_PER_MINUTE = 120
"""Bad keys from one address that are answered as bad; further ones are told to wait. Each is looked
up all the same, so that a good key from the same address is let in.
"""


class Access:
    """Knows who asks.

    Args:
        database: where publishers and their keys are kept.
        clock: the service's.
        settings: the operator's key and the limits of each key.
    """

    def __init__(self, database: Database, clock: Clock, settings: ServiceSettings) -> None:
        self.key_uses = KeyUses()
        self._database = database
        self._clock = clock
        self._operator_key_hash = settings.operator_key_hash
        self._rate = Rate(per_minute=settings.requests_per_minute, burst=settings.requests_burst)
        self._failed_rate = Rate(per_minute=FAILED_KEYS_PER_MINUTE, burst=FAILED_KEYS_PER_MINUTE)
        self._slots = Slots(settings.requests_at_once)
        self._issuers = [Issuer(each, fetch) for each in settings.maskinporten]
        self.session_keys = SessionKeys(settings.session_keys.get_secret_value())
        self._lifetime = Lifetime(
            timedelta(minutes=settings.session_idle_minutes),
            timedelta(minutes=settings.session_minutes),
        )

    def needs(self, action: Action) -> Any:
        """Return the dependency of a route that is for those who may do this; it tells the route
        who asks.
        """
        return Depends(Needs(self.principal, action))

    async def principal(self, request: Request) -> auth.Principal:
        """Return who asks: by a key or by a session; `NOBODY` where there is neither.

        Raises:
            NotAuthenticated: the key is not good, or the session is over.
            Unavailable: as `identify`.
        """
        header = request.headers.get("authorization")
        if header is not None:
            return await self.identify(request, header)
        session = session_of(request)
        return auth.NOBODY if session is None else await self._owner_of(session)

    async def _owner_of(self, session: Session) -> auth.Principal:
        async with self._database.connection() as conn:
            principal = await persons.principal_of(
                conn,
                session,
                operator_key_hash=self._operator_key_hash,
                now=datetime.now(UTC),
                lifetime=self._lifetime,
            )
        shares.turn_out_to_be(principal.name)
        audit.act_as(replace(audit.actor(), who=principal.name))
        return principal

    async def identify(self, request: Request, header: str) -> auth.Principal:
        """Return whose key a request came with, and count the use.

        Args:
            header: as it stands in `Authorization`.

        Raises:
            NotAuthenticated: the key or the token is not good.
            NotAllowed: the token's organisation publishes nothing here.
            Unavailable: a token cannot be verified now; or `too-many-requests`, where the key is
                used too often, or an address tries too many bad ones.
        """
        try:
            principal = await self._bearer_of(header)
        except NotAuthenticated:
            self._failed_rate.take(bounds.origin_of(request.scope))
            raise
        shares.turn_out_to_be(principal.organisation_number or principal.name)
        if principal.organisation_number is not None:
            if principal.key_id is not None:
                self.key_uses.note(
                    principal.key_id, principal.organisation_number, self._clock.now()
                )
            counted_as = principal.key_id or principal.organisation_number
            self._rate.take(counted_as)
            bounds.at_the_end(request, self._slots.take(counted_as))
        audit.act_as(replace(audit.actor(), who=principal.name))
        return principal

    async def _bearer_of(self, header: str) -> auth.Principal:
        """Return whose key it is, or for whom a token stands."""
        scheme, _, bearer = header.partition(" ")
        if self._issuers and scheme.lower() == "bearer" and maskinporten.is_token(bearer):
            return await self._machine(bearer.strip())
        async with self._database.connection() as conn:
            return await auth.authenticate(
                conn, header, operator_key_hash=self._operator_key_hash, now=self._clock.now()
            )

    async def _machine(self, token: str) -> auth.Principal:
        """Return the publisher that a token of Maskinporten stands for.

        Raises:
            NotAuthenticated: the token is not accepted.
            NotAllowed: `publisher-unknown`; its organisation publishes nothing here.
            Unavailable: its issuer's keys cannot be fetched now.
        """
        try:
            machine = await maskinporten.verify(token, self._issuers, now=datetime.now(UTC))
        except NotAuthenticated as refused:
            LOG.info("token refused", reason=refused.message)
            raise
        number = machine.organisation_number
        async with self._database.connection() as conn:
            publisher = (await auth.list_publishers(conn, {number})).get(number)
        if publisher is None:
            raise NotAllowed(
                f"organisation {number} is not registered as a publisher, or was revoked; ask the"
                " programme's operator to register it",
                code="publisher-unknown",
            )
        return replace(publisher, token=machine.token)


HearPeople = Callable[[Connection, Sequence[PersonEvent]], Awaitable[None]]


async def hear_roles_only(_conn: Connection, _events: Sequence[PersonEvent]) -> None:
    """Keep nothing of people besides what everybody needs to let them in."""


def who_may_come_in(service: str, hear_people: HearPeople) -> Router:
    """Return the subscriptions by which a service hears of publishers' keys and people's roles.

    Args:
        hear_people: keeps what the service needs of people besides, in the same transaction.
    """
    router = Router(service)

    @subscribe(router, PublisherRegistered, PublisherChanged, PublisherRevoked)
    async def on_publishers(
        events: Sequence[PublisherEvent], conn: Connection, _now: datetime
    ) -> None:
        await auth.keep_publishers(conn, events)

    @subscribe(router, PersonRegistered, PersonChanged, PersonErased)
    async def on_persons(events: Sequence[PersonEvent], conn: Connection, _now: datetime) -> None:
        await persons.keep_persons(conn, events)
        await hear_people(conn, events)

    return router
