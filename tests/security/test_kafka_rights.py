"""Every account tries every operation on every kind of topic, group and setting, on the real
broker, from outside.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from aiokafka.errors import TransactionalIdAuthorizationFailed
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ConfigResource,
    ConfigResourceType,
    KafkaAdminClient,
    NewTopic,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)
from kafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
)
from kafka.structs import TopicPartition

from deploy.operate.accounts import broker
from deploy.operate.accounts.rights import OPEN_TOPICS, READS, WRITES, Quota
from deploy.services import SERVICES
from shared.errors import Unavailable
from shared.events.catalogue import OWN_TOPICS
from tests.security.guarded import READER, A, B, Guarded, Trying, guarded_broker
from tests.support.apps import idle_service

TOPICS = (
    f"inbound.{A}.figures.v1",
    f"inbound.{B}.figures.v1",
    f"receipts.{A}.v1",
    f"receipts.{B}.v1",
    "registry.municipality.v1",
    "registry.programme.v1",
    "registry.project.v1",
    "registry.metric.v1",
    "registry.publisher.v1",
    "reporting.figure.v1",
    "reporting.report.v1",
    "reporting.form.v1",
    "reporting.round.v1",
    "metrics.metric.v1",
    "metrics.milestone.v1",
    "notifications.delivery.v1",
)

# A column per topic of TOPICS: r reads, w writes, - neither.
TABLE = {
    #             inA inB recA recB muni prog proj rmet publ figu repo form roun metr mile deli
    "registry": "-   -   -    -    w    w    w    w    rw   -    -    -    -    -    -    -",
    "reporting": "r   r   w    w    r    -    r    r    r    w    w    w    w    -    -    -",
    "metrics": "-   -   -    -    r    r    r    r    r    r    -    -    -    w    w    -",
    "notifications": "-   -   -    -    r    r    r    r    r    -    r    -    r    r    r    w",
    A: "w   -   r    -    -    -    -    -    -    -    -    -    -    r    r    -",
    B: "-   w   -    r    -    -    -    -    -    -    -    -    -    r    r    -",
    READER: "-   -   -    -    -    -    -    -    -    -    -    -    -    r    r    -",
    "operator": "rw  rw  rw   rw   rw   rw   rw   rw   rw   rw   rw   rw   rw   rw   rw   rw",
}
ACCOUNTS = tuple(TABLE)
ANSWER_MILLISECONDS = 60_000
REFUSALS = (
    TopicAuthorizationFailedError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
)


@pytest_asyncio.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    """A broker with accounts; each topic has a record and a group its place, so that a refusal is
    not a wait.
    """
    async with guarded_broker(tmp_path_factory.mktemp("guarded")) as running:
        async with Trying(running.operator) as operator:
            for topic in TOPICS:
                assert await operator.writes(topic)
            assert await operator.commits("notifications.metrics.metric", "metrics.metric.v1")
        yield running


@pytest.mark.infra
@pytest.mark.parametrize("account", ACCOUNTS)
async def test_an_account_reads_and_writes_what_the_table_says_and_nothing_else(
    account: str, guarded: Guarded
) -> None:
    seen = {}
    async with Trying(guarded.accounts[account]) as trying:
        for topic in TOPICS:
            marks = ("r" if await trying.reads(topic) else "") + (
                "w" if await trying.writes(topic) else ""
            )
            seen[topic] = marks or "-"

    assert seen == dict(zip(TOPICS, TABLE[account].split(), strict=True))


@pytest.mark.infra
@pytest.mark.parametrize("account", ACCOUNTS)
async def test_an_account_says_how_far_its_own_groups_have_read_and_no_others(
    account: str, guarded: Guarded
) -> None:
    topic = next(t for t, mark in zip(TOPICS, TABLE[account].split(), strict=True) if "r" in mark)
    is_outsider = account in (A, B, READER)
    async with Trying(guarded.accounts[account]) as trying:
        assert await trying.commits(f"{account}.of-its-own", topic)
        assert await trying.commits(account, topic) is (is_outsider or account == "operator")
        for other in {"metrics.reporting.figure", "registry.x", f"{account}0.x", "x"}:
            is_own = account == "operator" or other.startswith(f"{account}.")
            assert await trying.commits(other, topic) is is_own, other


def operations(client: Any) -> dict[str, Callable[[], Any]]:
    """What changes the broker itself, or tells about it; harmless where it is allowed."""
    anything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    everyone = ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, anything)
    own_topic = ResourcePattern(ResourceType.TOPIC, "nothing", ACLResourcePatternType.LITERAL)
    gift = ACL("User:nobody", "*", ACLOperation.READ, ACLPermissionType.ALLOW, own_topic)
    setting = ConfigResource(
        ConfigResourceType.TOPIC, "registry.publisher.v1", {"retention.ms": "-1"}
    )
    accounts = broker.BrokerAccounts(client)
    return {
        "make a topic": lambda: client.create_topics([NewTopic("made-by-somebody", 1, 1)]),
        "change a topic": lambda: client.alter_configs([setting], raise_on_unknown=False),
        "remove records": lambda: client.delete_records(
            {TopicPartition("metrics.milestone.v1", 0): 0}
        ),
        "remove a topic": lambda: client.delete_topics(["made-by-somebody"]),
        "see rights": lambda: client.describe_acls(everyone),
        "give rights": lambda: client.create_acls([gift])["failed"],
        # By name: asked for all, the broker gives somebody who may not know no answer at all.
        "see accounts": lambda: client.describe_user_scram_credentials([A]),
        "make an account": lambda: accounts.put_password("nobody", "x"),
        "lift bounds": lambda: accounts.put_quota("nobody", None),
        "remove a group": lambda: client.delete_groups(["notifications.metrics.metric"]),
    }


def is_allowed(operation: Callable[[], Any]) -> bool:
    """Tell whether the broker lets it happen; some answers carry the refusal instead of raising
    it.
    """
    try:
        answer = operation()
    except REFUSALS:
        return False
    return "authoriz" not in str(answer).lower() and "AuthorizationFailed" not in repr(answer)


@pytest.mark.infra
@pytest.mark.parametrize("account", ACCOUNTS)
async def test_nobody_but_the_operator_changes_the_broker(account: str, guarded: Guarded) -> None:
    def attempt() -> dict[str, bool]:
        client = KafkaAdminClient(
            **guarded.accounts[account].client_options(), request_timeout_ms=ANSWER_MILLISECONDS
        )
        try:
            return {name: is_allowed(operation) for name, operation in operations(client).items()}
        finally:
            client.close()

    seen = await asyncio.to_thread(attempt)

    assert seen == dict.fromkeys(seen, account == "operator")


@pytest.mark.infra
@pytest.mark.parametrize("account", [A, READER])
async def test_no_outsider_opens_a_transaction(account: str, guarded: Guarded) -> None:
    options = guarded.accounts[account].client_options()
    producer = AIOKafkaProducer(**options, transactional_id=f"{account}.figures")

    with pytest.raises(TransactionalIdAuthorizationFailed):
        await producer.start()
    await producer.stop()


@pytest.mark.infra
async def test_nobody_comes_in_without_an_account_or_with_a_wrong_password(
    guarded: Guarded,
) -> None:
    wrong = guarded.accounts[B].password
    comers = {
        "no account, outside": guarded.outside,
        "no account, inside": guarded.inside,
        "wrong password": guarded.outside.as_account(A, wrong),
        "wrong password, inside": guarded.inside.as_account("registry", wrong),
        "no such account": guarded.outside.as_account("310000035", wrong),
        "the brokers' own, outside": guarded.outside.as_account(
            "broker", guarded.operator.password
        ),
        "in the clear, outside": guarded.accounts[A].model_copy(update={"ca_file": None}),
        "the operator's first password, outside": guarded.outside.as_account(
            "operator", guarded.operator.password
        ).model_copy(update={"mechanism": "PLAIN"}),
    }

    def is_let_in(bus: Any) -> bool:
        try:
            KafkaAdminClient(
                **bus.client_options(), request_timeout_ms=3_000, bootstrap_timeout_ms=3_000
            ).close()
        except Exception:  # noqa: BLE001 - each of the many ways in which the client says no
            return False
        return True

    seen = await asyncio.gather(*(asyncio.to_thread(is_let_in, comer) for comer in comers.values()))

    assert dict(zip(comers, seen, strict=True)) == dict.fromkeys(comers, False)
    assert await asyncio.to_thread(is_let_in, guarded.accounts[A])


@pytest.mark.infra
async def test_who_is_not_let_in_gets_a_sentence(guarded: Guarded) -> None:
    stranger = guarded.outside.as_account(A, guarded.accounts[B].password)
    with (
        pytest.raises(Unavailable, match=f"does not answer {A}"),
        broker.keeping_accounts(stranger),
    ):
        pass


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_may_read_what_its_code_subscribes_to_and_write_what_is_its_own(
    service: str,
) -> None:
    idle = idle_service(service)
    subscribed = {
        s.topic for s in (*idle.consumers.subscriptions, *idle.late_consumers.subscriptions)
    }

    assert {topic for topic in subscribed if not topic.startswith("inbound.")} == set(
        READS[service]
    )
    assert {topic.name for topic in OWN_TOPICS if topic.name.startswith(f"{service}.")} == set(
        WRITES[service]
    )


def test_only_metrics_is_open() -> None:
    assert set(OPEN_TOPICS) == set(WRITES["metrics"])


def test_a_quota_has_the_names_of_the_broker() -> None:
    assert set(Quota().values()) == {
        "producer_byte_rate",
        "consumer_byte_rate",
        "request_percentage",
    }
