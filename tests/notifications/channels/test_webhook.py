"""Calling webhooks: signed, judged addresses only, and no receiver can hold us."""

import asyncio
import json
import ssl
import time
import warnings
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import EllipsisType
from uuid import uuid4

import pytest
import pytest_asyncio
from standardwebhooks import WebhookVerificationError

from services.notifications.channels.rules import Never, NotNow, Outcome, Taken, Unwanted
from services.notifications.channels.signing import Signer
from services.notifications.channels.webhook import Caller
from services.notifications.deliveries.bodies import body_of
from services.notifications.deliveries.store import ToldEvent
from tests.notifications import factories
from tests.notifications.name_server import name_server
from tests.notifications.receiver import OK, Answer, Dripping, receiving
from tests.support.waiting import SOON_SECONDS

SECRET = Signer(b"k" * 32).secret("vefsn-hook", b"salt")
TIMEOUT_SECONDS = 30.0
BRISK_SECONDS = 1.5
"""For receivers that never answer."""


@pytest_asyncio.fixture
async def caller() -> AsyncIterator[Caller]:
    """Calls receivers on this machine."""
    caller = Caller(allow_private=True, timeout_seconds=TIMEOUT_SECONDS)
    yield caller
    await caller.close()


def body() -> str:
    event = factories.metric_updated()
    told = ToldEvent(event.event_id, event.type(), event.occurred_at, event.payload())
    return body_of(told, "vefsn-hook")


async def called(caller: Caller, url: str) -> Outcome:
    return await caller.call(
        url, body(), secrets=[SECRET], delivery_id=uuid4(), signed_at=datetime.now(UTC)
    )


def test_the_body_holds_the_event_as_it_was_published() -> None:
    event = factories.metric_updated()
    told = ToldEvent(event.event_id, event.type(), event.occurred_at, event.payload())
    content = json.loads(body_of(told, "vefsn-hook"))
    assert content["type"] == "no.saman.metrics.MetricUpdated.v1"
    assert content["timestamp"] == "2013-05-07T06:12:00Z"
    assert content["event_id"] == str(event.event_id)
    assert content["subscription_id"] == "vefsn-hook"
    assert content["data"] == json.loads(event.payload())


async def test_a_receiver_can_verify_what_it_gets(caller: Caller) -> None:
    delivery_id, said = uuid4(), body()
    async with receiving() as receiver:
        url = f"{receiver.url}?who=hr"
        outcome = await caller.call(
            url, said, secrets=[SECRET], delivery_id=delivery_id, signed_at=datetime.now(UTC)
        )
    assert outcome == Taken()
    (call,) = receiver.calls
    assert call.verified(SECRET) == json.loads(said)
    assert call.path == "/hook?who=hr"
    assert call.headers["webhook-id"] == str(delivery_id)
    assert call.headers["content-type"] == "application/json"
    assert call.headers["host"] == f"127.0.0.1:{receiver.port}"


def answer(status: str, *headers: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "content-length: 0", "", "")).encode()


async def test_each_of_two_secrets_verifies_what_both_have_signed(caller: Caller) -> None:
    other = Signer(b"k" * 32).secret("vefsn-hook", b"another salt")
    async with receiving() as receiver:
        await caller.call(
            receiver.url,
            body(),
            secrets=[SECRET, other],
            delivery_id=uuid4(),
            signed_at=datetime.now(UTC),
        )
    (call,) = receiver.calls
    assert call.verified(SECRET) == call.verified(other)
    with pytest.raises(WebhookVerificationError):
        call.verified(Signer(b"x" * 32).secret("vefsn-hook", b"salt"))


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (answer("204 No Content"), Taken()),
        (answer("202 Accepted"), Taken()),
        (answer("500 Oops"), NotNow("the receiver answered 500")),
        (answer("404 Not Found"), NotNow("the receiver answered 404")),
        (answer("410 Gone"), Unwanted("the receiver answered 410 Gone: it wants no more")),
        (answer("429 Slow", "retry-after: 120"), NotNow("the receiver answered 429", 120)),
        (answer("503 Later", "retry-after: 7"), NotNow("the receiver answered 503", 7)),
        (answer("429 Slow", "retry-after: soon"), NotNow("the receiver answered 429")),
        (
            answer("429 Slow", f"retry-after: Mon, 01 Jan {'9' * 20} 00:00:00 GMT"),
            NotNow("the receiver answered 429"),
        ),
        (answer("500 Oops", "retry-after: 120"), NotNow("the receiver answered 500")),
    ],
)
async def test_the_status_says_what_becomes_of_it(
    caller: Caller, given: bytes, outcome: Outcome
) -> None:
    async with receiving(given) as receiver:
        assert await called(caller, receiver.url) == outcome


