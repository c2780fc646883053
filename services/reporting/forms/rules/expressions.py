"""Looking at expressions without working them out: what they name, and what cannot work."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.reporting.forms.rules.functions import COUNTS
from services.reporting.forms.rules.schema import Kind
from services.reporting.forms.rules.values import ExpressionFailed, Json, shown, to_number

_OVER_ROWS = ("sum", "min", "max", "avg", "count")
_COUNTS: Mapping[str, tuple[int, int | None]] = {
    **COUNTS,
    **dict.fromkeys(_OVER_ROWS, (1, 1)),
    "if": (2, 4),
    "and": (1, None),
    "or": (1, None),
    "equals": (2, 2),
    "notEquals": (2, 2),
    "compare": (3, 4),
    "component": (1, 1),
    "displayValue": (1, 1),
    "dataModel": (1, 2),
    "formatDate": (1, 2),
    "language": (0, 0),
    "text": (1, 1),
    "optionLabel": (2, 2),
    "argv": (1, 1),
    "value": (0, 1),
}
_ARITHMETIC = ("plus", "minus", "multiply", "divide")
_COMPARISONS = ("greaterThan", "greaterThanEq", "lessThan", "lessThanEq")
_BOOLEANS = (
    *_COMPARISONS,
    "and",
    "or",
    "not",
    "equals",
    "notEquals",
    "compare",
    "contains",
    "notContains",
    "startsWith",
    "endsWith",
    "commaContains",
)
_NUMBERS = (*_ARITHMETIC, "round", "stringLength", "stringIndexOf", *_OVER_ROWS)


@dataclass(frozen=True, slots=True)
class Known:
    """What expressions of a form may name.

    Attributes:
        fields: what stands at each path of the answers.
        components: the path that each component is bound to, None for those without.
        texts: keys of texts.
        options: ids of lists of options.
    """

    fields: Mapping[str, Kind]
    components: Mapping[str, str | None]
    texts: frozenset[str]
    options: frozenset[str]


def calls(expression: Json) -> Iterator[tuple[str, Sequence[Json]]]:
    """Yield each call in an expression: the function and its arguments, the outermost first."""
    if isinstance(expression, list) and expression and isinstance(expression[0], str):
        name, *arguments = expression
        yield name, arguments
        for argument in arguments:
            yield from calls(argument)


def paths_read(expression: Json) -> set[str]:
    """Return the paths that an expression looks up by name."""
    return {
        first
        for name, arguments in calls(expression)
        if name in ("dataModel", *_OVER_ROWS) and arguments
        for first in arguments[:1]
        if isinstance(first, str)
    }


def components_read(expression: Json) -> set[str]:
    """Return the components that an expression looks up by name."""
    return {
        first
        for name, arguments in calls(expression)
        if name in ("component", "displayValue") and arguments
        for first in arguments[:1]
        if isinstance(first, str)
    }


def faults_of(expression: Json, known: Known, *, wanted: Kind = Kind.ANY) -> Iterator[str]:
    """Yield what is wrong with an expression, one sentence each.

    Args:
        wanted: what must come out of it.
    """
    if isinstance(expression, dict):
        yield "an object is no expression; write a list whose first element is a function"
        return
    for name, arguments in calls(expression):
        yield from _faults_of_call(name, arguments, known)
    if isinstance(expression, list) and not (expression and isinstance(expression[0], str)):
        yield f"{shown(expression)} does not begin with the name of a function"
        return
    given = kind_of(expression, known)
    if wanted is not Kind.ANY and given not in (wanted, Kind.ANY) and expression is not None:
        yield f"{shown(expression)} gives {given}, and {wanted} is wanted"


def kind_of(expression: Json, known: Known) -> Kind:
    """Return what an expression gives, as far as that can be told without answers."""
    if isinstance(expression, bool):
        return Kind.BOOLEAN
    if isinstance(expression, str):
        return Kind.TEXT
    if not isinstance(expression, list):
        return Kind.ANY if expression is None else Kind.NUMBER
    if not expression or not isinstance(expression[0], str):
        return Kind.ANY
    name, *arguments = expression
    if name == "if":
        kinds = {kind_of(one, known) for one in arguments[1::2]}
        return kinds.pop() if len(kinds) == 1 else Kind.ANY
    if name == "dataModel":
        path = arguments[0] if arguments else None
        return known.fields.get(path, Kind.ANY) if isinstance(path, str) else Kind.ANY
    if name == "component" and arguments:
        bound = known.components.get(str(arguments[0]))
        return known.fields.get(bound, Kind.ANY) if bound else Kind.ANY
    if name in _BOOLEANS:
        return Kind.BOOLEAN
    if name in _NUMBERS:
        return Kind.NUMBER
    return Kind.ANY if name in ("argv", "value") or name not in _COUNTS else Kind.TEXT


def _faults_of_call(name: str, arguments: Sequence[Json], known: Known) -> Iterator[str]:
    if name not in _COUNTS:
        yield f'there is no function "{name}"'
        return
    least, most = _COUNTS[name]
    if len(arguments) < least or (most is not None and len(arguments) > most):
        bound = f"{least}" if least == most else f"{least} to {most or 'any number'}"
        yield f'"{name}" takes {bound} arguments, got {len(arguments)}'
        return
    if name == "if" and (len(arguments) == 3 or (len(arguments) == 4 and arguments[2] != "else")):
        yield '"if" is written ["if", condition, value, "else", value]'
    yield from _names_nothing(name, arguments, known)
    wanted = Kind.NUMBER if name in (*_ARITHMETIC, *_COMPARISONS, "round") else Kind.ANY
    if name in ("and", "or", "not"):
        wanted = Kind.BOOLEAN
    for argument in arguments if wanted is not Kind.ANY else ():
        given = kind_of(argument, known)
        if given not in (wanted, Kind.ANY) and not _is_written_so(argument, wanted):
            yield f'"{name}" takes {wanted}, and {shown(argument)} is {given}'


def _names_nothing(name: str, arguments: Sequence[Json], known: Known) -> Iterator[str]:
    first = arguments[0] if arguments else None
    if not isinstance(first, str):
        return
    if name == "dataModel" and first not in known.fields:
        yield f'the schema has no field "{first}"'
    elif name in _OVER_ROWS:
        yield from _faults_of_rows(name, first, known)
    elif name in ("component", "displayValue") and first not in known.components:
        yield f'there is no component "{first}"'
    elif name == "text" and first not in known.texts:
        yield f'there is no text "{first}"'
    elif name == "optionLabel" and first not in known.options:
        yield f'there is no list of options "{first}"'


def _faults_of_rows(name: str, path: str, known: Known) -> Iterator[str]:
    above = [path[:place] for place, letter in enumerate(path) if letter == "."]
    if path not in known.fields:
        yield f'the schema has no field "{path}"'
    elif not any(known.fields[each] is Kind.ROWS for each in [*above, path]):
        yield f'"{name}" goes over rows, and "{path}" stands in none'
    elif name != "count" and known.fields[path] not in (Kind.NUMBER, Kind.TEXT, Kind.ANY):
        yield f'"{name}" takes {Kind.NUMBER}, and "{path}" is {known.fields[path]}'


def _is_written_so(argument: Json, wanted: Kind) -> bool:
    """Tell whether a text of the form stands for a number or for yes or no."""
    if not isinstance(argument, str):
        return False
    if wanted is Kind.BOOLEAN:
        return argument.lower() in ("true", "false", "1", "0", "null")
    try:
        to_number(argument)
    except ExpressionFailed:
        return False
    return True


def circle_in(reads: Mapping[str, set[str]]) -> list[str] | None:
    """Return names that read each other in a circle, the first one again at the end; None where
    there are none.
    """
    done: set[str] = set()
    for start in reads:
        found = _circle_from(start, reads, [], done)
        if found is not None:
            return found
    return None


def _circle_from(
    name: str, reads: Mapping[str, set[str]], path: list[str], done: set[str]
) -> list[str] | None:
    if name in path:
        return [*path[path.index(name) :], name]
    if name in done:
        return None
    for read in sorted(reads.get(name, ())):
        found = _circle_from(read, reads, [*path, name], done)
        if found is not None:
            return found
    done.add(name)
    return None


def in_order(reads: Mapping[str, set[str]]) -> list[str]:
    """Return names so that each comes after those that it reads; there must be no circle."""
    ordered: list[str] = []

    def put(name: str) -> None:
        if name not in ordered:
            for read in sorted(reads.get(name, ())):
                put(read)
            ordered.append(name)

    for name in reads:
        put(name)
    return [name for name in ordered if name in reads]
