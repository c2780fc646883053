"""Reports are judged by the form that their round asks by."""

import json
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from services.reporting.forms import commands as forms
from services.reporting.rounds.rules import AskedForm
from shared.errors import RuleBroken
from shared.events.reporting import SubmissionAccepted, SubmissionRejected
from tests.reporting.desk import Desk
from tests.reporting.factories import annual_round, project
from tests.reporting.forms.sample import form
from tests.reporting.reports.test_reports import OPEN, code_of, report

GOOD = {"has_goals": "yes", "goals": [{"baseline": 8, "target": 7}]}
DOUBTFUL = {"has_goals": "yes", "goals": [{"baseline": 8, "target": 101}]}


async def publish(desk: Desk, version: int, definition: dict[str, Any]) -> None:
    async with desk.database.transaction() as conn:
        text = json.dumps(definition).encode()
        await forms.publish_form(conn, "sample", version, text, now=desk.now)


@pytest_asyncio.fixture
async def asked(desk: Desk) -> Desk:
    """Vefsn owes its annual report by version 2 of a form; version 1 doubted nothing."""
    desk.now = OPEN
    await desk.hear(project())
    earlier = form()
    earlier["validations"] = {}
    await publish(desk, 1, earlier)
    await publish(desk, 2, form())
    await desk.load(replace(annual_round(), form=AskedForm("sample", 2)))
    return desk


async def test_a_report_that_fits_is_accepted_and_what_is_doubtful_stands_in_its_receipt(
    asked: Desk,
) -> None:
    body = report(answers=DOUBTFUL, form_version=2)

    first, again = await asked.submit(body), await asked.submit(body)

    assert (first.result, again.result) == ("accepted", "repeated")
    assert [finding.code for finding in first.findings] == ["target-too-far"]
    assert again.findings == first.findings
    receipts = await asked.told(SubmissionAccepted)
    assert [[f.field for f in receipt.findings] for receipt in receipts] == [
        ["/answers/goals/0/target"]
    ] * 2


@pytest.mark.parametrize(
    ("changes", "code", "pointers"),
    [
        ({"answers": {}}, "answer-missing", ["/answers/has_goals"]),
        ({"answers": {"gaols": []}}, "answer-form", ["/answers"]),
        (
            {"answers": {"has_goals": "no", "goals": [{"baseline": 1}]}},
            "answer-missing",
            ["/answers/why", "/answers/goals"],
        ),
        ({"answers": GOOD, "form_version": 3}, "form-version", ["/form_version"]),
    ],
)
async def test_what_does_not_fit_is_refused_with_every_place_and_the_id_is_free(
    asked: Desk, changes: dict[str, Any], code: str, pointers: list[str]
) -> None:
    body = report(**({"form_version": 2} | changes))

    judged = await asked.submit(body)

    assert code_of(judged) == code
    (receipt,) = await asked.told(SubmissionRejected)
    assert [error.pointer for error in receipt.errors] == pointers
    assert (await asked.submit(body | {"answers": GOOD, "form_version": 2})).result == "accepted"


async def test_answers_to_an_earlier_version_are_judged_by_that_version(asked: Desk) -> None:
    judged = await asked.submit(report(answers=DOUBTFUL, form_version=1))

    assert (judged.result, judged.findings) == ("accepted", ())


@pytest.mark.parametrize(
    ("version", "change", "message"),
    [
        (3, {}, "version 3 of form sample is not published"),
        (1, {"report_kind": "half-year"}, "is for half-year reports"),
        (1, {"valid_for": {"programme_id": "other"}}, "of other, the round for"),
    ],
)
async def test_a_round_asks_only_by_a_published_form_of_its_kind_and_programme(
    desk: Desk, version: int, change: dict[str, Any], message: str
) -> None:
    await publish(desk, 1, form(**change))

    with pytest.raises(RuleBroken, match=message) as refused:
        await desk.load(replace(annual_round(), form=AskedForm("sample", version)))

    assert refused.value.code == "round-form"


async def test_a_round_without_a_form_takes_any_answers(desk: Desk) -> None:
    desk.now = OPEN
    await desk.hear(project())
    await desk.load(annual_round())

    assert (await desk.submit(report(answers={"anything": 1}))).result == "accepted"
