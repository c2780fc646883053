"""Mail: a letter as a message of text and HTML, and handing it to the mail server.

The HTML part fetches nothing: no pictures, fonts or counters from anywhere, so opening a mail tells
nobody anything.
"""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Literal
from uuid import UUID

import aiosmtplib
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.notifications.channels.letter import Letter
from services.notifications.channels.rules import TRY_SECONDS_MAX, Never, NotNow, Outcome, Taken
from shared.web.languages import Language, Texts

_NO_BREAK = "\u00a0"
_PERMANENT = 500
LEAVE_SECONDS = 1.0


class MailSettings(BaseSettings):
    """Where mail is handed in, and who it comes from."""

    model_config = SettingsConfigDict(env_prefix="SAMAN_NOTIFICATIONS_MAIL_", extra="ignore")

    host: str = Field(default="127.0.0.1", description="Name or address of the mail server.")
    port: int = Field(default=25, ge=1, le=65535, description="Its port.")
    security: Literal["none", "starttls", "tls"] = Field(
        default="none",
        description=(
            "none, starttls (begins in clear, then must be encrypted) or tls (from the start)."
        ),
    )
    username: str | None = Field(default=None, description="For servers that want a log-in.")
    password: SecretStr | None = Field(default=None, description="Its password.")
    sender: str = Field(
        default="varsel@saman.invalid", description="Address that notifications come from."
    )
    sender_name: str = Field(default="Saman", description="Name shown beside it.")
    contact: str | None = Field(
        default=None, description="Address of the people to write to, also to end a subscription."
    )
    timeout_seconds: float = Field(
        default=15.0,
        gt=0,
        le=TRY_SECONDS_MAX - LEAVE_SECONDS,
        description="For handing in one mail, from first to last.",
    )


class Composer:
    """Makes messages of letters.

    Args:
        settings: who mail comes from.
        page_base: address of the pages, such as `https://saman.example`.
        texts: what the frame of a mail says, by language.
    """

    def __init__(
        self, settings: MailSettings, page_base: str, texts: Mapping[Language, Texts]
    ) -> None:
        self._settings = settings
        self._page_base = page_base.rstrip("/")
        loader = FileSystemLoader(Path(__file__).parent / "templates")
        self._environments = {
            language: _environment(own, loader) for language, own in texts.items()
        }

    def message(
        self, letter: Letter, address: str, *, subscription_id: str, event_id: UUID, now: datetime
    ) -> EmailMessage:
        """Return the message; the same event for the same subscription has the same Message-ID on
        each try.

        A receiver that knows the id shows a message once that was handed in twice because an answer
        was lost.
        """
        settings = self._settings
        sender = Address(settings.sender_name, addr_spec=settings.sender)
        message = EmailMessage(policy=SMTP)
        message["From"] = sender
        message["To"] = Address(addr_spec=address)
        message["Subject"] = " ".join(letter.subject.split())
        message["Date"] = now
        message["Message-ID"] = f"<{event_id}.{subscription_id}@{sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday replies, please
        message["List-Id"] = f"<{subscription_id}.{sender.domain}>"
        if settings.contact:
            message["Reply-To"] = Address(addr_spec=settings.contact)
            message["List-Unsubscribe"] = (
                f"<mailto:{settings.contact}?subject=unsubscribe%20{subscription_id}>"
            )
        view = {
            "letter": letter,
            "link": f"{self._page_base}{letter.path}?lang={letter.language}",
            "subscription_id": subscription_id,
            "contact": settings.contact,
        }
        environment = self._environments[letter.language]
        message.set_content(
            _plain(environment.get_template("letter.txt").render(view)), cte="quoted-printable"
        )
        message.add_alternative(
            environment.get_template("letter.html").render(view),
            subtype="html",
            cte="quoted-printable",
        )
        message["Content-Language"] = (
            letter.language.value
        )  # only now: adding the parts drops all Content-* headers
        return message


async def hand_in(message: EmailMessage, settings: MailSettings) -> Outcome:
    """Hand a message to the mail server.

    What the server says about this message with a 5xx is final. What it says about us (greeting,
    encryption, log-in) is not, whatever its code: it will be mended, and the mail is not at fault.
    """
    client = _client(settings)
    try:
        async with asyncio.timeout(settings.timeout_seconds):
            await client.connect()
            await client.send_message(message)
        await _take_leave(client)
    except aiosmtplib.SMTPRecipientsRefused as refused:
        worst = max(refused.recipients, key=lambda recipient: recipient.code)
        return _refused(worst.code, "recipient", worst.message)
    except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as refused:
        return _refused(refused.code, "message", refused.message)
    except aiosmtplib.SMTPException as error:
        return NotNow(
            f"the mail server did not take it: {type(error).__name__}: {_one_line(str(error))}"
        )
    except (OSError, TimeoutError) as error:
        return NotNow(f"the mail server cannot be reached: {type(error).__name__}")
    finally:
        client.close()
    return Taken()


async def _take_leave(client: aiosmtplib.SMTP) -> None:
    """Say QUIT; the mail is handed in by then, whatever comes of this."""
    with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
        async with asyncio.timeout(LEAVE_SECONDS):
            await client.quit()


def _client(settings: MailSettings) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname=settings.host,
        port=settings.port,
        timeout=settings.timeout_seconds,
        use_tls=settings.security == "tls",
        start_tls=settings.security == "starttls",
        tls_context=ssl.create_default_context() if settings.security != "none" else None,
        username=settings.username,
        password=settings.password.get_secret_value() if settings.password else None,
    )


def _refused(code: int, what: str, said: str) -> Outcome:
    error = f"the mail server refused the {what}: {code} {_one_line(said)}"
    return Never(error) if code >= _PERMANENT else NotNow(error)


def _one_line(text: str) -> str:
    """Keep what a server said to one harmless line; it may hold anything, the receiver's address
    among it.
    """
    shown = "".join(c if c.isprintable() else " " for c in text)[:200]
    return " ".join("…" if "@" in word else word for word in shown.split())


def _plain(text: str) -> str:
    """Use ordinary spaces, so that a reader who searches for `6,9 %` finds it."""
    return text.replace(_NO_BREAK, " ")


def _environment(texts: Texts, loader: FileSystemLoader) -> Environment:
    environment = Environment(
        autoescape=select_autoescape(("html",), default_for_string=True, default=False),
        extensions=["jinja2.ext.i18n"],
        loader=loader,
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # added by the extension
        texts.gettext, texts.ngettext, newstyle=True
    )
    return environment
