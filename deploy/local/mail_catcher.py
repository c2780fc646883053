"""A mail server that keeps what it gets and shows it on a page, so that the demo and the tests can
look at real mail.

It takes mail for everybody, passes none on, and is for one machine: it listens where it is told, by
default on the loopback address only. Mails are shown as what they are, somebody else's text:
escaped, and HTML in a frame that may run nothing and fetch nothing.
"""

import argparse
import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses
from functools import cached_property
from pathlib import Path
from typing import Any

import uvicorn
from aiosmtpd.smtp import SMTP, Envelope, Session
from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shared.http.answers import Answers

MAIL_BYTES_MAX = 5 * 1024 * 1024
MAILS_MAX = 1_000
"""The oldest are removed; a demo that runs for weeks must not fill the disk."""

_NAME = re.compile(r"\d{8}T\d{6}\.\d{6}-[0-9a-f]{6}\Z")
_PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_MAIL_HEADERS = {
    **_PAGE_HEADERS,
    "Content-Security-Policy": (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
        "style-src 'unsafe-inline'; img-src data:; "
        "frame-ancestors 'self'"
    ),
}


@dataclass(frozen=True)
class CaughtMail:
    """One mail as it came.

    Attributes:
        id: its file's name without `.eml`; sorts by arrival.
        recipients: the addresses of the envelope, which need not be those of the header.
        raw: every byte of it.
    """

    id: str
    received_at: datetime
    sender: str
    recipients: tuple[str, ...]
    raw: bytes

    @cached_property
    def message(self) -> EmailMessage:
        """The mail taken apart."""
        return message_from_bytes(self.raw, _class=EmailMessage, policy=policy.default)

    def header(self, name: str) -> str:
        """A header's text; empty when it is missing."""
        return str(self.message.get(name, ""))

    def part(self, kind: str) -> str | None:
        """The text of the part `plain` or `html`; None when there is none."""
        body = self.message.get_body((kind,))
        if body is None:
            return None
        try:
            return str(body.get_content())
        except (
            LookupError,
            ValueError,
        ):  # a character set that does not exist, or bytes that are none of it
            return bytes(body.get_payload(decode=True) or b"").decode("utf-8", "replace")

    def summary(self) -> dict[str, Any]:
        """What lists say of it, in the words of Mailpit's API, so that one reader fits both."""
        shown = {"To": self._addresses("To"), "Cc": self._addresses("Cc")}
        seen = {address["Address"] for each in shown.values() for address in each}
        return {
            "ID": self.id,
            "MessageID": self.header("Message-ID").strip(" <>"),
            "From": next(iter(self._addresses("From")), {"Name": "", "Address": self.sender}),
            **shown,
            "Bcc": [
                {"Name": "", "Address": address}
                for address in self.recipients
                if address not in seen
            ],
            "Subject": self.header("Subject"),
            "Created": self.received_at.isoformat(),
            "Size": len(self.raw),
            "Snippet": " ".join((self.part("plain") or "").split())[:250],
        }

    def content(self) -> dict[str, Any]:
        """The summary with the text and the HTML."""
        return {**self.summary(), "Text": self.part("plain") or "", "HTML": self.part("html") or ""}

    def headers(self) -> dict[str, list[str]]:
        """All headers, each with its values in order."""
        found: dict[str, list[str]] = {}
        for name, value in self.message.items():
            found.setdefault(name, []).append(str(value))
        return found

    def _addresses(self, name: str) -> list[dict[str, str]]:
        values = [str(value) for value in self.message.get_all(name, [])]
        return [
            {"Name": shown, "Address": address}
            for shown, address in getaddresses(values)
            if address
        ]


