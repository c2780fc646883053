"""Figures over HTTP: one or many in, and what came in out."""

import asyncio
from typing import Any

from services.reporting.figures import commands as figures
from services.reporting.figures.kinds.absence import ABSENCE
from shared.events.registry import SpeaksFor
from shared.events.reporting import SubmissionAccepted
from tests.reporting import factories
from tests.reporting.conftest import Door
from tests.reporting.factories import HARSTAD, ORGNR, VEFSN, figure, figure_id, posted
from tests.reporting.figures.test_figure_streams import WAITING
from tests.support.waiting import until

FIGURES = "/api/reporting/v1/absence-figures"
KEPT = "/api/reporting/v1/figures"


async def test_one_figure_answers_201_then_200_then_409(door: Door) -> None:
    body = posted(agreed_days="4000")

    first = await door.vefsn.post(FIGURES, json=body)
    again = await door.vefsn.post(FIGURES, json=body)
    other = await door.vefsn.post(FIGURES, json=body | {"agreed_days": "4001"})

    assert [first.status_code, again.status_code, other.status_code] == [201, 200, 409]
    assert first.json() == {
        "figure_id": body["figure_id"],
        "result": "accepted",
        "vintage": 1,
        "findings": [],
    }
    assert again.json() == first.json() | {"result": "repeated"}
    assert other.headers["content-type"] == "application/problem+json"
    assert (other.json()["code"], other.json()["status"]) == ("id-reused", 409)


async def test_numbers_may_be_sent_as_json_numbers_and_stay_exact(door: Door) -> None:
    raw = (
        f'{{"figure_id": "{figure_id()}", "municipality": "9824", "period": "2013-02", "lost_days":'
        ' 0.1, "agreed_days": 123456789012.123456, "definition": {"certification": "total",'
        ' "denominator": "agreed", "holiday": "corrected", "source": "municipality-hr"}}'
    )

    answer = await door.vefsn.post(FIGURES, content=raw.encode())

    assert answer.status_code == 201
    (kept,) = await door.desk.figures()
    assert (str(kept["numerator"]), str(kept["denominator"])) == ("0.1", "123456789012.123456")


async def test_many_figures_answer_200_with_outcomes_in_order(door: Door) -> None:
    repeated = posted(period="2012-12")
    await door.vefsn.post(FIGURES, json=repeated)
    figures: list[Any] = [
        posted(period="2013-01"),
        posted(period="2013-13"),
        repeated,
        repeated | {"lost_days": "1"},
        {key: value for key, value in posted(period="2013-01").items() if key != "figure_id"},
        posted(municipality="9903"),
        "no object",
        posted(period="2013-01", lost_days="13872"),
    ]

    answer = await door.vefsn.post(FIGURES, json={"figures": figures})

    assert answer.status_code == 200
    outcomes = answer.json()["outcomes"]
    assert [
        (each["result"], each["vintage"], each["problem"] and each["problem"]["code"])
        for each in outcomes
    ] == [
        ("accepted", 1, None),
        ("rejected", None, "period-malformed"),
        ("repeated", 1, None),
        ("rejected", None, "id-reused"),
        ("rejected", None, "field-missing"),
        ("rejected", None, "publisher-not-allowed"),
        ("rejected", None, "field-missing"),
        ("accepted", 2, None),
    ]
    sent = [each.get("figure_id") if isinstance(each, dict) else None for each in figures]
    assert [each["figure_id"] for each in outcomes] == sent
    assert outcomes[1]["problem"]["errors"][0]["pointer"] == "/period"
    assert {error["code"] for error in outcomes[6]["problem"]["errors"]} == {
        "field-missing",
        "schema-mismatch",
    }
    assert [finding["code"] for finding in outcomes[7]["findings"]] == ["jump"]


