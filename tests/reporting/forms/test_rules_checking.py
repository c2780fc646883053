"""What is wrong with a form is found before anybody fills it in, and named with its place."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from services.reporting.forms.commands import read_definition
from services.reporting.forms.rules.checking import COMPONENTS_MAX, faults
from shared.errors import RuleBroken
from tests.reporting.forms.sample import component, form

Change = Callable[[dict[str, Any]], object]
HIDDEN = "/pages/0/layout/1/hidden"
CALCULATED = "/pages/0/layout/6/calculation"


def set_on(component_id: str, **settings: Any) -> Change:
    return lambda definition: component(definition, component_id).update(settings)


def computed(expression: Any) -> Change:
    return set_on("change", calculation=expression)


def hidden(expression: Any) -> Change:
    return set_on("why", hidden=expression)


def without_text(definition: dict[str, Any]) -> None:
    del definition["texts"]["nn"]["why"]


def test_a_form_with_one_of_everything_has_no_fault() -> None:
    assert faults(form()) == []


FAULTS: list[tuple[Change, str, str, str]] = [
    (lambda d: d.update(rules=[]), "form-part", "/rules", 'no part "rules"'),
    (lambda d: d.pop("schema"), "form-part", "/schema", "needs schema"),
    (lambda d: d.update(pages=[]), "form-part", "/pages", "at least one"),
    (lambda d: d["pages"].append({"page": "x"}), "form-part", "/pages/1/layout", "needs a layout"),
    (set_on("why", type=7), "form-part", "/pages/0/layout/1/type", "needs type"),
    (set_on("why", id="total"), "form-id", "/pages/0/layout/1/id", "stands twice"),
    (set_on("why", type="Sliders"), "form-component", "/pages/0/layout/1/type", "known are Header"),
    (
        set_on("goals", children=["baseline", "target", "change", "lost"]),
        "form-child",
        "/pages/0/layout/3/children",
        'no component "lost"',
    ),
    (
        set_on("why", children=["total"]),
        "form-child",
        "/pages/0/layout/1/children",
        'nothing can stand in a "TextArea"',
    ),
    (
        set_on("why", dataModelBindings={"simpleBinding": "lost"}),
        "form-field",
        "/pages/0/layout/1/dataModelBindings",
        'no field "lost"',
    ),
    (
        set_on("why", dataModelBindings={"simpleBinding": "total"}),
        "form-type",
        "/pages/0/layout/1/dataModelBindings",
        '"total" is number',
    ),
    (
        set_on("why", textResourceBindings={"title": "lost"}),
        "form-text",
        "/pages/0/layout/1/textResourceBindings/title",
        'no text "lost"',
    ),
    (
        set_on("has-goals", optionsId="lost"),
        "form-options",
        "/pages/0/layout/0/optionsId",
        "needs a list of options",
    ),
    (without_text, "form-text", "/texts/nn", 'the text "why" is not in "nn"'),
    (hidden(["dataModel", "lost"]), "form-expression", HIDDEN, 'no field "lost"'),
    (hidden(["component", "lost"]), "form-expression", HIDDEN, 'no component "lost"'),
    (hidden(["eval", "x"]), "form-expression", HIDDEN, 'no function "eval"'),
    (hidden(["not"]), "form-expression", HIDDEN, "takes 1 arguments, got 0"),
    (hidden(["plus", 1, 2]), "form-expression", HIDDEN, "gives number, and yes or no is wanted"),
    (hidden(["greaterThan", ["dataModel", "why"], 3]), "form-expression", HIDDEN, "takes number"),
    (hidden({"equals": 1}), "form-expression", HIDDEN, "an object is no expression"),
    (hidden([["x"]]), "form-expression", HIDDEN, "the name of a function"),
    (hidden(["if", True, 1, 2]), "form-expression", HIDDEN, '"if" is written'),
    (computed(["sum", "total"]), "form-expression", CALCULATED, "stands in none"),
    (computed(["sum", "goals.lost"]), "form-expression", CALCULATED, 'no field "goals.lost"'),
    (computed(["dataModel", "why"]), "form-expression", CALCULATED, "gives text"),
    (computed(["component", "change"]), "form-circle", "/pages", "change > change"),
    (computed(["dataModel", "total"]), "form-circle", "/pages", "change > total > change"),
    (
        set_on("total", calculation=["plus", ["component", "change"], 1]),
        "form-expression",
        "/pages/0/layout/7/calculation",
        'a row for each of "goals"',
    ),
    (hidden(True), "form-unreachable", HIDDEN, "never shown"),
    (
        lambda d: d["schema"]["properties"].update(lost={"type": "string"}),
        "form-unreachable",
        "/schema",
        '"lost"',
    ),
    (
        lambda d: d["validations"].update({"lost": []}),
        "form-field",
        "/validations/lost",
        'takes the answer "lost"',
    ),
    (
        lambda d: d["validations"]["why"][0].update(severity="fatal"),
        "form-severity",
        "/validations/why/0/severity",
        "error, warning, info",
    ),
]


@pytest.mark.parametrize(("change", "code", "pointer", "message"), FAULTS)
def test_a_fault_is_named_with_code_place_and_sentence(
    change: Change, code: str, pointer: str, message: str
) -> None:
    definition = form()
    change(definition)

    found = faults(definition)

    assert (code, pointer) in [(fault.code, fault.pointer) for fault in found]
    assert any(message in fault.message for fault in found)


def test_components_that_stand_in_each_other_are_refused_before_they_are_read() -> None:
    definition = form()
    component(definition, "goals")["children"] = ["inner"]
    inner = {"id": "inner", "type": "Group", "children": ["goals"]}
    definition["pages"][0]["layout"].append(inner)

    (fault,) = faults(definition)

    assert fault.code == "form-circle"
    assert "goals > inner > goals" in fault.message


def test_a_form_has_a_bound() -> None:
    definition = form()
    layout = definition["pages"][0]["layout"]
    layout += [{"id": f"more-{number}", "type": "Header"} for number in range(COMPONENTS_MAX)]

    (fault,) = faults(definition)

    assert (fault.code, fault.pointer) == ("form-size", "/pages")


@pytest.mark.parametrize(
    ("text", "code"),
    [("Vef\u202esn", "text-unseen"), ("gjeld 15908600182", "personal-identity-number")],
)
def test_a_form_that_would_fool_its_reader_or_names_a_person_is_refused(
    text: str, code: str
) -> None:
    with pytest.raises(RuleBroken) as refused:
        read_definition(json.dumps({"names": {"nb": text}}).encode())
    assert refused.value.code == code