async def test_a_retry_after_may_be_a_date(caller: Caller) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    async with receiving(answer("503 Later", f"retry-after: {later}")) as receiver:
        outcome = await called(caller, receiver.url)
    assert isinstance(outcome, NotNow)
    assert outcome.retry_after_seconds is not None
    assert 95 <= outcome.retry_after_seconds <= 100


async def test_a_redirect_is_not_followed(caller: Caller) -> None:
    async with (
        receiving() as inside,
        receiving(answer("302 Found", f"location: {inside.url}")) as receiver,
    ):
        outcome = await called(caller, receiver.url)
    assert isinstance(outcome, NotNow)
    assert "redirects are not followed" in outcome.error
    assert inside.calls == []


@pytest.mark.parametrize(
    "given",
    [
        ...,
        Dripping(b""),
        Dripping(b"HTTP/1.1 200 OK\r\nx-long: "),
        None,
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 200_000,
    ],
    ids=["hangs", "drips", "drips a header", "closes", "speaks another protocol", "header bomb"],
)
async def test_no_receiver_can_hold_us_longer_than_the_time_for_one_try(given: Answer) -> None:
    brisk = Caller(allow_private=True, timeout_seconds=BRISK_SECONDS)
    begun = time.monotonic()
    async with receiving(lambda _: given) as receiver:
        outcome = await called(brisk, receiver.url)
    await brisk.close()
    assert isinstance(outcome, NotNow)
    assert time.monotonic() - begun < SOON_SECONDS


@pytest.mark.parametrize(
    "given",
    [
        Dripping(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n"),
        Dripping(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n", byte=b"x" * 65_536),
    ],
    ids=["drips its body", "body without end"],
)
async def test_an_answer_counts_by_its_status_and_its_body_is_not_waited_for(
    caller: Caller, given: Dripping
) -> None:
    begun = time.monotonic()
    async with receiving(lambda _: given) as receiver:
        assert await called(caller, receiver.url) == Taken()
    assert time.monotonic() - begun < TIMEOUT_SECONDS


async def test_a_receiver_that_is_away_is_tried_again(caller: Caller, unused_tcp_port: int) -> None:
    assert await called(caller, f"http://127.0.0.1:{unused_tcp_port}/") == NotNow(
        "no answer: ConnectError"
    )


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "https://localhost/", "https://localhost:8443/"]
)
async def test_an_address_inside_is_never_called_by_default(url: str) -> None:
    careful = Caller(allow_private=False, timeout_seconds=TIMEOUT_SECONDS)
    outcome = await called(careful, url)
    await careful.close()
    assert isinstance(outcome, Never | NotNow)
    assert "address-not-allowed" in outcome.error


def tls(*, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(__file__).parent / "self_signed.pem")
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # a server that speaks what nobody should
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = newest
    return context


@pytest.mark.parametrize(
    "newest",
    [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_1, None],
    ids=["signed by itself", "too old", "none at all"],
)
async def test_a_receiver_that_cannot_prove_who_it_is_gets_nothing(
    caller: Caller, newest: ssl.TLSVersion | None
) -> None:
    context = tls(newest=newest) if newest is not None else None
    async with receiving(tls=context) as receiver:
        outcome = await called(caller, receiver.url.replace("http:", "https:"))
        assert receiver.calls == []
    assert isinstance(outcome, NotNow)
    assert outcome.error.startswith("no answer")


