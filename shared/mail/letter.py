"""What a mail says, before it is a message."""

from dataclasses import dataclass

from shared.web.languages import Language


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail in words.

    Attributes:
        subject: says what happened, readable alone in a list of mails.
        headline: the same, above the text.
        sentences: the text.
        facts: label and value, in order.
        path: where to see it, below the address of the pages.
        action: what the link to `path` says.
        why: sentences below the text that say why the reader gets this, and how to end it.
        is_generated: the figures were made by a generator; the mail says so in every part.
    """

    language: Language
    subject: str
    headline: str
    sentences: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    path: str
    action: str
    why: tuple[str, ...] = ()
    is_generated: bool = False
