"""Speaks to people in bokmål, nynorsk and English: texts by gettext, numbers and dates by the rules
of the language.

A message's id is its English text; `translations/nb.po` and `nn.po` in a folder hold the other two
(the usual gettext files, so any translation tool opens them). They are read as they are, so there
is nothing to compile and nothing binary to commit. Pages use it through `shared.web.pages`;
whatever else is written to people, such as mail, loads the same way.
"""

import gettext
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import Protocol

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from icu import Collator
from icu import Locale as Collation

from shared.clock import OSLO
from shared.http.wishes import read_wishes
from shared.values import Grain, Period, rounded

_NO_BREAK = "\u00a0"


class Language(StrEnum):
    """The three languages that everything is written in, by their codes in HTML and HTTP."""

    NB = "nb"
    NN = "nn"
    EN = "en"

    @property
    def own_name(self) -> str:
        """What its readers call it."""
        return {"nb": "Bokmål", "nn": "Nynorsk", "en": "English"}[self.value]


_RANGES = {
    Language.NB: ("nb", "no", "*"),
    Language.NN: ("nn", "no", "*"),
    Language.EN: ("en", "*"),
}
"""By which names each language can be asked for, the most exact first; `no` is either Norwegian."""


def preferred(accept_language: str | None) -> Language:
    """Return the language that fits an `Accept-Language` header best (RFC 9110 §12.5.4).

    Among equals the one that is named more exactly is taken, then the one that is named first, then
    bokmål. A header that names none of the three gets the first of them that it does not refuse.
    """
    wishes: dict[str, tuple[float, int]] = {}
    for place, wish in enumerate(read_wishes(accept_language or "")):
        primary = wish.name.partition("-")[0]
        wishes[primary] = max(wishes.get(primary, (0.0, 0)), (wish.weight, -place))
    fits: dict[Language, tuple[float, int, int]] = {}
    for language, names in _RANGES.items():
        exact = next((name for name in names if name in wishes), None)
        if exact is not None:
            weight, place = wishes[exact]
            fits[language] = (weight, {"*": 0, "no": 1}.get(exact, 2), place)
    best = max(fits, key=lambda language: fits[language], default=Language.NB)
    if fits and fits[best][0] > 0:
        return best
    return next((language for language in Language if language not in fits), Language.NB)


def norwegian_order(name: str) -> bytes:
    """Return a key that sorts names as CLDR does for Norwegian.

    æ, ø and å come last, with ä, ö and aa beside them; Sami letters and other marks stand with the
    letters that they are made from.
    """
    key: bytes = _NORWEGIAN.getSortKey(name)
    return key


_NORWEGIAN = Collator.createInstance(Collation("nb"))


class Named(Protocol):
    """A name in the three languages, of which at least one stands."""

    @property
    def nb(self) -> str | None: ...
    @property
    def nn(self) -> str | None: ...
    @property
    def en(self) -> str | None: ...


class Texts:
    """One language: its texts, and how it writes numbers and dates.

    Attributes:
        language: which of the three.
        gettext, ngettext: the message in this language; an unknown message stays English.
    """

    def __init__(self, language: Language, translations: gettext.NullTranslations) -> None:
        self.language = language
        self.gettext = translations.gettext
        self.ngettext = translations.ngettext
        self._locale = Locale.parse(language.value)

    def number(self, value: Decimal | int | None, places: int = 1) -> str:
        """Write a figure, rounded here and only here, halves up; a dash where it is missing."""
        if value is None:
            return "–"
        shown = rounded(Decimal(value), places) + 0  # + 0 turns a rounded -0.0 into 0.0
        return str(format_decimal(shown, format=f"#,##0.{'0' * places}", locale=self._locale))

    def percent(self, value: Decimal | int | None, places: int = 1) -> str:
        """Write a figure in per cent, such as `6,9 %` (`6.9%` in English)."""
        if value is None:
            return "–"
        sign = "%" if self.language is Language.EN else f"{_NO_BREAK}%"
        return f"{self.number(value, places)}{sign}"

    def change(self, value: Decimal | None, places: int = 1) -> str:
        """Write a difference with its sign, also the plus."""
        if value is None:
            return "–"
        plus = "+" if rounded(value, places) > 0 else ""
        return f"{plus}{self.number(value, places)}"

    def day(self, value: date) -> str:
        """Write a date, such as `1. februar 2014`."""
        return str(format_date(value, format="long", locale=self._locale))

    def moment(self, value: datetime) -> str:
        """Write a point in time in Norwegian local time."""
        return str(format_datetime(value.astimezone(OSLO), "d MMM y HH:mm:ss", locale=self._locale))

    def period(self, value: Period) -> str:
        """Write a period in a few characters: `feb. 13`, `1. kv. 13`, `1. halvår 13`, `2013`."""
        if value.grain is Grain.MONTH:
            return str(format_date(value.first_day, "MMM yy", locale=self._locale))
        if value.grain is Grain.YEAR:
            return str(value.year)
        part = {
            Grain.QUARTER: self.gettext("Q%(number)s %(year)s"),
            Grain.HALF_YEAR: self.gettext("H%(number)s %(year)s"),
        }
        return part[value.grain] % {"number": value.number, "year": value.year}

    def month_name(self, value: Period) -> str:
        """Write a period's last month in a few characters, without the year: `feb.`."""
        return str(format_date(value.last_day, "MMM", locale=self._locale))

    def month_and_year(self, value: Period) -> str:
        """Write a period's last month in full, such as `juli 2013`."""
        return str(format_date(value.last_day, "MMMM y", locale=self._locale))

    def named(self, names: Named) -> str:
        """Return a name in this language, else in bokmål, nynorsk or English."""
        own = {"nb": names.nb, "nn": names.nn, "en": names.en}[self.language.value]
        return own or names.nb or names.nn or names.en or ""


def load(folders: Iterable[Path]) -> dict[Language, Texts]:
    """Read the catalogues `nb.po` and `nn.po` of the folders; where two know a message, the first
    one's text holds.
    """
    places = list(folders)
    return {language: Texts(language, _translations(language, places)) for language in Language}


def _translations(language: Language, folders: list[Path]) -> gettext.NullTranslations:
    whole = gettext.NullTranslations()
    for folder in reversed(folders):
        source = folder / f"{language}.po"
        if not source.is_file():
            continue
        compiled = BytesIO()
        with source.open("rb") as file:
            write_mo(compiled, read_po(file, locale=language.value))
        compiled.seek(0)
        catalogue = gettext.GNUTranslations(compiled)
        catalogue.add_fallback(whole)
        whole = catalogue
    return whole
