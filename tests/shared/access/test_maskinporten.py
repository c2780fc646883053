"""Tokens of Maskinporten: whom a good one stands for, and that no forged one stands for anybody."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.access import maskinporten
from shared.access.issuers import Issuer, IssuerSettings
from shared.access.maskinporten import LENGTH_MAX, Machine
from shared.errors import NotAuthenticated
from tests.support.token_issuer import (
    SCOPE,
    TokenIssuer,
    encoded,
    new_key,
    organisation,
    system_user,
)

ORGNR, OTHER, VENDOR = "310000019", "974760673", "991825827"
AUDIENCE = "https://saman.example"
STANDIN = TokenIssuer()
HOUR = 3_600
"""Longer than a run of all tests takes: the tokens are made when they are collected."""

STRANGER = TokenIssuer(STANDIN.issuer)
"""Says that it is the same issuer, and has keys of its own."""

SMALL = new_key(1_024)


async def verified(token: str, **settings: Any) -> Machine:
    issuer = IssuerSettings(**({"issuer": STANDIN.issuer, "scope": SCOPE} | settings))
    return await maskinporten.verify(token, [Issuer(issuer, STANDIN.fetch)], now=datetime.now(UTC))


async def test_a_token_stands_for_its_consumer() -> None:
    machine = await verified(STANDIN.token(ORGNR))
    assert machine == Machine(ORGNR, STANDIN.issuer)
    assert machine.token == f"a token of {STANDIN.issuer}"


async def test_a_delegated_token_stands_for_its_consumer_and_names_the_supplier() -> None:
    delegated = {"supplier": organisation(VENDOR), "delegation_source": "https://altinn.example/"}
    machine = await verified(STANDIN.token(ORGNR, **delegated))
    assert machine == Machine(ORGNR, STANDIN.issuer, supplier=VENDOR)
    assert machine.token.endswith(f"supplier {VENDOR}")


async def test_a_system_user_stands_for_its_own_organisation_and_not_for_the_vendor() -> None:
    token = STANDIN.token(VENDOR, authorization_details=[system_user(ORGNR)])
    machine = await verified(token)
    assert (machine.organisation_number, machine.supplier) == (ORGNR, VENDOR)
    assert machine.system_user == "4bc7985b-e931-45ed-a35c-cfd6e1ca80b8"


@pytest.mark.parametrize(
    ("claims", "header"),
    [
        ({}, {"alg": "RS384"}),
        ({}, {"alg": "RS512"}),
        ({}, {"typ": "JWT"}),
        ({}, {"typ": "at+jwt"}),
        ({"scope": f"other:read {SCOPE} more:write"}, {}),
        ({"aud": AUDIENCE}, {}),
        ({"aud": ["https://other.example", AUDIENCE]}, {}),
        ({"nbf": 1}, {}),
        ({"token_type": None, "client_id": None, "jti": None}, {}),
        ({"authorization_details": [{"type": "something else"}]}, {}),
    ],
)
async def test_what_the_standard_leaves_free_is_taken(
    claims: dict[str, Any], header: dict[str, Any]
) -> None:
    audience = AUDIENCE if "aud" in claims else None
    token = STANDIN.signed(STANDIN.claims(ORGNR, **claims), header=header)
    assert (await verified(token, audience=audience)).organisation_number == ORGNR


@pytest.mark.parametrize(
    ("name", "seconds"), [("exp", -9), ("iat", 9), ("nbf", 9)], ids=["exp", "iat", "nbf"]
)
async def test_clocks_may_stand_ten_seconds_apart(name: str, seconds: int) -> None:
    now = int(datetime.now(UTC).timestamp())
    assert await verified(STANDIN.token(ORGNR, **{name: now + seconds}))
    wrong = now + seconds + (12 if seconds > 0 else -12)
    with pytest.raises(NotAuthenticated):
        await verified(STANDIN.token(ORGNR, **{name: wrong}))


def now() -> int:
    return int(datetime.now(UTC).timestamp())


def of(**changes: Any) -> Callable[[], str]:
    """A token that is signed as it must be, and says something else."""
    return lambda: STANDIN.token(ORGNR, **changes)


def headed(**header: Any) -> Callable[[], str]:
    """A token whose header says something else."""
    return lambda: STANDIN.signed(STANDIN.claims(ORGNR), header=header)


def raw(claims: bytes) -> Callable[[], str]:
    """A token with a content that is written by hand."""
    return lambda: STANDIN.signed(claims)


def doubled(name: str, first: Any, second: Any) -> Callable[[], str]:
    """A token with a claim that stands twice."""
    text = json.dumps(STANDIN.claims(ORGNR, **{name: second}))
    pair = f"{json.dumps(name)}: {json.dumps(first)}, "
    return raw(("{" + pair + text[1:]).encode())


def unsigned(algorithm: str) -> Callable[[], str]:
    head = {"alg": algorithm, "kid": STANDIN.key_id}
    return lambda: f"{encoded(head)}.{encoded(STANDIN.claims(ORGNR))}."


def by_public_key(algorithm: str, digest: Callable[..., Any]) -> Callable[[], str]:
    """A token whose MAC has the public key as its secret."""
    head = {"alg": algorithm, "kid": STANDIN.key_id}
    secret = STANDIN.keys[STANDIN.key_id].as_pem(private=False)

    def make() -> str:
        content = f"{encoded(head)}.{encoded(STANDIN.claims(ORGNR))}"
        mac = hmac.new(secret, content.encode(), digest).digest()
        return f"{content}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"

    return make


def changed(claims: dict[str, Any]) -> Callable[[], str]:
    """A good token with another content put in."""

    def make() -> str:
        head, _, signature = STANDIN.token(ORGNR).split(".")
        return f"{head}.{encoded(STANDIN.claims(ORGNR, **claims))}.{signature}"

    return make


def without_signature_end(count: int) -> Callable[[], str]:
    return lambda: STANDIN.token(ORGNR)[:-count]


def with_own_key(**header: Any) -> Callable[[], str]:
    """A token that brings the key that it is signed with."""
    key = STRANGER.keys[STRANGER.key_id]
    public = key.as_dict(private=False)
    filled = {name: public if value == "jwk" else value for name, value in header.items()}
    return lambda: STANDIN.signed(STANDIN.claims(ORGNR), header=filled, key=key)


FORGED: dict[str, Callable[[], str]] = {
    "no algorithm": unsigned("none"),
    "no algorithm, otherwise spelled": unsigned("nOnE"),
    "an algorithm and no signature": unsigned("RS256"),
    "HS256 with the public key": by_public_key("HS256", hashlib.sha256),
    "HS512 with the public key": by_public_key("HS512", hashlib.sha512),
    "PS256": headed(alg="PS256"),
    "the key of a stranger": lambda: STRANGER.signed(
        STANDIN.claims(ORGNR), header={"kid": STANDIN.key_id}
    ),
    "an unknown key": headed(kid="unknown"),
    "no key named": headed(kid=None),
    "a key named by a number": lambda: (
        f"{encoded({'alg': 'RS256', 'kid': 7})}.{encoded(STANDIN.claims(ORGNR))}.c2ln"
    ),
    "a key of its own": with_own_key(jwk="jwk"),
    "an address of its own keys": with_own_key(jku="https://evil.example/jwk"),
    "a certificate of its own": with_own_key(x5u="https://evil.example/cert"),
    "a small key": lambda: STANDIN.signed(STANDIN.claims(ORGNR), key=SMALL),
    "a header that must be understood": lambda: (
        f"{encoded({'alg': 'RS256', 'kid': STANDIN.key_id, 'crit': ['exp'], 'exp': 1})}"
        f".{encoded(STANDIN.claims(ORGNR))}.c2ln"
    ),
    "a token of another type": headed(typ="logout+jwt"),
    "a token_type of another kind": of(token_type="DPoP"),
    "a changed consumer": changed({"consumer": organisation(OTHER)}),
    "a changed scope": changed({"scope": f"{SCOPE} admin"}),
    "a signature cut by one": without_signature_end(1),
    "a signature cut by half": without_signature_end(170),
    "a signature of another token": lambda: ".".join(
        [*STANDIN.token(ORGNR).split(".")[:2], STANDIN.token(OTHER).split(".")[2]]
    ),
    "expired": of(exp=now() - 60),
    "expired long ago": of(exp=1),
    "no end": of(exp=None),
    "an end that is a text": of(exp=str(now() + HOUR)),
    "an end that is a fraction": of(exp=now() + HOUR + 0.5),
    "an end that is a flag": of(exp=True),
    "an end that is huge": raw(b'{"exp": 1e600000}'),
    "issued in the future": of(iat=now() + HOUR),
    "no beginning": of(iat=None),
    "not valid yet": of(nbf=now() + HOUR),
    "nbf that is no time": of(nbf="soon"),
    "another issuer": of(iss="https://maskinporten.no/"),
    "an issuer that begins alike": of(iss=f"{STANDIN.issuer}evil"),
    "an issuer without its slash": of(iss=STANDIN.issuer.rstrip("/")),
    "issuers as a list": of(iss=[STANDIN.issuer]),
    "no issuer": of(iss=None),
    "another scope": of(scope="saman:figures.read"),
    "a scope that begins alike": of(scope=f"{SCOPE}.all"),
    "a scope in other letters": of(scope=SCOPE.upper()),
    "a scope by another blank": of(scope=f"a:b\t{SCOPE}"),
    "scopes as a list": of(scope=[SCOPE]),
    "no scope": of(scope=None),
    "no consumer": of(consumer=None),
    "client_id in place of the consumer": of(consumer=None, client_id=ORGNR),
    "a consumer that is a text": of(consumer=f"0192:{ORGNR}"),
    "a consumer without its register": of(consumer={"authority": "iso6523", "ID": ORGNR}),
    "a consumer of another register": of(
        consumer={"authority": "iso6523-actorid-upis", "ID": f"9908:{ORGNR}"}
    ),
    "a consumer with another number behind": of(
        consumer={"authority": "iso6523-actorid-upis", "ID": f"0192:{ORGNR}:{OTHER}"}
    ),
    "a consumer whose number is wrong": of(consumer=organisation("310000010")),
    "a consumer in other digits": of(consumer=organisation("٣١٠٠٠٠٠١٩")),
    "consumers as a list": of(consumer=[organisation(ORGNR)]),
    "a consumer that stands twice": doubled("consumer", organisation(OTHER), organisation(ORGNR)),
    "a scope that stands twice": doubled("scope", "other:read", SCOPE),
    "an end that stands twice": doubled("exp", 1, now() + HOUR),
    "delegation without a supplier": of(delegation_source="https://altinn.example/"),
    "a supplier that is none": of(supplier={"ID": "0192:1"}),
    "two system users": of(authorization_details=[system_user(ORGNR), system_user(OTHER)]),
    "a system user without organisation": of(
        authorization_details=[{**system_user(ORGNR), "systemuser_org": None}]
    ),
    "a system user without id": of(
        authorization_details=[{**system_user(ORGNR), "systemuser_id": []}]
    ),
    "details that are no list": of(authorization_details=system_user(ORGNR)),
    "details that are texts": of(authorization_details=["urn:altinn:systemuser"]),
    "a content that is a list": raw(b"[]"),
    "a content that is no JSON": raw(b"{"),
    "a content that is no UTF-8": raw(b'{"iss": "\xff"}'),
    "a content that nests": raw(b"[" * 3_000),
    "a header that is no JSON": lambda: f"e30.{encoded({})}.c2ln",
    "parts that are empty": lambda: "..",
    "more than is read": of(note="x" * LENGTH_MAX),
}


@pytest.mark.parametrize("make", FORGED.values(), ids=FORGED)
async def test_a_forged_token_stands_for_nobody(make: Callable[[], str]) -> None:
    token = make()
    with pytest.raises(NotAuthenticated) as refused:
        await verified(token)
    # One sentence, which repeats nothing of what was sent.
    assert refused.value.message.startswith("the token is ")
    parts = [part for part in token.split(".") if len(part) > 8]
    assert not any(part in refused.value.message for part in parts)
    assert ORGNR not in refused.value.message


@pytest.mark.parametrize("audience", [None, "https://other.example", [], ["a", "b"], 7])
async def test_a_token_for_others_is_refused_where_an_audience_is_wanted(audience: Any) -> None:
    token = STANDIN.token(ORGNR, aud=audience)
    with pytest.raises(NotAuthenticated, match="meant for others"):
        await verified(token, audience=AUDIENCE)
    assert await verified(token)


async def test_each_issuer_signs_for_itself_only() -> None:
    test, production = TokenIssuer("https://test.example/"), TokenIssuer("https://prod.example/")
    issuers = [
        Issuer(IssuerSettings(issuer=each.issuer, scope=SCOPE), each.fetch)
        for each in (test, production)
    ]
    for each in (test, production):
        machine = await maskinporten.verify(each.token(ORGNR), issuers, now=datetime.now(UTC))
        assert machine.issuer == each.issuer
    crossed = test.signed(production.claims(ORGNR), header={"kid": production.key_id})
    with pytest.raises(NotAuthenticated):
        await maskinporten.verify(crossed, issuers, now=datetime.now(UTC))


def test_a_key_of_ours_is_no_token() -> None:
    assert not maskinporten.is_token("pub_0123456789ab.abc")
    assert not maskinporten.is_token("operator")
    assert maskinporten.is_token(STANDIN.token(ORGNR))
