"""Answers as a browser posts them: texts under JSON pointers, read by what the form asks."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from services.reporting.forms.rules.form import Form, path_of
from services.reporting.forms.rules.judging import (
    ROWS_MAX,
    Answers,
    Judged,
    Shown,
    answer_at,
    held_at,
    pointer_of,
    put_at,
)
from services.reporting.forms.rules.schema import Kind, kinds_of
from services.reporting.forms.rules.values import Json

ROW = "row"
"""What stands under the pointer of a row, so that a row without answers is a row all the same."""

_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?")
_BLANKS = re.compile(r"[ \u00a0\u202f]")


def answers_of(form: Form, fields: Sequence[tuple[str, str]]) -> Answers:
    """Return the answers in posted fields; what the form does not ask is left out.

    An answer that cannot be read as what is asked stays a text, so that the schema refuses it and
    its writer sees it again.
    """
    kinds = kinds_of(form.schema)
    computed = {
        path_of(one)
        for one in form.layout.components.values()
        if one.settings.get("calculation") is not None
    }
    held: dict[str, Any] = {}
    for name, value in fields:
        steps = name.split("/")[1:]
        path = ".".join(step for step in steps if not step.isdigit())
        kind = kinds.get(path)
        if kind is None or path in computed or not _is_place(form, steps):
            continue
        if kind is Kind.ROWS:
            _put(held, steps, None)
        elif value.strip():
            _put(held, steps, _read(value, kind))
    answers: Answers = _as_lists(held)
    return answers


def with_row(form: Form, answers: Answers, pointer: str) -> Answers:
    """Return answers with one more row at the end of a list."""
    steps = pointer.split("/")[1:]
    if not _is_place(form, [*steps, "0"]):
        return answers
    rows = held_at(answers, steps)
    added: Answers = put_at(answers, steps, [*(rows if isinstance(rows, list) else []), {}])
    return added


def without_row(answers: Answers, pointer: str) -> Answers:
    """Return answers without one row of a list."""
    *steps, last = ["", *pointer.split("/")][2:] or [""]
    rows = held_at(answers, steps)
    if not isinstance(rows, list) or not last.isdigit() or int(last) >= len(rows):
        return answers
    number = int(last)
    left: Answers = put_at(answers, steps, [*rows[:number], *rows[number + 1 :]])
    return left


def without_hidden(form: Form, judged: Judged) -> Answers:
    """Return the answers without those to what is not asked with the others."""
    answers = judged.answers
    for place, state in judged.shown.items():
        if state is Shown.HIDDEN and answer_at(form.layout, answers, place) is not None:
            answers = put_at(answers, pointer_of(form.layout, place).split("/")[1:], None)
    return answers


def _is_place(form: Form, steps: Sequence[str]) -> bool:
    """Tell whether rows are counted where the form has rows, and only there, within bounds."""
    kinds = kinds_of(form.schema)
    here: list[str] = []
    is_row = False
    for step in steps:
        wants_row = not is_row and kinds.get(".".join(here)) is Kind.ROWS
        is_row = step.isdigit()
        if is_row is not wants_row or (is_row and int(step[:9]) >= ROWS_MAX):
            return False
        if not is_row:
            here.append(step)
    return True


def _read(value: str, kind: Kind) -> Json:
    if kind is Kind.BOOLEAN and value in ("true", "false"):
        return value == "true"
    if kind is Kind.NUMBER:
        digits = _BLANKS.sub("", value.strip()).replace(",", ".").replace("\u2212", "-")
        if _NUMBER.fullmatch(digits):
            number = Decimal(digits)
            return int(number) if number == number.to_integral_value() else number
    return value.replace("\r\n", "\n").strip()


def _put(held: dict[str, Any], steps: Sequence[str], value: Json) -> None:
    """Put a value in its place; several choices under one name are joined with commas."""
    *above, last = steps
    here = held
    for step in above:
        below = here.setdefault(step, {})
        if not isinstance(below, dict):
            return
        here = below
    if value is None:
        here.setdefault(last, {})
    elif isinstance(here.get(last), str) and isinstance(value, str):
        here[last] = f"{here[last]},{value}"
    else:
        here[last] = value


def _as_lists(held: Any) -> Any:
    if not isinstance(held, dict):
        return held
    if held and all(name.isdigit() for name in held):
        return [_as_lists(held[name]) for name in sorted(held, key=int)]
    return {name: _as_lists(value) for name, value in held.items()}
