"""A figure that is posted with a token of Maskinporten in place of a key."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from httpx2 import Response

from tests.browser.serving import served
from tests.reporting import factories
from tests.reporting.conftest import Door, open_door
from tests.reporting.factories import ORGNR, OTHER_ORGNR, VEFSN, new_unit, posted
from tests.support.infrastructure import Infra
from tests.support.token_issuer import SCOPE, TokenIssuer, organisation, system_user

FIGURES = "/api/reporting/v1/absence-figures"
KEPT = "/api/reporting/v1/figures"
SUPPLIER = "991825827"


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Reporting that trusts a stand-in issuer."""

    door: Door
    standin: TokenIssuer

    async def post(self, token: str) -> Response:
        """Post a figure of Vefsn."""
        return await self.door.nobody.post(
            FIGURES, json=posted(unit=new_unit()), headers={"Authorization": f"Bearer {token}"}
        )


@pytest_asyncio.fixture(scope="module")
async def arrangement(infra: Infra) -> AsyncIterator[Arrangement]:
    """The issuer is reached over real HTTP."""
    standin = TokenIssuer()
    async with served(standin.app()) as url:
        standin.issuer = f"{url}/"
        trusted = [{"issuer": standin.issuer, "scope": SCOPE}]
        async with open_door(infra, maskinporten=trusted) as door:
            yield Arrangement(door, standin)


async def test_a_token_does_what_a_key_of_its_organisation_does(arrangement: Arrangement) -> None:
    token = arrangement.standin.token(ORGNR)
    assert (await arrangement.post(token)).status_code == 201
    bearing = {"Authorization": f"Bearer {token}"}
    listed = await arrangement.door.nobody.get(
        KEPT, params={"municipality": VEFSN}, headers=bearing
    )
    assert listed.json()["items"][-1]["publisher"] == ORGNR


async def test_mandates_hold_for_tokens_too(arrangement: Arrangement) -> None:
    answer = await arrangement.post(arrangement.standin.token(OTHER_ORGNR))
    assert (answer.status_code, answer.json()["code"]) == (403, "publisher-not-allowed")


async def test_an_organisation_that_publishes_nothing_here_is_told_so(
    arrangement: Arrangement,
) -> None:
    answer = await arrangement.post(arrangement.standin.token(SUPPLIER))
    assert (answer.status_code, answer.json()["code"]) == (403, "publisher-unknown")
    assert SUPPLIER in answer.json()["detail"]


async def test_the_audit_log_names_the_supplier_and_the_system_user(
    arrangement: Arrangement,
) -> None:
    standin = arrangement.standin
    delegated = {"supplier": organisation(SUPPLIER), "delegation_source": "https://altinn.example/"}
    tokens = [
        standin.token(ORGNR, **delegated),
        standin.token(SUPPLIER, authorization_details=[system_user(ORGNR)]),
    ]
    for token in tokens:
        assert (await arrangement.post(token)).status_code == 201
    async with arrangement.door.desk.database.connection() as conn:
        rows = await conn.fetch(
            "SELECT DISTINCT who FROM audit_entry WHERE who LIKE '%supplier%' ORDER BY who"
        )
    by = f"publisher/{ORGNR} with a token of {standin.issuer}, supplier {SUPPLIER}"
    assert [row["who"] for row in rows] == [
        by,
        f"{by}, system user 4bc7985b-e931-45ed-a35c-cfd6e1ca80b8",
    ]


@pytest.mark.parametrize("how", ["expired", "stranger"])
async def test_a_bad_token_is_refused_in_one_sentence(arrangement: Arrangement, how: str) -> None:
    standin = arrangement.standin
    token = (
        standin.token(ORGNR, exp=1)
        if how == "expired"
        else TokenIssuer(standin.issuer).token(ORGNR)
    )
    answer = await arrangement.post(token)
    assert (answer.status_code, answer.json()["code"]) == (401, "not-authenticated")
    assert token.split(".")[1] not in answer.text


async def test_keys_work_on_while_the_issuer_is_away(infra: Infra) -> None:
    away = TokenIssuer("http://127.0.0.1:9/")
    trusted = [{"issuer": away.issuer, "scope": SCOPE}]
    async with open_door(infra, maskinporten=trusted) as door:
        refused = await Arrangement(door, away).post(away.token(ORGNR))
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        assert "cannot be fetched now" in refused.json()["detail"]
        assert (await door.vefsn.post(FIGURES, json=posted())).status_code == 201


async def test_without_an_issuer_a_token_is_no_key(infra: Infra) -> None:
    async with open_door(infra) as door:
        answer = await Arrangement(door, TokenIssuer()).post(TokenIssuer().token(ORGNR))
        assert answer.status_code == 401


async def test_a_revoked_publisher_has_no_good_tokens(infra: Infra) -> None:
    standin = TokenIssuer()
    async with served(standin.app()) as url:
        standin.issuer = f"{url}/"
        trusted = [{"issuer": standin.issuer, "scope": SCOPE}]
        async with open_door(infra, maskinporten=trusted) as door:
            await door.desk.hear(factories.publisher(version=2, revoked_at=factories.NOW))
            answer = await Arrangement(door, standin).post(standin.token(ORGNR))
            assert (answer.status_code, answer.json()["code"]) == (403, "publisher-unknown")
