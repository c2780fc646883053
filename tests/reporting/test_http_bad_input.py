"""Bad input over HTTP: a problem document with its own code, and a sentence that names the value
and the bound.
"""

import gzip
import json
from typing import Any

import pytest
import structlog

from shared.events.reporting import SubmissionRejected
from tests.reporting.bad_input import (
    BAD_FIGURES,
    IDENTITY_NUMBER,
    IDENTITY_NUMBERS_IN,
    UNREADABLE,
    UNREADABLE_WITH_A_PERSON,
    BadFigure,
)
from tests.reporting.conftest import Door
from tests.reporting.factories import ORGNR, VEFSN, figure_id, posted

FIGURES = "/api/reporting/v1/absence-figures"
STATUS = {"publisher-not-allowed": 403}


@pytest.mark.parametrize("bad", BAD_FIGURES, ids=str)
async def test_a_bad_figure_gets_a_problem_document(shared_door: Door, bad: BadFigure) -> None:
    answer = await shared_door.vefsn.post(FIGURES, json={"figure_id": figure_id(), **bad.content})

    assert answer.status_code == STATUS.get(bad.code, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["code"], problem["status"]) == (bad.code, answer.status_code)
    assert problem["type"].endswith(bad.code)
    assert all(name in problem["detail"] for name in bad.names), problem["detail"]
    if bad.pointer:
        assert (problem["errors"][0]["code"], problem["errors"][0]["pointer"]) == (
            bad.code,
            bad.pointer,
        )


async def test_bad_figures_among_good_ones_leave_them_alone(shared_door: Door) -> None:
    good = [posted(unit=f"neighbour-{number}") for number in range(len(BAD_FIGURES))]
    bad = [{"figure_id": figure_id(), **each.content} for each in BAD_FIGURES]
    mixed = [each for pair in zip(good, bad, strict=True) for each in pair]

    answer = await shared_door.vefsn.post(FIGURES, json={"figures": mixed})

    outcomes = answer.json()["outcomes"]
    assert [each["figure_id"] for each in outcomes] == [each["figure_id"] for each in mixed]
    assert {each["result"] for each in outcomes[::2]} == {"accepted"}
    assert [each["problem"]["code"] for each in outcomes[1::2]] == [
        each.code for each in BAD_FIGURES
    ]


@pytest.mark.parametrize(("code", "raw"), UNREADABLE.values(), ids=UNREADABLE.keys())
async def test_an_unreadable_body_gets_a_problem_document(
    shared_door: Door, code: str, raw: bytes
) -> None:
    answer = await shared_door.vefsn.post(
        FIGURES, content=raw, headers={"content-type": "application/json"}
    )

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.json()["detail"]) > 20


@pytest.mark.parametrize("figures", ["many", {}, [], None])
async def test_figures_must_be_a_list_of_some(shared_door: Door, figures: Any) -> None:
    answer = await shared_door.vefsn.post(FIGURES, json={"figures": figures})

    assert (answer.status_code, answer.json()["code"]) == (422, "schema-mismatch")
    assert "1 to 1000" in answer.json()["detail"]


async def test_nothing_may_stand_beside_figures(shared_door: Door) -> None:
    answer = await shared_door.vefsn.post(FIGURES, json={"figures": [posted()], IDENTITY_NUMBER: 1})

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-field")
    assert IDENTITY_NUMBER not in answer.text


@pytest.mark.parametrize(
    ("given", "code", "shown"),
    [
        (None, "field-missing", None),
        ("", "id-malformed", ""),
        (5, "id-malformed", "5"),
        ("2013-02", "id-malformed", "2013-02"),
        ("x" * 500, "id-malformed", "x" * 60),
        ("a\u0007b", "id-malformed", "a?b"),
        (IDENTITY_NUMBER, "personal-identity-number", None),
        (int(IDENTITY_NUMBER), "personal-identity-number", None),
    ],
)
async def test_a_bad_figure_id_is_repeated_only_in_part(
    shared_door: Door, given: object, code: str, shown: str | None
) -> None:
    answer = await shared_door.vefsn.post(FIGURES, json={"figures": [posted(figure_id=given)]})

    (outcome,) = answer.json()["outcomes"]
    assert (outcome["problem"]["code"], outcome["figure_id"]) == (code, shown)
    assert IDENTITY_NUMBER not in answer.text


@pytest.mark.parametrize("size", [2 * 1024 * 1024, 1024 * 1024 + 1])
async def test_a_body_above_the_limit_is_refused_with_its_size(
    shared_door: Door, size: int
) -> None:
    whole = json.dumps(posted()).encode()
    body = whole + b" " * (size - len(whole))

    async def in_parts() -> Any:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    answer = await shared_door.vefsn.post(FIGURES, content=body)
    without_length = await shared_door.vefsn.post(FIGURES, content=in_parts())

    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    assert str(size) in answer.json()["detail"]
    assert (without_length.status_code, without_length.json()["code"]) == (413, "body-too-large")
    assert "1048576" in without_length.json()["detail"]


