"""Renders pages without a database or a browser."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from httpx2 import ASGITransport, AsyncClient, Response

from shared.errors import AppError
from shared.http import wiring
from shared.web.pages import PageRoute, Pages

SERVICES = Path(__file__).parents[2] / "services"


@cache
def pages_of(service: str) -> Pages:
    """Return a service's pages, read once."""
    return Pages(service, SERVICES / service)


async def render(
    template: str,
    view: Mapping[str, Any] | AppError,
    *,
    service: str = "metrics",
    accept_language: str = "nb",
    query: str = "",
    cookies: Mapping[str, str] | None = None,
    headers: Sequence[tuple[str, str]] | None = None,
) -> Response:
    """Return a template's page as it is answered over HTTP, or what is answered when the view ends
    in an error.
    """
    pages = pages_of(service)
    app = FastAPI()
    wiring.install(app)

    async def page(request: Request) -> Any:
        if isinstance(view, AppError):
            raise view
        return pages.answer(request, template, view)

    app.router.add_api_route("/page", page, route_class_override=PageRoute.of(pages))
    async with AsyncClient(
        transport=ASGITransport(app),
        base_url="http://test",
        headers=headers or [("Accept-Language", accept_language)],
        cookies=dict(cookies or {}),
    ) as client:
        return await client.get(f"/page{query}")


def text_of(html: str) -> str:
    """Return what stands in a piece of HTML, without its markup, in single spaces."""
    without = re.sub(r"<(script|style|title|desc|svg)\b.*?</\1>", " ", html, flags=re.DOTALL)
    descriptions = re.findall(r"<desc[^>]*>(.*?)</desc>", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", " ".join([without, *descriptions]))).split())
