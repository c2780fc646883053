"""Sends the mails to persons: takes those whose time has come, has them written, hands them in and
keeps how it went.

A mail is written in one short transaction and handed in outside of it, so what a crash interrupts
is written and handed in again with the same Message-ID.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import TypeAlias

import structlog

from services.notifications.channels.mail import hand_in
from services.notifications.channels.rules import HeldBack, Outcome
from services.notifications.mails import store
from services.notifications.mails.store import DueMail
from services.notifications.sending.rules import after_try
from shared.clock import Clock
from shared.errors import Unavailable
from shared.http.limits import Rate
from shared.mail.composing import Composer
from shared.mail.letter import Letter
from shared.mail.settings import MailSettings
from shared.postgres.database import Connection, Database
from shared.web.languages import Language, Texts

LOG = structlog.get_logger()

POLL_SECONDS = 0.5
LEASE = timedelta(minutes=3)
"""Above the longest time that writing, handing in and recording one mail can take."""

AWAY_SECONDS = 1.0

Writer: TypeAlias = Callable[[Connection, DueMail, Texts], Awaitable[Letter | None]]
"""Writes a mail as things stand now; None where there is nothing left to say."""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What mails to persons are sent with.

    Attributes:
        clock: the service's, which deadlines go by.
        by: the sender's name, unique among the running ones.
        places: mails handed in at once.
        mailbox_rate: how much one mail address gets, whatever for.
        writers: by kind of mail.
    """

    database: Database
    clock: Clock
    by: str
    places: int
    composer: Composer
    mail: MailSettings
    texts: Mapping[Language, Texts]
    mailbox_rate: Rate
    writers: Mapping[str, Writer]


class Postman:
    """Sends mails to persons as long as it runs."""

    def __init__(self, parts: Dependencies) -> None:
        self._with = parts

    async def run(self) -> None:
        """Send until cancelled; a database that does not answer is waited for."""
        while True:
            try:
                async with self._with.database.connection() as conn:
                    await store.release_mails(conn, self._with.by)
                while True:
                    if not await self.send_due():
                        await asyncio.sleep(POLL_SECONDS)
            except Unavailable as error:
                LOG.warning("mails wait", error=error.message)
                await asyncio.sleep(AWAY_SECONDS)

    async def send_due(self) -> int:
        """Send some of the mails whose time has come, side by side; return how many."""
        now = self._with.clock.now()
        async with self._with.database.transaction() as conn:
            mails = await store.lease_mails(
                conn, now=now, until=now + LEASE, by=self._with.by, count=self._with.places
            )
        async with asyncio.TaskGroup() as group:
            for mail in mails:
                group.create_task(self._send(mail))
        return len(mails)

    async def _send(self, mail: DueMail) -> None:
        letter = await self._write(mail)
        if letter is None:
            async with self._with.database.transaction() as conn:
                await store.drop_mail(conn, mail, now=self._with.clock.now())
            return
        outcome = await self._hand_in(mail, letter)
        async with self._with.database.transaction() as conn:
            now = self._with.clock.now()
            after = after_try(mail.mail_id, mail.attempts, outcome, now=now)
            await store.put_mail(conn, mail, after, now=now)

    async def _write(self, mail: DueMail) -> Letter | None:
        if mail.email is None or mail.language is None:
            return None
        texts = self._with.texts[Language(mail.language)]
        async with self._with.database.transaction() as conn:
            return await self._with.writers[mail.kind](conn, mail, texts)

    async def _hand_in(self, mail: DueMail, letter: Letter) -> Outcome:
        assert mail.email is not None
        try:
            self._with.mailbox_rate.take(mail.email.lower())
        except Unavailable as full:
            return HeldBack(
                "the mailbox got as much as one may get for now", full.retry_after_seconds
            )
        return await hand_in(self._message(mail, letter), self._with.mail)

    def _message(self, mail: DueMail, letter: Letter) -> EmailMessage:
        assert mail.email is not None
        composer = self._with.composer
        return composer.message(
            letter,
            mail.email,
            message_id=f"{mail.mail_id}.{mail.kind}",
            now=datetime.now(UTC),
            headers={"List-Id": f"<{mail.kind}.{composer.domain}>"},
        )
