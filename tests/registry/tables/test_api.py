"""The sources' tables of the model programme, cell by cell."""

import csv
from pathlib import Path
from typing import Any

import pytest_asyncio

from services.registry.programmes.folder import read_programme_folder
from tests.registry.client import API, code_of
from tests.registry.programmes.test_folder import MODEL
from tests.support.apps import RunningService

GOLDEN = Path(__file__).parents[2] / "golden" / "full_time_matrix.csv"


@pytest_asyncio.fixture(scope="module")
async def model(registry: RunningService) -> RunningService:
    """A registry with the model programme."""
    folder = read_programme_folder(MODEL)
    bodies = {f"programmes/{folder.programme_id}": folder.programme}
    bodies |= {f"projects/{project_id}": body for project_id, body in folder.projects.items()}
    bodies |= folder.others
    for path, body in bodies.items():
        answer = await registry.operator.put(f"{API}/{path}", json=body)
        assert answer.status_code in (200, 201), answer.text
    return registry


async def test_the_network_of_five_and_its_second_gathering_are_there(
    model: RunningService,
) -> None:
    network = (await model.client.get(f"{API}/networks/sickness-absence-1")).json()
    assert len(network["members"]) == 5
    gathering = (await model.client.get(f"{API}/gatherings/bergen-2012-09-12")).json()
    assert (len(gathering["agenda"]), len(gathering["panel"])) == (16, 5)
    assert gathering["starts_at"] == "2012-09-12T08:00:00Z"


async def table(model: RunningService, table_id: str, more: str = "") -> dict[str, Any]:
    """Return a table of the model programme."""
    answer = await model.client.get(f"{API}/tables/{table_id}?programme=saman-2011{more}")
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


async def test_the_matrix_is_the_sources_cell_by_cell_but_for_moss(model: RunningService) -> None:
    matrix = await table(model, "full-time-matrix")
    with GOLDEN.open(encoding="utf-8", newline="") as file:
        golden = [list(row.values()) for row in csv.DictReader(file)]
    claimed = matrix["claimed"]["cells"]
    for row, cells in zip(golden, claimed, strict=True):
        for cell, kept in zip(row[1:], cells, strict=True):
            assert (kept or "") in (cell, cell[:-1], cell.lower().removeprefix("hver ").strip("."))
    rows = [row["id"] for row in matrix["rows"]]
    in_claimed = dict(zip(matrix["claimed"]["rows"], claimed, strict=True))
    for row, cells in zip(rows, matrix["counted"], strict=True):
        if row != "total":
            assert cells == in_claimed[row], row
    assert set(in_claimed) - set(rows) == {"saman-moss"}
    assert matrix["counted"][-1] == ["5", "3", "4", "5", "1", None, "6"]
    assert in_claimed["total"] == ["5", "4", "4", "6", "1", None, "6"]


async def test_eighteen_projects_are_claimed_and_seventeen_named(model: RunningService) -> None:
    profiles = await table(model, "start-up-profiles")
    assert [row["id"] for row in profiles["rows"]] == profiles["claimed"]["rows"]
    assert profiles["claimed"]["cells"] == [["3"], ["3"], ["6"], ["6"], ["18"]]
    assert profiles["counted"] == [["2"], ["3"], ["6"], ["6"], ["17"]]
    assert [(d["row"], d["claimed"], d["counted"]) for d in profiles["differences"]] == [
        ("not_defined", "3", "2"),
        ("total", "18", "17"),
    ]


async def test_end_years_are_claimed_and_not_known_of_any_project(model: RunningService) -> None:
    years = await table(model, "theme-by-end-year", "&cohort=saman-2011-cohort-1")
    assert years["claimed"]["cells"][-1] == ["1", "8", "12", "23", "4", "48"]
    assert [column["id"] for column in years["columns"]] == ["not-settled", "total"]
    other = await table(model, "theme-by-end-year", "&cohort=saman-2011-cohort-2")
    assert other["claimed"] is None


async def test_counts_and_counties_come_from_the_projects(model: RunningService) -> None:
    counted = await table(model, "claimed-and-counted")
    assert counted["counted"] == [["109", "97"], ["51", "45"], ["60", "52"]]
    assert counted["claimed"]["cells"] == [["110", None], ["51", "48"], ["59", "51"]]
    counties = await table(model, "projects-by-county")
    assert counties["rows"][-1]["id"] == "total"
    assert "Nordland" in {(row["names"] or {}).get("nb") for row in counties["rows"]}


async def test_a_table_is_csv_when_asked_for(model: RunningService) -> None:
    answer = await model.client.get(
        f"{API}/tables/start-up-profiles?programme=saman-2011&format=csv"
    )
    assert answer.headers["content-type"].startswith("text/csv")
    lines = list(csv.reader(answer.text.splitlines()))
    assert lines[0] == ["row", "column", "counted", "claimed"]
    assert ["not_defined", "projects", "2", "3"] in lines


async def test_what_is_no_table_is_refused(model: RunningService) -> None:
    for path, expected in (
        ("tables/claimed-and-counted?programme=nothing", (404, "programme-unknown")),
        ("tables/full-time-matrix?programme=saman-2011&theme=nothing", (404, "theme-unknown")),
        ("tables/claimed-and-counted", (422, "field-missing")),
        ("tables/nothing?programme=saman-2011", (422, "literal-error")),
    ):
        assert code_of(await model.client.get(f"{API}/{path}")) == expected