async def test_a_thousand_figures_are_taken_at_once_and_one_more_is_not(door: Door) -> None:
    figures = [posted(unit=f"unit-{number}", note=None) for number in range(1_000)]

    answer = await door.vefsn.post(FIGURES, json={"figures": figures})
    too_many = await door.vefsn.post(FIGURES, json={"figures": [*figures, posted()]})

    assert answer.status_code == 200
    assert {each["result"] for each in answer.json()["outcomes"]} == {"accepted"}
    assert (too_many.status_code, too_many.json()["code"]) == (422, "too-many-figures")
    assert "at most 1000 figures at once, got 1001" in too_many.json()["detail"]
    assert len(await door.desk.figures()) == 1_000


async def test_the_operator_posts_for_the_publisher_that_it_names(door: Door) -> None:
    one = await door.operator.post(FIGURES, json=posted(publisher=ORGNR))
    many = await door.operator.post(
        FIGURES, json={"figures": [posted(period="2013-01")], "publisher": ORGNR}
    )

    assert (one.status_code, many.status_code) == (201, 200)
    assert many.json()["outcomes"][0]["result"] == "accepted"
    assert {row["publisher"] for row in await door.desk.figures()} == {ORGNR}
    assert {receipt.publisher for receipt in await door.desk.told(SubmissionAccepted)} == {ORGNR}


