"""Definitions, windows and periods are called the same on pages and in mails."""

from datetime import date

import pytest

from shared.values import Grain, Period
from shared.web import languages, wording
from shared.web.languages import Language

TEXTS = languages.load([wording.TRANSLATIONS])
ABSENCE = {
    "certification": "total",
    "denominator": "agreed",
    "holiday": "corrected",
    "source": "municipality-hr",
}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            Language.NB,
            "egenmeldt og legemeldt fravær, i prosent av avtalte dagsverk, korrigert for ferie,"
            " fra kommunens eget personalsystem",
        ),
        (
            Language.EN,
            "self-certified and doctor-certified absence, in per cent of agreed working days,"
            " corrected for holidays taken, from the municipality's own personnel system",
        ),
    ],
)
def test_a_definition_says_each_of_its_axes(language: Language, said: str) -> None:
    assert wording.definition(ABSENCE, TEXTS[language]) == said


def test_an_axis_that_nobody_translated_is_shown_by_its_ids() -> None:
    assert wording.definition({"shift": "night"}, TEXTS[Language.NN]) == "night"
    assert wording.definition({}, TEXTS[Language.NN]) == ""


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"nb": "Omdømme", "en": "Reputation"}, "Omdømme"),
        ({"nn": "Omdøme", "en": "Reputation"}, "Omdøme"),
        ({"en": "Reputation"}, "Reputation"),
    ],
)
def test_a_name_falls_back_to_the_languages_that_it_has(names: dict[str, str], said: str) -> None:
    assert wording.named_in(names, TEXTS[Language.NN]) == (names.get("nn") or said)


@pytest.mark.parametrize(
    ("window", "today", "said"),
    [
        ("month", None, "i april 2013"),
        ("quarter", None, "i 2. kvartal 2013"),
        ("rolling-12", None, "siste 12 måneder til og med april 2013"),
        ("year-to-date", None, "hittil i 2013 (januar–april)"),
        ("year-to-date", date(2013, 5, 7), "hittil i år"),
        ("year-to-date", date(2014, 1, 7), "hittil i 2013"),
    ],
)
def test_a_window_is_said_within_a_sentence(window: str, today: date | None, said: str) -> None:
    april = Period.parse("2013-04")
    assert wording.window_of(window, april, TEXTS[Language.NB], today=today) == said


@pytest.mark.parametrize("language", list(Language))
def test_every_window_has_a_name(language: Language) -> None:
    windows = [*(grain.value for grain in Grain), "year-to-date", "rolling-12"]
    names = {wording.window_name(window, TEXTS[language]) for window in windows}
    assert len(names) == len(windows)
