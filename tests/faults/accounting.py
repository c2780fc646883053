"""What became of each record that a subscription consumed: I6, seen from the service's own tables
and counters.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.delivery.subscribe import Subscription
from shared.events.reporting import SubmissionAccepted, SubmissionRejected
from tests.faults.flood import Known, Place
from tests.faults.poison import APPLIED, EITHER, REPEATED, UNREADABLE_CODES
from tests.support.apps import RunningService
from tests.support.infrastructure import Infra
from tests.support.topics import partition_count

CONSUMED_SECONDS = 60.0
"""Without any progress; the bound is on standing still, because a flood may be long."""
UNUSED = "unused"

WITNESS = """
    CREATE TABLE witness (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        consumer text NOT NULL,
        message_id text NOT NULL
    )
"""
"""Written in the transaction of each effect, so that its order is that of the effects."""


@dataclass(frozen=True, slots=True)
class Fates:
    """What a service's tables say of the records of one topic.

    Attributes:
        claimed: event ids in the inbox by place.
        letters: code and digest of the value of each dead letter.
        witnessed: ids of what the handler was called with in transactions that were committed, in
            order.
    """

    claimed: Mapping[Place, str]
    letters: Mapping[Place, tuple[str, bytes | None]]
    witnessed: list[str]


async def until_consumed(
    infra: Infra, running: RunningService, subscription: Subscription, topic: str
) -> int:
    """Wait until the group has committed all that is in the topic and counted each record; return
    how many.

    Raises:
        AssertionError: something stands in the way.
    """
    admin = AIOKafkaAdminClient(**infra.bus.client_options())
    reader = AIOKafkaConsumer(**infra.bus.client_options())
    await admin.start()
    await reader.start()
    progress = running.service.deliveries[subscription.group].progress
    group = f"{running.service.settings.bus.group_prefix}{subscription.group}"
    places = [TopicPartition(topic, number) for number in range(partition_count(topic))]
    try:

        async def done() -> tuple[int, int, int]:
            ends = await reader.end_offsets(places)
            found = await admin.list_consumer_group_offsets(
                group, partitions=[p for p in places if ends[p]]
            )
            committed = sum(max(0, place.offset) for place in found.values())
            counted = (
                progress.handled_count
                + progress.repeated_count
                + progress.unused_count
                + progress.buried_count
                + progress.not_kept_count
            )
            return committed, counted, sum(ends.values())

        return await _until_all(done, group)
    finally:
        await reader.stop()
        await admin.close()


async def _until_all(look: Callable[[], Awaitable[tuple[int, int, int]]], group: str) -> int:
    """Wait until all is committed and counted, as long as anything moves."""
    seen, moved_at = (0, 0, 0), time.monotonic()
    while True:
        now = await look()
        if now[0] == now[1] == now[2]:
            return now[2]
        if now != seen:
            seen, moved_at = now, time.monotonic()
        said = f"{group} stands still at {now[0]} committed, {now[1]} counted of {now[2]} records"
        assert time.monotonic() - moved_at < CONSUMED_SECONDS, said
        await asyncio.sleep(0.02)


async def fates_of(running: RunningService, consumer: str, topic: str) -> Fates:
    """Read what became of a topic's records."""
    async with running.service.database.connection() as conn:
        claims = await conn.fetch(
            "SELECT event_id, origin FROM inbox WHERE consumer = $1", consumer
        )
        letters = await conn.fetch(
            "SELECT partition, record_offset, code, sha256(value) AS digest, length(value) AS size"
            " FROM dead_letter WHERE consumer = $1 AND topic = $2",
            consumer,
            topic,
        )
        witnessed = await conn.fetch(
            "SELECT message_id FROM witness WHERE consumer = $1 ORDER BY number", consumer
        )
    claimed = {}
    for row in claims:
        name, partition, offset = row["origin"].rsplit("/", 2)
        assert name == topic
        claimed[int(partition), int(offset)] = str(row["event_id"])
    assert all(
        (row["size"] or 0) <= 1_200_000 or row["code"] == "body-too-large" for row in letters
    )
    return Fates(
        claimed,
        {(row["partition"], row["record_offset"]): (row["code"], row["digest"]) for row in letters},
        [row["message_id"] for row in witnessed],
    )


