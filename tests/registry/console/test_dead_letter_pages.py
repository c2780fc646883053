"""Dead letters in a browser, asked over real HTTP: who gets in, what is done, and that nothing
shown can act.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from fastapi import FastAPI
from httpx2 import AsyncClient, Response

from deploy.containers.gateway import make_gateway
from services.registry.console.pages.signing import DEAD_LETTERS
from services.registry.people.mail import SIGN_IN_PAGE as SIGN_IN
from shared.access import auth
from shared.access.sessions import COOKIE
from shared.events.registry import PublisherKey, PublisherRegistered
from shared.service.clients import new_client
from tests.browser.serving import served
from tests.notifications import factories
from tests.support.apps import OPERATOR_KEY
from tests.support.doors import bury, open_doors, service_of
from tests.support.infrastructure import Infra

CONSUMER = "notifications.registry.municipality"
HOSTILE = b"<script>alert(1)</script>\r\n\xe2\x80\xae\x1b[2J\"'>"


@dataclass(frozen=True, slots=True)
class Desk:
    """An operator's browser, before it has signed in."""

    browser: AsyncClient
    registry: FastAPI
    notifications: FastAPI

    async def sign_in(self, key: str = OPERATOR_KEY, to: str = DEAD_LETTERS) -> Response:
        """Send the sign-in's form."""
        return await self.browser.post(SIGN_IN, data={"key": key, "to": to})

    async def send(self, page: str, form: str, **fields: str) -> Response:
        """Send one of a page's forms, with the token that stands in it."""
        shown = (await self.browser.get(page)).text
        token = re.search(r'name="form_token" value="([^"]+)"', shown)
        assert token is not None, shown
        return await self.browser.post(form, data={"form_token": token[1], **fields})

    async def audited(self) -> list[tuple[str, str, str | None]]:
        """Return who did what to letters, and why."""
        async with service_of(self.notifications).database.connection() as conn:
            rows = await conn.fetch(
                "SELECT who, action, reason FROM audit_entry WHERE object LIKE 'dead-letter/%'"
                " ORDER BY entry_id"
            )
        return [(row["who"], row["action"], row["reason"]) for row in rows]


@pytest_asyncio.fixture
async def desk(infra: Infra) -> AsyncIterator[Desk]:
    """The registry's pages, and notifications to have letters."""
    async with (
        open_doors(infra, "registry", "notifications") as apps,
        served(make_gateway(apps)) as address,
    ):
        headers = {"Accept-Language": "en"}
        async with new_client(base_url=address, headers=headers, timeout=60) as browser:
            yield Desk(browser, apps["registry"], apps["notifications"])


def letter_page(number: int) -> str:
    return f"{DEAD_LETTERS}/notifications/{number}"


async def test_without_a_session_every_page_leads_to_the_sign_in_and_does_nothing(
    desk: Desk,
) -> None:
    number = await bury(desk.notifications, HOSTILE, consumer=CONSUMER)
    page = letter_page(number)
    for method, path in (
        ("GET", DEAD_LETTERS),
        ("GET", page),
        ("POST", f"{page}/replay"),
        ("POST", f"{page}/discard"),
        ("POST", f"{DEAD_LETTERS}/replay"),
        ("POST", "/registry/sign-out"),
    ):
        answer = await desk.browser.request(
            method, path, content=b"reason=x" if method == "POST" else None
        )
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith(SIGN_IN)
    forged = await desk.browser.get(DEAD_LETTERS, headers={"Cookie": f"{COOKIE}=guessed"})
    assert forged.status_code == 303
    assert await desk.audited() == []


async def test_only_the_operators_key_opens_a_session_and_it_never_stands_in_an_address(
    desk: Desk,
) -> None:
    key = auth.make_key()
    publisher = PublisherRegistered(
        organisation_number="974760673",
        version=1,
        name="A",
        may_speak_for=[],
        keys=[PublisherKey(key_id=key.key_id, hash=key.hash)],
    )
    async with service_of(desk.registry).database.transaction() as conn:
        await auth.keep_publishers(conn, [publisher])
    for refused in ("", "wrong", key.text):
        answer = await desk.sign_in(refused)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
        assert "This is not the operator's key." in answer.text
    answer = await desk.sign_in()
    assert (answer.status_code, answer.headers["location"]) == (303, DEAD_LETTERS)
    cookie = answer.headers["set-cookie"]
    assert OPERATOR_KEY not in cookie
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    shown = await desk.browser.get(f"{DEAD_LETTERS}?service=notifications")
    assert (shown.status_code, shown.headers["cache-control"]) == (200, "no-store")
    assert OPERATOR_KEY not in shown.text


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/registry/dead-letters?a=\r\nX: 1",
        "",
    ],
)
async def test_nobody_is_sent_elsewhere_after_signing_in(desk: Desk, to: str) -> None:
    assert (await desk.sign_in(to=to)).headers["location"] == DEAD_LETTERS


