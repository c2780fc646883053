"""How names become ids and search keys, and what a municipality number looks like (CONTRACTS 1)."""

import re
import unicodedata

from shared.errors import RuleBroken

_NUMBER = re.compile(r"\d{4}\Z", re.ASCII)
_BRACKET = re.compile(r"\s*\([^)]*\)")
_BETWEEN_WORDS = re.compile(r"[^a-z0-9]+")
_BETWEEN_DOUBLE_NAMES = re.compile(r"\s+[-\u2010\u2011\u2212/]\s+|\s*[\u2012-\u2015/]\s*")
"""A hyphen joins two names only with spaces about it (Nord-Aurdal is one name); a dash or a slash
joins them in any case.
"""

_LETTERS = str.maketrans(
    {"æ": "ae", "ø": "o", "å": "a", "đ": "d", "ŋ": "n", "ŧ": "t", "ß": "ss", "ł": "l"}
)
"""Letters that Unicode does not take apart into a base letter and a mark; `å` it does, and it is
here to be seen.
"""


def slug(name: str) -> str:
    """Return a name in lower-case ASCII words joined by hyphens; a bracket's words are kept."""
    base = unicodedata.normalize("NFKD", name.lower().translate(_LETTERS))
    return _BETWEEN_WORDS.sub("-", "".join(c for c in base if not unicodedata.combining(c))).strip(
        "-"
    )


def municipality_id(name: str, number: str, *, created_year: int | None = None) -> str:
    """Return the id that a municipality gets once and keeps.

    Args:
        name: its first name; a bracket that only tells namesakes apart is dropped.
        number: its first number.
        created_year: for one that a later change created, the year of that change; the same name
            and number may have belonged to another before.

    Raises:
        RuleBroken: `name-malformed` or `number-malformed`.
    """
    word = slug(_BRACKET.sub("", name))
    if not word:
        raise RuleBroken(
            f"a municipality's name must hold a letter or a digit, got {name[:80]!r}",
            code="name-malformed",
        )
    check_number(number)
    return f"{word}-{number}" if created_year is None else f"{word}-{number}-{created_year}"


def check_number(number: str) -> None:
    """Make sure that a municipality number is four digits.

    Raises:
        RuleBroken: `number-malformed`.
    """
    if not _NUMBER.match(number):
        raise RuleBroken(
            f"a municipality number must be four digits, got {number[:40]!r}",
            code="number-malformed",
        )


def parts_of_double_name(name: str) -> tuple[str, ...]:
    """Return the names that an official double name joins, such as Norwegian and Sami; none for a
    single name.
    """
    parts = tuple(_BETWEEN_DOUBLE_NAMES.split(name))
    return parts if len(parts) > 1 else ()


def search_keys(name: str) -> frozenset[str]:
    """Return the keys under which a name is found: as written, without its bracket, and each part
    of a double name.

    Spelling variants fall together: case, marks, and hyphen or space (`Nord Aurdal`,
    `Nord-Aurdal`).
    """
    forms = (name, _BRACKET.sub("", name), *parts_of_double_name(name))
    return frozenset(key for key in map(slug, forms) if key)
