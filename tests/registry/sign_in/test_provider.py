"""Coming in by an OpenID Connect provider, and every answer of one that must not let anybody in."""

import base64
import hmac
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from joserfc import jwt

from services.registry.sign_in.provider import Pending, Provider, ProviderSettings
from shared.errors import NotAuthenticated, Unavailable
from tests.registry.sign_in.standin import CLIENT_ID, CLIENT_SECRET, StandIn, new_key, stand_in

NONCE = "the nonce of the question"
REDIRECT = "http://127.0.0.1:1/registry/sign-in/provider/callback"
OTHER = new_key("other")


def pending(**changes: Any) -> Pending:
    known: dict[str, Any] = {
        "state": "s",
        "nonce": NONCE,
        "verifier": "v" * 64,
        "to": "/",
        "asked_at": 0.0,
    }
    return Pending(**(known | changes))


@pytest_asyncio.fixture(scope="module")
async def issuer() -> AsyncIterator[StandIn]:
    """A provider that knows Kari."""
    async with stand_in() as provider:
        provider.person = {"name": "Kari", "email": "kari@vefsn.example", "email_verified": True}
        yield provider


def provider_of(issuer: StandIn, **changes: Any) -> Provider:
    settings = ProviderSettings(
        issuer=issuer.issuer, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, **changes
    )
    return Provider(settings, REDIRECT)


def now() -> datetime:
    return datetime.now(UTC)


def seconds(offset: float) -> int:
    return int(now().timestamp() + offset)


async def test_a_good_token_tells_who_it_is(issuer: StandIn) -> None:
    provider = provider_of(issuer)
    found = await provider.identity(issuer.token(NONCE), pending(), now=now())
    assert (found.name, found.email) == ("Kari", "kari@vefsn.example")


