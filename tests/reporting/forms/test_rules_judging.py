"""A form says of answers what is shown, computed, missing and doubtful."""

from decimal import Decimal
from typing import Any

import pytest

from services.reporting.forms.rules.form import Severity, read_form
from services.reporting.forms.rules.judging import Judged, Shown, judge
from services.reporting.forms.rules.layout import Place
from services.reporting.forms.written_dates import format_date
from tests.reporting.forms.sample import form

FORM = read_form(form())
D = Decimal


def judged(answers: dict[str, Any], language: str = "nb") -> Judged:
    return judge(FORM, answers, language=language, format_date=format_date)


def said(found: Judged) -> list[tuple[str, str, str]]:
    return [(finding.code, finding.severity.value, finding.pointer) for finding in found.findings]


def test_rows_and_totals_are_computed_exactly_and_in_order() -> None:
    goals = [
        {"baseline": D("8.60"), "target": D("7.5")},
        {"baseline": D("0.1"), "target": D("0.3")},
    ]

    found = judged({"has_goals": "yes", "goals": goals})

    assert [row["change"] for row in found.answers["goals"]] == [D("-1.10"), D("0.2")]  # type: ignore[attr-defined]
    assert found.answers["total"] == D("-0.90")
    assert said(found) == []
    assert not found.blocks


def test_as_long_as_a_row_lacks_a_number_nothing_is_computed_of_it() -> None:
    found = judged({"has_goals": "yes", "goals": [{"baseline": D(1)}]})

    assert found.answers == {"has_goals": "yes", "goals": [{"baseline": D(1)}]}


@pytest.mark.parametrize(
    ("answers", "why", "goals"),
    [
        ({}, Shown.UNDECIDED, Shown.UNDECIDED),
        ({"has_goals": "yes"}, Shown.HIDDEN, Shown.VISIBLE),
        ({"has_goals": "no"}, Shown.VISIBLE, Shown.HIDDEN),
    ],
)
def test_what_is_shown_follows_from_the_answers_and_may_not_be_decided_yet(
    answers: dict[str, Any], why: Shown, goals: Shown
) -> None:
    shown = judged(answers).shown

    assert (shown[Place("why")], shown[Place("goals")]) == (why, goals)


FINDINGS = [
    ({}, [("answer-missing", "error", "/has_goals")]),
    ({"has_goals": "no"}, [("answer-missing", "error", "/why")]),
    ({"has_goals": "no", "why": "short"}, [("why-short", "error", "/why")]),
    ({"has_goals": "no", "why": "a long enough reason"}, []),
    (
        {"has_goals": "yes", "why": "not asked"},
        [("answer-hidden", "error", "/why")],
    ),
    (
        {"has_goals": "yes", "goals": [{"target": D(101)}, {"baseline": D(1)}]},
        [
            ("answer-missing", "error", "/goals/0/baseline"),
            ("target-too-far", "warning", "/goals/0/target"),
        ],
    ),
    (
        {"has_goals": "yes", "goals": [{"baseline": D(1), "target": D(3), "change": D(9)}]},
        [("answer-computed", "error", "/goals/0/change")],
    ),
    (
        {"has_goals": "yes", "goals": [{}] * 10_000},
        [("rows-too-many", "error", "/goals")],
    ),
]


@pytest.mark.parametrize(("answers", "findings"), FINDINGS)
def test_what_is_missing_hidden_or_doubtful_is_named_with_its_place(
    answers: dict[str, Any], findings: list[tuple[str, str, str]]
) -> None:
    found = judged(answers)

    assert said(found) == findings
    assert found.blocks is any(severity == "error" for _, severity, _ in findings)


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_a_rule_speaks_the_readers_language(language: str) -> None:
    (finding,) = judged({"has_goals": "no", "why": "short"}, language).findings

    assert finding.message == f"why-short ({language})"
    assert finding.severity is Severity.ERROR


def test_answers_are_not_changed_by_judging_them() -> None:
    answers = {"has_goals": "yes", "goals": [{"baseline": D(1), "target": D(2)}]}

    judged(answers)

    assert answers == {"has_goals": "yes", "goals": [{"baseline": D(1), "target": D(2)}]}