def faults_of_events(sent: Mapping[Place, Known], fates: Fates, *, sifts: bool) -> list[str]:
    """Return where the fate of a record is not what it must be, one sentence each."""
    faults = []
    for place, known in sent.items():
        wanted = known.kind.event
        if sifts and known.kind.name.startswith("of a subject"):
            wanted = UNUSED
        letter = fates.letters.get(place)
        got = _event_fate(fates.claimed.get(place), known, letter)
        is_right = got == wanted or (wanted in (REPEATED, UNUSED) and got == "no trace")
        if wanted == EITHER:
            is_right = got == APPLIED or letter is not None
        if not is_right:
            faults.append(f"{place} {known.kind.name}: {got} instead of {wanted}")
        if letter is not None and known.digest is not None and letter[1] != known.digest:
            faults.append(f"{place} {known.kind.name}: the dead letter's value is another")
    faults += _order_faults(sent, fates, lambda place: place in fates.claimed)
    return faults


def _event_fate(
    claimed_id: str | None, known: Known, letter: tuple[str, bytes | None] | None
) -> str:
    if claimed_id is not None and letter is not None:
        return "both"
    if letter is not None:
        return letter[0]
    if claimed_id is None:
        return "no trace"
    return APPLIED if claimed_id == known.id else f"claimed as {claimed_id}"


def _order_faults(
    sent: Mapping[Place, Known], fates: Fates, is_applied: Callable[[Place], bool]
) -> list[str]:
    """Compare the order in which effects were committed with that of each partition."""
    partition_of = {known.id: place[0] for place, known in sent.items() if is_applied(place)}
    for partition in {place[0] for place in sent}:
        wanted = [
            known.id
            for place, known in sorted(sent.items())
            if place[0] == partition and is_applied(place)
        ]
        got = [each for each in fates.witnessed if partition_of.get(each) == partition]
        if wanted != got:
            return [
                f"partition {partition}: {len(got)} effects, not the {len(wanted)} expected in"
                " their order"
            ]
    return []


def faults_of_submissions(
    sent: Mapping[Place, Known],
    fates: Fates,
    receipts: Mapping[Place, list[SubmissionAccepted | SubmissionRejected]],
) -> list[str]:
    """Return which submissions were not answered once as they must be, one sentence each."""
    faults = []
    last = dict.fromkeys((place[0] for place in sent), 0)
    for place, known in sorted(sent.items()):
        answers, letter, wanted = (
            receipts.get(place, []),
            fates.letters.get(place),
            known.kind.inbound,
        )
        if len(answers) != 1:
            faults.append(f"{place} {known.kind.name}: {len(answers)} receipts")
            continue
        (answer,) = answers
        got = answer.code if isinstance(answer, SubmissionRejected) else APPLIED
        if got != wanted:
            faults.append(f"{place} {known.kind.name}: {got} instead of {wanted}")
        if (letter is not None) != (wanted in UNREADABLE_CODES) or (
            letter is not None and letter[0] != got
        ):
            faults.append(f"{place} {known.kind.name}: answered {got}, dead letter {letter}")
        if letter is not None and known.digest is not None and letter[1] != known.digest:
            faults.append(f"{place} {known.kind.name}: the dead letter's value is another")
        if isinstance(answer, SubmissionAccepted):
            if answer.vintage != last[place[0]] + 1:
                faults.append(
                    f"{place} {known.kind.name}: vintage {answer.vintage} after {last[place[0]]}"
                )
            last[place[0]] = answer.vintage
    if fates.claimed:
        faults.append("the inbox has rows of submissions")
    # An id that came again was judged again, and refused; what was taken twice would show as a
    # vintage too many.
    once = replace(fates, witnessed=list(dict.fromkeys(fates.witnessed)))
    return faults + _order_faults(sent, once, lambda place: sent[place].kind.inbound == APPLIED)


def described(faults: list[str]) -> str:
    """Return the first faults and how many there are of each, for a failed test's message."""
    names = Counter(fault.partition(" ")[2].partition(")")[2] for fault in faults)
    return f"{len(faults)} faults: {faults[:10]} {names.most_common(10)}"
