"""What operators do with dead letters: look, replay, discard."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from shared.clock import Clock
from shared.delivery import dead_letters, redelivery
from shared.delivery.dead_letters import Failure, LetterFilter
from shared.delivery.delivery import Delivery
from shared.delivery.records import Record
from shared.delivery.subscribe import Subscription
from shared.errors import Conflict, NotFound, RuleBroken
from shared.events.registry import MunicipalityRegistered
from shared.postgres.database import Connection
from tests.conftest import MakeDatabase
from tests.shared.conftest import Consume
from tests.shared.delivery.consuming import Consuming, counted, keep
from tests.support.bus import Bus


class Rule:
    """A handler with a fault that somebody mends later."""

    def __init__(self) -> None:
        self.is_mended = False

    async def __call__(
        self, events: Sequence[MunicipalityRegistered], conn: Connection, now: datetime
    ) -> None:
        await keep(events, conn, now)
        if not self.is_mended and any(event.version == 2 for event in events):
            raise LookupError("nobody thought of 2")


@pytest.fixture
def rule() -> Rule:
    """Broken at first."""
    return Rule()


async def consumed(consume: Consume, topic: str, bus: Bus, rule: Rule) -> tuple[Consuming, int]:
    """Three events of which the second is dead; return the consumer and the letter's id."""
    await bus.publish(*(counted("vefsn", version) for version in (1, 2, 3)), topic=topic)
    consuming = await consume(topic, handler=rule)
    await consuming.until_consumed(3)
    (letter,) = await consuming.buried()
    return consuming, letter.id


async def test_a_replayed_record_has_its_effect_once_and_keeps_its_id(
    topic: str, bus: Bus, consume: Consume, rule: Rule
) -> None:
    consuming, letter_id = await consumed(consume, topic, bus, rule)
    rule.is_mended = True

    letter = await redelivery.replay(consuming.consumers.deliveries, consuming.database, letter_id)

    assert (letter.state, letter.code, letter.reason) == ("replayed", "LookupError", None)
    assert await consuming.effects() == [("vefsn", 1), ("vefsn", 3), ("vefsn", 2)]
    again = await redelivery.replay(consuming.consumers.deliveries, consuming.database, letter_id)
    assert (again.state, again.settled_at, again.attempts) == (
        "replayed",
        letter.settled_at,
        letter.attempts,
    )
    with pytest.raises(Conflict, match="was replayed"):
        async with consuming.database.transaction() as conn:
            await dead_letters.discard(conn, letter_id, reason="too late")
    assert len(await consuming.effects()) == 3
    assert letter.record is not None
    assert letter.record.header("ce_id") in {
        str(r["event_id"]) for r in await consuming.rows("TABLE inbox")
    }


async def test_a_replay_of_what_was_applied_in_the_meantime_has_no_second_effect(
    topic: str, bus: Bus, consume: Consume, rule: Rule
) -> None:
    consuming, letter_id = await consumed(consume, topic, bus, rule)
    rule.is_mended = True
    async with consuming.database.connection() as conn:
        record = (await dead_letters.get(conn, letter_id)).record
    assert record is not None
    await bus.send_raw(topic, record.value, key=record.key, headers=list(record.headers))
    await consuming.until_consumed(4)

    letter = await consuming.delivery.replay(letter_id)

    assert letter.state == "replayed"
    assert await consuming.effects() == [("vefsn", 1), ("vefsn", 3), ("vefsn", 2)]


async def test_a_replay_that_fails_again_leaves_the_letter_waiting_and_counts(
    topic: str, bus: Bus, consume: Consume, rule: Rule
) -> None:
    consuming, letter_id = await consumed(consume, topic, bus, rule)

    with pytest.raises(RuleBroken, match="a fault on our side, LookupError; the letter says where"):
        await consuming.delivery.replay(letter_id)

    (letter,) = await consuming.buried()
    assert (letter.state, letter.attempts) == ("waiting", 2)
    assert await consuming.effects() == [("vefsn", 1), ("vefsn", 3)]


async def test_an_unreadable_record_stays_unreadable_and_says_why(
    topic: str, bus: Bus, consume: Consume
) -> None:
    await bus.send_raw(
        topic, b"\xff", headers=[("ce_type", b"no.saman.registry.MunicipalityRegistered.v1")]
    )
    consuming = await consume(topic)
    await consuming.until_consumed(1)
    (letter,) = await consuming.buried()

    with pytest.raises(RuleBroken, match="ce_id or ce_time") as refused:
        await consuming.delivery.replay(letter.id)
    assert refused.value.code == "envelope-incomplete"


