"""Lists as CSV (RFC 4180): whole, sent while it is read; or, where a client asks for a part, with a
last line that says that it is one.
"""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Request
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from shared.http.lists import ListQuery
from shared.http.wishes import prefers

CSV = "text/csv"
JSON = "application/json"

Row = Mapping[str, Any]


Format = Annotated[
    Literal["json", "csv"] | None,
    Field(description="In place of `Accept`, where a header cannot be set."),
]


class FileQuery(ListQuery):
    """What a list takes that can be had as a file."""

    format: Format = None

    @property
    def is_part(self) -> bool:
        """Whether a part is asked for, and not the whole list."""
        return not self.model_fields_set.isdisjoint({"limit", "cursor"})


def wants_csv(format_: str | None, accept: str) -> bool:
    """Tell whether the client wants CSV, by `format` or else by its `Accept` header."""
    return format_ == "csv" if format_ else prefers(accept, CSV, over=JSON)


async def whole(name: str, columns: Sequence[str], parts: AsyncIterator[Iterable[Row]]) -> Response:
    """Answer with all rows of a list.

    The first part is read before the answer begins, so that what goes wrong until then has its
    status. An answer that breaks off later is not ended as HTTP wants it, and clients notice.

    Args:
        name: of the file, without its ending.
        columns: the first line.
        parts: reads the rows part by part; holds no connection between two parts.
    """
    first = await anext(parts, ())

    async def lines() -> AsyncIterator[str]:
        yield _lines(columns, first, with_names=True)
        async for part in parts:
            yield _lines(columns, part)

    return StreamingResponse(lines(), media_type=f"{CSV}; charset=utf-8", headers=_headers(name))


def part(
    request: Request, name: str, columns: Sequence[str], rows: Iterable[Row], cursor: str | None
) -> Response:
    """Answer with one page of a list. Where there is more, the last line says so, and the `Link`
    header (RFC 8288) where.
    """
    text = _lines(columns, rows, with_names=True)
    headers = _headers(name)
    if cursor is not None:
        asked = [pair for pair in request.query_params.multi_items() if pair[0] != "cursor"]
        address = f"{request.url.path}?{urlencode([*asked, ('cursor', cursor)])}"
        headers["Link"] = f'<{address}>; rel="next"'
        text += f"# not whole: more rows are at {address}\r\n"
    return Response(text, media_type=f"{CSV}; charset=utf-8", headers=headers)


def file(name: str, text: str) -> Response:
    """Answer with a file that is written already."""
    return Response(text, media_type=f"{CSV}; charset=utf-8", headers=_headers(name))


def _headers(name: str) -> dict[str, str]:
    return {"Vary": "Accept", "Content-Disposition": f'attachment; filename="{name}.csv"'}


def _lines(columns: Sequence[str], rows: Iterable[Row], *, with_names: bool = False) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    if with_names:
        writer.writeheader()
    for row in rows:
        writer.writerow({name: _written(value) for name, value in row.items()})
    return text.getvalue()


def _written(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value
