"""What a notification says, in three languages."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.notifications.deliveries import letters
from services.notifications.deliveries.letters import Told
from services.notifications.heard.rules import HeardMetric, Name
from shared.web.languages import Language
from tests.notifications import factories

TEXTS = letters.load_texts()
NAMES = {
    "municipality/vefsn-1824": Name("Vefsn"),
    "metric/absence": factories.ABSENCE_NAME,
    "project/vefsn-naervaer": Name("Nærvær i Vefsn", en="Presence in Vefsn"),
    "report-kind/annual-report": Name("Årsrapport", "Årsrapport", "Annual report"),
}
METRICS = {"absence": factories.ABSENCE}
EVENTS = [
    factories.target_reached(),
    factories.target_reached(generated=True),
    factories.target_lost(),
    factories.report_due(),
    factories.report_overdue(),
    factories.report_submitted(),
    factories.report_submitted(days_late=0, version=2),
]


def subject(event: Told, language: Language = Language.NB) -> str:
    return letters.write(event, TEXTS[language], NAMES, METRICS).subject.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (Language.NB, "Vefsn nådde målet: 6,9 % hittil i år (Sykefravær)"),
        (Language.NN, "Vefsn nådde målet: 6,9 % hittil i år (Sjukefråvær)"),
        (Language.EN, "Vefsn reached its target: 6.9% so far this year (Sickness absence)"),
    ],
)
def test_the_subject_says_what_happened(language: Language, said: str) -> None:
    assert subject(factories.target_reached(), language) == said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"window": "month"}, "i april 2013"),
        ({"window": "quarter", "period": "2013-Q1"}, "i 1. kvartal 2013"),
        ({"window": "half-year", "period": "2013-H1"}, "i 1. halvår 2013"),
        ({"window": "year", "period": "2012"}, "i 2012"),
        ({"window": "quarter", "period": "2013-03"}, "i 1. kvartal 2013"),
        ({"window": "half-year", "period": "2013-Q2"}, "i 1. halvår 2013"),
        ({"window": "year", "period": "2012-12"}, "i 2012"),
        ({"window": "rolling-12"}, "siste 12 måneder til og med april 2013"),
        (
            {"window": "rolling-12", "period": "2013-Q1"},
            "siste 12 måneder til og med 1. kvartal 2013",
        ),
        ({"occurred_at": datetime(2026, 1, 1, tzinfo=UTC)}, "hittil i 2013"),
    ],
)
def test_the_window_is_named_so_that_it_is_true_on_the_day_it_is_read(
    changes: dict[str, Any], said: str
) -> None:
    assert (
        subject(factories.target_reached(**changes))
        == f"Vefsn nådde målet: 6,9 % {said} (Sykefravær)"
    )


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (Language.NB, "Vefsn nådde målet: 6,9 % i 2. kvartal 2013 (Sykefravær)"),
        (Language.NN, "Vefsn nådde målet: 6,9 % i 2. kvartal 2013 (Sjukefråvær)"),
        (Language.EN, "Vefsn reached its target: 6.9% in quarter 2 of 2013 (Sickness absence)"),
    ],
)
def test_a_window_of_several_reported_periods_is_named_as_a_whole(
    language: Language, said: str
) -> None:
    assert subject(factories.target_reached(window="quarter", period="2013-06"), language) == said


def test_the_text_names_result_target_and_starting_point() -> None:
    letter = letters.write(factories.target_reached(), TEXTS[Language.NB], NAMES, METRICS)
    assert letter.sentences[0].replace("\u00a0", " ") == (
        "Sykefravær hittil i 2013 (januar–april): 6,9 %. Målet er 6,9 % eller lavere, "
        "og utgangspunktet var 8,6 % (2007–2010)."
    )
    assert letter.path == "/metrics/boards/vefsn-1824"
    assert ("Prosjekt", "Nærvær i Vefsn") in letter.facts


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            Language.NB,
            "Dette følger av at målet er nytt eller endret, eller av at andre deltar enn før.",
        ),
        (
            Language.NN,
            "Dette følgjer av at målet er nytt eller endra, eller av at andre deltek enn før.",
        ),
        (
            Language.EN,
            "This follows from a new or changed goal, or from a change of who takes part.",
        ),
    ],
)
def test_a_change_that_no_figure_made_is_not_laid_to_the_goal_alone(
    language: Language, said: str
) -> None:
    of_group = factories.target_lost(subject="project/vefsn-naervaer", cause="goal-changed")
    assert letters.write(of_group, TEXTS[language], NAMES, METRICS).sentences[-1] == said


def test_a_rising_target_is_one_to_be_at_or_above() -> None:
    rising = factories.target_reached(
        target="80", value="81.25", baseline={"value": "70", "period": "2010"}
    )
    letter = letters.write(rising, TEXTS[Language.EN], NAMES, METRICS)
    assert "The target is 80.0% or higher" in letter.sentences[0]


@pytest.mark.parametrize(
    ("value", "target", "baseline", "told"),
    [
        ("6.90", "6.95", "8.6", ("6,9 %", "6,95 % eller lavere", "8,6 % (2007–2010)")),
        ("6.95", "6.95", "8.625", ("6,95 %", "6,95 % eller lavere", "8,625 % (2007–2010)")),
        ("6.88", "6.880", "8.60", ("6,88 %", "6,88 % eller lavere", "8,6 % (2007–2010)")),
        ("6.50", "7", "9", ("6,5 %", "7,0 % eller lavere", "9,0 % (2007–2010)")),
    ],
)
def test_numbers_of_a_goal_are_told_as_they_were_given(
    value: str, target: str, baseline: str, told: tuple[str, ...]
) -> None:
    event = factories.target_reached(
        value=value, target=target, baseline={"value": baseline, "period": "2007-2010"}
    )
    facts = letters.write(event, TEXTS[Language.NB], NAMES, METRICS).facts[:3]
    assert tuple(fact.replace("\u00a0", " ") for _, fact in facts) == told


def test_a_result_just_past_the_target_shows_the_decimal_that_tells_them_apart() -> None:
    assert "6,93 %" in subject(factories.target_lost(value="6.93"))
    assert "7,1 %" in subject(factories.target_lost(value="7.14"))


@pytest.mark.parametrize(
    ("event", "nb", "nn"),
    [
        (
            factories.report_due(),
            "Årsrapport for 2012 fra Nærvær i Vefsn: frist 1. februar 2013",
            "Årsrapport for 2012 frå Nærvær i Vefsn: frist 1. februar 2013",
        ),
        (
            factories.report_overdue(),
            "Årsrapport for 2012 fra Nærvær i Vefsn mangler: fristen var 1. februar 2013",
            "Årsrapport for 2012 frå Nærvær i Vefsn manglar: fristen var 1. februar 2013",
        ),
        (
            factories.report_submitted(),
            "Årsrapport for 2012 fra Nærvær i Vefsn er levert",
            "Årsrapport for 2012 frå Nærvær i Vefsn er levert",
        ),
    ],
)
def test_a_report_is_named_by_kind_period_and_project(event: Told, nb: str, nn: str) -> None:
    assert subject(event) == nb
    assert subject(event, Language.NN) == nn


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0, "Den kom i tide"),
        (1, "Den kom 1 dag etter"),
        (3, "Den kom 3 dager etter"),
        (1_200, "Den kom 1 200 dager etter"),
    ],
)
def test_days_late_are_counted_in_words(days: int, said: str) -> None:
    letter = letters.write(
        factories.report_submitted(days_late=days), TEXTS[Language.NB], NAMES, METRICS
    )
    assert letter.sentences[0].replace("\u00a0", " ").startswith(said)


@pytest.mark.parametrize("language", list(Language))
def test_generated_figures_say_so_already_in_the_subject(language: Language) -> None:
    generated = letters.write(
        factories.target_reached(generated=True), TEXTS[language], NAMES, METRICS
    )
    assert generated.is_generated
    assert generated.subject.startswith("[Gener")


def test_a_thing_that_the_registry_has_not_told_of_is_called_by_its_id() -> None:
    assert (
        letters.write(factories.target_reached(), TEXTS[Language.NB], {}, METRICS).headline
        == "vefsn-1824 nådde målet"
    )


def test_a_unit_is_called_by_its_municipality_too() -> None:
    of_unit = factories.target_reached(subject="unit/vefsn-1824/hjemmetjenesten")
    assert subject(of_unit).startswith("Vefsn, hjemmetjenesten nådde målet")
    assert "municipality/vefsn-1824" in letters.subjects_of(of_unit)


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_letter_is_whole_in_every_language(event: Told, language: Language) -> None:
    letter = letters.write(event, TEXTS[language], NAMES, METRICS)
    everything = [
        letter.subject,
        letter.headline,
        *letter.sentences,
        *(text for fact in letter.facts for text in fact),
    ]
    assert all(text and "%(" not in text for text in everything)
    assert all(letters.write(event, TEXTS[language], {}, {}).facts)


def test_a_metric_that_a_programme_made_is_named_with_its_unit_and_its_axes() -> None:
    event = factories.target_reached().model_copy(
        update={"metric": "reputation", "definition_key": "night"}
    )
    names = NAMES | {"metric/reputation": Name("Omdømme")}
    metrics = {"reputation": HeardMetric("poeng", 1, ("shift",))}
    letter = letters.write(event, TEXTS[Language.NB], names, metrics)
    assert letter.subject.replace("\u00a0", " ") == (
        "Vefsn nådde målet: 6,9 poeng hittil i år (Omdømme)"
    )
    assert ("Hva som telles", "Omdømme: night") in letter.facts


def test_a_metric_without_axes_says_only_what_it_is() -> None:
    event = factories.target_reached().model_copy(
        update={"metric": "reputation", "definition_key": "-"}
    )
    letter = letters.write(event, TEXTS[Language.NB], NAMES, {})
    assert ("Hva som telles", "reputation") in letter.facts
