"""The pages of forms: tried out in a browser without JavaScript, in three languages."""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest
import pytest_asyncio

from services.reporting.forms.folder import read_form_folder
from tests.reporting.conftest import Door, open_door
from tests.support.infrastructure import Infra
from tests.web.rendering import text_of

ANNUAL = Path(__file__).parents[3] / "programmes" / "saman-2011" / "forms" / "annual"
PAGE = "/reporting/forms/saman-annual/1"


@pytest_asyncio.fixture(scope="module")
async def published(infra: Infra) -> AsyncIterator[Door]:
    """Reporting with the annual report published."""
    async with open_door(infra) as door:
        put = await door.operator.put(
            "/api/reporting/v1/forms/saman-annual/versions/1",
            content=read_form_folder(ANNUAL),
            headers={"Content-Type": "application/json"},
        )
        assert put.status_code == 201
        yield door


async def post(door: Door, fields: dict[str, str], language: str = "en") -> str:
    answer = await door.nobody.post(PAGE, data=fields, headers={"Accept-Language": language})
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize(
    ("language", "title", "question"),
    [
        ("nb", "Årsrapport", "Hva virket? (må besvares)"),
        ("nn", "Årsrapport", "Kva verka? (må svarast på)"),
        ("en", "Annual report", "What worked? (must be answered)"),
    ],
)
async def test_a_form_is_asked_in_the_readers_language_and_nobody_is_blamed_at_first(
    published: Door, language: str, title: str, question: str
) -> None:
    answer = await published.nobody.get(PAGE, headers={"Accept-Language": language})

    text = text_of(answer.text)
    assert title in text
    assert question in text
    assert "aria-invalid" not in answer.text
    assert answer.text.count("<legend") >= 2


async def test_the_list_leads_to_the_newest_version_of_each_form(published: Door) -> None:
    html = (await published.nobody.get("/reporting/forms")).text

    assert f'href="{PAGE}"' in html


async def test_faults_stand_at_their_fields_and_in_a_list_that_leads_to_them(
    published: Door,
) -> None:
    html = await post(
        published, {"action": "check", "/results/0": "row", "/results/0/baseline": "x"}
    )

    assert 'aria-invalid="true"' in html
    assert 'href="#worked"' in html
    assert 'id="worked"' in html
    text = text_of(html)
    assert "The report cannot be handed in like this:" in text
    assert "Write a number, such as 12.5" in text
    assert 'value="x"' in html


async def test_every_label_and_description_belongs_to_something_on_the_page(
    published: Door,
) -> None:
    fields = {"action": "check", "/results/0": "row", "/results/1": "row", "/examples/0": "row"}

    html = await post(published, fields)

    ids = re.findall(r'\bid="([^"]+)"', html)
    assert sorted(set(ids)) == sorted(ids)
    named = [*re.findall(r'\bfor="([^"]+)"', html), *re.findall(r'href="#([^"]+)"', html)]
    for several in re.findall(r'aria-(?:describedby|labelledby)="([^"]+)"', html):
        named += several.split()
    assert set(named) <= set(ids)


async def test_rows_are_added_and_removed_and_answers_stay(published: Door) -> None:
    fields = {"/results/0": "row", "/results/0/goal": "Fravær <b>", "action": "add:/results"}

    html = await post(published, fields)
    fewer = await post(published, fields | {"/results/1": "row", "action": "remove:/results/0"})

    assert 'name="/results/1/goal"' in html
    assert unescape(html).count('value="Fravær <b>"') == 1
    assert "<b>" not in html
    assert 'name="/results/1/goal"' not in fewer
    assert "Fravær" not in fewer


async def test_what_is_computed_is_shown_and_cannot_be_written(published: Door) -> None:
    fields = {
        "action": "check",
        "/results/0": "row",
        "/results/0/baseline": "8,6",
        "/results/0/value": "7,5",
        "/results/0/change": "99",
    }

    html = await post(published, fields, "nb")

    assert '<output class="computed" id="result-change-0">-1,1</output>' in html
    assert 'name="/results/0/change"' not in html


async def test_what_is_not_asked_any_more_is_gone_and_no_fault(published: Door) -> None:
    hard = await post(published, {"/burden_felt": "hard", "/burden_why": "long", "action": "check"})
    easy = await post(published, {"/burden_felt": "easy", "/burden_why": "long", "action": "check"})

    assert 'name="/burden_why"' in hard
    assert 'name="/burden_why"' not in easy
    assert "#burden-why" not in easy


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/reporting/forms/saman-annual/2", 404),
        ("/reporting/forms/saman-annual/x", 422),
        ("/reporting/forms/lost/1", 404),
        ("/reporting/anything", 404),
    ],
)
async def test_a_form_that_is_not_there_is_answered_with_a_page(
    published: Door, path: str, status: int
) -> None:
    answer = await published.nobody.get(path)

    assert answer.status_code == status
    assert "<h1" in answer.text


@pytest.mark.parametrize(
    "body",
    [b"\xff", b"a=%ff", b"&".join(b"/why=x" for _ in range(6_000)), b"action=add:/results/99999"],
)
async def test_what_no_browser_posts_breaks_nothing(published: Door, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = await published.nobody.post(PAGE, content=body, headers=headers)

    assert answer.status_code in (200, 422)