async def test_a_body_of_exactly_the_limit_is_taken(shared_door: Door) -> None:
    body = json.dumps(posted(period="2012-01")).encode()

    answer = await shared_door.vefsn.post(FIGURES, content=body + b" " * (1024 * 1024 - len(body)))

    assert answer.status_code == 201


async def test_a_withdrawal_has_the_smaller_limit(shared_door: Door) -> None:
    body = json.dumps({"reason": "x"}).encode() + b" " * 262_144

    answer = await shared_door.vefsn.post(
        f"/api/reporting/v1/figures/{figure_id()}/withdrawal", content=body
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    assert "262144" in answer.json()["detail"]


async def test_a_compressed_body_is_not_unpacked(shared_door: Door) -> None:
    body = gzip.compress(json.dumps(posted()).encode())

    answer = await shared_door.vefsn.post(
        FIGURES, content=body, headers={"content-encoding": "gzip"}
    )

    assert (answer.status_code, answer.json()["code"]) == (415, "content-encoding")


@pytest.mark.parametrize("content", IDENTITY_NUMBERS_IN.values(), ids=IDENTITY_NUMBERS_IN.keys())
async def test_an_identity_number_is_refused_and_neither_kept_nor_repeated(
    shared_door: Door, content: dict[str, Any]
) -> None:
    body = {"figure_id": figure_id(), **content}
    with structlog.testing.capture_logs() as logs:
        one = await shared_door.vefsn.post(FIGURES, json=body)
        many = await shared_door.vefsn.post(
            FIGURES, json={"figures": [body, posted(period="2011-01")]}
        )

    assert (one.status_code, one.json()["code"]) == (422, "personal-identity-number")
    outcomes = many.json()["outcomes"]
    assert outcomes[0]["problem"]["code"] == "personal-identity-number"
    assert outcomes[1]["result"] == "accepted"
    kept = await shared_door.desk.everything_kept()
    for secret in (IDENTITY_NUMBER, f"{IDENTITY_NUMBER[:6]} {IDENTITY_NUMBER[6:]}", "1010100050"):
        assert secret not in one.text + many.text + kept + repr(logs)


@pytest.mark.parametrize(
    "raw", UNREADABLE_WITH_A_PERSON.values(), ids=UNREADABLE_WITH_A_PERSON.keys()
)
async def test_an_unreadable_body_with_an_identity_number_does_not_repeat_it(
    shared_door: Door, raw: bytes
) -> None:
    answer = await shared_door.vefsn.post(FIGURES, content=raw)

    assert answer.status_code == 422
    assert IDENTITY_NUMBER not in answer.text


async def test_the_receipts_of_refused_figures_name_every_fault(shared_door: Door) -> None:
    body = posted(period="2013-13", municipality="18", persons="x")

    await shared_door.vefsn.post(FIGURES, json=body)

    receipts = {
        receipt.submission_id: receipt
        for receipt in await shared_door.desk.told(SubmissionRejected)
    }
    receipt = receipts[body["figure_id"]]
    assert (receipt.publisher, receipt.origin) == (ORGNR, "http")
    assert {(error.code, error.pointer) for error in receipt.errors} == {
        ("schema-mismatch", "/municipality"),
        ("period-malformed", "/period"),
        ("schema-mismatch", "/persons"),
    }


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, "field-missing"),
        ({"municipality": "\x00"}, "text-unstorable"),
        ({"municipality": "Vefsn"}, "municipality-malformed"),
        ({"municipality": VEFSN, "limit": "0"}, "greater-than-equal"),
        ({"municipality": VEFSN, "limit": "1001"}, "less-than-equal"),
        ({"municipality": VEFSN, "from": "2013-13"}, "period-malformed"),
        ({"municipality": VEFSN, "vintages": "first"}, "literal-error"),
        ({"municipality": VEFSN, "colour": "red"}, "unknown-field"),
        ({"municipality": VEFSN, "cursor": "!"}, "cursor-malformed"),
        ({"municipality": VEFSN, "cursor": "MTIz"}, "cursor-malformed"),
        ({"municipality": VEFSN, "cursor": "WyIyMDEzLTAxLTMxIiwgNV0"}, "cursor-malformed"),
        ({"municipality": VEFSN, "cursor": "WyIyMDEzLTAxLTMxIiwgIlx1MDAwMCJd"}, "cursor-malformed"),
    ],
)
async def test_a_bad_question_gets_a_problem_document(
    shared_door: Door, parameters: dict[str, str], code: str
) -> None:
    answer = await shared_door.vefsn.get("/api/reporting/v1/figures", params=parameters)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
