"""The demo's mail catcher: keeps real mail, shows it harmlessly, and can be read by machines."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest
import pytest_asyncio
from httpx2 import ASGITransport, AsyncClient

from deploy.local import mail_catcher
from deploy.local.mail_catcher import MailCatcher
from tests.support.waiting import WAIT_SECONDS

EVIL = "<script>alert(1)</script>"


@dataclass(frozen=True, slots=True)
class Running:
    """A catcher and its page."""

    catcher: MailCatcher
    client: AsyncClient

    async def send(self, raw: bytes, to: str = "hr@vefsn.example") -> None:
        await send(raw, self.catcher.smtp_port, to=to)


async def send(raw: bytes, port: int, *, to: str = "hr@vefsn.example") -> None:
    await aiosmtplib.send(
        raw, sender="varsel@saman.example", recipients=[to], hostname="127.0.0.1", port=port
    )


@pytest_asyncio.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """A catcher on a free port with an empty folder."""
    async with (
        MailCatcher("127.0.0.1", 0, tmp_path).running() as catcher,
        AsyncClient(transport=ASGITransport(catcher.app()), base_url="http://test") as client,
    ):
        yield Running(catcher, client)


def mail(
    *, subject: str = "Vefsn nådde målet", text: str = "Hei på deg", html: str | None = "<p>Hei</p>"
) -> bytes:
    message = EmailMessage()
    message["From"] = "Saman <varsel@saman.example>"
    message["To"] = "hr@vefsn.example"
    message["Subject"] = subject
    message["Message-ID"] = "<1@saman.example>"
    message.set_content(text)
    if html is not None:
        message.add_alternative(f"<html><head></head><body>{html}</body></html>", subtype="html")
    return message.as_bytes()


async def test_a_mail_is_kept_and_can_be_read_in_the_words_of_mailpits_api(
    running: Running,
) -> None:
    await running.send(mail(subject="Den første"))
    await running.send(mail(), to="someone-else@vefsn.example")
    listed = (await running.client.get("/api/v1/messages")).json()
    assert (listed["total"], listed["count"]) == (2, 2)
    newest = listed["messages"][0]
    assert newest["Subject"] == "Vefsn nådde målet"
    assert newest["From"] == {"Name": "Saman", "Address": "varsel@saman.example"}
    assert newest["To"] == [{"Name": "", "Address": "hr@vefsn.example"}]
    assert newest["Bcc"] == [{"Name": "", "Address": "someone-else@vefsn.example"}]
    assert newest["MessageID"] == "1@saman.example"
    whole = (await running.client.get(f"/api/v1/message/{newest['ID']}")).json()
    assert whole["Text"].strip() == "Hei på deg"
    assert "<p>Hei</p>" in whole["HTML"]
    assert (await running.client.get("/api/v1/message/latest")).json() == whole
    assert (await running.client.get("/api/v1/messages?start=1&limit=5")).json()["messages"][0][
        "Subject"
    ] == "Den første"
    headers = (await running.client.get(f"/api/v1/message/{newest['ID']}/headers")).json()
    assert headers["Message-ID"] == ["<1@saman.example>"]
    assert (
        "Message-ID: <1@saman.example>"
        in (await running.client.get(f"/api/v1/message/{newest['ID']}/raw")).text
    )


async def test_what_a_mail_says_is_shown_as_text_and_its_html_may_do_nothing(
    running: Running,
) -> None:
    await running.send(mail(subject=EVIL, text=EVIL, html=EVIL))
    (caught,) = running.catcher.mailbox.list_()
    for path in ("/", f"/view/{caught.id}"):
        page = await running.client.get(path)
        assert EVIL not in page.text
        assert "&lt;script&gt;" in page.text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert '<iframe sandbox="allow-popups' in page.text
    frame = await running.client.get(f"/view/{caught.id}/html")
    assert frame.headers["Content-Security-Policy"].startswith("sandbox allow-popups")
    assert "script-src" not in frame.headers["Content-Security-Policy"]
    raw = await running.client.get(f"/api/v1/message/{caught.id}/raw")
    assert raw.headers["Content-Type"].startswith("text/plain")
    assert raw.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n\r\n",
        b"no header at all",
        b"Subject: =?nonsense?q?x?=\r\nContent-Type: text/plain; charset=no-such\r\n\r\n\xff\xfe",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"From: \x00\r\nTo: <<<>>>\r\n\r\nx",
    ],
)
async def test_a_mail_that_is_no_proper_mail_is_kept_and_shown_all_the_same(
    running: Running, raw: bytes
) -> None:
    await running.send(raw)
    (caught,) = running.catcher.mailbox.list_()
    for path in (
        "/",
        "/api/v1/messages",
        f"/view/{caught.id}",
        f"/api/v1/message/{caught.id}",
        f"/view/{caught.id}/html",
    ):
        assert (await running.client.get(path)).status_code == 200, path


@pytest.mark.parametrize(
    "mail_id", ["nothing", "..%2f..%2fetc%2fpasswd", "20260101T000000.000000-abcdef"]
)
async def test_only_mails_can_be_asked_for(running: Running, mail_id: str) -> None:
    for path in (f"/view/{mail_id}", f"/view/{mail_id}/html", f"/api/v1/message/{mail_id}/raw"):
        assert (await running.client.get(path)).status_code == 404


async def test_mails_outlive_the_catcher_and_the_oldest_make_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_catcher, "MAILS_MAX", 3)
    async with MailCatcher("127.0.0.1", 0, tmp_path).running() as first:
        for number in range(5):
            await send(mail(subject=f"nr. {number}"), first.smtp_port)
    second = MailCatcher("127.0.0.1", 0, tmp_path)
    assert [caught.header("Subject") for caught in second.mailbox.list_()] == [
        "nr. 4",
        "nr. 3",
        "nr. 2",
    ]


async def test_it_runs_as_a_process_of_its_own_and_ends_when_told(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.local.mail_catcher"),
        *("--smtp-port", "0", "--http-port", str(unused_tcp_port), "--dir", str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    said = (await process.stdout.readline()).decode()
    smtp_port = int(said.split("smtp 127.0.0.1:")[1].split(",")[0])
    try:
        await send(mail(), smtp_port)
    finally:
        process.terminate()
    async with asyncio.timeout(WAIT_SECONDS):
        assert (
            await process.wait() == -signal.SIGTERM
        )  # uvicorn stops in order and then passes the signal on
    assert len(MailCatcher("127.0.0.1", 0, tmp_path).mailbox.list_()) == 1
