"""Functions of expressions that need nothing but their arguments: texts, numbers, yes and no."""

from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, DecimalException

from services.reporting.forms.rules import comparing
from services.reporting.forms.rules.values import (
    ExpressionFailed,
    Json,
    Value,
    to_boolean,
    to_number,
    to_text,
    written,
)

Function = Callable[[Sequence[Value]], Value]

_EXACT = Context(prec=40)
"""Room for every product of numbers of a contract; quotients are as exact as that."""

PLACES_MAX = 12


def check_count(name: str, arguments: Sequence[Json], least: int, most: int | None) -> None:
    """See that a function has as many arguments as it takes.

    Raises:
        ExpressionFailed: it has fewer or more.
    """
    if len(arguments) >= least and (most is None or len(arguments) <= most):
        return
    wanted = f"{least}+" if most is None else str(least) if least == most else f"{least}-{most}"
    raise ExpressionFailed(
        f"Expected {wanted} argument(s), got {len(arguments)}: Invalid call of {name}"
    )


def _takes(name: str, least: int, most: int | None, function: Function) -> Function:
    def counted(arguments: Sequence[Value]) -> Value:
        check_count(name, arguments, least, most)
        return function(arguments)

    return counted


def _round(arguments: Sequence[Value]) -> Value:
    number = to_number(arguments[0])
    places = to_number(arguments[1]) if len(arguments) > 1 else None
    if number is None:
        return None
    if places is not None and not 0 <= places <= PLACES_MAX:
        raise ExpressionFailed(f"decimals must be 0 to {PLACES_MAX}, got {written(places)}")
    return format(number.quantize(Decimal(1).scaleb(-int(places or 0)), ROUND_HALF_UP), "f")


def _arithmetic(compute: Callable[[Decimal, Decimal], Decimal]) -> Function:
    def computed(arguments: Sequence[Value]) -> Value:
        numbers = [to_number(argument) for argument in arguments]
        if any(number is None for number in numbers):
            return None
        first, *others = (number for number in numbers if number is not None)
        for other in others:
            first = compute(first, other)
        return first

    return computed


def _divide(left: Decimal, right: Decimal) -> Decimal:
    try:
        return _EXACT.divide(left, right)
    except DecimalException:
        raise ExpressionFailed("The second argument is 0, cannot divide by 0") from None


def _texts(compute: Callable[[str, str], bool], *, otherwise: bool = False) -> Function:
    def told(arguments: Sequence[Value]) -> Value:
        whole, part = (to_text(argument) for argument in arguments)
        return otherwise if whole is None or part is None else compute(whole, part)

    return told


def _changed(change: Callable[[str], str]) -> Function:
    def told(arguments: Sequence[Value]) -> Value:
        text = to_text(arguments[0])
        return None if text is None else change(text)

    return told


def _index_of(arguments: Sequence[Value]) -> Value:
    whole, part = (to_text(argument) for argument in arguments)
    found = -1 if whole is None or part is None else whole.find(part)
    # Places are counted in UTF-16 units, as in Altinn.
    return None if found < 0 or whole is None else Decimal(_units(whole[:found]))


def _slice(arguments: Sequence[Value]) -> Value:
    text = to_text(arguments[0])
    ends = [to_number(argument) for argument in arguments[1:]]
    if any(end is None for end in ends):
        raise ExpressionFailed("Start/end index cannot be null")
    if text is None:
        return None
    start, *rest = (int(end) for end in ends if end is not None)
    cut = text.encode("utf-16-le")
    count = len(cut) // 2
    first, last, _ = slice(start, rest[0] if rest else None).indices(count)
    return cut[2 * first : 2 * max(first, last)].decode("utf-16-le", "replace")


def _replace(arguments: Sequence[Value]) -> Value:
    text, old, new = (to_text(argument) for argument in arguments)
    if text is None or not old:
        return text
    return text.replace(old, new or "")


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _ordered(operator: str) -> Function:
    return lambda arguments: comparing.compare(arguments[0], operator, arguments[1])


def _first(change: Callable[[str], str]) -> Function:
    return _changed(lambda text: change(text[:1]) + text[1:])


_ALL: tuple[tuple[str, int, int | None, Function], ...] = (
    ("not", 1, 1, lambda arguments: not to_boolean(arguments[0])),
    ("greaterThan", 2, 2, _ordered("greaterThan")),
    ("greaterThanEq", 2, 2, _ordered("greaterThanEq")),
    ("lessThan", 2, 2, _ordered("lessThan")),
    ("lessThanEq", 2, 2, _ordered("lessThanEq")),
    ("plus", 1, None, _arithmetic(_EXACT.add)),
    ("minus", 2, 2, _arithmetic(_EXACT.subtract)),
    ("multiply", 1, None, _arithmetic(_EXACT.multiply)),
    ("divide", 2, 2, _arithmetic(_divide)),
    ("round", 1, 2, _round),
    ("concat", 0, None, lambda texts: "".join(to_text(text) or "" for text in texts)),
    ("contains", 2, 2, _texts(lambda whole, part: part in whole)),
    ("notContains", 2, 2, _texts(lambda whole, part: part not in whole, otherwise=True)),
    ("startsWith", 2, 2, _texts(str.startswith)),
    ("endsWith", 2, 2, _texts(str.endswith)),
    ("commaContains", 2, 2, _texts(lambda whole, part: part in _split(whole))),
    ("lowerCase", 1, 1, _changed(str.lower)),
    ("upperCase", 1, 1, _changed(str.upper)),
    ("lowerCaseFirst", 1, 1, _first(str.lower)),
    ("upperCaseFirst", 1, 1, _first(str.upper)),
    ("stringLength", 1, 1, lambda texts: Decimal(_units(to_text(texts[0]) or ""))),
    ("stringIndexOf", 2, 2, _index_of),
    ("stringSlice", 2, 3, _slice),
    ("stringReplace", 3, 3, _replace),
)

FUNCTIONS: dict[str, Function] = {
    name: _takes(name, least, most, function) for name, least, most, function in _ALL
}
COUNTS: dict[str, tuple[int, int | None]] = {name: (least, most) for name, least, most, _ in _ALL}
"""How many arguments each takes, at least and at most; None is without bound."""


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]
