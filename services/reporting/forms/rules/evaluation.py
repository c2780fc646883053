"""Working out expressions: JSON arrays whose first element names the function.

`["greaterThan", ["dataModel", "results.value"], 3]` is true when the answer is above 3. Which
functions there are stands in `functions`, `lookups` and `rows`. A missing answer stays missing: it
is not taken for 0, so `["plus", null, 4]` is missing too. That is where we differ from Altinn; the
tests list it.
"""

from collections.abc import Sequence
from dataclasses import replace

from services.reporting.forms.rules import comparing, functions, lookups, rows
from services.reporting.forms.rules.context import Context
from services.reporting.forms.rules.layout import Component, Place
from services.reporting.forms.rules.outcome import Outcome
from services.reporting.forms.rules.values import (
    ExpressionFailed,
    Json,
    Value,
    plain,
    shown,
    to_boolean,
)

DEPTH_MAX = 50
"""Deeper nesting is refused: nobody can read it, and it would end the process."""


def evaluate(expression: Json, context: Context) -> Value:
    """Return the value of an expression.

    Raises:
        ExpressionFailed: it cannot be worked out; the message says why.
    """
    return work_out(expression, context).value


def work_out(expression: Json, context: Context, depth: int = 0) -> Outcome:
    """Return the value of an expression, and which missing answers may still change it.

    Raises:
        ExpressionFailed: it cannot be worked out.
    """
    if not isinstance(expression, list):
        if isinstance(expression, dict):
            raise ExpressionFailed('Invalid type "object"')
        return Outcome(plain(expression))
    if depth > DEPTH_MAX:
        raise ExpressionFailed(f"An expression may be nested {DEPTH_MAX} deep, and not deeper")
    if not expression:
        raise ExpressionFailed("Missing function name in expression")
    name, *arguments = expression
    if not isinstance(name, str):
        raise ExpressionFailed(f"Function name in expression should be string, got {shown(name)}")
    return _call(name, arguments, context, depth + 1)


def _call(name: str, arguments: Sequence[Json], context: Context, depth: int) -> Outcome:
    match name:
        case "if":
            return _if(arguments, context, depth)
        case "and" | "or":
            return _joined(name, arguments, context, depth)
        case "compare":
            return _compare(arguments, context, depth)
        case "equals" | "notEquals":
            return _equals(name, arguments, context, depth)
        case "component" | "displayValue":
            functions.check_count(name, arguments, 1, 1)
            wanted = work_out(arguments[0], context, depth).value
            return _component(name, wanted, context, depth)
        case "dataModel" | "_experimentalSelectAndMap" | "sum" | "min" | "max" | "count" | "avg":
            return _look_up(name, arguments, context, depth)
    outcomes = [work_out(argument, context, depth) for argument in arguments]
    values = [outcome.value for outcome in outcomes]
    missing = frozenset[str]().union(*(outcome.missing for outcome in outcomes))
    if name in lookups.FUNCTIONS:
        return Outcome(lookups.FUNCTIONS[name](values, context), missing)
    if name in functions.FUNCTIONS:
        return Outcome(functions.FUNCTIONS[name](values), missing)
    raise ExpressionFailed(f'Function "{name}" not implemented')


def _if(arguments: Sequence[Json], context: Context, depth: int) -> Outcome:
    if len(arguments) not in (2, 4):
        raise ExpressionFailed(
            f"Expected either 2 arguments (if) or 4 (if + else), got {len(arguments)}"
            if len(arguments) == 5 or arguments[2:] == ["else"]
            else 'Expected third argument to be "else"'
        )
    if len(arguments) == 4 and arguments[2] != "else":
        raise ExpressionFailed('Expected third argument to be "else"')
    condition = work_out(arguments[0], context, depth)
    if to_boolean(condition.value):
        chosen = work_out(arguments[1], context, depth)
    elif len(arguments) == 4:
        chosen = work_out(arguments[3], context, depth)
    else:
        chosen = Outcome(None)
    return Outcome(chosen.value, condition.missing | chosen.missing)


