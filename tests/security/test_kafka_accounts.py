"""Accounts on Kafka through their life: made, bounded, put right, ended."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from deploy.operate.accounts import applying
from deploy.operate.accounts.applying import Publishers
from deploy.operate.accounts.broker import keeping_accounts
from deploy.operate.accounts.known import known_publishers
from deploy.operate.accounts.rights import (
    Quota,
    Right,
    reader_account,
    rights_of_publisher,
    rights_of_service,
)
from shared.errors import RuleBroken
from tests.security.guarded import READER, A, B, Guarded, Trying, guarded_broker, publisher, tell

REVOCATION_SECONDS = 60.0
INBOUND_A, INBOUND_B = f"inbound.{A}.figures.v1", f"inbound.{B}.figures.v1"
OPEN = "metrics.metric.v1"
BOTH = Publishers(live=frozenset({A, B}))


@pytest_asyncio.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    """A broker with accounts, for all tests of this file."""
    async with guarded_broker(tmp_path_factory.mktemp("guarded")) as running:
        yield running


@pytest.mark.infra
async def test_a_revoked_publisher_is_out_within_a_minute_on_an_open_connection_too(
    guarded: Guarded,
) -> None:
    async with Trying(guarded.operator) as operator:
        assert await operator.writes(OPEN)
    bus = await guarded.admit(A)
    async with Trying(bus) as trying:
        assert await trying.writes(INBOUND_A)
        assert await trying.reads(OPEN)
        await asyncio.to_thread(applying.expel, guarded.operator, A)

        deadline = time.monotonic() + REVOCATION_SECONDS
        while await trying.writes(INBOUND_A):
            assert time.monotonic() < deadline
        assert not await trying.reads(OPEN)

    with pytest.raises(Exception, match=r"(?i)bootstrap|authentication"):
        async with Trying(bus):
            pass
    await asyncio.to_thread(applying.expel, guarded.operator, A)  # repeatable
    async with Trying(await guarded.admit(A)) as again:
        assert await again.writes(INBOUND_A)


@pytest.mark.infra
async def test_a_new_password_ends_the_old_one(guarded: Guarded) -> None:
    first = await guarded.admit(B)
    second = await guarded.admit(B)

    assert await asyncio.to_thread(applying.admit, guarded.operator, B, quota=Quota()) is None
    async with Trying(second) as trying:
        assert await trying.writes(INBOUND_B)
    with pytest.raises(Exception, match=r"(?i)bootstrap|authentication"):
        async with Trying(first):
            pass


@pytest.mark.infra
async def test_above_its_quota_a_publisher_is_slowed_and_loses_nothing(guarded: Guarded) -> None:
    bus = await guarded.admit(B, Quota(produced_bytes_per_second=10_000))

    async with AIOKafkaProducer(**bus.client_options(), acks="all") as producer:
        throttled = throttling_of(producer)
        sent = [
            await producer.send_and_wait(INBOUND_B, b"x" * 10_000, partition=0) for _ in range(12)
        ]

    assert [record.offset for record in sent] == list(range(sent[0].offset, sent[0].offset + 12))
    assert max(throttled) > 0
    await guarded.admit(B)


def throttling_of(producer: Any) -> list[int]:
    """Return a list that gets, with each answer of the broker, for how many milliseconds it wants
    to be left alone.
    """
    told: list[int] = []
    ask = producer.client.send

    async def send(*arguments: Any, **options: Any) -> Any:
        answer = await ask(*arguments, **options)
        told.append(getattr(answer, "throttle_time_ms", 0))
        return answer

    producer.client.send = send
    return told


@pytest.mark.infra
async def test_what_somebody_changed_by_hand_shows_and_is_put_right(guarded: Guarded) -> None:
    gift = Right(A, "topic", f"inbound.{B}.", "write", is_prefix=True)
    theirs = Right("monitoring", "topic", "metrics.metric.v1", "read")
    taken = next(right for right in rights_of_service("metrics") if right.operation == "write")
    with keeping_accounts(guarded.operator) as accounts:
        accounts.grant([gift, theirs])
        accounts.withdraw([taken])
        accounts.put_quota(A, Quota(consumed_bytes_per_second=1 << 40))
        accounts.put_quota(B, None)

    differs = await asyncio.to_thread(applying.difference, guarded.operator, BOTH)
    seen = [
        set(each) for each in (differs.missing, differs.surplus, differs.foreign, differs.unbounded)
    ]
    assert seen == [{taken}, {gift}, {theirs}, {A, B}]
    assert len(differs.sentences()) == 5

    done = await asyncio.to_thread(applying.apply, guarded.operator, {}, BOTH)

    assert done == [f"given: {taken}", f"taken: {gift}", f"bounded {A}", f"bounded {B}"]
    after = await asyncio.to_thread(applying.difference, guarded.operator, BOTH)
    assert after.sentences() == [f"not ours: {theirs}; take it away if nobody needs it"]
    assert await asyncio.to_thread(applying.apply, guarded.operator, {}, BOTH) == []


@pytest.mark.infra
async def test_a_publisher_that_was_revoked_over_http_loses_its_account_when_accounts_are_applied(
    guarded: Guarded,
) -> None:
    gone = "310000035"
    await guarded.admit(gone)
    await tell(
        guarded.operator,
        publisher(gone),
        publisher(gone, version=2, revoked_at="2026-01-01T00:00:00Z"),
    )
    known = await known_publishers(guarded.operator)
    assert known == Publishers(live=frozenset({A, B}), revoked=frozenset({gone}))

    done = await asyncio.to_thread(applying.apply, guarded.operator, {}, known)

    assert f"ended {gone}" in done
    assert {f"taken: {right}" for right in rights_of_publisher(gone)} <= set(done)
    with keeping_accounts(guarded.operator) as accounts:
        assert gone not in accounts.names()
        assert {A, B, READER, "registry", "operator"} <= accounts.names()


@pytest.mark.parametrize("name", ["", "ab", "Reader", "a b c", "a.b.c", "å-b-c", "x" * 41])
def test_a_reader_has_a_plain_name(name: str) -> None:
    with pytest.raises(RuleBroken, match="lower case letters"):
        reader_account(name)
