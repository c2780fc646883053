"""What `docs/connect.md` says can be copied from it, and does what it says."""

import asyncio
import json
import re
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
import standardwebhooks
from aiokafka import AIOKafkaConsumer

from deploy.contracts.events import submissions
from shared.clock import Clock
from shared.delivery.records import Record
from shared.delivery.submissions import read_submission
from shared.events.inbound import Submitted, topics_of_publisher
from shared.events.metrics import MetricUpdated
from shared.events.reporting import SubmissionAccepted
from shared.kafka.broker import BusSettings
from shared.service.clients import new_client
from tests.notifications.factories import metric_updated
from tests.security.guarded import READER, A, Guarded, guarded_broker
from tests.support.bus import Bus
from tests.support.waiting import until

PAGE = (Path(__file__).parents[2] / "docs" / "connect.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
PYTHON = {
    code.splitlines()[0].removeprefix("# "): code for kind, code in BLOCKS if kind == "python"
}
FIGURE = next(code for kind, code in BLOCKS if kind == "sh" and "figure.json" in code)
TOPIC = next(topic.name for topic in topics_of_publisher(A) if "figures" in topic.name)
WAIT_SECONDS = 60


@pytest_asyncio.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    """A broker with accounts."""
    async with guarded_broker(tmp_path_factory.mktemp("connect")) as running:
        yield running


@asynccontextmanager
async def running(name: str, folder: Path, **environment: str) -> AsyncIterator[Process]:
    """Run an example of the page while the block runs."""
    (folder / name).write_text(PYTHON[name])
    process = await asyncio.create_subprocess_exec(
        sys.executable, name, cwd=folder, env=environment, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def line_of(process: Process) -> str:
    """Return the next line that an example prints."""
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), WAIT_SECONDS)).decode()


def told(bus: BusSettings) -> dict[str, str]:
    """Return what the page asks to set, as the operator's commands print it."""
    return {
        "KAFKA": bus.bootstrap,
        "CA": str(bus.ca_file),
        "ACCOUNT": bus.username,
        "PASSWORD": bus.password.get_secret_value(),
    }


async def first_record(bus: BusSettings, topic: str) -> Record:
    """Return the first record of a topic."""
    options = {**bus.client_options(), "auto_offset_reset": "earliest"}
    async with AIOKafkaConsumer(topic, **options) as consumer:
        got = await asyncio.wait_for(consumer.getone(), WAIT_SECONDS)
    return Record(
        topic=got.topic,
        partition=got.partition,
        offset=got.offset,
        key=got.key,
        value=got.value,
        headers=tuple(got.headers),
        timestamp=got.timestamp,
    )


@pytest.mark.parametrize("kind", ["python", "js", "go", "java"])
def test_every_example_is_under_ten_lines(kind: str) -> None:
    examples = [code for each, code in BLOCKS if each == kind]

    assert examples
    assert all(len(code.strip().splitlines()) < 10 for code in examples)


def test_the_page_names_what_an_outsider_must_know() -> None:
    for word in (
        TOPIC.replace(A, "<orgnr>"),
        "kafka_address",
        "kafka_certificate",
        "kafka_group",
        "SCRAM-SHA-512",
        "transactional.id",
        "one partition",
        "SAMAN_NOTIFICATIONS_ALLOW_PRIVATE_WEBHOOKS",
        *(f"`{name}`" for name in ("ce_specversion", "ce_id", "ce_type", "ce_source")),
    ):
        assert word in PAGE, word


@pytest.mark.infra
async def test_a_figure_is_posted_as_the_page_says(guarded: Guarded, tmp_path: Path) -> None:
    written = await asyncio.create_subprocess_exec("sh", "-c", FIGURE, cwd=tmp_path)
    assert await written.wait() == 0

    async with running("post.py", tmp_path, **told(guarded.accounts[A])) as process:
        figure_id, rest = (await line_of(process)).split(maxsplit=1)
        assert await process.wait() == 0

    assert rest == "0 not sent\n"
    submission = read_submission(await first_record(guarded.operator, TOPIC), Clock())
    assert str(submission.submission_id) == figure_id
    (contract,) = (each for each in submissions(Submitted) if each.type == submission.type)
    contract.model_validate(submission.content)


@pytest.mark.infra
async def test_receipts_are_read_as_the_page_says(guarded: Guarded, tmp_path: Path) -> None:
    bus = Bus(guarded.operator)
    await bus.open()
    topic = SubmissionAccepted.topic_of(A)
    async with running("receipts.py", tmp_path, **told(guarded.accounts[A])) as process:
        await bus.submit(topic, {"submission_id": "mine"}, type_="SubmissionAccepted")
        receipt = json.loads(await line_of(process))
    await bus.close()

    assert receipt == {"submission_id": "mine"}


@pytest.mark.infra
async def test_metrics_are_followed_as_the_page_says(guarded: Guarded, tmp_path: Path) -> None:
    bus = Bus(guarded.operator)
    await bus.open()
    state: MetricUpdated = metric_updated()
    async with running("follow.py", tmp_path, **told(guarded.accounts[READER])) as process:
        await bus.publish(state)
        shown = await line_of(process)
    await bus.close()

    assert shown == f"{state.key} {state.version}\n"


@pytest.mark.infra
async def test_a_webhook_is_checked_as_the_page_says(tmp_path: Path) -> None:
    secret = "whsec_" + "c2VjcmV0" * 4
    body = json.dumps({"type": "no.saman.metrics.MetricUpdated.v1", "data": {"version": 7}})
    now = datetime.now(UTC)
    signature = standardwebhooks.Webhook(secret).sign("msg_1", now, body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(now.timestamp()))}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"

    async def listens() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    async with running("receive.py", tmp_path, SECRET=secret, PORT=str(port)) as process:
        await until(listens, "the receiver to listen")
        async with new_client() as client:
            good = await client.post(
                address, content=body, headers=headers | {"webhook-signature": signature}
            )
            with pytest.raises(Exception, match="disconnected"):
                await client.post(
                    address, content=body + " ", headers=headers | {"webhook-signature": signature}
                )
        shown = await line_of(process)

    assert good.status_code == 204
    assert shown == "no.saman.metrics.MetricUpdated.v1 {'version': 7}\n"