async def test_a_letter_is_discarded_for_a_reason_and_then_settled(
    topic: str, bus: Bus, consume: Consume, rule: Rule
) -> None:
    consuming, letter_id = await consumed(consume, topic, bus, rule)
    async with consuming.database.transaction() as conn:
        with pytest.raises(RuleBroken, match="for a reason"):
            await dead_letters.discard(conn, letter_id, reason=" ")
        await dead_letters.discard(conn, letter_id, reason="sent by mistake\x00")

    async with consuming.database.transaction() as conn:
        letter = await dead_letters.get(conn, letter_id)
        assert (letter.state, letter.reason) == ("discarded", "sent by mistake\\0")
        with pytest.raises(Conflict, match="was discarded"):
            await dead_letters.discard(conn, letter_id, reason="again")
        assert await dead_letters.list_(conn) == []
        assert [
            each.id
            for each in await dead_letters.list_(conn, LetterFilter(None, code="LookupError"))
        ] == [letter_id]
    with pytest.raises(Conflict, match="was discarded"):
        await consuming.delivery.replay(letter_id)


async def test_a_letter_goes_to_nobody_but_its_own_consumer(
    topic: str, bus: Bus, consume: Consume, rule: Rule
) -> None:
    consuming, letter_id = await consumed(consume, topic, bus, rule)
    rule.is_mended = True
    other = Delivery(
        Subscription("other", topic, (MunicipalityRegistered,), rule, 10),
        consuming.database,
        Clock(),
    )

    with pytest.raises(NotFound, match="belongs to"):
        await other.replay(letter_id)
    with pytest.raises(NotFound, match="nobody consumes any more"):
        await redelivery.replay({"other": other}, consuming.database, letter_id)
    with pytest.raises(NotFound, match="no dead letter"):
        await consuming.delivery.replay(letter_id + 1)


async def test_letters_are_listed_page_by_page(topic: str, bus: Bus, consume: Consume) -> None:
    for number in range(5):
        await bus.send_raw(topic, b"%d" % number)
    consuming = await consume(topic)
    await consuming.until_consumed(5)

    async with consuming.database.connection() as conn:
        first = await dead_letters.list_(conn, count=3)
        rest = await dead_letters.list_(conn, after=first[-1].id, count=3)

    assert [letter.origin for letter in (*first, *rest)] == [
        f"{topic}/0/{offset}" for offset in range(5)
    ]
    assert all(letter.record is None for letter in first)


async def test_letters_are_found_by_where_they_came_from_what_they_are_and_when(
    topic: str, bus: Bus, consume: Consume
) -> None:
    await bus.send_raw(topic, b"1", key=b"vefsn")
    await bus.send_raw(topic, b"2", key=b"\xff\x00")
    consuming = await consume(topic)
    await consuming.until_consumed(2)
    async with consuming.database.connection() as conn:
        first, second = await dead_letters.list_(conn, LetterFilter(consumer=consuming.group))

    async def found(**wanted: Any) -> list[int]:
        async with consuming.database.connection() as conn:
            return [
                letter.id
                for letter in await dead_letters.list_(
                    conn, LetterFilter(**{"consumer": consuming.group} | wanted)
                )
            ]

    both = [first.id, second.id]
    assert await found(topic=topic, consumer=first.consumer, code=first.code) == both
    assert await found(key=b"vefsn") == [first.id]
    assert await found(key=b"\xff\x00") == [second.id]
    assert await found(created_after=first.created_at) == [second.id]
    assert await found(created_before=second.created_at) == [first.id]
    for nothing in (
        {"topic": "other"},
        {"consumer": "other"},
        {"code": "other"},
        {"key": b""},
        {"state": "replayed"},
    ):
        assert await found(**nothing) == []


async def test_all_that_wait_are_replayed_one_by_one_and_what_fails_again_stays(
    topic: str, bus: Bus, consume: Consume, rule: Rule
) -> None:
    await bus.publish(*(counted(f"town-{number}", 2) for number in range(3)), topic=topic)
    await bus.send_raw(topic, b"never readable")
    consuming = await consume(topic, handler=rule)
    await consuming.until_consumed(4)
    letters = [letter.id for letter in await consuming.buried()]
    mine = LetterFilter(consumer=consuming.group)
    rule.is_mended = True

    async def replay_all(after: int, count: int) -> redelivery.Replayed:
        deliveries = consuming.consumers.deliveries
        return await redelivery.replay_all(
            deliveries, consuming.database, mine, after=after, count=count
        )

    begun = await replay_all(0, 2)
    assert (begun.replayed, begun.failed, begun.last_id) == (letters[:2], {}, letters[1])
    ended = await replay_all(letters[1], 10)
    assert (ended.replayed, ended.last_id) == ([letters[2]], None)
    assert {number: why.code for number, why in ended.failed.items()} == {
        letters[3]: "envelope-incomplete"
    }
    assert (await replay_all(0, 10)).replayed == []
    assert sorted(await consuming.effects()) == [(f"town-{number}", 2) for number in range(3)]


