"""An issuer's keys are kept, looked for at a limited rate, and hold on while it is away."""

from typing import Any

import pytest

from shared.access import issuers
from shared.access.issuers import Issuer, IssuerSettings
from shared.errors import NotAuthenticated, Unavailable
from tests.support.token_issuer import SCOPE, TokenIssuer


class Watched:
    """An issuer with a clock that is moved by hand."""

    def __init__(self) -> None:
        self.standin = TokenIssuer()
        self.now = 0.0
        settings = IssuerSettings(issuer=self.standin.issuer, scope=SCOPE)
        self.issuer = Issuer(settings, self.standin.fetch, clock=lambda: self.now)

    async def has(self, key_id: str) -> bool:
        try:
            await self.issuer.key(key_id)
        except NotAuthenticated:
            return False
        return True


async def test_keys_are_asked_for_once() -> None:
    watched = Watched()
    for _ in range(5):
        assert await watched.has(watched.standin.key_id)
    assert watched.standin.asked_count == 1


async def test_a_new_key_is_found_when_a_token_names_it() -> None:
    watched = Watched()
    assert await watched.has(watched.standin.key_id)
    watched.now += issuers.UNKNOWN_KEY_SECONDS
    assert await watched.has(watched.standin.rotate())
    assert watched.standin.asked_count == 2


async def test_unknown_keys_are_looked_for_at_a_limited_rate() -> None:
    watched = Watched()
    assert await watched.has(watched.standin.key_id)
    watched.now += issuers.UNKNOWN_KEY_SECONDS
    for number in range(100):
        assert not await watched.has(f"made-up-{number}")
    assert watched.standin.asked_count == 2
    assert await watched.has(watched.standin.key_id)


async def test_a_key_that_the_issuer_took_back_ends_within_the_hour() -> None:
    watched = Watched()
    old = watched.standin.key_id
    assert await watched.has(old)
    watched.standin.rotate()
    del watched.standin.keys[old]
    watched.now += issuers.REFRESH_SECONDS + 1
    assert not await watched.has(old)


async def test_known_keys_hold_on_for_a_day_while_the_issuer_is_away() -> None:
    watched = Watched()
    assert await watched.has(watched.standin.key_id)
    watched.standin.is_away = True
    watched.now += issuers.KEPT_SECONDS - 1
    assert await watched.has(watched.standin.key_id)
    watched.now += 2
    with pytest.raises(Unavailable, match="cannot be fetched now"):
        await watched.has(watched.standin.key_id)


async def test_an_issuer_that_never_answered_is_asked_again_soon() -> None:
    watched = Watched()
    watched.standin.is_away = True
    with pytest.raises(Unavailable, match="publishers' own keys work on"):
        await watched.has(watched.standin.key_id)
    watched.standin.is_away = False
    with pytest.raises(Unavailable):
        await watched.has(watched.standin.key_id)
    watched.now += issuers.AWAY_SECONDS
    assert await watched.has(watched.standin.key_id)


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://evil.example/"},
        {"jwks_uri": "http://test.maskinporten.example/jwk"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
    ],
)
async def test_metadata_that_lead_elsewhere_are_not_followed(
    changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched()
    metadata = watched.standin.metadata() | changed
    monkeypatch.setattr(watched.standin, "metadata", lambda: metadata)
    with pytest.raises(Unavailable):
        await watched.has(watched.standin.key_id)
    assert watched.standin.asked_count == 0


async def test_only_strong_keys_for_signatures_are_taken() -> None:
    watched = Watched()
    small = watched.standin.rotate(bits=1_024)
    good = watched.standin.rotate()
    assert not await watched.has(small)
    assert await watched.has(good)


@pytest.mark.parametrize(
    "issuer", ["http://maskinporten.no/", "maskinporten.no", "ftp://maskinporten.no/", ""]
)
def test_an_issuer_is_reached_by_https(issuer: str) -> None:
    with pytest.raises(ValueError, match="issuer"):
        IssuerSettings(issuer=issuer, scope=SCOPE)
