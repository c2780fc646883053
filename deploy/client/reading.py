"""Reads a file of figures: all of it, or nothing."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .cells import reader_of
from .faults import FileUnreadable
from .figures import KINDS, NEEDED, OutgoingFigure, figure
from .table import Row, Table


def read_figures(path: Path, *, publisher: str) -> list[OutgoingFigure]:
    """Read a CSV file whose columns are named like the fields of the contract.

    Taken as they are: UTF-8, UTF-16 with its mark and windows-1252; commas, semicolons and tabs;
    lines above the header, empty lines, lines that begin with `#`; decimal commas, and blanks
    between thousands.

    Raises:
        FileUnreadable: something cannot be read, or could be read in two ways.
    """
    table = Table(path, publisher)
    figures = [_read_row(table, row) for row in table.rows]
    _refuse_repeated_ids(table, figures)
    if table.faults:
        raise FileUnreadable(path, table.faults)
    return [each for each in figures if each is not None]


def _read_row(table: Table, row: Row) -> OutgoingFigure | None:
    """Make a figure of a row; None, with the faults noted, where a cell cannot be read."""
    before = len(table.faults)
    width = len(table.names)
    if len(row.cells) != width:
        message = (
            f"the line has {len(row.cells)} cells and the header {width}; a text or number with"
            " the separator in it stands in quotes"
        )
        table.add(row, None, message)
        return None
    cells = {name: cell for name, cell in zip(table.names, row.cells, strict=True) if name and cell}
    if cells.get("metric") in KINDS:  # a metric with a kind of its own is told by the kind
        cells.setdefault("kind", cells.pop("metric"))
    name_of_kind = cells.pop("kind", "indicator" if "metric" in cells else "absence").lower()
    kind = KINDS.get(name_of_kind)
    if kind is None:
        table.add(row, "kind", f"got {name_of_kind!r}; write one of {', '.join(KINDS)}")
        return None
    body: dict[str, Any] = {}
    for name, cell in cells.items():
        try:
            body[name] = reader_of(kind, name, table.marks)(cell)
        except ValueError as error:
            table.add(row, name, f"got {cell!r}; {error}")
    columns = {axis: name for name in cells if (axis := kind.axis_of(name)) is not None}
    for name in (*NEEDED, *(kind.axes or ())):
        if name not in cells.keys() | columns.keys():
            message = f"there is no {name}; every {name_of_kind} figure needs one"
            table.add(row, name if name in table.names else None, message)
    if len(table.faults) > before:
        return None
    figure_id = body.pop("figure_id", None)
    body["definition"] = {axis: body.pop(name) for axis, name in columns.items()}
    return figure(body, publisher=table.publisher, figure_id=figure_id, kind=name_of_kind)


def _refuse_repeated_ids(table: Table, figures: Sequence[OutgoingFigure | None]) -> None:
    bodies: dict[str, Mapping[str, Any]] = {}
    for row, each in zip(table.rows, figures, strict=True):
        if each and bodies.setdefault(each.figure_id.lower(), each.body) != each.body:
            table.add(row, "figure_id", f"{each.figure_id} stands above with other content")
