"""Published versions of forms: each is kept once, never changes, and is told."""

import asyncio
import json
from typing import Any

import pytest

from services.reporting.forms import commands, store
from shared.errors import AppError, Conflict, RuleBroken
from shared.events.reporting import FormPublished
from tests.reporting.conftest import Door
from tests.reporting.desk import Desk
from tests.reporting.factories import NOW
from tests.reporting.forms.sample import component, form

FORMS = "/api/reporting/v1/forms"
VERSIONS = f"{FORMS}/sample/versions"


def text(definition: dict[str, Any]) -> bytes:
    return json.dumps(definition).encode()


def another() -> dict[str, Any]:
    definition = form()
    component(definition, "why")["required"] = False
    return definition


async def publish(desk: Desk, version: int, definition: dict[str, Any]) -> bool:
    async with desk.database.transaction() as conn:
        _, is_new = await commands.publish_form(conn, "sample", version, text(definition), now=NOW)
    return is_new


async def test_a_version_is_told_once_however_often_it_is_published(desk: Desk) -> None:
    shuffled = dict(reversed(form().items()))

    assert [await publish(desk, 1, each) for each in (form(), form(), shuffled)] == [
        True,
        False,
        False,
    ]

    (told,) = await desk.told(FormPublished)
    assert (told.form_id, told.version, told.report_kind) == ("sample", 1, "annual")
    async with desk.database.connection() as conn:
        kept, definition = await store.get_version(conn, "sample", 1)
    assert told.digest == kept.digest
    assert json.loads(definition) == form()


@pytest.mark.parametrize(("version", "code"), [(1, "form-version-fixed"), (3, "form-version-next")])
async def test_a_version_never_changes_and_leaves_no_gap(
    desk: Desk, version: int, code: str
) -> None:
    await publish(desk, 1, form())

    with pytest.raises(Conflict) as refused:
        await publish(desk, version, another())

    assert refused.value.code == code
    assert await publish(desk, 2, another())


async def test_of_two_who_publish_the_same_version_at_once_one_is_told_no(desk: Desk) -> None:
    async def attempt(definition: dict[str, Any]) -> str:
        try:
            await publish(desk, 1, definition)
        except AppError as error:
            return error.code
        return "published"

    outcomes = await asyncio.gather(attempt(form()), attempt(another()))

    assert sorted(outcomes) == ["form-version-fixed", "published"]
    assert len(await desk.told(FormPublished)) == 1


@pytest.mark.parametrize(
    ("definition", "code", "pointer"),
    [
        (form(form_id="other"), "form-id", "/form_id"),
        (form(schema={"$ref": "http://127.0.0.1/x"}), "form-field", None),
        (form(pages=[]), "form-part", "/pages"),
    ],
)
async def test_a_faulty_form_is_refused_and_nothing_is_kept(
    desk: Desk, definition: dict[str, Any], code: str, pointer: str | None
) -> None:
    with pytest.raises(RuleBroken) as refused:
        await publish(desk, 1, definition)

    fault = refused.value.errors[0]
    assert fault.code == code
    assert pointer in (None, fault.pointer)
    assert await desk.told(FormPublished) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"$ref": "https://elsewhere.example/schema"}, r"write the schema out, without \$ref"),
        ({"type": "number", "minimum": "low"}, "low"),
        ({"type": "string", "pattern": "("}, "regex"),
    ],
)
async def test_a_schema_that_is_none_is_refused_and_nothing_is_fetched(
    desk: Desk, change: dict[str, Any], message: str
) -> None:
    definition = form()
    rows = definition["schema"]["properties"]["goals"]["items"]["properties"]
    rows["baseline"] = {"type": "number", "allOf": [change]}

    with pytest.raises(RuleBroken, match=message) as refused:
        await publish(desk, 1, definition)

    assert refused.value.errors[0].code == "form-schema"


async def test_a_form_is_published_read_and_tried_over_http(door: Door) -> None:
    put = await door.operator.put(f"{VERSIONS}/1", json=form())
    again = await door.operator.put(f"{VERSIONS}/1", json=form())
    read = await door.nobody.get(f"{VERSIONS}/1")
    listed = await door.nobody.get(FORMS)

    assert (put.status_code, again.status_code) == (201, 200)
    assert put.json() == again.json()
    assert read.json() == form()
    assert read.headers["etag"] == f'"{put.json()["digest"]}"'
    assert listed.json() == {"items": [put.json()], "next": None}


async def test_faults_of_a_form_come_back_all_at_once_with_pointers(door: Door) -> None:
    definition = form()
    component(definition, "why")["hidden"] = ["lost"]
    component(definition, "total")["type"] = "Sliders"

    answer = await door.operator.put(f"{VERSIONS}/1", json=definition)

    assert (answer.status_code, answer.json()["code"]) == (422, "form-faulty")
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        "/pages/0/layout/1/hidden",
        "/pages/0/layout/7/type",
    ]


async def test_answers_are_tried_by_schema_and_by_rules(door: Door) -> None:
    await door.operator.put(f"{VERSIONS}/1", json=form())
    rows = [{"baseline": 8.60, "target": 7.5}]

    good = await door.vefsn.post(
        f"{VERSIONS}/1/trials", json={"answers": {"has_goals": "yes", "goals": rows}}
    )
    unfit = await door.vefsn.post(
        f"{VERSIONS}/1/trials", json={"answers": {"has_goals": "perhaps", "gaols": 1}}
    )
    missing = await door.vefsn.post(
        f"{VERSIONS}/1/trials", json={"answers": {"has_goals": "no"}, "language": "nn"}
    )

    assert good.json() == {
        "answers": {
            "has_goals": "yes",
            "goals": [{"baseline": "8.6", "target": "7.5", "change": "-1.1"}],
            "total": "-1.1",
        },
        "may_be_handed_in": True,
        "findings": [],
    }
    assert {finding["code"] for finding in unfit.json()["findings"]} == {"answer-form"}
    assert [finding["field"] for finding in missing.json()["findings"]] == ["/why"]
    assert not missing.json()["may_be_handed_in"]
