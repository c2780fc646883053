"""The front page: who is shown, in which colour, where on the map."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from services.metrics.front.pages.atlas import Lineage, Today, rest_of_country, shapes, today
from services.metrics.front.pages.view import Filters, Measure, Participant
from services.metrics.series.rules.figures import Window
from shared.values import Period
from tests.web.rendering import render, text_of
from tests.web.sample import DOCTOR, TOTAL, front, participants, unlike_front, unlike_participants

ALL = ["Hobøl", "Spydeberg", "Sund", "Vefsn", "Åsnes"]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (Filters(), ALL),
        (Filters(words="vef"), ["Vefsn"]),
        (Filters(words="indre øst"), ["Hobøl", "Spydeberg"]),
        (Filters(words="NORDLAND"), ["Vefsn"]),
        (Filters(county="Østfold", cohort="cohort-2"), ["Spydeberg"]),
        (Filters(theme="sickness-absence"), ["Vefsn"]),
        (Filters(place="3118"), ["Hobøl", "Spydeberg"]),
        (Filters(words="oslo"), []),
    ],
)
def test_filters_find_by_old_and_new_names(filters: Filters, names: list[str]) -> None:
    assert [participant.name for participant in front(filters).shown] == names


@pytest.mark.parametrize(
    ("level", "colour"),
    [
        ("5.94", "level-0"),
        ("5.95", "level-1"),
        ("6.95", "level-2"),
        ("8.949", "level-3"),
        ("8.95", "level-4"),
        (None, "none"),
    ],
)
def test_a_colour_follows_the_figure_that_is_shown(level: str | None, colour: str) -> None:
    participant = Participant("a-0001", "A", "B", level=None if level is None else Decimal(level))

    assert participant.colour(Measure.LEVEL) == colour


@pytest.mark.parametrize(
    ("change", "colour"),
    [
        ("-0.95", "change-0"),
        ("-0.94", "change-1"),
        ("-0.14", "change-2"),
        ("0.149", "change-2"),
        ("0.15", "change-3"),
        ("0.95", "change-4"),
    ],
)
def test_changes_around_zero_have_the_colour_of_no_change(change: str, colour: str) -> None:
    assert Participant("a-0001", "A", "B", change=Decimal(change)).colour(Measure.CHANGE) == colour


@pytest.mark.parametrize(
    ("changes", "colours"),
    [
        ({}, ("level-2", "change-1")),
        ({"meaning": DOCTOR, "is_otherwise": True}, ("otherwise", "otherwise")),
        ({"level_window": Window.YEAR_TO_DATE}, ("otherwise", "change-1")),
        (
            {"level_window": Window.YEAR_TO_DATE, "period": Period.parse("2013-12")},
            ("level-2", "change-1"),
        ),
        (
            {"level_window": Window.YEAR_TO_DATE, "period": Period.parse("2013-Q4")},
            ("level-2", "change-1"),
        ),
        (
            {"meaning": DOCTOR, "is_otherwise": True, "level": None, "suppressed": True},
            ("none", "otherwise"),
        ),
    ],
)
def test_only_what_may_be_compared_has_a_colour_of_the_scale(
    changes: dict[str, Any], colours: tuple[str, str]
) -> None:
    participant = Participant(
        "a-0001",
        "A",
        "B",
        level=Decimal("7.5"),
        level_window=Window.ROLLING_12,
        change=Decimal("-0.5"),
        period=Period.parse("2013-07"),
        meaning=TOTAL,
    )

    changed = replace(participant, **changes)

    assert (changed.colour(Measure.LEVEL), changed.colour(Measure.CHANGE)) == colours


def test_the_legend_counts_everyone_who_is_shown() -> None:
    page = front()

    assert [legend.count for legend in page.legend] == [0, 0, 2, 0, 1]
    assert page.without_figure == 2
    assert page.measured_otherwise == 0


def test_the_legend_counts_what_is_measured_otherwise_apart() -> None:
    page = unlike_front()

    assert [legend.count for legend in page.legend] == [0, 0, 2, 0, 0]
    assert (page.without_figure, page.measured_otherwise) == (1, 2)
    assert unlike_front(Filters(measure=Measure.CHANGE)).measured_otherwise == 1


def test_participants_that_share_a_municipality_of_today_share_a_shape_in_stripes() -> None:
    place = next(place for place in front().places if place.today.number == "3118")

    assert place.classes == ("level-2", "level-4")
    assert front().stripes == {place.fill: place.classes}
    assert place.href == "/?place=3118#participants"


def test_the_map_has_every_municipality_of_2024_once() -> None:
    assert len(shapes()) == 357
    assert all(re.fullmatch(r"\d{4}", number) for number in shapes())
    drawn = {place.today.number for place in front().places}
    assert rest_of_country(drawn).count("Z") == sum(
        path.count("Z") for number, path in shapes().items() if number not in drawn
    )


def test_a_municipality_is_followed_through_mergers_and_splits_to_today() -> None:
    known = {
        "a-0001": Lineage("0001", "A", ("b-0002-2017",)),
        "b-0002-2017": Lineage("0002", "B", ("c-0003-2020", "d-0004-2020")),
        "c-0003-2020": Lineage("0003", "C"),
        "d-0004-2020": Lineage("0004", "D"),
    }

    assert today("a-0001", known.get) == [Today("0003", "C"), Today("0004", "D")]


def test_lineage_that_is_not_known_or_runs_in_a_circle_ends() -> None:
    circle = {"a": Lineage("0001", "A", ("b",)), "b": Lineage("0002", "B", ("a",))}

    assert today("unknown", circle.get) == []
    assert today("a", circle.get) == []


async def test_the_list_has_everything_that_the_map_shows() -> None:
    page = text_of((await render("front.html", {"front": front()})).text)

    assert "Vefsn Nordland · juli 2013 7,0 -2,2 Hittil i år" in page.replace("−", "-")
    assert "Hobøl generert Østfold · nå Indre Østfold · juli 2013 9,0 –" in page
    assert "Spydeberg Østfold · nå Indre Østfold · juli 2013 · av 7 av 12 tall 7,0 –" in page
    assert "Sund Hordaland · nå Øygarden – –" in page
    assert "Åsnes Hedmark for få –" in page
    assert "5 av 5 kommuner" in page


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "nb",
            (
                "Dette er regnet med: egenmeldt og legemeldt fravær, i prosent av avtalte dagsverk,"
                " korrigert for ferie, fra kommunens eget personalsystem."
            ),
        ),
        (
            "nn",
            (
                "Dette er rekna med: eigenmeldt og legemeldt fråvær, i prosent av avtalte dagsverk,"
                " korrigert for ferie, frå personalsystemet til kommunen."
            ),
        ),
        (
            "en",
            (
                "What is counted: self-certified and doctor-certified absence, in per cent of"
                " agreed working days, corrected for holidays taken, from the municipality's own"
                " personnel system."
            ),
        ),
    ],
)
async def test_the_page_names_what_it_compares(language: str, words: str) -> None:
    page = text_of((await render("front.html", {"front": front()}, accept_language=language)).text)

    assert page.count(words) == 1


@pytest.mark.parametrize(
    ("language", "otherwise", "year_to_date", "legend"),
    [
        (
            "nb",
            (
                "Dette er regnet med: legemeldt fravær, i prosent av avtalte dagsverk, ikke"
                " korrigert for ferie, fra Statistisk sentralbyrå. 9,0 målt annerledes +0,3 Siste"
                " 12 mnd. målt annerledes"
            ),
            "8,0 Hittil i år –",
            "målt annerledes (2)",
        ),
        (
            "nn",
            (
                "Dette er rekna med: legemeldt fråvær, i prosent av avtalte dagsverk, ikkje"
                " korrigert for ferie, frå Statistisk sentralbyrå. 9,0 målt annleis +0,3 Siste 12"
                " mnd. målt annleis"
            ),
            "8,0 Hittil i år –",
            "målt annleis (2)",
        ),
        (
            "en",
            (
                "What is counted: doctor-certified absence, in per cent of agreed working days,"
                " not corrected for holidays taken, from Statistics Norway. 9.0 measured otherwise"
                " +0.3 Last 12 months measured otherwise"
            ),
            "8.0 Year to date –",
            "measured otherwise (2)",
        ),
    ],
)
async def test_what_must_not_be_compared_says_so_in_words(
    language: str, otherwise: str, year_to_date: str, legend: str
) -> None:
    html = (await render("front.html", {"front": unlike_front()}, accept_language=language)).text
    page = text_of(html)

    assert [words for words in (otherwise, year_to_date, legend) if words not in page] == []
    assert (
        re.findall(r'class="swatch (otherwise)" aria-hidden="true"></span>[89][.,]0', html)
        == ["otherwise"] * 2
    )


async def test_the_map_says_what_must_not_be_compared() -> None:
    html = (await render("front.html", {"front": unlike_front()})).text
    titles = " ".join(
        " ".join(re.findall(r"<path[^>]*><title>(.*?)</title></path>", html, re.DOTALL)).split()
    )

    assert (
        "Hobøl: 9,0 %, +0,3 prosentpoeng fra utgangspunktet (siste 12 mnd.) (genererte tall) (målt"
        " annerledes: legemeldt fravær, i prosent av avtalte dagsverk, ikke"
        " korrigert for ferie, fra Statistisk sentralbyrå) Spydeberg:"
        " 7,0 %" in titles
    )
    assert "Åsnes: 8,0 % (hittil i år)" in titles


async def test_a_page_of_one_definition_marks_nothing() -> None:
    html = (await render("front.html", {"front": front()}, accept_language="en")).text

    assert "easured otherwise" not in html
    assert "swatch otherwise" not in html


def test_a_participant_leads_to_the_board_of_the_figures_that_are_shown() -> None:
    hobol = next(one for one in unlike_participants() if one.name == "Hobøl")

    assert hobol.board == "/metrics/boards/hobol-0138"
    assert (
        replace(hobol, has_more=True).board
        == f"{hobol.board}?definition=doctor.agreed.uncorrected.ssb"
    )
    assert Participant("a-0001", "A", "B").board == "/metrics/boards/a-0001"


async def test_the_page_names_the_source_of_the_map_and_says_what_is_generated() -> None:
    page = text_of((await render("front.html", {"front": front()})).text)

    assert "Kartgrunnlag: Kartverket (CC BY 4.0)" in page
    assert "Tall som er merket «generert», er laget for demonstrasjon." in page


async def test_a_place_on_the_map_says_what_lies_there() -> None:
    html = (await render("front.html", {"front": front()})).text
    titles = [
        " ".join(title.split())
        for title in re.findall(r"<path[^>]*><title>(.*?)</title></path>", html, re.DOTALL)
    ]

    assert "Hobøl: 9,0 % (genererte tall) Spydeberg: 7,0 % I dag: Indre Østfold" in titles


async def test_the_map_says_of_too_few_persons_what_the_list_says() -> None:
    asnes = replace(
        participants()[-1],
        change=Decimal("-0.5"),
        change_window=Window.MONTH,
        generated=True,
        period=Period.parse("2013"),
    )
    html = (await render("front.html", {"front": replace(front(), participants=[asnes])})).text

    titles = re.findall(r"<path[^>]*><title>(.*?)</title></path>", html, re.DOTALL)
    assert [" ".join(title.split()).replace("−", "-") for title in titles] == [
        "Åsnes: ikke vist, for få personer, -0,5 prosentpoeng fra utgangspunktet (siste mnd.)"
        " (genererte tall)"
    ]
    assert "for få -0,5 Siste mnd." in text_of(html).replace("−", "-")


async def test_an_empty_programme_says_so() -> None:
    page = front()
    empty = type(page)(None, [], [], [], Filters())

    assert "Når et program er lest inn, står kommunene her." in text_of(
        (await render("front.html", {"front": empty})).text
    )


def test_the_sample_is_sorted_by_the_page_and_not_by_itself() -> None:
    assert [participant.name for participant in participants()] != ALL
