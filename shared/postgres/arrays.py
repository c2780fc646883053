"""Rows turned into the arrays that `unnest` takes."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any


def columns(rows: Collection[Sequence[Any]], count: int) -> list[tuple[Any, ...]]:
    """Return the columns of rows, as many as there are even where there is no row."""
    return list(zip(*rows, strict=True)) if rows else [()] * count


def numbers(values: Iterable[int | None]) -> str:
    """Write whole numbers, or truth values, as PostgreSQL reads an array, for a parameter that is
    cast to one.

    asyncpg looks at each element of a list several times before it encodes it, which cost a tenth
    of the throughput; the queries of every batch therefore take their numbers as text.
    """
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def named(
    names: Sequence[str], rows: Collection[Sequence[Any]], *, listed: Collection[str] = ()
) -> dict[str, Any]:
    """Return the columns of rows by their parameters' names, written as `numbers`.

    Args:
        names: of the parameters, in the order of the columns.
        rows: as many values each as there are names.
        listed: the columns that are no numbers, such as ids; they are passed as lists.
    """
    return {
        name: list(column) if name in listed else numbers(column)
        for name, column in zip(names, columns(rows, len(names)), strict=True)
    }
