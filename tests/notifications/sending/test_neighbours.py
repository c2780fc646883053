"""A receiver that holds us up takes its share of the places and no more: its neighbours are served
meanwhile, as fast as on the same machine without it.
"""

import time
from datetime import UTC, datetime
from types import EllipsisType

import pytest

from services.notifications.sending import sender
from services.notifications.sending.commands import take_work
from services.notifications.sending.store import Lease
from services.notifications.subscriptions.rules import Channel, Subscription
from shared.postgres.database import Database
from tests.notifications import factories
from tests.notifications.factories import subscription
from tests.notifications.name_server import name_server
from tests.notifications.receiver import Receiver, receiving
from tests.notifications.sending.running import hook, sending, subscribe, tell, until_log

PLACES = 16
TIMEOUT_SECONDS = 300.0
"""Far longer than the tests take, so who waits for one try of the attacker to end fails."""

EVENTS = 20


@pytest.fixture(autouse=True)
def _short_goodbye(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut off soon what hangs when a sender ends; the tests are over by then."""
    monkeypatch.setattr(sender, "STOP_SECONDS", 0.1)


async def served(database: Database, good: Receiver) -> float:
    """Tell of some events and return how many seconds it took until the good neighbour had all."""
    before, begun = len(good.calls), time.monotonic()
    await tell(database, *(factories.target_reached() for _ in range(EVENTS)))
    await good.wait_for(before + EVENTS)
    return time.monotonic() - begun


def named(name: str, port: int, subscription_id: str) -> Subscription:
    return subscription(
        channel=Channel.WEBHOOK,
        address=f"http://{name}:{port}/hook",
        subscription_id=subscription_id,
    )


async def test_fifty_subscriptions_to_one_silent_port_take_a_quarter_of_the_places(
    database: Database,
) -> None:
    async with receiving(lambda _: ...) as silent, receiving() as good:
        await subscribe(database, hook(good, subscription_id="good"))
        async with sending(database, places=PLACES, timeout_seconds=TIMEOUT_SECONDS):
            alone = await served(database, good)
            for number in range(50):
                await subscribe(database, hook(silent, subscription_id=f"silent-{number}"))
            attacked = await served(database, good)
            still_open = silent.open_count
    assert 1 <= still_open <= PLACES // 4, "they hung while the neighbour was served"
    assert silent.open_count_max <= PLACES // 4
    assert attacked < 20 * alone + 5


async def test_silent_receivers_under_many_names_leave_half_of_the_places(
    database: Database,
) -> None:
    async with (
        receiving(lambda _: ...) as silent,
        receiving() as good,
        name_server(lambda _: ["127.0.0.1"]) as names,
    ):
        await subscribe(database, hook(good, subscription_id="good"))
        async with sending(
            database,
            places=PLACES,
            timeout_seconds=TIMEOUT_SECONDS,
            name_servers=[names.address],
        ):
            alone = await served(database, good)
            for number in range(50):
                await subscribe(
                    database, named(f"h{number}.example", silent.port, f"silent-{number}")
                )
            attacked = await served(database, good)
            still_open = silent.open_count
    assert 1 <= still_open <= PLACES // 2
    assert silent.open_count_max <= PLACES // 2
    assert attacked < 20 * alone + 5


async def test_names_that_no_name_server_answers_for_hold_up_nobody(database: Database) -> None:
    def answer(name: str) -> list[str] | EllipsisType:
        return ["127.0.0.1"] if name == "good.example" else ...

    async with receiving() as good, name_server(answer) as names:
        await subscribe(database, named("good.example", good.port, "good"))
        async with sending(
            database,
            places=PLACES,
            timeout_seconds=TIMEOUT_SECONDS,
            name_servers=[names.address],
        ):
            alone = await served(database, good)
            for number in range(50):
                await subscribe(database, named(f"h{number}.example", 80, f"silent-{number}"))
            attacked = await served(database, good)
    assert attacked < 20 * alone + 5


async def test_a_receiver_that_does_not_answer_is_left_alone_for_all_its_subscriptions(
    database: Database,
) -> None:
    async with receiving(lambda _: ...) as silent:
        for number in range(8):
            await subscribe(database, hook(silent, subscription_id=f"silent-{number}"))
        await tell(database, factories.target_reached())
        async with sending(database, places=4, timeout_seconds=0.3):
            await until_log(database, *[("waiting", 1)] * 3, *[("waiting", 0)] * 5)
    assert len(silent.calls) == 3


async def test_one_mailbox_gets_its_share_of_the_places_too(database: Database) -> None:
    addresses = ["hr@vefsn.example", "HR@vefsn.example", "leiing@vefsn.example"]
    for number, address in enumerate(addresses * 2):
        await subscribe(database, subscription(address=address, subscription_id=f"mail-{number}"))
    await tell(database, factories.target_reached())
    leases: list[Lease] = []
    async with database.connection() as conn:
        for _ in range(2):
            leases += await take_work(
                conn,
                Channel.MAIL,
                by="test",
                places=4,
                at_work=leases,
                true_now=datetime.now(UTC),
            )
    assert sorted(lease.receiver_name for lease in leases) == [
        "hr@vefsn.example",
        "leiing@vefsn.example",
    ]
