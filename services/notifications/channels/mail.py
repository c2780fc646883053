"""Mail about a subscription: the shared mechanism, with what belongs to a subscription added."""

from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage
from uuid import UUID

from pydantic_settings import SettingsConfigDict

from services.notifications.channels.rules import Never, NotNow, Outcome, Taken
from shared.mail import handing_in
from shared.mail.composing import Composer
from shared.mail.handing_in import HandedIn
from shared.mail.letter import Letter
from shared.mail.settings import MailSettings as SharedMailSettings
from shared.web.languages import Texts


class MailSettings(SharedMailSettings):
    """Where notifications hands in mail."""

    model_config = SettingsConfigDict(env_prefix="SAMAN_NOTIFICATIONS_MAIL_", extra="ignore")


def compose(
    composer: Composer,
    letter: Letter,
    address: str,
    texts: Texts,
    *,
    subscription_id: str,
    event_id: UUID,
    now: datetime,
) -> EmailMessage:
    """Return the mail that a subscription gets about an event, with one Message-ID for the two.

    Args:
        texts: in the language of the letter.
    """
    headers = {"List-Id": f"<{subscription_id}.{composer.domain}>"}
    contact = composer.settings.contact
    why = [
        texts.gettext(
            "You get this mail because your address is on the subscription %(id)s in Saman."
        )
        % {"id": subscription_id}
    ]
    if contact:
        why.append(
            texts.gettext("To change or end it, write to %(contact)s.") % {"contact": contact}
        )
        headers["List-Unsubscribe"] = f"<mailto:{contact}?subject=unsubscribe%20{subscription_id}>"
    else:
        why.append(texts.gettext("To change or end it, turn to those who run your programme."))
    return composer.message(
        replace(letter, why=tuple(why)),
        address,
        message_id=f"{event_id}.{subscription_id}",
        now=now,
        headers=headers,
    )


async def hand_in(message: EmailMessage, settings: SharedMailSettings) -> Outcome:
    """Hand a message to the mail server and say how the try ended."""
    answer = await handing_in.hand_in(message, settings)
    if isinstance(answer, HandedIn):
        return Taken()
    return Never(answer.error) if answer.is_final else NotNow(answer.error)
