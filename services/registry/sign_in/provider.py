"""OpenID Connect: a provider tells who somebody is, and how its answer is checked.

The authorization code flow with PKCE, `state` and `nonce` (OpenID Connect Core 1.0, RFC 7636, RFC
9700). What waits for the answer travels in an encrypted cookie, so that an answer is good only in
the browser that asked, and once the cookie is gone not again.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx2
from authlib.common.security import generate_token
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import NotAuthenticated, Unavailable
from shared.service.clients import new_client

ALGORITHMS = ["RS256", "PS256", "ES256"]
"""What an ID token may be signed with; never `none`, and never a secret that both sides know."""

LEEWAY = timedelta(seconds=10)
ANSWER_SECONDS = 10.0
PENDING_LASTS = timedelta(minutes=10)
METADATA = "/.well-known/openid-configuration"
VERIFIER_LENGTH = 64
KEYS_KEPT_SECONDS = 60.0
"""Keys are asked for anew so often at most, however many tokens do not fit them."""


class ProviderSettings(BaseSettings):
    """Which provider people come in by; without an issuer, only a link in a mail lets them in."""

    model_config = SettingsConfigDict(env_prefix="SAMAN_REGISTRY_OIDC_", extra="ignore")

    issuer: str = Field(
        default="",
        pattern=r"^(https://.+|http://(127\.0\.0\.1|localhost)[:/].*)?$",
        description="Address of the provider, as it stands in `iss`.",
    )
    client_id: str = Field(default="", description="What the provider knows this installation by.")
    client_secret: SecretStr = Field(default=SecretStr(""), description="Its secret.")
    name: str = Field(default="Ansattporten", description="What the button calls the provider.")
    scope: str = Field(default="openid profile email", description="What is asked for.")
    authorization_details: str = Field(
        default="",
        description="JSON of what else is asked for (RFC 9396), such as an organisation picker.",
    )
    trusts_addresses: bool = Field(
        default=False,
        description="Whether an address counts that the provider does not call verified.",
    )


@dataclass(frozen=True, slots=True)
class Pending:
    """What waits for the provider's answer in one browser."""

    state: str
    nonce: str
    verifier: str
    to: str
    asked_at: float

    def claims(self) -> dict[str, Any]:
        """Return it as a cookie holds it."""
        return {
            "state": self.state,
            "nonce": self.nonce,
            "verifier": self.verifier,
            "to": self.to,
            "asked": self.asked_at,
        }

    @classmethod
    def read(cls, claims: Mapping[str, Any] | None) -> "Pending | None":
        """Read it back; None of what is something else."""
        try:
            if claims is None:
                return None
            return cls(
                state=str(claims["state"]),
                nonce=str(claims["nonce"]),
                verifier=str(claims["verifier"]),
                to=str(claims["to"]),
                asked_at=float(claims["asked"]),
            )
        except (KeyError, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says it is.

    Attributes:
        email: an address that the person is known to read; None where the provider names none.
    """

    subject: str
    name: str
    email: str | None


class Provider:
    """One provider.

    Args:
        settings: which one, and who we are to it.
        redirect_uri: where it sends people back to.
    """

    def __init__(self, settings: ProviderSettings, redirect_uri: str) -> None:
        self.settings = settings
        self._redirect_uri = redirect_uri
        self._metadata: dict[str, Any] | None = None
        self._keys: KeySet | None = None
        self._keys_at = 0.0

    async def begin(self, to: str, *, now: datetime) -> tuple[str, Pending]:
        """Return where to send a browser, and what waits in it for the answer.

        Raises:
            Unavailable: the provider does not answer.
        """
        metadata = await self._known()
        pending = Pending(
            generate_token(32),
            generate_token(32),
            generate_token(VERIFIER_LENGTH),
            to,
            now.timestamp(),
        )
        details = self.settings.authorization_details
        address = prepare_grant_uri(
            metadata["authorization_endpoint"],
            self.settings.client_id,
            "code",
            redirect_uri=self._redirect_uri,
            scope=self.settings.scope,
            state=pending.state,
            nonce=pending.nonce,
            code_challenge=create_s256_code_challenge(pending.verifier),
            code_challenge_method="S256",
            **({"authorization_details": details} if details else {}),
        )
        return address, pending

    async def finish(
        self, code: str, state: str, pending: Pending | None, *, now: datetime
    ) -> Identity:
        """Return who came back from the provider.

        Raises:
            NotAuthenticated: the answer is not to a question of this browser, is too late, or its
                token is not good.
            Unavailable: the provider does not answer.
        """
        if pending is None or state != pending.state:
            raise _refused("it answers no question of this browser")
        if now.timestamp() - pending.asked_at > PENDING_LASTS.total_seconds():
            raise _refused("it came too late")
        metadata = await self._known()
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": pending.verifier,
        }
        answer = await self._post(metadata["token_endpoint"], body)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise _refused("it has no ID token")
        return await self.identity(token, pending, now=now)

    async def identity(self, token: str, pending: Pending, *, now: datetime) -> Identity:
        """Return whom an ID token tells of.

        Raises:
            NotAuthenticated: its signature, its issuer, who it is for, its times or its nonce are
                not what they must be.
            Unavailable: the provider's keys cannot be had.
        """
        claims = await self._verified(token)
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        moment = now.timestamp()
        faults = (
            claims.get("iss") != (await self._known())["issuer"] and "it is another issuer's",
            self.settings.client_id not in named and "it is for somebody else",
            len(named) > 1
            and claims.get("azp") != self.settings.client_id
            and "it was given to somebody else",
            not _is_time(claims, "exp") and "it does not say when it ends",
            not _is_time(claims, "iat") and "it does not say when it was made",
        )
        for fault in faults:
            if fault:
                raise _refused(fault)
        leeway = LEEWAY.total_seconds()
        if claims["exp"] + leeway <= moment:
            raise _refused("it is over")
        if claims["iat"] - leeway > moment:
            raise _refused("it is from the future")
        if claims.get("nonce") != pending.nonce:
            raise _refused("it answers another question")
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject:
            raise _refused("it does not say whom it is about")
        return Identity(subject, str(claims.get("name") or ""), self._address(claims))

    def _address(self, claims: Mapping[str, Any]) -> str | None:
        email = claims.get("email")
        is_known = claims.get("email_verified") is True or self.settings.trusts_addresses
        return email if isinstance(email, str) and is_known else None

    async def _verified(self, token: str) -> dict[str, Any]:
        """Check the signature; a provider that changed its keys is asked for them once more."""
        try:
            return jwt.decode(token, await self._key_set(), algorithms=ALGORITHMS).claims
        except (JoseError, ValueError):
            if not self._are_keys_old():
                raise _refused("its signature does not fit") from None
        self._keys = None
        try:
            return jwt.decode(token, await self._key_set(), algorithms=ALGORITHMS).claims
        except (JoseError, ValueError):
            raise _refused("its signature does not fit") from None

    def _are_keys_old(self) -> bool:
        return time.monotonic() - self._keys_at > KEYS_KEPT_SECONDS

    async def _key_set(self) -> KeySet:
        if self._keys is None:
            try:
                keys = await self._get((await self._known())["jwks_uri"])
                self._keys = KeySet.import_key_set(keys)  # type: ignore[arg-type]  # judged inside
                self._keys_at = time.monotonic()
            except (JoseError, ValueError, TypeError, KeyError):
                raise Unavailable("the provider's keys cannot be read now") from None
        return self._keys

    async def _known(self) -> dict[str, Any]:
        """Return the provider's metadata, asked for once it answered (OpenID Discovery 1.0)."""
        if self._metadata is None:
            found = await self._get(self.settings.issuer.rstrip("/") + METADATA)
            names = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
            if not all(isinstance(found.get(name), str) for name in names):
                raise Unavailable("the provider's metadata cannot be read now")
            if found["issuer"].rstrip("/") != self.settings.issuer.rstrip("/"):
                raise Unavailable("the provider's metadata name another issuer")
            self._metadata = found
        return self._metadata

    async def _get(self, address: str) -> dict[str, Any]:
        async with new_client(timeout=ANSWER_SECONDS) as client:
            return await _answered(client.get(address))

    async def _post(self, address: str, body: Mapping[str, str]) -> dict[str, Any]:
        secret = self.settings.client_secret.get_secret_value()
        shown = (quote(self.settings.client_id, safe=""), quote(secret, safe=""))  # RFC 6749 §2.3.1
        async with new_client(timeout=ANSWER_SECONDS, auth=shown) as client:
            return await _answered(client.post(address, data=body))


async def _answered(asked: Any) -> dict[str, Any]:
    try:
        answer: httpx2.Response = await asked
        content = answer.json()
    except (httpx2.HTTPError, ValueError) as error:
        raise Unavailable(f"the provider does not answer now ({type(error).__name__})") from None
    if answer.status_code >= 500:
        raise Unavailable(f"the provider answered {answer.status_code}")
    if answer.status_code >= 400 or not isinstance(content, dict):
        raise _refused("the provider did not take the code")
    return content


def _is_time(claims: Mapping[str, Any], name: str) -> bool:
    value = claims.get(name)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refused(why: str) -> NotAuthenticated:
    return NotAuthenticated(
        f"the provider's answer is not accepted: {why}", code="provider-answer-refused"
    )
