"""How often and how many at once a publisher may ask, and what it is told beyond that."""

import asyncio

from tests.reporting.conftest import Door, open_door
from tests.reporting.factories import ORGNR, VEFSN, posted
from tests.support.infrastructure import Infra
from tests.support.waiting import until

FIGURES = "/api/reporting/v1/absence-figures"
KEPT = "/api/reporting/v1/figures"
HELD = {"municipality": VEFSN}
WAITING_FOR_A_LOCK = """
SELECT count(*)
  FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


async def is_held(door: Door) -> bool:
    """Tell whether a request waits for a row that the test holds."""
    async with door.desk.database.connection() as conn:
        return bool(await conn.fetchval(WAITING_FOR_A_LOCK))


async def test_a_key_that_is_used_too_often_is_told_when_to_come_again(infra: Infra) -> None:
    async with open_door(infra, requests_per_minute=6, requests_burst=2) as door:
        answers = [await door.vefsn.get(KEPT, params=HELD) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[-1].json()["code"] == "too-many-requests"
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 10
        # Neither another publisher nor the operator pays for it.
        assert (await door.harstad.get(KEPT, params=HELD)).status_code == 403
        assert [(await door.operator.get(KEPT, params=HELD)).status_code for _ in range(5)] == [
            200
        ] * 5


async def test_a_figure_that_was_refused_for_its_rate_is_not_kept_and_may_come_again(
    infra: Infra,
) -> None:
    async with open_door(infra, requests_per_minute=60, requests_burst=1) as door:
        bodies = [posted(period=f"2013-0{month}") for month in range(1, 4)]
        first = await asyncio.gather(*(door.vefsn.post(FIGURES, json=body) for body in bodies))
        assert 429 in [answer.status_code for answer in first]
        for body, answer in zip(bodies, first, strict=True):
            while answer.status_code == 429:
                await asyncio.sleep(0.1)  # until the rate has room again, a second at most
                answer = await door.vefsn.post(FIGURES, json=body)
            assert answer.status_code == 201
        assert len(await door.desk.figures()) == 3


async def test_the_rate_of_a_publisher_counts_figures(infra: Infra) -> None:
    async with open_door(infra, figures_per_minute=6, figures_burst=3) as door:
        many = {"figures": [posted(period=f"2013-0{month}") for month in (1, 2, 3)]}
        one = posted(period="2013-04")
        assert (await door.vefsn.post(FIGURES, json=many)).status_code == 200
        refused = await door.vefsn.post(FIGURES, json=one)
        assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests")
        assert 1 <= int(refused.headers["retry-after"]) <= 10
        assert len(await door.desk.figures()) == 3
        # Neither another publisher nor the operator pays for it, and reading is counted otherwise.
        harstad = posted(municipality="9903", period="2013-02")
        assert (await door.harstad.post(FIGURES, json=harstad)).status_code == 201
        named = one | {"publisher": ORGNR}
        assert (await door.operator.post(FIGURES, json=named)).status_code == 201
        assert (await door.vefsn.get(KEPT, params=HELD)).status_code == 200


async def test_a_key_has_so_many_requests_running_at_once(infra: Infra) -> None:
    async with open_door(infra, requests_at_once=1) as door:
        async with door.desk.held(VEFSN):
            waiting = asyncio.create_task(door.vefsn.post(FIGURES, json=posted()))
            await until(lambda: is_held(door), seconds=8)
            refused = await door.vefsn.get(KEPT, params=HELD)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert (await waiting).status_code == 201
        assert (await door.vefsn.get(KEPT, params=HELD)).status_code == 200


async def test_an_address_that_tries_bad_keys_is_slowed_down_and_good_ones_are_not(
    infra: Infra,
) -> None:
    async with open_door(infra) as door:
        bad = {"Authorization": f"Bearer pub_guess.{'a' * 43}"}
        codes = [
            (await door.nobody.get(KEPT, params=HELD, headers=bad)).status_code for _ in range(125)
        ]
        assert (codes[0], codes[-1]) == (401, 429)
        assert (await door.vefsn.get(KEPT, params=HELD)).status_code == 200
