"""Looking up answers by path, and sums and the like over the rows of a group."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal

from services.reporting.forms.rules.context import Context
from services.reporting.forms.rules.functions import check_count
from services.reporting.forms.rules.layout import DEFAULT_MODEL, lookup
from services.reporting.forms.rules.outcome import Outcome
from services.reporting.forms.rules.values import (
    ExpressionFailed,
    Json,
    Value,
    plain,
    shown,
    to_number,
    to_text,
)


def look_up(arguments: Sequence[Value], context: Context) -> Outcome:
    """Return the answer at a path; one that is not there is missing.

    Raises:
        ExpressionFailed: the path is none, or there is no such model.
    """
    path, *others = arguments
    if path is None:
        raise ExpressionFailed("Cannot lookup dataModel null")
    model = to_text(others[0]) if others else DEFAULT_MODEL
    data = context.model(model or DEFAULT_MODEL)
    held = plain(lookup(data, str(path), context.layout.row_paths(context.place)))
    return Outcome(held, frozenset() if held is not None else frozenset([str(path)]))


def _mapped(arguments: Sequence[Value], context: Context) -> Outcome:
    """Join one property of every row to a text, as Altinn's experimental function does."""
    check_count("_experimentalSelectAndMap", arguments, 2, 5)
    path, name, *others = arguments
    before, after = (others[number] if len(others) > number else "" for number in (0, 1))
    ends_open = len(others) > 2 and others[2] is False
    rows = lookup(context.model(), str(path), context.layout.row_paths(context.place))
    texts = [
        to_text(plain(row.get(str(name)))) or ""
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, Mapping)
    ]
    joined = [f"{to_text(before) or ''}{text}{to_text(after) or ''}" for text in texts]
    if joined and ends_open:
        joined[-1] = joined[-1].removesuffix(to_text(after) or "")
    return Outcome(" ".join(joined))


def _over_rows(name: str, compute: Callable[[list[Decimal]], Value]) -> "Lookup":
    """Return a function of one path such as `goals.value`, over all rows that it leads to.

    As long as a row misses the value, what is made of all rows is missing as well.
    """

    def computed(arguments: Sequence[Value], context: Context) -> Outcome:
        check_count(name, arguments, 1, 1)
        path = arguments[0]
        if not isinstance(path, str):
            raise ExpressionFailed(
                f"{name} needs the path of a field in a group, got {shown(path)}"
            )
        found = list(_values(context.model(), path.split("."), "", context))
        if name == "count":
            return Outcome(Decimal(len(found)))
        numbers = [to_number(plain(value)) for value in found]
        if any(number is None for number in numbers):
            return Outcome(None, frozenset([path]))
        return Outcome(compute([number for number in numbers if number is not None]))

    return computed


def _values(held: Json, path: Sequence[str], above: str, context: Context) -> Iterator[Json]:
    """Yield what stands at the end of a path, of every row; of a row around the place only it."""
    if isinstance(held, list):
        own = dict(context.layout.row_paths(context.place))
        rows = held[own[above] : own[above] + 1] if above in own else held
        for row in rows:
            yield from _values(row, path, "", context)
    elif not path:
        yield held
    elif isinstance(held, Mapping):
        here = f"{above}.{path[0]}" if above else path[0]
        yield from _values(held.get(path[0]), path[1:], here, context)
    else:
        yield None


def _mean(numbers: list[Decimal]) -> Value:
    return sum(numbers, Decimal(0)) / len(numbers) if numbers else None


Lookup = Callable[[Sequence[Value], Context], Outcome]

FUNCTIONS: dict[str, Lookup] = {
    "dataModel": look_up,
    "_experimentalSelectAndMap": _mapped,
    "sum": _over_rows("sum", lambda numbers: sum(numbers, Decimal(0))),
    "min": _over_rows("min", lambda numbers: min(numbers, default=None)),
    "max": _over_rows("max", lambda numbers: max(numbers, default=None)),
    "avg": _over_rows("avg", _mean),
    "count": _over_rows("count", lambda numbers: Decimal(len(numbers))),
}
