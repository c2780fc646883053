"""The forms that come with the model programme can be filled in, and say what is doubtful."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.reporting.forms.commands import judged_by, read_definition
from services.reporting.forms.folder import read_form_folder
from services.reporting.forms.rules.form import Form
from services.reporting.forms.rules.judging import Judged

FORMS = Path(__file__).parents[3] / "programmes" / "saman-2011" / "forms"
ANCHORED = {f"anchored_{party}": "well" for party in ("owner", "administration", "unions")}
D = Decimal
ANSWERS: dict[str, dict[str, Any]] = {
    "start-up": {
        "purpose": "Fewer days lost",
        **ANCHORED,
        "goals": [
            {
                "what": "Absence",
                "baseline": D("8.60"),
                "target": D("7.50"),
                "due_on": "2014-12-31",
            }
        ],
        "communication": "Every month",
        "implementation": "Ward by ward",
        "handover": "The line takes over",
        "minutes": 90,
    },
    "half-year": {
        "progress": "planned",
        "activities": "Two gatherings",
        "measures": [{"what": "Follow-up talks", "status": "planned"}],
        **ANCHORED,
    },
    "annual": {
        "results": [
            {"goal": "Absence", "baseline": D("8.6"), "target": D("7.5"), "reached": "reached"},
            {
                "goal": "Part-time",
                "baseline": D(60),
                "target": D(65),
                "value": D(62),
                "reached": "partly",
                "why": "It takes time",
            },
        ],
        "worked": "Talking together",
        "hard": "Finding time",
        "burden_felt": "hard",
        "burden_why": "Many people had to be asked",
    },
    "financial": {
        "grant": 400_000,
        "own_share": 150_000,
        "spending": [
            {"what": "Project manager", "amount": 300_000},
            {"what": "Gatherings", "amount": 200_000},
        ],
        "rest_why": "Gatherings next year",
    },
}
COMPUTED = {
    "start-up": ("goals", [D("-1.10")]),
    "annual": ("results", [None, D(2)]),
}
WARNINGS = {"annual": ["reached-unknown"], "financial": ["own-share-low"]}


def form_of(name: str) -> Form:
    return read_definition(read_form_folder(FORMS / name))


def judge(name: str, answers: dict[str, Any]) -> Judged:
    return judged_by(form_of(name), answers, language="nb")


def test_the_programme_brings_its_four_kinds_of_reports() -> None:
    assert sorted(form_of(folder.name).report_kind for folder in FORMS.iterdir()) == sorted(ANSWERS)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_report_that_answers_everything_may_be_handed_in(name: str) -> None:
    judged = judge(name, ANSWERS[name])

    assert [finding.code for finding in judged.findings] == WARNINGS.get(name, [])
    assert not judged.blocks


@pytest.mark.parametrize("name", COMPUTED)
def test_the_change_of_each_row_is_computed(name: str) -> None:
    rows, changes = COMPUTED[name]

    answers: Any = judge(name, ANSWERS[name]).answers

    assert [row.get("change") for row in answers[rows]] == changes


def test_what_was_not_spent_is_computed_from_all_rows() -> None:
    answers = judge("financial", ANSWERS["financial"]).answers

    assert (answers["spent"], answers["rest"]) == (500_000, 50_000)


@pytest.mark.parametrize("name", ANSWERS)
def test_an_empty_report_is_told_what_is_missing_and_nothing_breaks(name: str) -> None:
    judged = judge(name, {})

    assert judged.blocks
    assert {finding.code for finding in judged.findings} == {"answer-missing"}


@pytest.mark.parametrize("name", ANSWERS)
def test_every_report_asks_at_its_end_how_long_it_took_and_what_was_hard(name: str) -> None:
    pages = list(json.loads(read_form_folder(FORMS / name))["pages"])

    asked = [component["id"] for component in pages[-1]["layout"]]
    assert asked[-3:] == ["minutes", "burden-felt", "burden-why"]
