"""Rounds, obligations and reports over HTTP."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from services.reporting.rounds.commands import obligation_id_of
from shared.events.registry import Member
from tests.reporting.bad_input import IDENTITY_NUMBER
from tests.reporting.conftest import Door, open_door
from tests.reporting.factories import HARSTAD, ORGNR, project
from tests.support.infrastructure import Infra

ROUNDS = "/api/reporting/v1/rounds"
OBLIGATIONS = "/api/reporting/v1/obligations"
ANNUAL = {
    "programme_id": "saman-2011",
    "report_kind": "annual",
    "period": "2012",
    "opens_on": "2013-01-02",
    "due_on": "2013-02-01",
}
OBLIGATION = obligation_id_of("annual-2012", "vefsn-naervaer")
SUBMISSIONS = f"{OBLIGATIONS}/{OBLIGATION}/submissions"


@pytest_asyncio.fixture
async def open_round(infra: Infra) -> AsyncIterator[Door]:
    """The annual report of 2012 is due, three days ago; three projects owe it."""
    async with owing(infra) as door:
        yield door


@pytest_asyncio.fixture(scope="module")
async def shared_round(infra: Infra) -> AsyncIterator[Door]:
    """Likewise, for tests that change nothing."""
    async with owing(infra) as door:
        yield door


@asynccontextmanager
async def owing(infra: Infra) -> AsyncIterator[Door]:
    async with open_door(infra, now=datetime(2013, 2, 4, 12, tzinfo=UTC)) as door:
        door.desk.now = datetime(2013, 1, 10, 12, tzinfo=UTC)
        await door.desk.hear(
            project(),
            project(
                project_id="harstad-heltid",
                cohort_id="pulje-2",
                members=[Member(municipality_id=HARSTAD)],
            ),
            project(project_id="sula-omdoemme", theme_ids=["reputation"], members=[]),
        )
        answer = await door.operator.put(f"{ROUNDS}/annual-2012", json=ANNUAL)
        assert answer.status_code == 201
        yield door


async def test_a_round_is_put_again_without_effect_and_changed_with_its_tag(
    open_round: Door,
) -> None:
    door, address = open_round, f"{ROUNDS}/annual-2012"
    first = await door.operator.get(address)
    again = await door.operator.put(address, json=ANNUAL)
    moved = ANNUAL | {"due_on": "2013-03-01"}
    changed = await door.operator.put(
        address, json=moved, headers={"If-Match": first.headers["etag"]}
    )
    lost = await door.operator.put(
        address, json=ANNUAL, headers={"If-Match": first.headers["etag"]}
    )

    assert first.json() == ANNUAL | {
        "round_id": "annual-2012",
        "cohort_ids": [],
        "theme_ids": [],
        "form": None,
        "reminders": [],
        "version": 1,
    }
    assert (again.status_code, again.json(), again.headers["etag"]) == (
        200,
        first.json(),
        first.headers["etag"],
    )
    assert (changed.status_code, changed.json()["version"], changed.json()["due_on"]) == (
        200,
        2,
        "2013-03-01",
    )
    assert changed.headers["etag"] != first.headers["etag"]
    assert (lost.status_code, lost.json()["code"]) == (412, "lost-update")


async def test_only_the_operator_calls_for_reports(shared_round: Door) -> None:
    statuses = [
        (await client.put(f"{ROUNDS}/r-1", json=ANNUAL)).status_code
        for client in (shared_round.nobody, shared_round.vefsn)
    ]

    assert statuses == [401, 403]
    assert (await shared_round.vefsn.get(f"{ROUNDS}/r-1")).json()["code"] == "round-unknown"


@pytest.mark.parametrize(
    ("round_id", "changes", "code"),
    [
        ("annual-2013", {"due_on": "2013-01-01"}, "round-dates"),
        ("annual-2013", {"period": "2013-13"}, "period-malformed"),
        ("annual-2013", {"opens_on": "tomorrow"}, "day-malformed"),
        ("annual-2013", {"programme_id": "S"}, "string-pattern-mismatch"),
        ("annual-2013", {"colour": "red"}, "unknown-field"),
        ("Annual 2013", {}, "string-pattern-mismatch"),
    ],
)
async def test_a_bad_round_gets_a_problem_document(
    shared_round: Door, round_id: str, changes: dict[str, Any], code: str
) -> None:
    answer = await shared_round.operator.put(f"{ROUNDS}/{round_id}", json=ANNUAL | changes)

    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_obligations_are_listed_by_state_cohort_theme_round_and_project(
    shared_round: Door,
) -> None:
    async def listed(**parameters: str) -> set[str]:
        answer = await shared_round.vefsn.get(OBLIGATIONS, params=parameters)
        assert answer.status_code == 200, answer.text
        return {item["project_id"] for item in answer.json()["items"]}

    everybody = {"vefsn-naervaer", "harstad-heltid", "sula-omdoemme"}
    assert await listed() == everybody
    assert await listed(state="overdue", round_id="annual-2012") == everybody
    assert await listed(state="submitted") == set()
    assert await listed(cohort="pulje-2") == {"harstad-heltid"}
    assert await listed(theme="reputation") == {"sula-omdoemme"}
    assert await listed(project_id="vefsn-naervaer") == {"vefsn-naervaer"}
    (item,) = (await shared_round.operator.get(OBLIGATIONS, params={"cohort": "pulje-2"})).json()[
        "items"
    ]
    assert item == {
        "obligation_id": str(obligation_id_of("annual-2012", "harstad-heltid")),
        "round_id": "annual-2012",
        "project_id": "harstad-heltid",
        "report_kind": "annual",
        "period": "2012",
        "opens_on": "2013-01-02",
        "due_on": "2013-02-01",
        "state": "overdue",
        "historical": True,
        "first_submitted_at": None,
        "days_late": None,
    }


async def test_obligations_are_walked_by_a_cursor(shared_round: Door) -> None:
    first = (await shared_round.operator.get(OBLIGATIONS, params={"limit": 2})).json()
    second = (
        await shared_round.operator.get(OBLIGATIONS, params={"limit": 2, "cursor": first["next"]})
    ).json()

    assert (len(first["items"]), len(second["items"]), second["next"]) == (2, 1, None)
    assert len({item["obligation_id"] for item in first["items"] + second["items"]}) == 3


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"state": "late"}, 422, "literal-error"),
        ({"cohort": "Pulje 1"}, 422, "string-pattern-mismatch"),
        ({"cursor": "MTIz"}, 422, "cursor-malformed"),
        ({"cursor": "bnVsbA"}, 422, "cursor-malformed"),
        ({"municipality": "vefsn-9824"}, 422, "unknown-field"),
    ],
)
async def test_a_bad_question_for_obligations_gets_a_problem_document(
    shared_round: Door, parameters: dict[str, str], status: int, code: str
) -> None:
    answer = await shared_round.operator.get(OBLIGATIONS, params=parameters)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_round_keeps_its_ladder_and_refuses_two_steps_of_one_name(
    open_round: Door,
) -> None:
    step = {"step_id": "week", "days": -7, "counts": "days", "to": ["secretariat"]}
    address = f"{ROUNDS}/annual-2013"

    kept = await open_round.operator.put(address, json=ANNUAL | {"reminders": [step]})
    twice = await open_round.operator.put(address, json=ANNUAL | {"reminders": [step, step]})

    assert (kept.status_code, kept.json()["reminders"]) == (201, [step])
    assert (await open_round.operator.get(address)).json()["reminders"] == [step]
    assert (twice.status_code, twice.json()["code"]) == (422, "round-reminders")


async def test_a_report_answers_201_then_200_then_409(open_round: Door) -> None:
    body = {
        "submission_id": str(uuid.uuid4()),
        "answers": {"anchoring": "god"},
        "signatures": ["elected"],
    }

    first = await open_round.vefsn.post(SUBMISSIONS, json=body)
    again = await open_round.vefsn.post(SUBMISSIONS, json=body)
    other = await open_round.vefsn.post(SUBMISSIONS, json=body | {"answers": {}})
    second = await open_round.operator.post(
        SUBMISSIONS, json={"submission_id": str(uuid.uuid4()), "publisher": ORGNR}
    )

    assert (first.status_code, first.json()) == (
        201,
        {
            "submission_id": body["submission_id"],
            "result": "accepted",
            "version": 1,
            "findings": [],
        },
    )
    assert (again.status_code, again.json()) == (200, first.json() | {"result": "repeated"})
    assert (other.status_code, other.json()["code"]) == (409, "id-reused")
    assert (second.status_code, second.json()["version"]) == (201, 2)
    (item,) = (await open_round.vefsn.get(OBLIGATIONS, params={"state": "submitted"})).json()[
        "items"
    ]
    assert (item["days_late"], item["first_submitted_at"][:13]) == (3, "2013-02-04T12")


async def test_answers_may_be_numbers_of_any_size_and_are_not_written_out(open_round: Door) -> None:
    body = b'{"submission_id": "%s", "answers": {"large": %s, "digits": 0.%s}}'
    submission_id = str(uuid.uuid4()).encode()
    whole = body % (submission_id, b"1E999999", b"1" * 40)
    kind = {"content-type": "application/json"}

    first = await open_round.vefsn.post(SUBMISSIONS, content=whole, headers=kind)
    again = await open_round.vefsn.post(SUBMISSIONS, content=whole, headers=kind)
    other = await open_round.vefsn.post(
        SUBMISSIONS, content=body % (submission_id, b"1E999999", b"1" * 39 + b"2"), headers=kind
    )

    assert [answer.status_code for answer in (first, again, other)] == [201, 200, 409]


async def test_a_report_that_may_not_be_handed_in_gets_a_problem_document(open_round: Door) -> None:
    body = {"submission_id": str(uuid.uuid4())}
    unknown = f"{OBLIGATIONS}/{uuid.uuid4()}/submissions"

    answers = [
        await open_round.nobody.post(SUBMISSIONS, json=body),
        await open_round.harstad.post(SUBMISSIONS, json=body),
        await open_round.vefsn.post(unknown, json=body),
        await open_round.vefsn.post(SUBMISSIONS, json={}),
        await open_round.vefsn.post(SUBMISSIONS, json={"submission_id": "5"}),
        await open_round.vefsn.post(SUBMISSIONS, json=body | {"obligation_id": str(OBLIGATION)}),
        await open_round.vefsn.post(
            SUBMISSIONS, json=body | {"answers": {"who": [IDENTITY_NUMBER]}}
        ),
        await open_round.vefsn.post(SUBMISSIONS, content=b"{"),
        await open_round.vefsn.post(f"{OBLIGATIONS}/5/submissions", json=body),
    ]

    assert [(each.status_code, each.json()["code"]) for each in answers] == [
        (401, "not-authenticated"),
        (403, "publisher-not-allowed"),
        (404, "obligation-unknown"),
        (422, "field-missing"),
        (422, "id-malformed"),
        (422, "unknown-field"),
        (422, "personal-identity-number"),
        (422, "json-malformed"),
        (422, "id-malformed"),
    ]
    assert all(IDENTITY_NUMBER not in each.text for each in answers)