def _joined(name: str, arguments: Sequence[Json], context: Context, depth: int) -> Outcome:
    """Join yes and no. One that decides alone makes the missing answers of the others idle."""
    functions.check_count(name, arguments, 1, None)
    outcomes = [work_out(argument, context, depth) for argument in arguments]
    deciding = name == "or"
    truths = [bool(to_boolean(outcome.value)) for outcome in outcomes]
    for truth, outcome in zip(truths, outcomes, strict=True):
        if truth is deciding and outcome.is_decided:
            return Outcome(deciding)
    missing = frozenset[str]().union(*(outcome.missing for outcome in outcomes))
    return Outcome(any(truths) if deciding else all(truths), missing)


def _equals(name: str, arguments: Sequence[Json], context: Context, depth: int) -> Outcome:
    outcomes = [work_out(argument, context, depth) for argument in arguments]
    functions.check_count(name, arguments, 2, 2)
    left, right = outcomes
    same = comparing.are_equal(left.value, right.value)
    # Who asks whether an answer is missing gets a certain answer.
    missing = frozenset[str]() if None in arguments else left.missing | right.missing
    return Outcome(same if name == "equals" else not same, missing)


def _compare(arguments: Sequence[Json], context: Context, depth: int) -> Outcome:
    functions.check_count("compare", arguments, 3, 4)
    if len(arguments) == 4 and arguments[1] != "not":
        raise ExpressionFailed('Second argument must be "not" when providing 4 arguments in total')
    operator = arguments[-2]
    if not isinstance(operator, str):
        raise ExpressionFailed("Invalid operator (it cannot be an expression or null)")
    left = work_out(arguments[0], context, depth)
    right = work_out(arguments[-1], context, depth)
    truth = comparing.compare(left.value, operator, right.value)
    return Outcome(truth if len(arguments) == 3 else not truth, left.missing | right.missing)


def _look_up(name: str, arguments: Sequence[Json], context: Context, depth: int) -> Outcome:
    if name == "dataModel":
        functions.check_count(name, arguments, 1, 2)
        if len(arguments) == 2 and not isinstance(arguments[1], str):
            raise ExpressionFailed(
                "The data type must be a string (expressions cannot be used here)"
            )
    outcomes = [work_out(argument, context, depth) for argument in arguments]
    found = rows.FUNCTIONS[name]([outcome.value for outcome in outcomes], context)
    return Outcome(found.value, found.missing.union(*(outcome.missing for outcome in outcomes)))


def _component(name: str, wanted: Value, context: Context, depth: int) -> Outcome:
    if wanted is None:
        raise ExpressionFailed("Cannot lookup component null")
    target = context.layout.component(str(wanted))
    place = context.layout.reach(target, context.place)
    hidden = is_hidden(place, context, depth)
    if hidden.value:
        return Outcome(None, hidden.missing)
    there = replace(context, place=place)
    if name == "displayValue":
        given = target.settings.get("value")
        value = work_out(given, there, depth) if given is not None else None
        return Outcome(lookups.display_value(target, there, value), hidden.missing)
    binding = target.bindings.get("simpleBinding")
    if binding is None:
        return Outcome(None, hidden.missing)
    found = rows.look_up([binding.path, binding.model], there)
    return Outcome(found.value, found.missing | hidden.missing)


def is_hidden(place: Place, context: Context, depth: int = 0) -> Outcome:
    """Tell whether a component is hidden: it itself, its page, its row, or what it stands in."""
    layout = context.layout
    component = layout.component(place.component_id)
    around = [layout.components[parent] for parent in component.parents]
    conditions: list[tuple[Json, Place]] = [(layout.pages[component.page], place)]
    row_count = 0
    for parent in around:
        conditions.append((parent.hidden, _at(parent, place, row_count)))
        if parent.repeats:
            row_count += 1
            conditions.append((parent.hidden_row, place))
    conditions.append((component.hidden, place))
    missing = frozenset[str]()
    for condition, where in conditions:
        outcome = work_out(condition, replace(context, place=where), depth + 1)
        if to_boolean(outcome.value):
            return Outcome(True, outcome.missing)
        missing |= outcome.missing
    return Outcome(False, missing)


def _at(component: Component, place: Place, row_count: int) -> Place:
    return Place(component.component_id, place.rows[:row_count])