async def test_a_hostile_record_is_shown_and_cannot_act(desk: Desk) -> None:
    number = await bury(
        desk.notifications, HOSTILE, consumer=CONSUMER, error="it said <b>\x1b[31m\r</b>"
    )
    text = await bury(
        desk.notifications, b'{"a": "<img src=x onerror=alert(1)>"}', consumer=CONSUMER, offset=1
    )
    await desk.sign_in()

    page = (await desk.browser.get(letter_page(number))).text
    assert "<script>alert" not in page
    assert "3c 73 63 72 69 70 74 3e" in page
    assert "it said &lt;b&gt;\\x1b[31m\\r&lt;/b&gt;" in page
    for dangerous in ("\x1b", "\u202e", "<b>"):
        assert dangerous not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in (await desk.browser.get(letter_page(text))).text
    assert await desk.audited() == [("operator", "dead-letter-shown", None)] * 2


async def test_a_letter_is_replayed_and_another_discarded_with_a_reason(desk: Desk) -> None:
    good = await bury(desk.notifications, factories.municipality(), consumer=CONSUMER)
    bad = await bury(desk.notifications, HOSTILE, consumer=CONSUMER, offset=1)
    await desk.sign_in()

    answer = await desk.send(letter_page(good), f"{letter_page(good)}/replay")
    assert answer.headers["location"] == letter_page(good)
    assert "It was replayed." in (await desk.browser.get(letter_page(good))).text
    refused = await desk.send(letter_page(bad), f"{letter_page(bad)}/replay")
    assert refused.status_code == 303
    assert "the header ce_type is missing" in (await desk.browser.get(letter_page(bad))).text
    await desk.send(letter_page(bad), f"{letter_page(bad)}/discard", reason="sent by mistake")
    assert "sent by mistake" in (await desk.browser.get(letter_page(bad))).text

    assert [entry for entry in await desk.audited() if entry[1] != "dead-letter-shown"] == [
        ("operator", "dead-letter-replayed", None),
        ("operator", "dead-letter-replay-failed", "envelope-incomplete"),
        ("operator", "dead-letter-discarded", "sent by mistake"),
    ]


async def test_letters_are_filtered_and_all_that_are_meant_replayed(desk: Desk) -> None:
    for offset in range(2):
        event = factories.municipality(municipality_id=f"town-{offset}")
        await bury(desk.notifications, event, consumer=CONSUMER, offset=offset)
    await bury(desk.notifications, HOSTILE, consumer=CONSUMER, offset=2)
    await desk.sign_in()
    here = f"{DEAD_LETTERS}?service=notifications"

    def count(answer: Response) -> int:
        assert answer.status_code == 200
        return answer.text.count('class="origin"')

    assert count(await desk.browser.get(here)) == 3
    for narrowed, found in (
        ("key=town-0", 1),
        ("topic=registry.municipality.v1&age=hour", 3),
        ("age=before-day", 0),
        ("consumer=other", 0),
        ("code=LookupError&state=all", 3),
        ("state=replayed", 0),
    ):
        assert count(await desk.browser.get(f"{here}&{narrowed}")) == found, narrowed
    await desk.send(here, f"{DEAD_LETTERS}/replay", service="notifications", key="town-0")
    assert "1 replayed, 0 failed again" in (await desk.browser.get(f"{here}&key=town-0")).text
    await desk.send(here, f"{DEAD_LETTERS}/replay", service="notifications")
    assert "1 replayed, 1 failed again" in (await desk.browser.get(here)).text


async def test_a_form_of_another_site_does_nothing(desk: Desk) -> None:
    number = await bury(desk.notifications, factories.municipality(), consumer=CONSUMER)
    await desk.sign_in()
    for fields in ({}, {"form_token": "guessed"}):
        for form in (
            f"{letter_page(number)}/replay",
            f"{DEAD_LETTERS}/replay",
            "/registry/sign-out",
        ):
            answer = await desk.browser.post(form, data={"service": "notifications", **fields})
            assert answer.status_code == 403, form
            assert "This was not done" in answer.text
    assert await desk.audited() == []
    assert (await desk.browser.get(DEAD_LETTERS + "?service=notifications")).status_code == 200


async def test_signing_out_lets_the_browser_forget_the_session(desk: Desk) -> None:
    await desk.sign_in()
    here = f"{DEAD_LETTERS}?service=notifications"
    assert (await desk.send(here, "/registry/sign-out")).headers["location"] == "/"
    assert COOKIE not in desk.browser.cookies
    assert (await desk.browser.get(here)).status_code == 303


async def test_what_is_not_there_or_does_not_answer_is_a_page_that_says_so(desk: Desk) -> None:
    await desk.sign_in()
    assert (await desk.browser.get(letter_page(999))).status_code == 404
    assert (await desk.browser.get(f"{DEAD_LETTERS}?service=elsewhere")).status_code == 422
    away = await desk.browser.get(f"{DEAD_LETTERS}?service=metrics")
    assert away.status_code == 503
    assert "A part of the system does not answer" in away.text
