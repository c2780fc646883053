"""The mails that let people in: a link to sign in, and an invitation.

They are handed in after the answer was sent, so that its time does not tell whether an address is
known. What they hold stands in no log, no event and no table: a mail that is lost is asked for
again.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from uuid import uuid4

import structlog
from pydantic_settings import SettingsConfigDict

from services.registry.people.rules import Person
from shared.mail.composing import Composer
from shared.mail.handing_in import HandedIn, hand_in
from shared.mail.letter import Letter
from shared.mail.settings import MailSettings
from shared.web.languages import Language, Texts

LOG = structlog.get_logger()
LINK_PAGE = "/registry/sign-in/link"
SIGN_IN_PAGE = "/registry/sign-in"
TRIES = 3
PAUSE_SECONDS = 2.0


class RegistryMailSettings(MailSettings):
    """Where the registry hands in its mail."""

    model_config = SettingsConfigDict(env_prefix="SAMAN_REGISTRY_MAIL_", extra="ignore")


class Mailer:
    """Writes the mails and hands them in, a few times where the server does not answer.

    Args:
        settings: of the mail server.
        public_url: the address that people know us by.
        texts: of the registry, by language.
    """

    def __init__(
        self, settings: MailSettings, public_url: str, texts: Mapping[Language, Texts]
    ) -> None:
        self._composer = Composer(settings, public_url)
        self._texts = texts
        self._tasks: set[asyncio.Task[None]] = set()

    def send_link(self, person: Person, *, token: str, code: str, minutes: int) -> None:
        """Mail somebody the link and the code that they asked for, and how long they are good."""
        texts = self._texts[Language(person.language)]
        _ = texts.gettext
        letter = Letter(
            language=texts.language,
            subject=_("Sign in to Saman"),
            headline=_("Sign in to Saman"),
            sentences=(
                _(
                    "Open the link in the browser in which you asked for it, or type the code"
                    " there. Both are good for %(minutes)d minutes, once."
                )
                % {"minutes": minutes},
            ),
            facts=((_("Code"), f"{code[:4]} {code[4:]}"),),
            path=f"{LINK_PAGE}/{token}",
            action=_("Sign in"),
            why=(_("Somebody gave this address at the sign-in. If it was not you, do nothing."),),
        )
        self._send(letter, person.email)

    def send_invitation(self, person: Person) -> None:
        """Tell somebody that they may come in from now on."""
        texts = self._texts[Language(person.language)]
        _ = texts.gettext
        letter = Letter(
            language=texts.language,
            subject=_("You are invited to Saman"),
            headline=_("You are invited to Saman"),
            sentences=(
                _(
                    "You have a role in the programme. Sign in with this mail address; there is no"
                    " password: a link comes by mail each time."
                ),
            ),
            facts=(),
            path=SIGN_IN_PAGE,
            action=_("Sign in"),
            why=(
                _(
                    "Somebody who is responsible in the programme named you. You may leave again on"
                    " your own page, and are forgotten then."
                ),
            ),
        )
        self._send(letter, person.email)

    def _send(self, letter: Letter, address: str) -> None:
        message = self._composer.message(
            letter, address, message_id=str(uuid4()), now=datetime.now(UTC)
        )
        task = asyncio.create_task(self._hand_in(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _hand_in(self, message: EmailMessage) -> None:
        error = ""
        for number in range(TRIES):
            outcome = await hand_in(message, self._composer.settings)
            if isinstance(outcome, HandedIn):
                return
            error = outcome.error
            if outcome.is_final:
                break
            await asyncio.sleep(PAUSE_SECONDS * (number + 1))
        LOG.warning("a mail to sign in was not handed in", error=error)
