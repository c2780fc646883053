"""Comparing two values of expressions: whether they are the same, and which comes first."""

from collections.abc import Callable
from decimal import Decimal

from services.reporting.forms.rules.dates import Moment, is_same_day, order, parse_date
from services.reporting.forms.rules.values import ExpressionFailed, Value, to_number, to_text

_NUMBERS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "greaterThan": lambda left, right: left > right,
    "greaterThanEq": lambda left, right: left >= right,
    "lessThan": lambda left, right: left < right,
    "lessThanEq": lambda left, right: left <= right,
}
_MOMENTS: dict[str, Callable[[Moment, Moment], bool]] = {
    "isBefore": lambda left, right: order(left, right) < 0,
    "isBeforeEq": lambda left, right: order(left, right) <= 0,
    "isAfter": lambda left, right: order(left, right) > 0,
    "isAfterEq": lambda left, right: order(left, right) >= 0,
    "isSameDay": is_same_day,
}


def are_equal(left: Value, right: Value) -> bool:
    """Tell whether two values are the same when both are taken for texts."""
    return to_text(left) == to_text(right)


def compare(left: Value, operator: str, right: Value) -> bool:
    """Compare two values; with a missing one nothing is before, after, more or less.

    Raises:
        ExpressionFailed: the operator is unknown, or a value cannot be taken for what it compares.
    """
    if operator == "equals":
        return are_equal(left, right)
    if operator in _NUMBERS:
        first, second = to_number(left), to_number(right)
        if first is None or second is None:
            return False
        return _NUMBERS[operator](first, second)
    if operator in _MOMENTS:
        early, late = parse_date(left), parse_date(right)
        if early is None or late is None:
            return False
        return _MOMENTS[operator](early, late)
    raise ExpressionFailed(f'Invalid operator "{operator}"')