@pytest.mark.parametrize(
    ("changes", "trusts", "email"),
    [
        ({"email_verified": False}, False, None),
        ({"email_verified": None}, False, None),
        ({"email_verified": "true"}, False, None),
        ({"email_verified": None}, True, "kari@vefsn.example"),
        ({"email": None}, True, None),
        ({"email": 7}, True, None),
        ({"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID}, False, "kari@vefsn.example"),
    ],
)
async def test_an_address_counts_only_when_somebody_vouches_for_it(
    issuer: StandIn, changes: dict[str, Any], trusts: bool, email: str | None
) -> None:
    provider = provider_of(issuer, trusts_addresses=trusts)
    found = await provider.identity(issuer.token(NONCE, **changes), pending(), now=now())
    assert found.email == email


BAD_CLAIMS: list[dict[str, Any]] = [
    {"iss": "https://elsewhere.example"},
    {"iss": None},
    {"iss": ["https://elsewhere.example"]},
    {"iss": ""},
    {"aud": "somebody-else"},
    {"aud": None},
    {"aud": []},
    {"aud": ["somebody-else"]},
    {"aud": [CLIENT_ID, "another"]},
    {"aud": [CLIENT_ID, "another"], "azp": "another"},
    {"aud": {CLIENT_ID: True}},
    {"exp": None},
    {"exp": "tomorrow"},
    {"exp": True},
    {"exp": 0},
    {"exp": -1},
    {"iat": None},
    {"iat": "now"},
    {"iat": True},
    {"nonce": None},
    {"nonce": ""},
    {"nonce": "of another question"},
    {"nonce": [NONCE]},
    {"sub": None},
    {"sub": ""},
    {"sub": 7},
]


@pytest.mark.parametrize("changes", BAD_CLAIMS, ids=lambda changes: json.dumps(changes))
async def test_a_token_with_a_wrong_claim_lets_nobody_in(
    issuer: StandIn, changes: dict[str, Any]
) -> None:
    token = issuer.token(NONCE, **changes)
    with pytest.raises(NotAuthenticated) as refused:
        await provider_of(issuer).identity(token, pending(), now=now())
    assert token not in refused.value.message


@pytest.mark.parametrize(
    ("changes", "is_good"),
    [
        ({"exp": -5}, True),
        ({"exp": -15}, False),
        ({"iat": 5}, True),
        ({"iat": 15}, False),
    ],
)
async def test_clocks_may_stand_ten_seconds_apart(
    issuer: StandIn, changes: dict[str, int], is_good: bool
) -> None:
    moved: dict[str, Any] = {name: seconds(offset) for name, offset in changes.items()}
    token = issuer.token(NONCE, **moved)
    try:
        await provider_of(issuer).identity(token, pending(), now=now())
        assert is_good
    except NotAuthenticated:
        assert not is_good


def _part(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def _unsigned(issuer: StandIn) -> str:
    return f"{_part({'alg': 'none'})}.{_part(issuer.claims(NONCE))}."


def _signed_with_the_public_key(issuer: StandIn) -> str:
    public = issuer.key.as_pem(private=False)
    signed = f"{_part({'alg': 'HS256', 'kid': issuer.key.kid})}.{_part(issuer.claims(NONCE))}"
    signature = hmac.digest(public, signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def _with_a_key_of_its_own(issuer: StandIn) -> str:
    header = {"alg": "RS256", "jwk": OTHER.as_dict(private=False)}
    return jwt.encode(header, issuer.claims(NONCE), OTHER)


def _with_another_payload(issuer: StandIn) -> str:
    head, _, signature = issuer.token(NONCE).split(".")
    return f"{head}.{_part(issuer.claims(NONCE, email='boss@vefsn.example'))}.{signature}"


def _with_another_head(issuer: StandIn) -> str:
    _, body, signature = issuer.token(NONCE).split(".")
    return f"{_part({'alg': 'PS256', 'kid': issuer.key.kid})}.{body}.{signature}"


FORGERIES: dict[str, Callable[[StandIn], str]] = {
    "no signature": _unsigned,
    "an empty signature": lambda issuer: issuer.token(NONCE).rpartition(".")[0] + ".",
    "a signature cut short": lambda issuer: issuer.token(NONCE)[:-8],
    "a signature by the public key": _signed_with_the_public_key,
    "another key of the same name": lambda i: i.token(NONCE, key=new_key("first")),
    "another key of another name": lambda i: i.token(NONCE, key=OTHER),
    "a key in its own head": _with_a_key_of_its_own,
    "another payload": _with_another_payload,
    "another algorithm in the head": _with_another_head,
    "nothing": lambda _: "",
    "no token": lambda _: "token",
    "two parts": lambda i: i.token(NONCE).rpartition(".")[0],
    "four parts": lambda i: i.token(NONCE) + ".x",
    "no base64": lambda i: "å" + i.token(NONCE)[1:],
    "no JSON": lambda i: ".".join([_part("x"), *i.token(NONCE).split(".")[1:]]),
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_token_lets_nobody_in(issuer: StandIn, name: str) -> None:
    token = FORGERIES[name](issuer)
    with pytest.raises(NotAuthenticated):
        await provider_of(issuer).identity(token, pending(), now=now())


@pytest.mark.parametrize(
    "waiting",
    [None, pending(state="of another browser"), pending(asked_at=seconds(-11 * 60))],
    ids=["none", "another", "too late"],
)
async def test_an_answer_to_no_question_of_this_browser_is_refused(
    issuer: StandIn, waiting: Pending | None
) -> None:
    with pytest.raises(NotAuthenticated):
        await provider_of(issuer).finish("code", "s", waiting, now=now())


async def test_a_code_that_was_used_is_refused(issuer: StandIn) -> None:
    waiting = pending(asked_at=now().timestamp())
    with pytest.raises(NotAuthenticated):
        await provider_of(issuer).finish("used before", "s", waiting, now=now())


async def test_the_browser_is_sent_with_state_nonce_and_a_challenge(issuer: StandIn) -> None:
    details = '[{"type": "ansattporten:altinn:service"}]'
    address, waiting = await provider_of(issuer, authorization_details=details).begin(
        "/registry/my-access", now=now()
    )
    assert waiting.verifier not in address
    for named in ("state=", "nonce=", "code_challenge=", "code_challenge_method=S256"):
        assert named in address
    assert "authorization_details=" in address


async def test_keys_that_changed_are_asked_for_again_but_not_by_every_bad_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with stand_in() as issuer:
        provider = provider_of(issuer)
        await provider.identity(issuer.token(NONCE), pending(), now=now())
        issuer.key = new_key("second")
        for _ in range(3):
            with pytest.raises(NotAuthenticated):
                await provider.identity(issuer.token(NONCE), pending(), now=now())
        assert issuer.asked == 1
        monkeypatch.setattr("services.registry.sign_in.provider.KEYS_KEPT_SECONDS", -1)
        await provider.identity(issuer.token(NONCE), pending(), now=now())
        assert issuer.asked == 2


async def test_a_provider_that_is_away_is_said_to_be() -> None:
    async with stand_in() as issuer:
        issuer.is_away = True
        with pytest.raises(Unavailable):
            await provider_of(issuer).begin("/", now=now())
    with pytest.raises(Unavailable):
        await provider_of(issuer).begin("/", now=now() + timedelta(0))
