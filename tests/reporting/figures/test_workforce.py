"""Workforce figures: one place, replaced as a whole, with parts that fit their wholes."""

from typing import Any

import pytest

from services.reporting.figures.kinds.workforce import WORKFORCE
from shared.events.reporting import (
    FigureWithdrawn,
    WorkforceFigure,
    WorkforceFigurePosted,
)
from tests.reporting.conftest import Door
from tests.reporting.desk import Desk, codes
from tests.reporting.factories import VEFSN, entry, figure_id


def workforce(**changes: Any) -> dict[str, Any]:
    """Vefsn's employees in health and care at the end of 2013."""
    return {
        "figure_id": figure_id(),
        "municipality": "9824",
        "period": "2013",
        "employees": 480,
        "positions": 522,
        "full_time_equivalents": "318.40",
        "part_time_employees": 350,
        "full_time_employees": 130,
        "asked": 300,
        "wanting_larger_position": 96,
        "definition": {"leave": "included", "source": "municipality-hr"},
    } | changes


async def post(desk: Desk, *bodies: dict[str, Any]) -> list[str]:
    return codes(await desk.judge([entry(body) for body in bodies], WORKFORCE))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (workforce(), "accepted"),
        (workforce(asked=None), "accepted"),
        (workforce(asked=None, wanting_larger_position=351), "part-above-whole"),
        (workforce(wanting_larger_position=301), "part-above-whole"),
        (workforce(asked=481), "part-above-whole"),
        (workforce(part_time_employees=481), "part-above-whole"),
        (workforce(asked=None, part_time_employees=None), "figure-incomplete"),
        (workforce(full_time_equivalents="-1"), "number-negative"),
        (workforce(full_time_equivalents=None), "decimal-malformed"),
        (workforce(employees=-1), "schema-mismatch"),
        (workforce(definition={"leave": "perhaps", "source": "other"}), "definition-unknown"),
        (workforce(persons=480), "unknown-field"),
        (workforce(period="2014"), "period-not-ended"),
    ],
)
async def test_parts_fit_their_wholes(desk: Desk, body: dict[str, Any], code: str) -> None:
    assert await post(desk, body) == [code]


async def test_a_workforce_figure_is_replaced_as_a_whole_and_holds_again(desk: Desk) -> None:
    first, second = workforce(), workforce(asked=None, wanting_larger_position=None)
    assert await post(desk, first, second) == ["accepted", "accepted"]
    told = await desk.told(WorkforceFigurePosted)
    assert [(event.vintage, event.asked, event.employees) for event in told] == [
        (1, 300, 480),
        (2, None, 480),
    ]
    assert told[0].definition_key == "included.municipality-hr"

    await desk.withdraw(second["figure_id"])

    (withdrawn,) = await desk.told(FigureWithdrawn)
    assert withdrawn.metric == "workforce"
    assert isinstance(withdrawn.in_force, WorkforceFigure)
    assert (withdrawn.in_force.asked, str(withdrawn.in_force.full_time_equivalents)) == (
        300,
        "318.40",
    )


async def test_halves_that_do_not_add_up_are_pointed_out(desk: Desk) -> None:
    (judged,) = await desk.judge([entry(workforce(full_time_employees=100))], WORKFORCE)

    assert [finding.code for finding in judged.findings] == ["parts-not-whole"]


async def test_workforce_figures_are_posted_and_listed(door: Door) -> None:
    body = workforce()
    posted = await door.vefsn.post("/api/reporting/v1/workforce-figures", json=body)
    again = await door.vefsn.post("/api/reporting/v1/workforce-figures", json=body)
    listed = await door.vefsn.get(
        "/api/reporting/v1/figures", params={"municipality": VEFSN, "metric": "workforce"}
    )

    assert (posted.status_code, again.status_code) == (201, 200)
    (item,) = listed.json()["items"]
    assert (item["persons"], item["parts"]["full_time_equivalents"]) == (480, "318.40")
