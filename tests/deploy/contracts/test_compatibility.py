"""The check that guards old consumers, by itself: what it lets pass and what not."""

from typing import Any

import pytest

from tests.deploy.contracts.compatibility import breaks

TEXT = {"type": "string"}
WHOLE = {"type": "integer"}
PERHAPS = {"anyOf": [TEXT, {"type": "null"}], "default": None}
STATE = {"type": "string", "enum": ["due", "overdue"]}


def schema(*, required: tuple[str, ...] = ("a",), **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"a": TEXT, "b": PERHAPS} | properties,
        "required": list(required),
    }


BEFORE = schema(state=STATE, inside=schema(), many={"type": "array", "items": schema()})


def changed(**properties: Any) -> dict[str, Any]:
    return {**BEFORE, "properties": {**BEFORE["properties"], **properties}}


def without(name: str) -> dict[str, Any]:
    return {
        **BEFORE,
        "properties": {key: value for key, value in BEFORE["properties"].items() if key != name},
    }


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize(
    "now",
    [
        BEFORE,
        changed(new=PERHAPS),
        changed(new=WHOLE),
        changed(a=TEXT | {"description": "said better", "title": "A", "default": "x"}),
        changed(inside=schema(new=PERHAPS)),
    ],
)
def test_what_may_be_absent_may_be_added(now: dict[str, Any], taken: bool) -> None:
    assert list(breaks(BEFORE, now, taken=taken)) == []


@pytest.mark.parametrize("taken", [True, False])
@pytest.mark.parametrize(
    ("now", "says"),
    [
        (without("b"), "/b was removed"),
        (changed(a=WHOLE), "/a: type was string, is integer"),
        (changed(a=TEXT | {"format": "date"}), "/a: format was None, is date"),
        (changed(a=TEXT | {"pattern": "^x$"}), "/a: pattern was None"),
        (changed(b={"anyOf": [WHOLE, {"type": "null"}]}), "/b does not take"),
        (changed(b=TEXT), "/b does not take {'type': 'null'}"),
        (changed(state={"type": "string", "enum": ["due"]}), "/state: enum was"),
        (changed(inside=schema(a=WHOLE)), "/inside/a: type was string"),
        (
            changed(many={"type": "array", "items": schema(a=WHOLE)}),
            "/many/items/a: type was string",
        ),
        ({**BEFORE, "required": ["a", "b"]}, "/b is required now"),
        (changed(inside=schema(required=("a", "b"))), "/inside/b is required now"),
        ({**BEFORE, "additionalProperties": False}, "additionalProperties was None, is False"),
    ],
)
def test_what_was_promised_may_not_be_taken_back(
    now: dict[str, Any], says: str, taken: bool
) -> None:
    (sentence, *_) = breaks(BEFORE, now, taken=taken)

    assert says in sentence


WIDER = [
    changed(state={"type": "string", "enum": ["due", "overdue", "accepted"]}),
    changed(a={"anyOf": [TEXT, {"type": "number"}]}),
    changed(a={"anyOf": [TEXT, {"type": "null"}]}),
    {**BEFORE, "required": []},
]


@pytest.mark.parametrize("now", WIDER)
def test_what_is_taken_may_become_more_lenient(now: dict[str, Any]) -> None:
    assert list(breaks(BEFORE, now, taken=True)) == []


@pytest.mark.parametrize("now", WIDER)
def test_what_is_published_may_not_become_something_that_consumers_do_not_know(
    now: dict[str, Any],
) -> None:
    assert list(breaks(BEFORE, now, taken=False))


def test_bounds_of_what_is_taken_may_be_widened_and_not_narrowed() -> None:
    bound = {"type": "string", "minLength": 2, "maxLength": 5}

    assert list(breaks(bound, {"type": "string", "minLength": 1, "maxLength": 9}, taken=True)) == []
    assert list(breaks(bound, {"type": "string"}, taken=True)) == []
    assert (
        len(list(breaks(bound, {"type": "string", "minLength": 3, "maxLength": 4}, taken=True)))
        == 2
    )