async def test_a_name_is_looked_up_once_for_each_try_and_judged_each_time() -> None:
    answers = ["127.0.0.1", "169.254.169.254", "127.0.0.1"]

    def answer(_: str) -> list[str]:
        return [answers[len(names.asked) - 1]]

    async with receiving() as receiver, name_server(answer) as names:
        asking = Caller(
            allow_private=True, timeout_seconds=TIMEOUT_SECONDS, name_servers=[names.address]
        )
        url = f"http://rebind.example:{receiver.port}/hook"
        first, second, third = [await called(asking, url) for _ in range(3)]
        await asking.close()
    assert names.asked == ["rebind.example"] * 3, "what was judged is what is called"
    assert (first, third) == (Taken(), Taken())
    assert isinstance(second, NotNow)
    assert (
        second.error == "the name of the host leads where nothing may be sent (address-not-allowed)"
    )
    assert [call.headers["host"] for call in receiver.calls] == [
        f"rebind.example:{receiver.port}"
    ] * 2


async def test_a_name_server_that_says_nothing_holds_up_no_other_name() -> None:
    """More names than a resolver in threads has threads for."""

    def answer(name: str) -> list[str] | EllipsisType:
        return ["127.0.0.1"] if name == "good.example" else ...

    async with receiving() as receiver, name_server(answer) as names:
        asking = Caller(allow_private=True, timeout_seconds=30, name_servers=[names.address])
        url = f"http://{{}}.example:{receiver.port}/hook"
        hanging = [
            asyncio.create_task(called(asking, url.format(f"silent-{number}")))
            for number in range(100)
        ]
        while len(set(names.asked)) < len(hanging):  # noqa: ASYNC110 - the event is the server's
            await asyncio.sleep(0)
        assert await called(asking, url.format("good")) == Taken()
        assert not any(task.done() for task in hanging), "it was served while they waited"
        outcomes = await asyncio.gather(*hanging)
        await asking.close()
    assert set(outcomes) == {NotNow("the name of the host cannot be resolved", is_silent=True)}


async def test_a_name_that_does_not_exist_is_tried_again_and_is_not_silent() -> None:
    async with name_server(lambda _: []) as names:
        asking = Caller(allow_private=True, timeout_seconds=30, name_servers=[names.address])
        outcome = await called(asking, "http://nobody.example/hook")
        await asking.close()
    assert outcome == NotNow("the name of the host cannot be resolved")


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.vefsn.example/s3cret?token=abc",  # taken when private addresses were allowed
        "https://10.20.30.40/s3cret",
        "https://hooks.vefsn.invalid/s3cret",
        "https://localhost/s3cret",
    ],
)
async def test_why_a_try_failed_names_no_address(url: str) -> None:
    careful = Caller(allow_private=False, timeout_seconds=TIMEOUT_SECONDS)
    outcome = await called(careful, url)
    await careful.close()
    assert isinstance(outcome, Never | NotNow)
    for part in ("s3cret", "abc", "vefsn", "10.20", "127.0.0.1", "::1", "localhost"):
        assert part not in outcome.error


async def test_what_a_receiver_says_is_not_repeated(caller: Caller) -> None:
    told = b"HTTP/1.1 500 \x1b[31mOwned\r\ncontent-length: 6\r\n\r\nsecret"
    async with receiving(told) as receiver:
        outcome = await called(caller, receiver.url)
    assert isinstance(outcome, NotNow)
    assert outcome.error in ("the receiver answered 500", "no answer: RemoteProtocolError")


async def test_the_environments_proxy_is_not_used(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with receiving() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        careful = Caller(allow_private=True, timeout_seconds=TIMEOUT_SECONDS)
        async with receiving(OK) as receiver:
            assert await called(careful, receiver.url) == Taken()
        await careful.close()
    assert proxy.calls == []


def test_a_secret_follows_from_key_subscription_and_salt_alone() -> None:
    signer = Signer(b"k" * 32)
    assert signer.secret("a-1", b"x") == Signer(b"k" * 32).secret("a-1", b"x")
    others = {
        signer.secret("a-2", b"x"),
        signer.secret("a-1", b"y"),
        Signer(b"l" * 32).secret("a-1", b"x"),
    }
    assert len(others | {signer.secret("a-1", b"x")}) == 4
    assert signer.secret("a-1", b"x").startswith("whsec_")


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        Signer(b"short")
