"""What every place of every request refuses, and what it takes however it is written.

The places come from the OpenAPI documents, so a new field of a new route is asked as well.
"""

from collections import defaultdict
from typing import Any

import pytest
from httpx2 import Response

from tests.reporting.bad_input import IDENTITY_NUMBER, TEST_PERSON
from tests.security.conftest import House, Who
from tests.security.places import ANY, DOCUMENTS, ID, Place, ask, places

PLACES: dict[str, list[Place]] = defaultdict(list)
for each in places():
    PLACES[f"{each.service} {each.method.upper()} {each.path}"].append(each)

OF_OPERATORS = ("/dead-letters", "/parked-keys", "/consumers/")
"""Operators look for what strangers sent, whatever stands in it: by key, topic, consumer, code."""

UNSEEN = ("Vef\u202esn", "Vef\u200bsn", "Vef\x07sn", "Vef\u2066sn")
NO_IDS = (
    f"{{{ID}}}",
    f"urn:uuid:{ID}",
    ID.replace("-", ""),
    "4bc7985b-e931-45ed-a35c-cfd6e1ca8_b8",
    "4bc7-985be931-45ed-a35c-cfd6e1ca80b8",
)


def of_kind(operation: str, *kinds: str) -> list[Place]:
    return [place for place in PLACES[operation] if place.kind in kinds]


def faults(answer: Response, place: Place) -> list[str]:
    """The codes of the faults that are said to be at a place, or below it."""
    problem = problem_in(answer)
    last = [step for step in place.steps if step not in ("-", ANY, "(key)")][-1]
    said = problem.get("errors", [])
    if "const" in place.schema:  # of several bodies, it tells which is meant
        return [error["code"] for error in said]
    return [error["code"] for error in said if last in error["pointer"].split("/")]


def problem_in(answer: Response) -> dict[str, Any]:
    """The problem of an answer, or of the first of several; empty where there is none."""
    if answer.status_code == 204:
        return {}
    content: dict[str, Any] = answer.json()
    if answer.status_code == 200:
        return (content.get("outcomes") or [{}])[0].get("problem") or {}
    return content


def takes_anything(place: Place) -> bool:
    is_looked_for = place.steps[-1] in ("key", "topic", "topics", "-", "consumer", "code")
    return place.steps == ("cursor",) or (
        is_looked_for and any(part in place.path for part in OF_OPERATORS)
    )


def test_places_of_every_kind_are_found_in_every_service() -> None:
    found = [place for each in PLACES.values() for place in each]

    assert {place.service for place in found} == set(DOCUMENTS)
    assert {place.where for place in found} == {"path", "query", "body"}
    assert {place.kind for place in found} >= {"string", "integer", "number", "any"}
    assert len([place for place in found if place.schema.get("format") == "uuid"]) > 5
    assert len(found) > 200


@pytest.mark.parametrize("operation", PLACES)
async def test_no_text_holds_what_turns_it_or_cannot_be_seen(house: House, operation: str) -> None:
    client = house.of(operation.split()[0], Who.OPERATOR)
    lax = [
        f"{place}: {text!r} got {answer.status_code}"
        for place in of_kind(operation, "string", "any")
        if not takes_anything(place)
        for text in UNSEEN
        if not faults(answer := await ask(client, place, text), place)
    ]
    assert lax == []


@pytest.mark.parametrize("operation", PLACES)
async def test_an_id_is_taken_in_one_form_only(house: House, operation: str) -> None:
    client = house.of(operation.split()[0], Who.OPERATOR)
    ids = [place for place in PLACES[operation] if place.schema.get("format") == "uuid"]
    for place in ids:
        for text in NO_IDS:
            assert "id-malformed" in faults(await ask(client, place, text), place), (place, text)
        for text in (ID, ID.upper()):
            assert "id-malformed" not in faults(await ask(client, place, text), place), place


@pytest.mark.parametrize("operation", PLACES)
async def test_a_number_counts_by_its_value_and_is_no_text(house: House, operation: str) -> None:
    client = house.of(operation.split()[0], Who.OPERATOR)
    malformed = {
        "decimal-malformed",
        "schema-mismatch",
        "int-type",
        "int-from-float",
        "int-parsing",
    }
    for place in of_kind(operation, "integer", "number"):
        if place.where != "body":
            continue
        least = int(place.schema.get("minimum", 1))
        good, bad = (
            [f"{least}.0", f"{least}.000E+0", f"{least}E0"],
            [f'"{least}E+0"', "true", '"x"'],
        )
        if place.kind == "integer":
            bad += [f"{least}.5", f'"{least}"']
        else:
            good += ["1.25000000", "0E-8", "1.25E+0"]
            bad += ["1.2500001", '"1.25000000"']
        for token in good:
            answer = await ask(client, place, None, token=token)
            assert not malformed & set(faults(answer, place)), (place, token, answer.text)
        for token in bad:
            answer = await ask(client, place, None, token=token)
            assert faults(answer, place), (place, token, answer.text)


@pytest.mark.parametrize("operation", PLACES)
async def test_no_place_takes_the_number_of_a_person(house: House, operation: str) -> None:
    client = house.of(operation.split()[0], Who.OPERATOR)
    for place in PLACES[operation]:
        for number in (IDENTITY_NUMBER, TEST_PERSON):
            sent: list[tuple[Any, str | None]] = [(f"Ola {number}", None)]
            if place.where == "body" and place.steps[-1] != "(key)":
                sent.append((None, number))
            for value, token in sent:
                answer = await ask(client, place, value, token=token)
                code = problem_in(answer).get("code")
                assert code == "personal-identity-number", (place, answer.text)
                assert number not in answer.text


@pytest.mark.parametrize("operation", [name for name in PLACES if PLACES[name][-1].where == "body"])
async def test_a_byte_order_mark_before_a_body_changes_nothing(
    house: House, operation: str
) -> None:
    client = house.of(operation.split()[0], Who.OPERATOR)
    path = operation.split()[2].replace("{", "").replace("}", "")
    codes = []
    for body in (b"[5]", b"\xef\xbb\xbf[5]"):
        answer = await client.request(
            operation.split()[1],
            path,
            content=body,
            headers={"Content-Type": "application/json"},
        )
        codes.append((answer.status_code, answer.json()["code"], answer.json()["errors"]))
    assert codes[0] == codes[1]
