"""Cuts a CSV file into a header and rows, whatever program wrote it."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from .cells import BLANKS, DOUBTFUL
from .faults import Fault, FileUnreadable
from .figures import KINDS, NEEDED, SHARED

HEADER_LINES = 30


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    cells: list[str]


class _Lines:
    """The lines of a file for a CSV reader, without remarks.

    A line that begins with `#` is a remark only where a record begins: within quotes it is text.
    """

    def __init__(self, lines: Sequence[str], first: int) -> None:
        self._numbered = enumerate(lines, start=first)
        self._at_record = True
        self.record_line = first

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        number, line = next(self._numbered)
        while self._at_record and line.lstrip(BLANKS).startswith("#"):
            number, line = next(self._numbered)
        if self._at_record:
            self.record_line = number
        self._at_record = False
        return line

    def begin_record(self) -> None:
        """Note that what comes next is the begin of a record."""
        self._at_record = True


class Table:
    """A file cut into a header and rows.

    Attributes:
        names: of the columns, as the contract writes them.
        faults: what cannot be read; reading goes on, so that all are told at once.
        marks: the decimal marks that the file uses where there is no doubt.
    """

    def __init__(self, path: Path, publisher: str) -> None:
        self.path = path
        self.publisher = publisher
        self.faults: list[Fault] = []
        lines = list(io.StringIO(_text_of(path), newline=None))
        first, delimiter = _find_header(path, lines)
        header, *rows = self._records(_Lines(lines[first:], first + 1), delimiter)
        self.names = [re.sub(r"[ -]+", "_", cell.lower()) for cell in header.cells]
        self.rows = [row for row in rows if any(row.cells)]
        self._judge_header(header.line)
        numbers = {name for kind in KINDS.values() for name in kind.decimals}
        self.marks = {
            found[1]
            for row in self.rows
            for name, cell in zip(self.names, row.cells, strict=False)
            if name in numbers and not DOUBTFUL.fullmatch(cell)
            if (found := re.fullmatch(r"-?[0-9]+([.,])[0-9]+ ?%?", cell))
        }

    def add(self, row: Row | int | None, name: str | None, message: str) -> None:
        """Note a fault."""
        column = None if name is None else f"{self.names.index(name) + 1} ({name})"
        self.faults.append(Fault(row.line if isinstance(row, Row) else row, column, message))

    def _records(self, lines: _Lines, delimiter: str) -> list[Row]:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        records: list[Row] = []
        while True:
            lines.begin_record()
            try:
                cells = next(reader)
            except StopIteration:
                return records
            except csv.Error as error:
                cure = "a quote within a quoted text is written twice, and each one is closed"
                raise FileUnreadable(
                    self.path, [Fault(lines.record_line, None, f"{error}; {cure}")]
                ) from None
            records.append(Row(lines.record_line, [cell.strip(BLANKS) for cell in cells]))

    def _judge_header(self, line: int) -> None:
        kinds = KINDS.values() if {"kind", "metric"} & set(self.names) else [KINDS["absence"]]
        known = [*SHARED, *(name for kind in kinds for name in kind.columns)]
        for number, name in enumerate(self.names):
            if name in self.names[:number] and name:
                self.add(line, name, "this column stands twice; leave one of them out")
            elif name and name not in known and all(kind.axis_of(name) is None for kind in kinds):
                like = get_close_matches(name, known, 1)
                cure = f"did you mean {like[0]}?" if like else f"known are {', '.join(known)}"
                self.add(line, name, f"a column of this name is not known; {cure}")
            elif not name and any(row.cells[number:] and row.cells[number] for row in self.rows):
                message = f"column {number + 1} has cells and no name; name it, or leave it out"
                self.add(line, None, message)


def _text_of(path: Path) -> str:
    """Return what stands in a file, in whatever of the usual encodings.

    Raises:
        FileUnreadable: it is no text, or two encodings are mixed.
    """
    cure = 'save it as "CSV UTF-8"'
    try:
        raw = path.read_bytes()
        if raw.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
            raise ValueError("this is a workbook, not CSV")
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            return raw.decode("utf-16")
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            if re.search(rb"\xc3[\x80-\xbf]", raw):
                raise ValueError("UTF-8 and windows-1252 are mixed") from None
            text = raw.decode("windows-1252")
        if "\x00" in text:
            raise ValueError("this is not text")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        message = f"the bytes are neither UTF-8 nor windows-1252; {cure}"
        raise FileUnreadable(path, [Fault(line, None, message)]) from None
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else f"{error}; {cure}"
        raise FileUnreadable(path, [Fault(None, None, str(words))]) from None
    return text


def _find_header(path: Path, lines: Sequence[str]) -> tuple[int, str]:
    """Return where the header stands, and what stands between its cells."""
    for number, line in enumerate(lines[:HEADER_LINES]):
        for delimiter in ";,\t":
            cells = next(csv.reader([line], delimiter=delimiter), [])
            if set(NEEDED) <= {cell.strip(BLANKS).lower() for cell in cells}:
                return number, delimiter
    message = (
        f"none of the first {HEADER_LINES} lines is a header; it names the columns, at least"
        f" {' and '.join(NEEDED)}, with commas, semicolons or tabs between them"
    )
    raise FileUnreadable(path, [Fault(None, None, message)])
