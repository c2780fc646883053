"""The programme's own pages, in three languages, from the model programme."""

import re

import pytest
import pytest_asyncio

from services.registry.programmes.folder import read_programme_folder
from tests.registry.client import API
from tests.registry.programmes.test_folder import MODEL
from tests.support.apps import RunningService

PROGRAMME = "/registry/programmes/saman-2011"
GATHERING = "bergen-2012-09-12"


@pytest_asyncio.fixture(scope="module")
async def model(registry: RunningService) -> RunningService:
    """A registry with the model programme, and people who come to its gathering."""
    folder = read_programme_folder(MODEL)
    bodies = {f"programmes/{folder.programme_id}": folder.programme}
    bodies |= {f"projects/{project_id}": body for project_id, body in folder.projects.items()}
    bodies |= folder.others
    bodies["commitments/vefsn-first"] = {
        "gathering_id": GATHERING,
        "project_id": "saman-vefsn",
        "text": "Kalle inn <partene>",
        "due_on": "2012-10-01",
    }
    for path, body in bodies.items():
        answer = await registry.operator.put(f"{API}/{path}", json=body)
        assert answer.status_code in (200, 201), answer.text
    for municipality_id in ("vefsn-1824", "sund-1245"):
        await registry.operator.post(
            f"{API}/gatherings/{GATHERING}/sign-ups",
            json={"municipality_id": municipality_id, "counts": {"elected": 2}},
        )
    await registry.operator.post(f"{API}/gatherings/{GATHERING}/seating", json={"table_size": 2})
    return registry


@pytest.mark.parametrize(
    ("path", "in_english", "in_bokmål", "in_nynorsk"),
    [
        ("/registry/programmes", "Programmes", "Programmer", "Programma som"),
        (PROGRAMME, "Gatherings", "Samlinger", "Samlingar"),
        ("/registry/projects/saman-vefsn", "Who else works", "Hvem andre", "Kven andre"),
        ("/registry/projects/saman-drammen", "every 6th", "hver 6.", "kvar 6."),
        ("/registry/networks/sickness-absence-1", "Members", "Annen", "Andre"),
        (f"/registry/gatherings/{GATHERING}", "Seating plan", "Bordplan", "det første vi gjer"),
        (f"{PROGRAMME}/tables/start-up-profiles", "Where the two", "Der de to", "Der dei to"),
        (f"{PROGRAMME}/tables/full-time-matrix", "Not decided", "Ikke bestemt", "Ikkje bestemt"),
        (f"{PROGRAMME}/tables/theme-by-end-year", "Not settled", "Ikke avklart", "Ikkje avklart"),
        (f"{PROGRAMME}/tables/projects-by-county", "Counted", "Talt", "Talt"),
        (f"{PROGRAMME}/tables/claimed-and-counted", "Claimed", "Oppgitt", "Oppgitt"),
    ],
)
async def test_each_page_is_whole_in_three_languages(
    model: RunningService, path: str, in_english: str, in_bokmål: str, in_nynorsk: str
) -> None:
    for language, text in (("en", in_english), ("nb", in_bokmål), ("nn", in_nynorsk)):
        answer = await model.client.get(path, headers={"Accept-Language": language})
        assert answer.status_code == 200, answer.text
        assert f'<html lang="{language}"' in answer.text
        assert text.lower() in answer.text.lower()
        assert len(re.findall("<h1", answer.text)) == 1


async def test_what_was_promised_is_shown_as_text(model: RunningService) -> None:
    page = (await model.client.get(f"/registry/gatherings/{GATHERING}")).text
    assert "Kalle inn &lt;partene&gt;" in page
    assert "10:00–12:00" in page


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/registry/programmes/nothing", 404),
        ("/registry/projects/nothing", 404),
        ("/registry/networks/nothing", 404),
        ("/registry/gatherings/nothing", 404),
        (f"{PROGRAMME}/tables/nothing", 422),
    ],
)
async def test_what_is_not_there_is_a_page_that_says_so(
    model: RunningService, path: str, status: int
) -> None:
    assert (await model.client.get(path)).status_code == status
