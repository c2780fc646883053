"""Ids, numbers and search keys of municipalities."""

import pytest

from services.registry.municipalities.rules.identity import (
    check_number,
    municipality_id,
    parts_of_double_name,
    search_keys,
)
from shared.errors import RuleBroken


@pytest.mark.parametrize(
    ("name", "number", "year", "expected"),
    [
        ("Vefsn", "1824", None, "vefsn-1824"),
        ("Bærum", "0219", None, "baerum-0219"),
        ("Bø (Telemark)", "0821", None, "bo-0821"),
        ("Åsnes", "0425", None, "asnes-0425"),
        ("Nord-Aurdal", "0542", None, "nord-aurdal-0542"),
        ("Evje og Hornnes", "0937", None, "evje-og-hornnes-0937"),
        ("Sande (Møre og Romsdal)", "1514", None, "sande-1514"),
        ("Snåase - Snåsa", "1736", None, "snaase-snasa-1736"),
        ("Guovdageaidnu - Kautokeino", "2011", None, "guovdageaidnu-kautokeino-2011"),
        ("Kárášjohka - Karasjok", "2021", None, "karasjohka-karasjok-2021"),
        ("Stavanger", "1103", 2020, "stavanger-1103-2020"),
        ("Hábmer - Hamarøy", "1875", 2020, "habmer-hamaroy-1875-2020"),
        ("Ŋuorŧi-đ", "1999", None, "nuorti-d-1999"),
    ],
)
def test_an_id_is_the_first_name_the_first_number_and_for_later_ones_the_year(
    name: str, number: str, year: int | None, expected: str
) -> None:
    assert municipality_id(name, number, created_year=year) == expected


@pytest.mark.parametrize("number", ["301", "00301", "", "18a4", "1824 ", "١٨٢٤", "-824"])
def test_a_number_is_four_digits(number: str) -> None:
    with pytest.raises(RuleBroken, match="four digits") as refused:
        check_number(number)
    assert refused.value.code == "number-malformed"


@pytest.mark.parametrize("name", ["", "  ", "(Telemark)", "—"])
def test_a_name_without_letters_gives_no_id(name: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        municipality_id(name, "1824")
    assert refused.value.code == "name-malformed"


@pytest.mark.parametrize(
    ("name", "sought"),
    [
        ("Bø (Telemark)", "bø"),
        ("Bø (Telemark)", "BØ (telemark)"),
        ("Nord-Aurdal", "Nord Aurdal"),
        ("Hábmer - Hamarøy", "Hamarøy"),
        ("Hábmer - Hamarøy", "habmer"),
        ("Gáivuotna - Kåfjord - Kaivuono", "kaivuono"),
        ("Hábmer–Hamarøy", "Hamarøy"),
        ("Hábmer — Hamarøy", "Hábmer"),
        ("Hábmer ‐ Hamarøy", "hamarøy"),
        ("Hábmer / Hamarøy", "hamarøy"),
        ("Hábmer - Hamarøy", "Hábmer–Hamarøy"),
        ("Nord‑Aurdal", "Nord-Aurdal"),
    ],
)
def test_a_name_is_found_by_any_of_its_usual_spellings(name: str, sought: str) -> None:
    assert search_keys(sought) & search_keys(name)


@pytest.mark.parametrize("name", ["Nord-Aurdal", "Nord‑Aurdal", "Bø i Telemark"])
def test_a_single_name_has_no_parts(name: str) -> None:
    assert parts_of_double_name(name) == ()


def test_a_bracket_tells_namesakes_apart() -> None:
    assert "bo-nordland" not in search_keys("Bø (Telemark)")
