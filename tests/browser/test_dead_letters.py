"""An operator's work with dead letters in a real browser, on a narrow screen and without
scripts.
"""

from collections.abc import AsyncIterator

import pytest_asyncio
from fastapi import FastAPI
from playwright.async_api import Page, expect

from deploy.containers.gateway import make_gateway
from services.registry.console.pages.signing import DEAD_LETTERS
from tests.browser.conftest import OpenPage
from tests.browser.serving import served
from tests.browser.test_reading import faults
from tests.notifications import factories
from tests.support.apps import OPERATOR_KEY
from tests.support.doors import bury, open_doors
from tests.support.infrastructure import Infra

CONSUMER = "notifications.registry.municipality"
BROKEN = b'{"municipality_id": "' + b"w" * 400 + b'", "name": "<script>alert(1)</script>"}'
HERE = f"{DEAD_LETTERS}?service=notifications"


@pytest_asyncio.fixture
async def address(infra: Infra) -> AsyncIterator[str]:
    """Where the pages are, with three letters: one that can be replayed, one of text and one of
    bytes.
    """
    async with open_doors(infra, "registry", "metrics", "notifications") as apps:
        await _bury_three(apps["notifications"])
        async with served(make_gateway(apps)) as address:
            yield address


async def _bury_three(app: FastAPI) -> None:
    await bury(app, factories.municipality(), consumer=CONSUMER)
    await bury(
        app,
        BROKEN,
        consumer=CONSUMER,
        offset=1,
        error="LookupError: " + "x" * 300 + "\n  File somewhere",
    )
    await bury(app, bytes(range(256)) * 4, consumer=CONSUMER, offset=2)


async def sign_in(page: Page) -> None:
    await page.get_by_label("Driftsnøkkelen").fill(OPERATOR_KEY)
    await page.get_by_role("button", name="Logg inn").click()


async def fits(page: Page) -> bool:
    needed: int = await page.evaluate("document.documentElement.scrollWidth")
    assert page.viewport_size is not None
    return needed <= page.viewport_size["width"]


async def test_letters_are_replayed_and_discarded_without_scripts(
    open_page: OpenPage, address: str
) -> None:
    page = await open_page(address + HERE, width=360, java_script_enabled=False)
    await sign_in(page)
    await expect(page.get_by_role("listitem").filter(has=page.locator(".origin"))).to_have_count(3)
    assert OPERATOR_KEY not in page.url

    await page.get_by_role("link", name="Brev 1").click()
    await page.get_by_role("button", name="Spill av på nytt").click()
    await expect(page.get_by_role("status")).to_have_text("Det ble spilt av på nytt.")

    await page.get_by_role("link", name="Døde brev hos notifications").click()
    await page.get_by_role("link", name="Brev 2").click()
    await expect(page.get_by_role("region", name="Innhold")).to_contain_text(
        "<script>alert(1)</script>"
    )
    await page.get_by_label("Grunn til å forkaste det").fill("sendt ved en feil")
    await page.get_by_role("button", name="Forkast").click()
    await expect(page.get_by_text("sendt ved en feil")).to_be_visible()

    await page.get_by_role("link", name="Døde brev hos notifications").click()
    await page.get_by_role("button", name="Spill av alle som venter her").click()
    await expect(page.get_by_role("status")).to_contain_text("0 spilt av på nytt, 1 feilet igjen")
    await page.get_by_label("Tilstand").select_option("discarded")
    await page.get_by_role("button", name="Vis").click()
    await expect(page.get_by_role("link", name="Brev 2")).to_be_visible()
    await page.get_by_role("button", name="Logg ut").click()
    await expect(page).to_have_url(f"{address}/")


async def test_nothing_keeps_an_operator_out_on_a_narrow_screen(
    open_page: OpenPage, address: str, axe: str
) -> None:
    page = await open_page(address + HERE, width=360)
    assert (await faults(page, axe), await fits(page)) == ([], True)
    await sign_in(page)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Døde brev hos notifications")
    assert (await faults(page, axe), await fits(page)) == ([], True)
    for number in (2, 3):
        await page.goto(f"{address}{DEAD_LETTERS}/notifications/{number}")
        await expect(page.get_by_role("button", name="Forkast")).to_be_visible()
        assert (await faults(page, axe), await fits(page)) == ([], True)
    await page.goto(f"{address}/status?refresh=off")
    await page.get_by_role("link", name="Døde brev hos notifications: 3").click()
    await expect(page).to_have_url(address + HERE)
