"""Lets requests in by their key or session: who asks, and how often each key may ask."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import Depends, Request

from shared.access import auth, persons
from shared.access.key_uses import KeyUses
from shared.access.roles import Action
from shared.access.sessions import Lifetime, Session, SessionKeys
from shared.audit import log as audit
from shared.clock import Clock
from shared.delivery.subscribe import Router, subscribe
from shared.errors import NotAuthenticated
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
from shared.http.limits import Places, Rate
from shared.http.routes import Needs
from shared.http.session_cookie import session_of
from shared.postgres import shares
from shared.postgres.database import Connection, Database
from shared.service.settings import ServiceSettings

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
        self._places = Places(settings.requests_at_once)
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
            NotAuthenticated: the key is not good.
            Unavailable: `too-many-requests`; the key is used too often, or an address tries too
                many bad ones.
        """
        now = self._clock.now()
        try:
            async with self._database.connection() as conn:
                principal = await auth.authenticate(
                    conn, header, operator_key_hash=self._operator_key_hash, now=now
                )
        except NotAuthenticated:
            self._failed_rate.take(bounds.origin_of(request.scope))
            raise
        shares.turn_out_to_be(principal.organisation_number or principal.name)
        if principal.key_id is not None and principal.organisation_number is not None:
            self.key_uses.note(principal.key_id, principal.organisation_number, self._clock.now())
            self._rate.take(principal.key_id)
            bounds.at_the_end(request, self._places.take(principal.key_id))
        audit.act_as(replace(audit.actor(), who=principal.name))
        return principal


def who_may_come_in(service: str) -> Router:
    """Return the subscriptions by which a service hears of publishers' keys and people's roles."""
    router = Router(service)

    @subscribe(router, PublisherRegistered, PublisherChanged, PublisherRevoked)
    async def on_publishers(
        events: Sequence[PublisherEvent], conn: Connection, _now: datetime
    ) -> None:
        await auth.keep_publishers(conn, events)

    @subscribe(router, PersonRegistered, PersonChanged, PersonErased)
    async def on_persons(events: Sequence[PersonEvent], conn: Connection, _now: datetime) -> None:
        await persons.keep_persons(conn, events)

    return router
