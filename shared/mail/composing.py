"""A letter as a message of text and HTML.

The HTML part fetches nothing: no pictures, fonts or counters from anywhere, so opening a mail tells
nobody anything.
"""

from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from shared.mail.letter import Letter
from shared.mail.settings import MailSettings
from shared.web import languages
from shared.web.languages import Texts

_FOLDER = Path(__file__).parent
_NO_BREAK = "\u00a0"


class Composer:
    """Makes messages of letters.

    Args:
        settings: who mail comes from.
        page_base: address of the pages, such as `https://saman.example`.
    """

    def __init__(self, settings: MailSettings, page_base: str) -> None:
        self.settings = settings
        self._page_base = page_base.rstrip("/")
        self._sender = Address(settings.sender_name, addr_spec=settings.sender)
        loader = FileSystemLoader(_FOLDER / "templates")
        self._environments = {
            language: _environment(texts, loader)
            for language, texts in languages.load([_FOLDER / "translations"]).items()
        }

    @property
    def domain(self) -> str:
        """The domain of the sender, which ids of messages and lists end with."""
        return self._sender.domain

    def message(
        self,
        letter: Letter,
        address: str,
        *,
        message_id: str,
        now: datetime,
        headers: Mapping[str, str] | None = None,
    ) -> EmailMessage:
        """Return the message.

        Args:
            address: one mail address in ASCII.
            message_id: without brackets and domain. The same mail has the same one on each try: a
                receiver that knows it shows a message once that was handed in twice because an
                answer was lost.
            headers: further ones, such as `List-Id`; ASCII.
        """
        message = EmailMessage(policy=SMTP)
        message["From"] = self._sender
        message["To"] = Address(addr_spec=address)
        message["Subject"] = " ".join(letter.subject.split())
        message["Date"] = now
        message["Message-ID"] = f"<{message_id}@{self.domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday replies, please
        if self.settings.contact:
            message["Reply-To"] = Address(addr_spec=self.settings.contact)
        for name, value in (headers or {}).items():
            message[name] = value
        self._add_parts(message, letter)
        message["Content-Language"] = letter.language.value
        return message

    def _add_parts(self, message: EmailMessage, letter: Letter) -> None:
        """Write text and HTML. This drops all `Content-*` headers that stand there before."""
        view = {
            "letter": letter,
            "link": f"{self._page_base}{letter.path}?lang={letter.language}",
        }
        environment = self._environments[letter.language]
        text = environment.get_template("letter.txt").render(view).replace(_NO_BREAK, " ")
        html = environment.get_template("letter.html").render(view)
        message.set_content(text, cte="quoted-printable")
        message.add_alternative(html, subtype="html", cte="quoted-printable")


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
