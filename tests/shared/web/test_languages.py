"""Texts, numbers and dates in the three languages."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from shared.events.registry import Names
from shared.values import Period
from shared.web import languages
from shared.web.languages import Language, Texts, norwegian_order, preferred

TEXTS = languages.load([Path(languages.__file__).parent / "translations"])
NB, NN, EN = TEXTS[Language.NB], TEXTS[Language.NN], TEXTS[Language.EN]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, Language.NB),
        ("", Language.NB),
        ("nn-NO,nn;q=0.9,en;q=0.5", Language.NN),
        ("en-GB,en;q=0.9,nb;q=0.8", Language.EN),
        ("no", Language.NB),
        ("de, en;q=0.3", Language.EN),
        ("de,fr", Language.NB),
        ("en;q=0, nn;q=0.1", Language.NN),
        ("en;q=0", Language.NB),
        ("nn;q=rubbish,en", Language.EN),
        ("NN", Language.NN),
        ("nn; q=0.9", Language.NN),
        ("nn ;\tq=0.9 , en ; q=0.8", Language.NN),
        ("en;Q=0.1,nn;Q=0.2", Language.NN),
        ("nn;q=0.5, en; q=0.50", Language.NN),
        ("en;q=0.2,nn;q=0.3,en-GB;q=0.4", Language.EN),
        ("no;q=0.8, en;q=0.5", Language.NB),
        ("no, nn", Language.NN),
        ("nb;q=0, no", Language.NN),
        ("no;q=0", Language.EN),
        ("nb;q=0", Language.NN),
        ("nb;q=0, nn;q=0, en;q=0", Language.NB),
        ("*", Language.NB),
        ("*, en", Language.EN),
        ("*;q=0.5, nb;q=0", Language.NN),
        ("*;q=0", Language.NB),
        ("en;q=nan, nn;q=0.1", Language.NN),
        ("en;q=inf, nn;q=0.1", Language.NN),
        ("en;q=-1, nn;q=0.1", Language.NN),
        ("en;q=1e3, nn;q=0.1", Language.NN),
        ("en;q=1.1, nn;q=0.1", Language.NN),
        ("en;q=0.9999, nn;q=0.1", Language.NN),
        ("en;q=\u0661, nn;q=0.1", Language.NN),
        ("en;q=, nn;q=0.1", Language.NN),
        ("enn, nnx, nbno", Language.NB),
        ("tlh-Latn, se;q=0.9, sma", Language.NB),
        (",, ,;q=1,nn", Language.NN),
        ('en"; nn', Language.NB),
    ],
)
def test_the_language_that_the_browser_wants_most_is_taken(
    header: str | None, language: Language
) -> None:
    assert preferred(header) is language


@pytest.mark.parametrize(
    ("first", "repeated", "last", "language"),
    [
        ("nn,", "de;q=0.1,", "en;q=0.5", Language.NN),
        ("", "de;q=0.1,", "nn", Language.NB),
        ("n", "n", "n", Language.NB),
        ("nn", ";", "", Language.NN),
        ("nn", " ;q=0.5", "", Language.NN),
    ],
)
def test_a_huge_header_is_read_as_far_as_the_first_hundred_wishes(
    first: str, repeated: str, last: str, language: Language
) -> None:
    assert preferred(first + repeated * 10_000 + last) is language


def test_a_message_is_written_in_each_language_and_stays_english_when_unknown() -> None:
    assert [t.gettext("Municipalities") for t in (NB, NN, EN)] == [
        "Kommunene",
        "Kommunane",
        "Municipalities",
    ]
    assert NB.gettext("never said before") == "never said before"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("6.9", "6,9"),
        ("6.95", "7,0"),
        ("6.949999999", "6,9"),
        ("-0.04", "0,0"),
        ("1234.5", "1\u00a0234,5"),
        ("9", "9,0"),
    ],
)
def test_a_figure_is_rounded_once_from_what_is_not_rounded_and_has_a_decimal_comma(
    value: str, written: str
) -> None:
    assert NB.number(Decimal(value)) == written


def test_a_missing_figure_is_a_dash_and_never_zero() -> None:
    assert (NB.number(None), NB.percent(None), NB.change(None)) == ("–", "–", "–")


def test_per_cent_and_changes_follow_the_language() -> None:
    assert NB.percent(Decimal("6.9")) == "6,9\u00a0%"
    assert EN.percent(Decimal("6.9")) == "6.9%"
    assert NB.change(Decimal("0.25")) == "+0,3"
    assert NB.change(Decimal("0.04")) == "0,0"
    assert NB.change(Decimal("-1.1")).lstrip("-−") == "1,1"


@pytest.mark.parametrize(
    ("period", "written"),
    [
        ("2013-02", "feb. 13"),
        ("2013-Q1", "1. kv. 2013"),
        ("2013-H2", "2. halvår 2013"),
        ("2013", "2013"),
    ],
)
def test_periods_are_written_as_on_the_board(period: str, written: str) -> None:
    assert NB.period(Period.parse(period)) == written


def test_days_and_moments_are_norwegian() -> None:
    assert NB.day(date(2014, 2, 1)) == "1. februar 2014"
    assert "07:12:09" in NN.moment(datetime(2013, 3, 7, 6, 12, 9, tzinfo=UTC))


def test_a_name_without_a_translation_is_the_bokmaal_one() -> None:
    names = Names(nb="Sykefravær", nn="Sjukefråvær")

    assert [t.named(names) for t in (NB, NN, EN)] == ["Sykefravær", "Sjukefråvær", "Sykefravær"]


def test_the_first_folder_that_knows_a_message_decides(tmp_path: Path) -> None:
    (tmp_path / "nb.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "About"\nmsgstr "Om'
        ' oss"\n'
    )

    texts = languages.load([tmp_path, Path(languages.__file__).parent / "translations"])[
        Language.NB
    ]

    assert (texts.gettext("About"), texts.gettext("Language")) == ("Om oss", "Språk")


def test_names_sort_as_norwegian_directories_do() -> None:
    """The order of CLDR's collation for `nb`."""
    in_order = [
        *("Áltá", "Arendal", "Čáhcesuolu", "Đatnu", "Ŋuorra", "Šuoššjávri", "Unjárga", "Ünterberg"),
        *("Ytre", "Zoo", "Äijän", "Ærø", "Ömål", "Österås", "Østre Toten", "ålesund", "Ås"),
        *("Aasgård", "Åsnes"),
    ]

    assert sorted(sorted(in_order), key=norwegian_order) == in_order


def test_texts_can_be_made_without_any_catalogue() -> None:
    assert isinstance(languages.load([])[Language.NN], Texts)
