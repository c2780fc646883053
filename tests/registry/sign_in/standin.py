"""A stand-in for an OpenID Connect provider: discovery, keys, and a code for whoever comes.

It has no pages; whoever is sent to it is sent back at once, as the person that the test named.
"""

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.browser.serving import served

CLIENT_ID = "saman-tests"
CLIENT_SECRET = "a secret:with/signs"


@dataclass
class StandIn:
    """A provider and what it says next.

    Attributes:
        person: the claims about whoever comes.
        is_away: whether it answers 503 to everything.
        asked: how often its keys were asked for.
    """

    person: dict[str, Any] = field(default_factory=dict)
    issuer: str = ""
    is_away: bool = False
    asked: int = 0
    key: RSAKey = field(default_factory=lambda: new_key("first"))
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def claims(self, nonce: str, /, **changes: Any) -> dict[str, Any]:
        """Return the claims of a good ID token; None takes one out."""
        now = int(datetime.now(UTC).timestamp())
        good = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "f47ac10b",
            "iat": now,
            "exp": now + 60,
            "nonce": nonce,
            **self.person,
        }
        return {name: value for name, value in (good | changes).items() if value is not None}

    def token(self, nonce: str, /, *, key: RSAKey | None = None, **changes: Any) -> str:
        """Return a signed ID token."""
        signing = key or self.key
        header = {"alg": "RS256", "kid": signing.kid}
        return jwt.encode(header, self.claims(nonce, **changes), signing)


def new_key(key_id: str) -> RSAKey:
    """Make a key to sign with."""
    return RSAKey.generate_key(2048, {"kid": key_id, "use": "sig", "alg": "RS256"})


@asynccontextmanager
async def stand_in() -> AsyncIterator[StandIn]:
    """Run the provider on a free port of loopback."""
    provider = StandIn()
    async with served(_app(provider)) as address:
        provider.issuer = address
        yield provider


def _app(provider: StandIn) -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def away(request: Request, call_next: Any) -> Response:
        if provider.is_away:
            return JSONResponse({}, status_code=503)
        answer: Response = await call_next(request)
        return answer

    @app.get("/.well-known/openid-configuration")
    async def metadata() -> dict[str, str]:
        return {
            "issuer": provider.issuer,
            "authorization_endpoint": f"{provider.issuer}/authorize",
            "token_endpoint": f"{provider.issuer}/token",
            "jwks_uri": f"{provider.issuer}/keys",
        }

    @app.get("/keys")
    async def keys() -> dict[str, Any]:
        provider.asked += 1
        return {"keys": [provider.key.as_dict(private=False)]}

    @app.get("/authorize")
    async def authorize(request: Request) -> Response:
        asked = dict(request.query_params)
        code = secrets.token_urlsafe(16)
        provider.codes[code] = asked
        query = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{query}", 303)

    @app.post("/token")
    async def token(request: Request) -> Response:
        form = {k: v[0] for k, v in parse_qs((await request.body()).decode()).items()}
        asked = provider.codes.pop(form.get("code", ""), None)
        shown = request.headers["authorization"].removeprefix("Basic ")
        name, _, secret = base64.b64decode(shown).decode().partition(":")
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).decode().rstrip("=")
        is_good = (
            asked is not None
            and (unquote(name), unquote(secret)) == (CLIENT_ID, CLIENT_SECRET)
            and asked["code_challenge"] == challenge
            and asked["redirect_uri"] == form.get("redirect_uri")
        )
        if asked is None or not is_good:
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        return JSONResponse({"id_token": provider.token(asked["nonce"]), "token_type": "Bearer"})

    return app
