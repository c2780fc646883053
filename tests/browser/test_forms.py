"""A report form in a real browser: by keyboard, on a narrow screen and without scripts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from deploy.containers.gateway import make_gateway
from services.reporting.forms import commands
from services.reporting.forms.folder import read_form_folder
from tests.browser.conftest import OpenPage
from tests.browser.serving import served
from tests.browser.test_dead_letters import fits
from tests.browser.test_reading import faults
from tests.reporting.factories import NOW
from tests.support.doors import open_doors, service_of
from tests.support.infrastructure import Infra

FORMS = Path(__file__).parents[2] / "programmes" / "saman-2011" / "forms"


@pytest_asyncio.fixture
async def address(infra: Infra) -> AsyncIterator[str]:
    """Where the programme's four forms can be tried out."""
    async with open_doors(infra, "reporting") as apps:
        async with service_of(apps["reporting"]).database.transaction() as conn:
            for folder in sorted(FORMS.iterdir()):
                form_id = f"saman-{folder.name}"
                await commands.publish_form(conn, form_id, 1, read_form_folder(folder), now=NOW)
        async with served(make_gateway(apps)) as address:
            yield address


async def answered(page: Page) -> None:
    """Fill the financial report in, by keyboard alone."""
    await page.get_by_label("Tilskudd fra programmet").focus()
    await page.keyboard.type("400 000")
    await page.get_by_label("Hva ble pengene brukt til?").focus()
    await page.keyboard.type("Prosjektleder")
    await page.keyboard.press("Tab")
    await page.keyboard.type("390000")


async def test_a_form_is_filled_in_by_keyboard_without_scripts(
    open_page: OpenPage, address: str
) -> None:
    page = await open_page(f"{address}/reporting/forms", width=360, java_script_enabled=False)
    await page.get_by_role("link", name="Økonomirapport").click()
    await answered(page)
    await page.keyboard.press("Enter")

    own_share = page.get_by_role("link", name="Egenandel")
    await expect(page.get_by_role("alert")).to_contain_text("Rapporten kan ikke leveres slik:")
    await own_share.click()
    await expect(page.get_by_label("Egenandel")).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("Egenandel").fill("150000")
    await page.get_by_role("button", name="Legg til en rad").click()
    await page.get_by_role("group", name="Rad 2").get_by_label("Hva ble pengene").fill("Samling")
    await page.get_by_role("group", name="Rad 2").get_by_label("Beløp").fill("10000")
    await page.get_by_role("button", name="Kontroller").click()

    await expect(page.get_by_label("Utgifter til sammen")).to_have_text("400000")
    await expect(page.get_by_label("Ubrukt tilskudd")).to_have_text("150000")
    await page.get_by_label("Hva skal det ubrukte").fill("Opplæring til neste år")
    await page.get_by_role("button", name="Kontroller").click()
    await expect(page.get_by_role("alert")).to_contain_text(
        "Rapporten kan leveres. Se på dette først:"
    )
    assert await fits(page)


@pytest.mark.parametrize("form", ["annual", "start-up"])
async def test_nothing_of_a_form_keeps_anybody_out(
    open_page: OpenPage, address: str, axe: str, form: str
) -> None:
    page = await open_page(f"{address}/reporting/forms/saman-{form}/1", width=360)
    assert (await faults(page, axe), await fits(page)) == ([], True)

    await page.get_by_role("button", name="Kontroller").click()

    await expect(page.get_by_role("alert")).to_be_visible()
    assert (await faults(page, axe), await fits(page)) == ([], True)
    await page.set_viewport_size({"width": 1280, "height": 900})
    assert (await faults(page, axe), await fits(page)) == ([], True)
