"""What every page keeps: its language, its headers, and that nothing in it is foreign."""

import re
from typing import Any

import pytest

from shared.errors import AppError, NotFound, RuleBroken, Unavailable
from tests.web.rendering import render, text_of
from tests.web.sample import front, vefsn

PAGES: list[tuple[str, dict[str, Any]]] = [
    ("front.html", {"front": front()}),
    ("board.html", {"board": vefsn()}),
    ("about.html", {}),
]


@pytest.mark.parametrize(("template", "view"), PAGES)
async def test_no_page_has_scripts_or_styles_that_its_policy_would_refuse(
    template: str, view: dict[str, Any]
) -> None:
    answer = await render(template, view)

    assert "script-src 'self';" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", answer.text)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", answer.text)
    assert not re.search(r'(src|href)="(https?:)?//(?!creativecommons\.org)', answer.text)


async def test_a_chosen_language_is_remembered_and_wins_over_the_browsers() -> None:
    chosen = await render("about.html", {}, accept_language="en", query="?lang=nn")
    later = await render("about.html", {}, accept_language="en", cookies={"language": "nn"})

    assert 'lang="nn"' in chosen.text
    assert "language=nn" in chosen.headers["set-cookie"]
    assert later.headers["content-language"] == "nn"
    assert "set-cookie" not in later.headers


@pytest.mark.parametrize("query", ["?lang=xx", "?lang=", "?lang=../nn"])
async def test_an_unknown_language_changes_nothing(query: str) -> None:
    answer = await render("about.html", {}, accept_language="nn", query=query)

    assert (answer.status_code, answer.headers["content-language"]) == (200, "nn")
    assert "set-cookie" not in answer.headers


async def test_wishes_in_two_header_lines_are_one_list() -> None:
    answer = await render(
        "about.html", {}, headers=[("Accept-Language", "de"), ("Accept-Language", "nn; q=0.9")]
    )

    assert answer.headers["content-language"] == "nn"


async def test_the_language_switch_keeps_the_rest_of_the_address() -> None:
    html = (await render("about.html", {}, query="?words=v%C3%A5ler&lang=nb")).text

    assert 'href="/page?words=v%C3%A5ler&amp;lang=en"' in html


@pytest.mark.parametrize(
    ("error", "status", "heading"),
    [
        (NotFound("no such board"), 404, "Siden finnes ikke"),
        (RuleBroken("malformed"), 422, "Adressen kan ikke leses"),
        (Unavailable("no database", retry_after_seconds=7), 503, "Siden kan ikke vises akkurat nå"),
    ],
)
async def test_an_error_becomes_a_page_in_the_readers_language(
    error: AppError, status: int, heading: str
) -> None:
    answer = await render("board.html", error)

    assert answer.status_code == status
    assert heading in text_of(answer.text)
    assert answer.headers.get("retry-after") == ("7" if status == 503 else None)