class Mailbox:
    """Keeps mails as `.eml` files in a folder; the envelope stands in front of each as
    `X-Envelope-…` headers.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, sender: str, recipients: Sequence[str], raw: bytes) -> CaughtMail:
        """Write a mail to disk, whole or not at all."""
        now = datetime.now(UTC)
        mail_id = f"{now:%Y%m%dT%H%M%S.%f}-{secrets.token_hex(3)}"
        envelope = (
            f"X-Envelope-From: {_one_line(sender)}\r\nX-Envelope-To:"
            f" {_one_line(', '.join(recipients))}\r\n"
        )
        unfinished = self._folder / f".{mail_id}"
        unfinished.write_bytes(envelope.encode() + raw)
        unfinished.rename(self._folder / f"{mail_id}.eml")
        for old in self._names()[:-MAILS_MAX]:
            (self._folder / f"{old}.eml").unlink(missing_ok=True)
        return CaughtMail(mail_id, now, sender, tuple(recipients), raw)

    def list_(self) -> list[CaughtMail]:
        """Return all mails, the newest first."""
        return [mail for name in reversed(self._names()) if (mail := self.find(name)) is not None]

    def find(self, mail_id: str) -> CaughtMail | None:
        """Return a mail by its id, or the `latest`; None for what was never one, so that no other
        file can be had.
        """
        if mail_id == "latest":
            mail_id = next(reversed(self._names()), "")
        path = self._folder / f"{mail_id}.eml"
        if not _NAME.match(mail_id) or not path.is_file():
            return None
        sender, recipients, raw = path.read_bytes().split(b"\r\n", 2)
        received_at = datetime.strptime(mail_id[:22], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
        return CaughtMail(
            mail_id, received_at, _value(sender), tuple(_value(recipients).split(", ")), raw
        )

    def _names(self) -> list[str]:
        return sorted(path.stem for path in self._folder.glob("*.eml") if _NAME.match(path.stem))


class MailCatcher:
    """An SMTP server and the page that shows what it caught.

    Args:
        host: address to listen on.
        smtp_port: 0 for a free one; `smtp_port` says which it became.
        folder: where mails are kept.
    """

    def __init__(self, host: str, smtp_port: int, folder: Path) -> None:
        self.host = host
        self.smtp_port = smtp_port
        self.mailbox = Mailbox(folder)
        self._waiting: list[asyncio.Future[CaughtMail]] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator["MailCatcher"]:
        """Take mail as long as the context lasts."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._protocol, self.host, self.smtp_port)
        self.smtp_port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()

    async def next_mail(self) -> CaughtMail:
        """Wait for the next mail to come in."""
        waiting: asyncio.Future[CaughtMail] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        return await waiting

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        """Keep a mail; called by aiosmtpd."""
        raw = envelope.original_content or b""
        mail = self.mailbox.keep(
            envelope.mail_from or "", [str(to) for to in envelope.rcpt_tos], raw
        )
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(mail)
        return f"250 kept as {mail.id}"

    def app(self) -> FastAPI:
        """Return the pages (the list, each mail) and the calls of Mailpit's API that tests need."""
        app = FastAPI(title="Mail catcher", docs_url=None, redoc_url=None, openapi_url=None)
        app.add_middleware(Answers)
        app.router.redirect_slashes = False
        pages = _Pages()

        def shown(mail_id: str) -> CaughtMail:
            mail = self.mailbox.find(mail_id)
            if mail is None:
                raise HTTPException(404, "there is no such mail")
            return mail

        @app.get("/")
        def index() -> Response:
            return pages.answer("mails.html", mails=self.mailbox.list_())

        @app.get("/view/{mail_id}")
        def view(mail_id: str) -> Response:
            return pages.answer("mail.html", mail=shown(mail_id))

        @app.get("/view/{mail_id}/html")
        def html(mail_id: str) -> Response:
            content = shown(mail_id).part("html") or ""
            return HTMLResponse(
                content.replace("<head>", '<head><base target="_blank">', 1), headers=_MAIL_HEADERS
            )

        @app.get("/api/v1/messages")
        def messages(start: int = 0, limit: int = 50) -> Response:
            mails = self.mailbox.list_()
            part = [mail.summary() for mail in mails[start : start + limit]]
            return JSONResponse(
                {"total": len(mails), "count": len(part), "start": start, "messages": part}
            )

        @app.get("/api/v1/message/{mail_id}")
        def message(mail_id: str) -> Response:
            return JSONResponse(shown(mail_id).content())

        @app.get("/api/v1/message/{mail_id}/headers")
        def headers(mail_id: str) -> Response:
            return JSONResponse(shown(mail_id).headers())

        @app.get("/api/v1/message/{mail_id}/raw")
        def raw(mail_id: str) -> Response:
            return PlainTextResponse(
                shown(mail_id).raw.decode("utf-8", "replace"), headers=_PAGE_HEADERS
            )

        @app.get("/livez")
        @app.get("/readyz")
        def alive() -> Response:
            return PlainTextResponse("ok")

        return app

    def _protocol(self) -> SMTP:
        return SMTP(
            self,
            data_size_limit=MAIL_BYTES_MAX,
            enable_SMTPUTF8=True,
            hostname="mail-catcher",
            timeout=30,
        )


class _Pages:
    def __init__(self) -> None:
        self._environment = Environment(
            autoescape=True,
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )

    def answer(self, template: str, *, status: int = 200, **view: Any) -> Response:
        return HTMLResponse(
            self._environment.get_template(template).render(view), status, _PAGE_HEADERS
        )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _value(header: bytes) -> str:
    return header.decode("utf-8", "replace").partition(": ")[2]


async def serve(catcher: MailCatcher, http_port: int) -> None:
    """Run the mail server and its page until SIGTERM or SIGINT."""
    server = uvicorn.Server(
        uvicorn.Config(
            catcher.app(), host=catcher.host, port=http_port, log_level="warning", lifespan="off"
        )
    )
    async with catcher.running():
        print(
            f"mail catcher: smtp {catcher.host}:{catcher.smtp_port}, page"
            f" http://{catcher.host}:{http_port}/",
            flush=True,
        )
        await server.serve()


def main() -> None:
    """Run the mail catcher as a process of its own."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.local.mail_catcher", description=__doc__
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: %(default)s)"
    )
    parser.add_argument("--smtp-port", type=int, required=True, help="port that takes mail")
    parser.add_argument("--http-port", type=int, required=True, help="port of the page")
    parser.add_argument("--dir", type=Path, required=True, help="folder where mails are kept")
    arguments = parser.parse_args()

    async def run() -> None:
        await serve(
            MailCatcher(arguments.host, arguments.smtp_port, arguments.dir), arguments.http_port
        )

    asyncio.run(run())


if __name__ == "__main__":
    main()
