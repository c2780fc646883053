"""Sends what is owed: takes subscriptions that have something to do, tries their deliveries one
after another, and keeps how each try ended.

Trying happens outside every transaction, so what a crash interrupts is tried again with the same
ids: at least once, and a receiver that remembers ids sees it once. One sender at a time works on a
subscription, and no receiver holds more than its share of the places, so a slow one holds up nobody
else; mail and webhooks have places of their own.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

import stamina
import structlog
from jinja2 import TemplateError

from services.notifications.channels import webhook
from services.notifications.channels.mail import MailSettings, compose, hand_in
from services.notifications.channels.rules import HeldBack, NotNow, Outcome
from services.notifications.channels.signing import Signer
from services.notifications.deliveries import letters
from services.notifications.deliveries.bodies import body_of
from services.notifications.deliveries.store import ToldEvent
from services.notifications.digests import letters as digests
from services.notifications.heard import store as heard
from services.notifications.sending import commands, store
from services.notifications.sending.rules import RECORD_SECONDS_MAX, SLICE_SECONDS
from services.notifications.sending.store import DueDelivery, Lease
from services.notifications.subscriptions.rules import Channel, Rhythm
from shared import faults
from shared.clock import Clock
from shared.errors import RuleBroken, Unavailable
from shared.http.limits import Rate
from shared.mail.composing import Composer
from shared.mail.letter import Letter
from shared.postgres.database import Database
from shared.web.languages import Language, Texts

LOG = structlog.get_logger()

POLL_SECONDS = 0.25
"""How long an owed notification may lie unseen; one look is one small query per channel."""

DUE_COUNT = 50
DIGEST_COUNT = 500
"""Events in one digest; what is more comes in a second one right after."""

RECORD_TRIES = 5
RECORD_PAUSE_SECONDS = 0.5
RECORD_AGAIN_SECONDS = RECORD_SECONDS_MAX / 2
"""No further attempt begins later; the last one has the other half."""

AWAY_SECONDS = 1.0
"""How long the database is left alone when it did not answer."""

STOP_SECONDS = 10.0
CUT_SECONDS = 1.0
"""How long a try that is cut off may take to let go of what it holds."""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What a sender sends with.

    Attributes:
        clock: the service's, which events carry.
        true_clock: what deliveries keep to, and receivers check: the true time, whatever the other
            is set to.
        by: its name, unique among the running ones.
        places: subscriptions worked on at once, by channel.
        mailbox_rate: how much one mail address gets, whatever its subscriptions ask for.
        signer: none where no key is set; then there are no webhooks.
    """

    database: Database
    clock: Clock
    true_clock: Clock
    by: str
    places: Mapping[Channel, int]
    composer: Composer
    mail: MailSettings
    texts: Mapping[Language, Texts]
    mailbox_rate: Rate
    caller: webhook.Caller
    signer: Signer | None


