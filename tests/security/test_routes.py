"""Every route of every service, asked by everybody who may come: nobody, strangers with bad keys,
the publisher whose municipality it is about, a publisher of another one, and the operator. The
table in `walking` says what each gets.
"""

import pytest
from fastapi.routing import APIRoute

from shared.http.routes import Needs, StrictRoute
from tests.reporting import factories
from tests.reporting.factories import ORGNR
from tests.security.conftest import CHANGED_ORGNR, House, Who
from tests.security.routes import routes_of
from tests.security.walking import (
    REPORT_ROUND,
    RIGHTS,
    ROUND,
    STRANGERS,
    Route,
    address_of,
    everybody,
    request_of,
)

WRITES = [route for route in RIGHTS if route[1] != "GET" and route[2].startswith("/api/")]
TOO_MUCH = b" " * (1024 * 1024 + 1)


def all_routes(house: House) -> set[Route]:
    return {(name, *found) for name, app in house.apps.items() for found in routes_of(app.routes)}


async def prepare(house: House, route: Route) -> str:
    """Return the address to ask; for a withdrawal, of a figure that was just posted for Vefsn."""
    figure_id = factories.figure_id()
    if route[2].endswith("/withdrawal"):
        unit = f"unit-{figure_id}"  # a place of its own, where nothing can have come later
        await house.desk.post(factories.figure(figure_id=figure_id, unit=unit))
    publisher = ORGNR if route[1] == "GET" else CHANGED_ORGNR
    return address_of(route[2], figure_id=figure_id, organisation_number=publisher)


async def test_the_table_names_every_route_and_no_other(house: House) -> None:
    assert set(RIGHTS) == all_routes(house)


async def test_each_route_answers_to_everybody_as_the_table_says(house: House) -> None:
    await house.of("reporting", Who.OPERATOR).put(
        f"/api/reporting/v1/rounds/{REPORT_ROUND}", json=ROUND
    )
    wrong = {}
    for route, answers in RIGHTS.items():
        for who in Who:
            address = await prepare(house, route)
            answer = await house.of(route[0], who).request(
                route[1], address, **request_of(route, who)
            )
            if answer.status_code != answers.to(who):
                wrong[*route, who.value] = (answer.status_code, answers.to(who), answer.text[:300])
    assert wrong == {}, "\n".join(map(str, wrong.items()))


@pytest.mark.parametrize(
    "body", [b"{", b'{"fnr": NaN}', TOO_MUCH], ids=["malformed", "not finite", "too large"]
)
async def test_nothing_that_was_sent_is_judged_before_the_key(house: House, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    wrong = {}
    for route in WRITES:
        name, method, path = route
        for who in (*STRANGERS, Who.OWN, Who.OTHER):
            wanted = RIGHTS[route].to(who)
            if wanted not in (401, 403) or (RIGHTS[route].own != 403 and who not in STRANGERS):
                continue
            answer = await house.of(name, who).request(
                method, address_of(path), content=body, headers=headers
            )
            if answer.status_code != wanted:
                wrong[*route, who.value] = (answer.status_code, wanted)
    assert wrong == {}, "\n".join(map(str, wrong.items()))


async def test_every_machine_route_says_by_the_one_function_whom_it_is_for(house: House) -> None:
    for name, app in house.apps.items():
        for route in app.routes:
            inner = route.original_router.routes if hasattr(route, "original_router") else [route]
            for each in inner:
                if not isinstance(each, APIRoute) or not each.path.startswith("/api"):
                    continue
                assert isinstance(each, StrictRoute), each.path
                needs = [
                    dependency
                    for dependency in each.dependant.dependencies
                    if isinstance(dependency.call, Needs)
                ]
                for method in each.methods or ():
                    is_open = RIGHTS[name, method, each.path].strangers != 401
                    assert bool(needs) is not is_open, (method, each.path)


def test_the_table_lets_nobody_write_without_a_key() -> None:
    assert all(RIGHTS[route] != everybody(RIGHTS[route].operator) for route in WRITES)