async def test_the_operator_must_name_a_publisher_that_there_is(door: Door) -> None:
    for body, code in (
        (posted(), "publisher-missing"),
        (posted(publisher="97476067"), "publisher-missing"),
        (posted(publisher=974760673), "publisher-missing"),
        (posted(publisher="999999999"), "publisher-unknown"),
        ({"figures": [posted()]}, "publisher-missing"),
    ):
        answer = await door.operator.post(FIGURES, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert answer.json()["errors"][0]["pointer"] == "/publisher"
    assert await door.desk.figures() == []
    assert await door.desk.told(SubmissionAccepted) == []


async def test_what_a_revoked_publisher_brought_in_the_operator_takes_back(door: Door) -> None:
    body = posted()
    await door.vefsn.post(FIGURES, json=body)
    await door.desk.hear(factories.publisher(version=2, revoked_at=factories.NOW))
    address = f"{KEPT}/{body['figure_id']}/withdrawal"

    unknown = await door.operator.post(address, json={"reason": "wrong", "publisher": "999999999"})
    taken = await door.operator.post(address, json={"reason": "wrong", "publisher": ORGNR})
    more = await door.operator.post(FIGURES, json=posted(publisher=ORGNR))

    assert (unknown.status_code, unknown.json()["code"]) == (422, "publisher-unknown")
    assert (taken.status_code, taken.json()["result"]) == (200, "accepted")
    assert (more.status_code, more.json()["code"]) == (422, "publisher-unknown")
    assert [row["withdrawn_by"] for row in await door.desk.figures()] == ["operator"]


async def test_a_publisher_names_nobody(door: Door) -> None:
    answer = await door.vefsn.post(FIGURES, json=posted(publisher=ORGNR))

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown-field")


async def test_keys_decide_who_may_post(door: Door) -> None:
    answers = [
        await door.nobody.post(FIGURES, json=posted()),
        await door.nobody.post(
            FIGURES, json=posted(), headers={"Authorization": "Bearer pub_974760673.wrong"}
        ),
        await door.nobody.post(FIGURES, json=posted(), headers={"Authorization": "Basic abc"}),
        await door.vefsn.post(FIGURES, json=figure(municipality="9903", figure_id=figure_id())),
        await door.harstad.post(FIGURES, json=posted(municipality="9903", period="2014-01")),
    ]

    assert [(each.status_code, each.json()["code"]) for each in answers] == [
        (401, "not-authenticated"),
        (401, "not-authenticated"),
        (401, "not-authenticated"),
        (403, "publisher-not-allowed"),
        (403, "publisher-not-allowed"),
    ]
    assert answers[0].headers["www-authenticate"] == "Bearer"
    assert await door.desk.figures() == []


async def test_who_has_no_key_is_told_so_before_the_body_is_read(door: Door) -> None:
    assert (await door.nobody.post(FIGURES, content=b"{")).status_code == 401


async def test_a_figure_is_taken_back_over_http(door: Door) -> None:
    body = posted()
    address = f"{KEPT}/{body['figure_id']}/withdrawal"
    await door.vefsn.post(FIGURES, json=body)

    answers = [
        await door.nobody.post(address, json={"reason": "wrong"}),
        await door.harstad.post(address, json={"reason": "wrong"}),
        await door.vefsn.post(address, json={}),
        await door.vefsn.post(address, json={"reason": "gjeld 15108600036"}),
        await door.vefsn.post(address, json={"reason": "x", "figure_id": figure_id()}),
        await door.vefsn.post(f"{KEPT}/5/withdrawal", json={"reason": "x"}),
        await door.vefsn.post(address, json={"reason": "wrong"}),
        await door.operator.post(address, json={"reason": "wrong", "publisher": ORGNR}),
    ]

    assert [
        (each.status_code, each.json().get("code", each.json().get("result"))) for each in answers
    ] == [
        (401, "not-authenticated"),
        (404, "figure-unknown"),
        (422, "field-missing"),
        (422, "personal-identity-number"),
        (422, "unknown-field"),
        (422, "id-malformed"),
        (200, "accepted"),
        (200, "repeated"),
    ]


async def test_an_id_is_answered_in_the_case_in_which_it_was_sent(door: Door) -> None:
    body = posted()
    upper = body["figure_id"].upper()

    answers = [
        await door.vefsn.post(FIGURES, json=body),
        await door.vefsn.post(FIGURES, json=body | {"figure_id": upper}),
        await door.vefsn.post(FIGURES, json={"figures": [body | {"figure_id": upper}]}),
        await door.vefsn.post(f"{KEPT}/{upper}/withdrawal", json={"reason": "wrong"}),
    ]

    told = [each.json().get("outcomes", [each.json()])[0] for each in answers]
    assert [(each["figure_id"], each["result"]) for each in told] == [
        (body["figure_id"], "accepted"),
        (upper, "repeated"),
        (upper, "repeated"),
        (upper, "accepted"),
    ]


async def test_what_came_in_is_listed_by_period_with_every_vintage(door: Door) -> None:
    for body in (
        posted(period="2013-02"),
        posted(period="2013-01", persons=1),
        posted(period="2013-01"),
    ):
        await door.vefsn.post(FIGURES, json=body)

    current = await door.vefsn.get(KEPT, params={"municipality": VEFSN})
    everything = await door.operator.get(KEPT, params={"municipality": VEFSN, "vintages": "all"})

    assert [(item["period"], item["vintage"]) for item in current.json()["items"]] == [
        ("2013-01", 2),
        ("2013-02", 1),
    ]
    assert current.json()["next"] is None
    items = everything.json()["items"]
    assert [(item["period"], item["vintage"], item["in_force"]) for item in items] == [
        ("2013-01", 1, False),
        ("2013-01", 2, True),
        ("2013-02", 1, True),
    ]
    assert items[1]["replaces"] == items[0]["figure_id"]
    assert (items[0]["numerator"], items[0]["origin"], items[0]["publisher"]) == (
        "1387.20",
        "http",
        ORGNR,
    )
    assert [finding["code"] for finding in items[0]["findings"]] == ["days-above-persons"]


async def test_a_list_is_walked_by_its_cursor_without_gap_or_repetition(door: Door) -> None:
    months = [f"{year}-{month:02}" for year in (2012, 2013) for month in range(1, 13)]
    bodies = [
        posted(period=period, unit=unit)
        for period in [*months, "2012"]
        for unit in (None, "a-b", "ab")
    ]
    await door.vefsn.post(FIGURES, json={"figures": bodies})

    seen: list[str] = []
    cursor: str | None = None
    while True:
        parameters = {"municipality": VEFSN, "limit": "7"} | ({"cursor": cursor} if cursor else {})
        answer = (await door.vefsn.get(KEPT, params=parameters)).json()
        seen += [item["figure_id"] for item in answer["items"]]
        if (cursor := answer["next"]) is None:
            break

    assert len(seen) == len(bodies)
    assert set(seen) == {body["figure_id"] for body in bodies}


async def test_a_list_is_narrowed_by_periods(door: Door) -> None:
    periods = ["2012-11", "2012-12", "2012-Q4", "2012", "2013-01", "2013-02"]
    await door.vefsn.post(FIGURES, json={"figures": [posted(period=period) for period in periods]})

    async def listed(**parameters: str) -> set[str]:
        answer = await door.vefsn.get(KEPT, params={"municipality": VEFSN, **parameters})
        return {item["period"] for item in answer.json()["items"]}

    assert await listed(**{"from": "2013-01"}) == {"2013-01", "2013-02"}
    assert await listed(to="2012-11") == {"2012-11"}
    assert await listed(**{"from": "2012-12", "to": "2013-01"}) == {
        "2012-12",
        "2012-Q4",
        "2012",
        "2013-01",
    }
    assert await listed(**{"from": "2013-02", "to": "2013-01"}) == set()


async def test_only_who_speaks_for_a_municipality_may_list_what_came_in_for_it(door: Door) -> None:
    parameters = {"municipality": VEFSN}

    statuses = [
        (await client.get(KEPT, params=parameters)).status_code
        for client in (door.nobody, door.harstad, door.vefsn, door.operator)
    ]

    assert statuses == [401, 403, 200, 200]
    ended = await door.harstad.get(KEPT, params={"municipality": HARSTAD})
    assert (ended.status_code, ended.json()["code"]) == (403, "publisher-not-allowed")


async def test_a_municipality_may_be_named_by_its_number(door: Door) -> None:
    await door.vefsn.post(FIGURES, json=posted())
    by_id = await door.vefsn.get(KEPT, params={"municipality": VEFSN})
    by_number = await door.vefsn.get(KEPT, params={"municipality": posted()["municipality"]})
    unknown = await door.vefsn.get(KEPT, params={"municipality": "1124"})
    malformed = await door.vefsn.get(KEPT, params={"municipality": "Vefsn"})

    assert by_number.json() == by_id.json()
    assert len(by_id.json()["items"]) == 1
    assert (unknown.status_code, unknown.json()["code"]) == (422, "municipality-unknown")
    assert "such as vefsn-1824" in unknown.json()["detail"]
    assert (malformed.status_code, malformed.json()["code"]) == (422, "municipality-malformed")


async def test_a_number_that_several_bore_names_none_of_them(door: Door) -> None:
    number = posted()["municipality"]
    await door.desk.hear(factories.municipality(municipality_id="later-9824"))
    answer = await door.vefsn.get(KEPT, params={"municipality": number})

    assert (answer.status_code, answer.json()["code"]) == (422, "municipality-ambiguous")
    assert "later-9824" in answer.json()["detail"]
    assert VEFSN in answer.json()["detail"]


async def test_one_id_posted_at_once_for_two_municipalities_is_told_to_come_back(
    door: Door,
) -> None:
    desk = door.desk
    both = [SpeaksFor(municipality_id=VEFSN), SpeaksFor(municipality_id=HARSTAD)]
    await desk.hear(factories.publisher(version=2, may_speak_for=both))
    body = posted()
    async with desk.database.transaction() as conn:
        await figures.post_figures(
            conn, [factories.entry(body)], ABSENCE, rights=desk.rights, now=desk.now
        )
        second = asyncio.create_task(door.vefsn.post(FIGURES, json=body | {"municipality": "9903"}))
        async with desk.database.connection() as watcher:
            await until(lambda: watcher.fetchval(WAITING), "the second waits for the first")
    answer = await second

    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (
        503,
        "unavailable",
        "1",
    )
    assert (await door.vefsn.post(FIGURES, json=body | {"municipality": "9903"})).json()[
        "code"
    ] == "id-reused"


async def test_a_revoked_key_opens_nothing(door: Door) -> None:
    await door.desk.hear(factories.publisher(version=2, revoked_at=factories.NOW))

    assert (await door.vefsn.post(FIGURES, json=posted())).status_code == 401
    assert (await door.vefsn.get(KEPT, params={"municipality": VEFSN})).status_code == 401
