"""The pages in a real browser: nobody is kept out, nothing needs scrolling sideways, scripts only
add.
"""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.preview import ADDRESSES, UNLIKE

BOARD = "/metrics/boards/vefsn-1824"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
TAB_STOPS_BEFORE_THE_LIST = 15


async def faults(page: Page, axe: str) -> list[str]:
    await page.evaluate(axe)
    found = await page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    assert len(found["passes"]) > 10
    return [
        f"{fault['id']}: {node['html'][:120]}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "dark")])
async def test_axe_finds_nothing_that_keeps_people_out(
    open_page: OpenPage, preview: str, axe: str, address: str, width: int, scheme: str
) -> None:
    page = await open_page(preview + address, width=width, color_scheme=scheme)

    assert await faults(page, axe) == []


@pytest.mark.parametrize(
    ("address", "language"), [*((address, "nn") for address in ADDRESSES), (ADDRESSES[0], "en")]
)
async def test_no_page_needs_scrolling_sideways_on_any_screen(
    open_page: OpenPage, preview: str, address: str, language: str
) -> None:
    page = await open_page(preview + address, locale=language)

    for width in (320, 360, 768, 1024, 1280):
        await page.set_viewport_size({"width": width, "height": 900})
        needed = await page.evaluate("document.documentElement.scrollWidth")
        assert needed <= width, f"{needed} pixels at {width}"


async def test_the_board_is_complete_without_scripts(open_page: OpenPage, preview: str) -> None:
    page = await open_page(preview + BOARD, java_script_enabled=False)

    await expect(page.get_by_role("row")).to_have_count(1 + 5 + 2)
    await expect(
        page.get_by_role("img", name="Sykefravær i Vefsn fra november 2012 til mars 2013")
    ).to_be_visible()
    await expect(page.get_by_text("Målet er nådd")).to_be_visible()


async def test_on_a_narrow_screen_smileys_stand_below_the_months_figures(
    open_page: OpenPage, preview: str
) -> None:
    page = await open_page(preview + BOARD, width=360)
    row = page.get_by_role("row", name="feb. 13")

    strip = await row.locator(".strip").bounding_box()
    figure = await row.get_by_text("6,9").bounding_box()

    assert strip is not None
    assert figure is not None
    assert strip["y"] >= figure["y"] + figure["height"] - 1
    assert strip["width"] / 17 > 16, "a face must be large enough to be seen"


async def test_the_chart_can_be_explored_and_put_back(open_page: OpenPage, preview: str) -> None:
    page = await open_page(preview + BOARD)

    await page.get_by_role("button", name="Utforsk diagrammet").click()
    await expect(page.locator(".chart-live canvas")).to_be_visible()
    await expect(page.locator(".chart-wide")).to_be_hidden()
    await page.locator(".u-over").hover()
    await expect(page.locator(".u-legend")).to_contain_text("jan. 13")
    await expect(page.locator(".u-legend")).to_contain_text("7,8 %")
    await page.get_by_role("button", name="Tilbake til det tegnede diagrammet").click()

    await expect(page.locator(".chart-wide")).to_be_visible()


async def test_on_paper_only_the_board_remains(open_page: OpenPage, preview: str) -> None:
    page = await open_page(preview + BOARD)
    await page.emulate_media(media="print")

    await expect(page.get_by_role("banner")).to_be_hidden()
    await expect(page.get_by_role("button")).to_be_hidden()
    await expect(page.get_by_role("row")).to_have_count(1 + 5 + 2)


async def test_filtering_keeps_the_readers_place_and_changes_the_address(
    open_page: OpenPage, preview: str
) -> None:
    page = await open_page(preview)

    await page.get_by_label("Kommune eller fylke").fill("indre øst")

    await expect(page.locator("#participants tbody tr")).to_have_count(2)
    await expect(page.get_by_role("status")).to_contain_text("2 av 5 kommuner")
    await expect(page.get_by_label("Kommune eller fylke")).to_be_focused()
    assert "words=indre" in page.url


async def test_filtering_works_without_scripts(open_page: OpenPage, preview: str) -> None:
    page = await open_page(preview, java_script_enabled=False)

    await page.get_by_label("Kommune eller fylke").fill("vefsn")
    await page.get_by_role("button", name="Vis").click()

    await expect(page.locator("#participants tbody tr")).to_have_count(1)


async def test_what_must_not_be_compared_says_so_without_scripts(
    open_page: OpenPage, preview: str
) -> None:
    page = await open_page(preview + UNLIKE, width=360, java_script_enabled=False)

    otherwise = page.get_by_role("row", name="Hobøl")
    await expect(otherwise.get_by_role("rowheader")).to_contain_text(
        "legemeldt fravær, i prosent av avtalte dagsverk"
    )
    await expect(otherwise.get_by_role("cell").first).to_have_text(
        re.compile(r"9,0\s+målt annerledes")
    )
    year_to_date = page.get_by_role("row", name="Åsnes").get_by_role("cell").first
    await expect(year_to_date).to_have_text(re.compile(r"8,0\s+Hittil i år"))
    await expect(page.get_by_role("listitem").filter(has_text="målt annerledes")).to_have_text(
        "målt annerledes (2)"
    )


async def test_stripes_look_as_the_legend_does(open_page: OpenPage, preview: str) -> None:
    page = await open_page(preview + UNLIKE)

    stripe = page.locator("pattern rect.otherwise")
    await expect(stripe).to_have_css("fill", 'url("#dots")')
    await stripe.evaluate("rect => rect.setAttribute('class', 'none')")
    await expect(page.locator("pattern rect.none")).to_have_css("fill", 'url("#hatch")')


async def test_a_place_on_the_map_leads_to_its_board(open_page: OpenPage, preview: str) -> None:
    page = await open_page(preview)

    await page.locator(f"svg a[href^='{BOARD}'] path").click(force=True)

    await expect(page.get_by_role("heading", level=1, name="Vefsn")).to_be_visible()


async def test_the_keyboard_skips_to_the_content_and_past_the_map(
    open_page: OpenPage, preview: str
) -> None:
    page = await open_page(preview)

    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Hopp til innholdet")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#content")).to_be_focused()
    first = page.get_by_role("link", name="Hobøl").first
    for _ in range(TAB_STOPS_BEFORE_THE_LIST):
        await page.keyboard.press("Tab")
        if await first.evaluate("link => link === document.activeElement"):
            break

    await expect(first).to_be_focused()


async def test_a_chosen_language_stays_on_the_next_page(open_page: OpenPage, preview: str) -> None:
    page = await open_page(preview)

    await page.get_by_role("link", name="Nynorsk").click()
    await page.get_by_role("link", name="Om", exact=True).click()

    await expect(page.locator("html")).to_have_attribute("lang", "nn")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Om desse sidene")


async def test_the_status_page_updates_itself_until_told_not_to(
    open_page: OpenPage, preview: str
) -> None:
    page = await open_page(preview + "/status")
    asked = await page.locator(".asked").inner_text()

    await expect(page.locator(".asked")).not_to_have_text(asked, timeout=10_000)
    await page.get_by_role("link", name="Slutt å oppdatere av seg selv").click()

    await expect(page.locator("#status")).not_to_have_attribute("hx-get", "/status")
    await expect(page.get_by_text("Den svarte ikke innen ett sekund.")).to_be_visible()
