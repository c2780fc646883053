"""A notification in words, as every channel that people read takes it."""

from dataclasses import dataclass

from shared.web.languages import Language


@dataclass(frozen=True, slots=True)
class Letter:
    """A notification in words.

    Attributes:
        subject: says what happened, readable alone in a list of mails.
        headline: the same, above the text.
        sentences: the text.
        facts: label and value, in order.
        path: where to see it, below the address of the pages.
        is_generated: the figures were made by a generator; the letter says so in every part.
    """

    language: Language
    subject: str
    headline: str
    sentences: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    path: str
    is_generated: bool = False