class Sender:
    """Sends as long as it runs.

    Args:
        parts: what it sends with.
    """

    def __init__(self, parts: Dependencies) -> None:
        self._with = parts
        self._database = parts.database
        self._busy: dict[Channel, dict[asyncio.Task[None], Lease]] = {
            channel: {} for channel in Channel
        }
        self._stops = False

    async def run(self) -> None:
        """Send until cancelled; tries that are under way then get some seconds to end.

        A database that does not answer is waited for, and tries go on meanwhile: one that is cut
        off is repeated, although the receiver may have taken it.
        """
        try:
            while True:
                try:
                    await self._poll()
                except Unavailable as error:
                    LOG.warning("sending waits", error=error.message)
                    await asyncio.sleep(AWAY_SECONDS)
        finally:
            await self._finish()

    async def _poll(self) -> NoReturn:
        """Take up what is owed as long as the database answers.

        What is leased under this name and not worked on is free first: an earlier run had taken it,
        or the answer got lost that said so.

        Raises:
            Unavailable: the database does not answer.
        """
        at_work = [lease.subscription_id for busy in self._busy.values() for lease in busy.values()]
        async with self._database.connection() as conn:
            await store.release_leases(conn, self._with.by, but=at_work)
        while True:
            taken = [await self._take(channel) for channel in Channel]
            if not any(taken):
                await asyncio.sleep(POLL_SECONDS)

    def _now(self) -> datetime:
        return self._with.true_clock.now()

    async def _take(self, channel: Channel) -> int:
        """Begin to work on as many subscriptions as there are free places; return how many."""
        busy = self._busy[channel]
        places = self._with.places[channel]
        if len(busy) >= places:
            return 0
        async with (
            self._database.connection() as conn
        ):  # one statement; a transaction would wake the relay each time
            leases = await commands.take_work(
                conn,
                channel,
                by=self._with.by,
                places=places,
                at_work=list(busy.values()),
                true_now=self._now(),
            )
        for lease in leases:
            task = asyncio.create_task(
                self._serve(lease), name=f"notifications {lease.subscription_id}"
            )
            busy[task] = lease
            task.add_done_callback(busy.pop)
            task.add_done_callback(_complain)
        return len(leases)

    async def _finish(self) -> None:
        self._stops = True
        tasks = [task for busy in self._busy.values() for task in busy]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=CUT_SECONDS)

    async def _serve(self, lease: Lease) -> None:
        """Work on one subscription until nothing is due, its address must rest, or the time is
        up.
        """
        until = asyncio.get_running_loop().time() + SLICE_SECONDS
        while not self._ends(lease, until) and (due := await self._due(lease)):
            faults.point("sender.leased")
            for together in self._mails_of(lease, due):
                began_at = self._now()
                outcome = await self._try(lease, together)
                faults.point("sender.sent")
                lease = await self._record(lease, together, outcome, began_at)
                faults.point("sender.noted")
                if self._ends(lease, until):
                    break
        if not lease.active:
            await self._give_up(lease)
        async with self._database.transaction() as conn:
            await commands.give_back(conn, lease, by=self._with.by)

    def _ends(self, lease: Lease, until: float) -> bool:
        """Tell whether to leave a subscription: its address rests, it was changed, time is up, or
        the sender stops.
        """
        pauses = (lease.health.paused_until, lease.receiver.paused_until)
        rests = any(until is not None and until > self._now() for until in pauses)
        is_over = self._stops or asyncio.get_running_loop().time() >= until
        return rests or lease.is_outdated or not lease.active or is_over

    def _mails_of(
        self, lease: Lease, due: Sequence[DueDelivery]
    ) -> Sequence[Sequence[DueDelivery]]:
        """Return what is sent together: everything in a digest, else each by itself."""
        if lease.rhythm is Rhythm.AT_ONCE:
            return [[delivery] for delivery in due]
        return [due]

    async def _due(self, lease: Lease) -> list[DueDelivery]:
        async with self._database.connection() as conn:
            return await store.list_due(
                conn,
                lease.subscription_id,
                lease.version,
                now=self._now(),
                count=DUE_COUNT if lease.rhythm is Rhythm.AT_ONCE else DIGEST_COUNT,
            )

    async def _try(self, lease: Lease, together: Sequence[DueDelivery]) -> Outcome:
        try:
            if lease.channel is Channel.MAIL:
                return await self._mail(lease, [due.event for due in together])
            return await self._call(lease, together[0])
        except (RuleBroken, ValueError, LookupError, TemplateError) as error:
            LOG.exception(
                "notification cannot be written", delivery_id=str(together[0].delivery_id)
            )
            return NotNow(f"the notification could not be written: {type(error).__name__}")

    async def _mail(self, lease: Lease, told: Sequence[ToldEvent]) -> Outcome:
        events = [letters.read_event(each) for each in told]
        try:
            self._with.mailbox_rate.take(lease.address.lower())
        except Unavailable as full:
            return HeldBack(
                "the mailbox got as much as one may get for now", full.retry_after_seconds
            )
        texts = self._with.texts[Language(lease.language)]
        message = compose(
            self._with.composer,
            await self._letter(events, lease.rhythm, texts),
            lease.address,
            texts,
            subscription_id=lease.subscription_id,
            event_id=told[0].event_id,
            now=self._now(),
        )
        return await hand_in(message, self._with.mail)

    async def _letter(self, events: Sequence[letters.Told], rhythm: Rhythm, texts: Texts) -> Letter:
        subjects = {subject for event in events for subject in letters.subjects_of(event)}
        metric_ids = {metric for event in events for metric in letters.metrics_of(event)}
        async with self._database.connection() as conn:
            names = await heard.list_names(conn, subjects, on=self._with.clock.today())
            metrics = await heard.list_metrics(conn, metric_ids)
        if rhythm is Rhythm.AT_ONCE:
            return letters.write(events[0], texts, names, metrics)
        return digests.write(events, rhythm, texts, names, metrics)

    async def _call(self, lease: Lease, due: DueDelivery) -> Outcome:
        signer, now = self._with.signer, self._now()
        if signer is None or lease.salts is None:
            return NotNow("webhooks cannot be signed: no key is set")
        return await self._with.caller.call(
            lease.address,
            body_of(due.event, lease.subscription_id),
            secrets=[
                signer.secret(lease.subscription_id, salt) for salt in lease.salts.valid_at(now)
            ],
            delivery_id=due.delivery_id,
            signed_at=now,
        )

    @stamina.retry(
        on=Unavailable,
        attempts=RECORD_TRIES,
        timeout=RECORD_AGAIN_SECONDS,
        wait_initial=RECORD_PAUSE_SECONDS,
    )
    async def _record(
        self, lease: Lease, tried: Sequence[DueDelivery], outcome: Outcome, began_at: datetime
    ) -> Lease:
        """Keep how a try ended, stubbornly: what was sent and not recorded is sent again.

        Raises:
            Unavailable: the database stayed away; the lease ends and the delivery is tried again.
        """
        async with self._database.transaction() as conn:
            return await commands.record_try(
                conn,
                lease,
                tried,
                outcome,
                now=self._with.clock.now(),
                true_now=self._now(),
                began_at=began_at,
            )

    async def _give_up(self, lease: Lease) -> None:
        while True:
            async with self._database.transaction() as conn:
                count = await commands.give_up(
                    conn, lease, now=self._with.clock.now(), true_now=self._now()
                )
            if count < commands.GIVE_UP_COUNT:
                return


def _complain(task: asyncio.Task[None]) -> None:
    """Log what ended the work on one subscription; its lease ends and it is taken up again."""
    if task.cancelled() or (error := task.exception()) is None:
        return
    if isinstance(error, Unavailable):
        LOG.warning("sending waits", part=task.get_name(), error=error.message)
    else:
        LOG.error("sending broke", part=task.get_name(), exc_info=error)
