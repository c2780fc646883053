"""The browser and its pages, for the tests of what people see."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from deploy import assets
from tests.browser import chromium
from tests.browser.preview import make_app
from tests.browser.serving import served

OpenPage = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium for the whole run."""
    folder = chromium.installed()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=folder / "chromium",
            args=list(chromium.ARGUMENTS),
            env=chromium.environment(folder),
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture
async def open_page(browser: Browser) -> AsyncIterator[OpenPage]:
    """Opens pages, each for a reader of bokmål on a wide screen with nothing remembered, unless
    told otherwise.

    Whatever the page complains about fails the test: errors of scripts, refusals of the policy,
    answers above 399.
    """
    complaints: list[str] = []
    async with AsyncExitStack() as stack:

        async def open_one(address: str, *, width: int = 1280, **context: Any) -> Page:
            options = {"locale": "nb-NO", "viewport": {"width": width, "height": 900}, **context}
            reader = await browser.new_context(**options)
            stack.push_async_callback(reader.close)
            page = await reader.new_page()
            page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
            page.on(
                "console",
                lambda told: complaints.extend([told.text] if told.type == "error" else []),
            )
            page.on(
                "response", lambda got: complaints.extend([got.url] if got.status > 399 else [])
            )
            await page.goto(address)
            return page

        yield open_one
    assert complaints == []


@pytest_asyncio.fixture(scope="session")
async def preview() -> AsyncIterator[str]:
    """The address of all pages with sample figures."""
    async with served(make_app()) as address:
        yield address


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, which finds what keeps people out."""
    assets.build(browser=True)
    return (assets.NODE_MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