async def test_a_letter_whose_record_must_not_be_kept_says_so_and_keeps_its_reason(
    topic: str, bus: Bus, consume: Consume, rule: Rule
) -> None:
    consuming, first = await consumed(consume, topic, bus, rule)
    why = Failure("personal-identity-number", "a person's number stands in it")
    async with consuming.database.transaction() as conn:
        await dead_letters.bury(conn, consuming.group, record(b"of a person", 7).emptied(), why)
    withheld = next(letter.id for letter in await consuming.buried() if letter.id != first)
    rule.is_mended = True

    with pytest.raises(Conflict, match="a person's number stands in it") as refused:
        await consuming.delivery.replay(withheld)
    assert refused.value.code == "dead-letter-empty"
    done = await redelivery.replay_all(
        consuming.consumers.deliveries, consuming.database, LetterFilter(), after=0, count=10
    )

    assert (done.replayed, list(done.failed)) == ([first], [withheld])
    letter = next(letter for letter in await consuming.buried() if letter.id == withheld)
    assert (letter.state, letter.code, letter.attempts) == ("waiting", why.code, 1)


async def test_what_operators_do_with_letters_is_audited(
    topic: str, bus: Bus, consume: Consume, rule: Rule
) -> None:
    consuming, letter_id = await consumed(consume, topic, bus, rule)
    deliveries = consuming.consumers.deliveries
    async with consuming.database.transaction() as conn:
        assert (await dead_letters.show(conn, letter_id)).record is not None
    with pytest.raises(RuleBroken):
        await redelivery.replay(deliveries, consuming.database, letter_id)
    rule.is_mended = True
    for _ in range(2):
        await redelivery.replay(deliveries, consuming.database, letter_id)

    noted = await consuming.rows(
        "SELECT action, reason FROM audit_entry WHERE object = $1 ORDER BY entry_id",
        f"dead-letter/{letter_id}",
    )
    assert [(row["action"], row["reason"]) for row in noted] == [
        ("dead-letter-shown", None),
        ("dead-letter-replay-failed", "LookupError"),
        ("dead-letter-replayed", None),
    ]


async def test_a_settled_letter_is_emptied_after_ninety_days_and_a_waiting_one_never(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    async with database.transaction() as conn:
        for offset in range(3):
            await dead_letters.bury(
                conn, "metrics.x", record(b"of a person", offset), Failure("odd", "a person")
            )
        for letter_id in (1, 2):
            await dead_letters.discard(conn, letter_id, reason="ours")
        await conn.execute("UPDATE dead_letter SET created_at = created_at - interval '91 days'")
        await conn.execute(
            "UPDATE dead_letter SET settled_at = settled_at - interval '90 days' WHERE id = 1"
        )

        assert await dead_letters.empty_settled(conn) == 1
        assert await dead_letters.empty_settled(conn) == 0
        emptied, settled, waiting = [
            await dead_letters.get(conn, letter_id) for letter_id in (1, 2, 3)
        ]

    assert emptied.record == Record("x.v1", 0, 0, None, (), None)
    assert (emptied.origin, emptied.code, emptied.state, emptied.reason) == (
        "x.v1/0/0",
        "odd",
        "discarded",
        "ours",
    )
    assert emptied.error == "emptied 90 days after it was settled"
    assert settled.record == record(b"of a person", 1)
    assert waiting.record == record(b"of a person", 2)


async def test_another_record_at_an_offset_that_was_given_out_again_is_another_letter(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    async with database.transaction() as conn:
        for value in (b"first", b"second", b"second"):
            await dead_letters.bury(
                conn, "metrics.x", record(value, 7), Failure("odd", "no matter")
            )

        first, second = await dead_letters.list_(conn)
        assert (first.attempts, second.attempts) == (1, 2)
        assert first.origin == second.origin


def record(value: bytes, offset: int) -> Record:
    return Record("x.v1", 0, offset, b"a key", (("ce_type", b"x"),), value)
