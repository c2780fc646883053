"""The message that a letter becomes, and handing it to a real mail server."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from pydantic import SecretStr

from deploy.local.mail_catcher import MailCatcher
from services.notifications.channels.mail import MailSettings, compose, hand_in
from services.notifications.channels.rules import Never, NotNow, Taken
from services.notifications.deliveries import letters
from services.notifications.heard.rules import Name
from shared.mail.composing import Composer
from shared.web.languages import Language
from tests.notifications import factories

TEXTS = letters.load_texts()
EVENT_ID = UUID("0b6f7f3e-6c5e-4c36-9a3b-000000000001")


def message(
    *,
    language: Language = Language.NB,
    name: str = "Vefsn",
    generated: bool = False,
    contact: str | None = None,
) -> EmailMessage:
    composer = Composer(
        MailSettings(sender="varsel@saman.example", contact=contact),
        "https://saman.example/",
    )
    event = factories.target_reached(generated=generated)
    names = {"municipality/vefsn-1824": Name(name), "metric/absence": factories.ABSENCE_NAME}
    letter = letters.write(event, TEXTS[language], names, {"absence": factories.ABSENCE})
    return compose(
        composer,
        letter,
        "hr@vefsn.example",
        TEXTS[language],
        subscription_id="vefsn-hr",
        event_id=EVENT_ID,
        now=datetime(2013, 5, 7, tzinfo=UTC),
    )


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_a_mail_has_a_text_and_an_html_part_that_say_the_same() -> None:
    mail = message()
    text, html = part(mail, "plain"), part(mail, "html").replace("\u00a0", " ")
    for said in (
        "Vefsn nådde målet",
        "6,9 %",
        "8,6 % (2007–2010)",
        "https://saman.example/metrics/boards/vefsn-1824",
    ):
        assert said in text
        assert said in html
    assert "\u00a0" not in text


def test_the_same_event_for_the_same_subscription_has_the_same_message_id() -> None:
    assert (
        message()["Message-ID"] == message()["Message-ID"] == f"<{EVENT_ID}.vefsn-hr@saman.example>"
    )


def test_the_headers_tell_machines_what_this_is() -> None:
    mail = message(contact="post@saman.example")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "nb"
    assert mail["List-Unsubscribe"] == "<mailto:post@saman.example?subject=unsubscribe%20vefsn-hr>"
    assert mail["Reply-To"] == "post@saman.example"
    assert mail["From"] == "Saman <varsel@saman.example>"
    assert message()["List-Unsubscribe"] is None


def test_the_html_part_fetches_and_runs_nothing() -> None:
    html = part(message(), "html")
    assert not re.search(
        r"<(img|script|link|iframe|object|video|style)\b|url\(|@import|javascript:",
        html,
        re.IGNORECASE,
    )
    assert set(re.findall(r'(?:src|href)="([^"]*)"', html)) == {
        "https://saman.example/metrics/boards/vefsn-1824?lang=nb"
    }


@pytest.mark.parametrize("language", list(Language))
def test_the_html_part_names_its_language_and_has_one_heading(language: Language) -> None:
    html = part(message(language=language), "html")
    assert f'<html lang="{language}">' in html
    assert html.count("<h1") == 1


def test_a_name_is_text_and_never_markup_or_a_header() -> None:
    mail = message(name="<b>Vefsn</b>\r\nBcc: all@vefsn.example")
    assert "<b>" not in part(mail, "html")
    assert "&lt;b&gt;Vefsn" in part(mail, "html")
    assert mail["Bcc"] is None
    assert mail["Subject"].startswith("<b>Vefsn</b> Bcc: all@vefsn.example")


def test_generated_figures_say_so_in_both_parts() -> None:
    mail = message(generated=True)
    assert "generert for demonstrasjon" in part(mail, "plain")
    assert "generert for demonstrasjon" in part(mail, "html")
    assert "generert" not in part(message(), "plain")


def test_a_contact_is_named_where_there_is_one() -> None:
    assert "Skriv til post@saman.example" in part(message(contact="post@saman.example"), "plain")
    assert "Ta kontakt med dem som driver programmet" in part(message(), "plain")


class Refusing:
    """A mail server that answers one command as it is told; aiosmtpd calls these."""

    def __init__(self, *, rcpt: str | None = None, data: str | None = None) -> None:
        self.rcpt, self.data = rcpt, data

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if self.rcpt is None:
            envelope.rcpt_tos.append(address)
        return self.rcpt or "250 ok"

    async def handle_DATA(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        return self.data or "250 ok"


@asynccontextmanager
async def listening(protocol: Callable[[], asyncio.BaseProtocol]) -> AsyncIterator[MailSettings]:
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    try:
        yield MailSettings(port=server.sockets[0].getsockname()[1], timeout_seconds=1.0)
    finally:
        server.close()


def refusing(**answers: str) -> Callable[[], asyncio.BaseProtocol]:
    return lambda: SMTP(Refusing(**answers), hostname="refusing.example")


async def test_a_mail_server_takes_the_mail_as_it_was_written(tmp_path: Path) -> None:
    async with MailCatcher("127.0.0.1", 0, tmp_path).running() as catcher:
        outcome = await hand_in(message(), MailSettings(port=catcher.smtp_port))
        mail = catcher.mailbox.find("latest")
    assert outcome == Taken()
    assert mail is not None
    assert mail.header("Subject") == "Vefsn nådde målet: 6,9 % hittil i år (Sykefravær)"
    assert mail.recipients == ("hr@vefsn.example",)


@pytest.mark.parametrize(
    ("answers", "kind", "said"),
    [
        (
            {"rcpt": "550 no such user hr@vefsn.example"},
            Never,
            "refused the recipient: 550 no such user …",
        ),
        ({"rcpt": "450 try later"}, NotNow, "refused the recipient: 450 try later"),
        ({"data": "552 too much"}, Never, "refused the message: 552 too much"),
        ({"data": "451 try later"}, NotNow, "refused the message: 451 try later"),
        ({"data": "421 closing"}, NotNow, "421 closing"),
    ],
)
async def test_a_refusal_with_4_is_for_now_and_one_with_5_for_good(
    answers: dict[str, str], kind: type[Never | NotNow], said: str
) -> None:
    async with listening(refusing(**answers)) as settings:
        outcome = await hand_in(message(), settings)
    assert isinstance(outcome, kind)
    assert said in outcome.error
    assert "hr@vefsn.example" not in outcome.error


class Saying(asyncio.Protocol):
    """A server that says one thing, or nothing, and goes or stays."""

    def __init__(self, text: bytes, *, closes: bool) -> None:
        self.text, self.closes = text, closes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self.text)
        if self.closes:
            transport.close()


@pytest.mark.parametrize(
    ("text", "closes"),
    [
        (b"554 not here\r\n", False),
        (b"421 busy\r\n", True),
        (b"", True),
        (b"", False),
        (b"220 hello\r\n", False),
    ],
    ids=["refuses everybody", "busy", "closes", "hangs", "hangs after the greeting"],
)
async def test_a_mail_server_that_is_not_well_is_asked_again(text: bytes, closes: bool) -> None:
    async with listening(lambda: Saying(text, closes=closes)) as settings:
        assert isinstance(await hand_in(message(), settings), NotNow)


async def test_a_mail_server_that_is_away_is_asked_again(unused_tcp_port: int) -> None:
    outcome = await hand_in(message(), MailSettings(port=unused_tcp_port))
    assert isinstance(outcome, NotNow)


async def test_a_log_in_that_is_refused_is_our_fault_and_not_the_mails() -> None:
    def strict() -> asyncio.BaseProtocol:
        return SMTP(
            Refusing(),
            authenticator=lambda *_: AuthResult(success=False, handled=False),
            auth_require_tls=False,
        )

    async with listening(strict) as settings:
        wrong = settings.model_copy(update={"username": "saman", "password": SecretStr("wrong")})
        outcome = await hand_in(message(), wrong)
    assert isinstance(outcome, NotNow)
    assert "SMTPAuthenticationError" in outcome.error
