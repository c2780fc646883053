"""Handing a message to the mail server (SMTP)."""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage

import aiosmtplib

from shared.mail.settings import MailSettings
from shared.mail.wire import wire

LEAVE_SECONDS = 1.0
_PERMANENT = 500


@dataclass(frozen=True, slots=True)
class HandedIn:
    """The mail server took the message."""


@dataclass(frozen=True, slots=True)
class NotHandedIn:
    """The mail server did not take the message, or nobody can tell.

    Attributes:
        error: a sentence without the address.
        is_final: the same message would be refused again.
    """

    error: str
    is_final: bool = False


async def hand_in(message: EmailMessage, settings: MailSettings) -> HandedIn | NotHandedIn:
    """Hand a message to the mail server.

    What the server says about this message with a 5xx is final. What it says about us (greeting,
    encryption, log-in) is not, whatever its code: it will be mended, and the mail is not at fault.
    """
    client = _client(settings)
    sender, recipient = message["From"].addresses[0], message["To"].addresses[0]
    try:
        async with asyncio.timeout(settings.timeout_seconds):
            await client.connect()
            await client.sendmail(sender.addr_spec, [recipient.addr_spec], wire(message))
        await _take_leave(client)
    except aiosmtplib.SMTPRecipientsRefused as refused:
        worst = max(refused.recipients, key=lambda recipient: recipient.code)
        return _refused(worst.code, "recipient", worst.message)
    except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as refused:
        return _refused(refused.code, "message", refused.message)
    except aiosmtplib.SMTPException as error:
        return NotHandedIn(
            f"the mail server did not take it: {type(error).__name__}: {_one_line(str(error))}"
        )
    except (OSError, TimeoutError) as error:
        return NotHandedIn(f"the mail server cannot be reached: {type(error).__name__}")
    finally:
        client.close()
    return HandedIn()


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


def _refused(code: int, what: str, said: str) -> NotHandedIn:
    error = f"the mail server refused the {what}: {code} {_one_line(said)}"
    return NotHandedIn(error, is_final=code >= _PERMANENT)


def _one_line(text: str) -> str:
    """Keep what a server said to one harmless line; it may hold anything, the receiver's address
    among it.
    """
    shown = "".join(c if c.isprintable() else " " for c in text)[:200]
    return " ".join("…" if "@" in word else word for word in shown.split())
