"""A stand-in for Maskinporten: its keys, its metadata, and tokens as it makes them."""

import json
import secrets
import time
import warnings
from base64 import urlsafe_b64encode
from typing import Any

from fastapi import FastAPI
from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry

from shared.access.issuers import METADATA
from shared.errors import Unavailable

SCOPE = "saman:figures.write"
ISO_6523 = "iso6523-actorid-upis"
_ANYTHING = JWSRegistry(algorithms=list(JWSRegistry.algorithms), strict_check_header=False)


def organisation(number: str) -> dict[str, str]:
    """Return an organisation as tokens name it."""
    return {"authority": ISO_6523, "ID": f"0192:{number}"}


def system_user(number: str) -> dict[str, Any]:
    """Return the detail of a token that belongs to a system user of an organisation."""
    return {
        "type": "urn:altinn:systemuser",
        "systemuser_id": ["4bc7985b-e931-45ed-a35c-cfd6e1ca80b8"],
        "systemuser_org": organisation(number),
        "system_id": "payroll",
    }


def encoded(content: Any) -> str:
    """Return a part of a token; a text is taken as it is."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def new_key(bits: int = 2_048) -> RSAKey:
    """Return a key pair, also one that is too small to be good."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        return RSAKey.generate_key(bits, private=True)


class TokenIssuer:
    """The stand-in.

    Args:
        issuer: its address.

    Attributes:
        is_away: it does not answer.
        asked_count: how often its keys were asked for.
    """

    def __init__(self, issuer: str = "https://test.maskinporten.example/") -> None:
        self.issuer = issuer
        self.is_away = False
        self.asked_count = 0
        self.keys: dict[str, RSAKey] = {}
        self.key_id = self.rotate()

    def rotate(self, *, bits: int = 2_048) -> str:
        """Sign with another key from now on; the old one stays published. Return its id."""
        self.key_id = secrets.token_hex(4)
        self.keys[self.key_id] = new_key(bits)
        return self.key_id

    def claims(self, number: str, **changes: Any) -> dict[str, Any]:
        """Return what a token for an organisation says; a change to None leaves a claim out."""
        now = int(time.time())
        said = {
            "iss": self.issuer,
            "client_amr": "private_key_jwt",
            "token_type": "Bearer",
            "client_id": "9f2b0a7e-5b0e-4d1e-8a50-3c1e1a1b7d11",
            "jti": secrets.token_urlsafe(16),
            "scope": SCOPE,
            "iat": now,
            "exp": now + 119,
            "consumer": organisation(number),
            **changes,
        }
        return {name: value for name, value in said.items() if value is not None}

    def token(self, number: str, **changes: Any) -> str:
        """Return a token for an organisation."""
        return self.signed(self.claims(number, **changes))

    def signed(self, claims: Any, *, header: dict[str, Any] | None = None, key: Any = None) -> str:
        """Return what claims are when they are signed; bytes are signed as they are."""
        head = {"kid": self.key_id, "alg": "RS256"} | (header or {})
        head = {name: value for name, value in head.items() if value is not None}
        content = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
        return jws.serialize_compact(
            head, content, key or self.keys[self.key_id], registry=_ANYTHING
        )

    def metadata(self) -> dict[str, Any]:
        """Return what it says of itself."""
        return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}jwk"}

    def key_set(self) -> dict[str, Any]:
        """Return its public keys."""
        listed = [
            key.as_dict(private=False) | {"kid": key_id, "use": "sig", "alg": "RS256"}
            for key_id, key in self.keys.items()
        ]
        return {"keys": listed}

    async def fetch(self, address: str) -> bytes:
        """Answer without a network."""
        if self.is_away:
            raise Unavailable(f"{address} does not answer")
        if address == f"{self.issuer}{METADATA}":
            return json.dumps(self.metadata()).encode()
        assert address == f"{self.issuer}jwk"
        self.asked_count += 1
        return json.dumps(self.key_set()).encode()

    def app(self) -> FastAPI:
        """Return it as a server."""
        app = FastAPI()
        app.get(f"/{METADATA}")(self.metadata)
        app.get("/jwk")(self.key_set)
        return app
