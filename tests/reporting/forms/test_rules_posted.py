"""What a browser posts becomes answers, and nothing that the form does not ask."""

from decimal import Decimal
from typing import Any

import pytest

from services.reporting.forms.rules.form import read_form
from services.reporting.forms.rules.judging import ROWS_MAX, judge
from services.reporting.forms.rules.posted import (
    answers_of,
    with_row,
    without_hidden,
    without_row,
)
from services.reporting.forms.written_dates import format_date
from tests.reporting.forms.sample import form

FORM = read_form(form())


@pytest.mark.parametrize(
    ("fields", "answers"),
    [
        ([], {}),
        ([("/has_goals", "yes"), ("/why", "  ")], {"has_goals": "yes"}),
        ([("/why", "a\r\nb ")], {"why": "a\nb"}),
        ([("/lost", "x"), ("form_token", "x"), ("/", "x"), ("", "x")], {}),
        ([("/goals/0", "row"), ("/goals/1", "row")], {"goals": [{}, {}]}),
        (
            [("/goals/0", "row"), ("/goals/0/baseline", "8,60"), ("/goals/0/target", "1 000")],
            {"goals": [{"baseline": Decimal("8.60"), "target": 1000}]},
        ),
        (
            [("/goals/7/baseline", "1"), ("/goals/3/baseline", "2")],
            {"goals": [{"baseline": 2}, {"baseline": 1}]},
        ),
        ([("/goals/0/baseline", "\u22121.5")], {"goals": [{"baseline": Decimal("-1.5")}]}),
        ([("/goals/0/baseline", "many")], {"goals": [{"baseline": "many"}]}),
        ([("/total", "17"), ("/goals/0/change", "3")], {}),
        ([("/goals/baseline", "1"), ("/why/0", "x")], {}),
        ([(f"/goals/{ROWS_MAX}/baseline", "1"), (f"/goals/{'9' * 5000}/baseline", "1")], {}),
        ([("/has_goals", "yes"), ("/has_goals", "no")], {"has_goals": "yes,no"}),
    ],
)
def test_posted_fields_are_read_by_what_the_form_asks(
    fields: list[tuple[str, str]], answers: dict[str, Any]
) -> None:
    assert answers_of(FORM, fields) == answers


def test_rows_are_added_at_the_end_and_taken_from_anywhere() -> None:
    one: dict[str, Any] = {"goals": [{"baseline": 1}]}

    two = with_row(FORM, one, "/goals")

    assert two == {"goals": [{"baseline": 1}, {}]}
    assert without_row(two, "/goals/0") == {"goals": [{}]}
    assert with_row(FORM, {}, "/goals") == {"goals": [{}]}


@pytest.mark.parametrize("pointer", ["", "/", "/why", "/lost", "/goals/0/baseline", "goals"])
def test_a_row_of_what_has_none_changes_nothing(pointer: str) -> None:
    assert with_row(FORM, {"why": "x"}, pointer) == {"why": "x"}


@pytest.mark.parametrize("pointer", ["", "/", "/why", "/goals", "/goals/1", "/goals/x"])
def test_a_row_that_is_not_there_cannot_be_taken(pointer: str) -> None:
    assert without_row({"goals": [{}]}, pointer) == {"goals": [{}]}


def test_answers_to_what_is_not_asked_any_more_are_dropped() -> None:
    answers = {"has_goals": "no", "why": "not this year", "goals": [{"baseline": 1}]}

    judged = judge(FORM, answers, language="nb", format_date=format_date)

    assert without_hidden(FORM, judged) == {"has_goals": "no", "why": "not this year"}
