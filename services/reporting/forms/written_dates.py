"""How forms write dates: by the rules of the language (CLDR), or by a pattern of the form.

Where Altinn's words differ from CLDR's, Altinn's are taken, so that a form reads the same in both:
short names of days and months are the first three letters of the long ones, and nynorsk has the
eras and the halves of the day of bokmål.
"""

import re
from datetime import datetime

from babel.dates import format_datetime

_USUAL = {"nb": "dd.MM.yyyy", "nn": "dd.MM.yyyy", "en": "M/d/yy"}
"""What Altinn shows where a form names no pattern."""

_FIELD = re.compile(r"'[^']*'|([A-Za-z])\1*")
_SHORT_NAMES = {"E": "EEEE", "EE": "EEEE", "EEE": "EEEE", "MMM": "MMMM"}
_SHORT_LENGTH = 3


def format_date(moment: datetime, pattern: str | None, language: str) -> str:
    """Write a moment.

    Args:
        moment: with an offset in UTC, or without one as it was answered.
        pattern: CLDR's letters, such as `dd.MM.yyyy`; none for the usual form of the language.
        language: `nb`, `nn` or `en`.
    """

    def written(found: re.Match[str]) -> str:
        return _field(found[0], moment, language)

    return _FIELD.sub(written, pattern or _USUAL[language])


def _field(letters: str, moment: datetime, language: str) -> str:
    if letters in _SHORT_NAMES:
        return format_datetime(moment, _SHORT_NAMES[letters], locale=language)[:_SHORT_LENGTH]
    if letters[0] in "Ga":
        locale = "nb" if language == "nn" else language
        shorter = "G" if letters == "GGGGG" and locale == "nb" else letters
        return format_datetime(moment, shorter, locale=locale)
    if letters[0] == "u":
        letters = "u"
    return format_datetime(moment, letters, locale=language)
