"""What we add to Altinn's language: exact decimals, sums over rows, and what is not decided yet."""

from decimal import Decimal
from typing import Any

import pytest

from services.reporting.forms.rules.context import Context
from services.reporting.forms.rules.evaluation import DEPTH_MAX, evaluate, is_hidden, work_out
from services.reporting.forms.rules.layout import Layout, Place
from services.reporting.forms.rules.outcome import Outcome
from services.reporting.forms.rules.values import ExpressionFailed
from services.reporting.forms.written_dates import format_date

LAYOUT = Layout.read(
    {
        "goals": {
            "data": {
                "layout": [
                    {"id": "has-goals", "type": "Input"},
                    {
                        "id": "goals",
                        "type": "RepeatingGroup",
                        "dataModelBindings": {"group": "goals"},
                        "children": ["value", "parts"],
                        "hidden": ["equals", ["dataModel", "has_goals"], "no"],
                    },
                    {
                        "id": "value",
                        "type": "Input",
                        "dataModelBindings": {"simpleBinding": "goals.value"},
                    },
                    {
                        "id": "parts",
                        "type": "RepeatingGroup",
                        "dataModelBindings": {"group": "goals.parts"},
                        "children": ["part"],
                    },
                    {
                        "id": "part",
                        "type": "Input",
                        "dataModelBindings": {"simpleBinding": "goals.parts.share"},
                    },
                ]
            }
        }
    }
)
GOALS: dict[str, Any] = {
    "goals": [
        {"value": "1.10", "parts": [{"share": "0.1"}, {"share": "0.2"}]},
        {"value": "2.20", "parts": [{"share": "0.7"}]},
    ]
}


def context(answers: dict[str, Any], place: Place | None = None) -> Context:
    return Context({"default": answers}, format_date, LAYOUT, place)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (["sum", "goals.value"], Decimal("3.30")),
        (["avg", "goals.value"], Decimal("1.65")),
        (["min", "goals.value"], Decimal("1.10")),
        (["max", "goals.value"], Decimal("2.20")),
        (["count", "goals.value"], Decimal(2)),
        (["sum", "goals.parts.share"], Decimal("1.0")),
        (["count", "goals"], Decimal(2)),
    ],
)
def test_values_of_all_rows_are_brought_together_exactly(
    expression: list[Any], expected: Decimal
) -> None:
    assert evaluate(expression, context(GOALS)) == expected


def test_within_a_row_only_its_own_rows_count() -> None:
    within = context(GOALS, Place("value", (0,)))
    assert evaluate(["sum", "goals.parts.share"], within) == Decimal("0.3")


@pytest.mark.parametrize("name", ["sum", "avg", "min", "max"])
def test_a_row_without_a_value_makes_what_is_made_of_all_rows_missing(name: str) -> None:
    found = work_out([name, "goals.value"], context({"goals": [{"value": "1"}, {}]}))
    assert found == Outcome(None, frozenset(["goals.value"]))


@pytest.mark.parametrize(
    ("name", "expected"), [("sum", Decimal(0)), ("count", Decimal(0)), ("avg", None), ("max", None)]
)
def test_without_rows_there_is_a_sum_and_no_mean(name: str, expected: Decimal | None) -> None:
    assert evaluate([name, "goals.value"], context({"goals": []})) == expected


@pytest.mark.parametrize(
    ("expression", "decided"),
    [
        (["equals", ["dataModel", "a"], "yes"], False),
        (["equals", ["dataModel", "a"], None], True),
        (["or", True, ["equals", ["dataModel", "a"], "yes"]], True),
        (["and", False, ["equals", ["dataModel", "a"], "yes"]], True),
        (["and", True, ["equals", ["dataModel", "a"], "yes"]], False),
        (["if", True, 1, "else", ["dataModel", "a"]], True),
        (["if", ["dataModel", "a"], 1, "else", 2], False),
    ],
)
def test_what_a_missing_answer_can_still_change_is_not_decided(
    expression: list[Any], decided: bool
) -> None:
    assert work_out(expression, context({})).is_decided is decided


def test_a_group_is_hidden_visible_or_not_yet_decidable() -> None:
    outcomes = [
        is_hidden(Place("goals"), context(answers))
        for answers in ({"has_goals": "no"}, {"has_goals": "yes"}, {})
    ]
    assert [(one.value, one.is_decided) for one in outcomes] == [
        (True, True),
        (False, True),
        (False, False),
    ]


def test_what_stands_in_a_hidden_group_is_hidden() -> None:
    assert is_hidden(Place("part", (0, 0)), context(GOALS | {"has_goals": "no"})).value is True


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        (["sum", ["dataModel", "x"]], "path of a field"),
        (["round", "1", "99"], "0 to 12"),
        (["plus", "1e999999", 1], "Expected number"),
        (["dataModel", "a", "other"], "other not found"),
    ],
)
def test_an_expression_that_cannot_be_worked_out_says_what_was_wanted(
    expression: list[Any], named: str
) -> None:
    with pytest.raises(ExpressionFailed, match=named):
        evaluate(expression, context({}))


def test_an_expression_that_is_nested_too_deep_is_refused() -> None:
    nested: Any = True
    for _ in range(DEPTH_MAX + 2):
        nested = ["not", nested]
    with pytest.raises(ExpressionFailed, match="not deeper"):
        evaluate(nested, context({}))
