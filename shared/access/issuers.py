"""Issuers of tokens: their keys, as their metadata names them, kept for a while.

A key that is not known is looked for at the issuer once a minute at most, however many tokens name
it. While the issuer is away, its keys hold on for a day.
"""

import asyncio
import time
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from pydantic import BaseModel, ConfigDict, Field

from shared import strict_json
from shared.errors import NotAuthenticated, RuleBroken, Unavailable

LOG = structlog.get_logger()

REFRESH_SECONDS = 3_600.0
"""How old keys may be before they are fetched anew."""

KEPT_SECONDS = 24 * 3_600.0
"""How old keys may be while their issuer does not answer; a key that it took back ends by then."""

UNKNOWN_KEY_SECONDS = 60.0
"""How often is looked for a key that is not known."""

AWAY_SECONDS = 5.0
"""How often an issuer that never answered is asked again."""

KEY_BITS_MIN = 2_048
METADATA = ".well-known/oauth-authorization-server"
"""RFC 8414, behind the issuer as Maskinporten has it."""

Fetch = Callable[[str], Awaitable[bytes]]
"""Returns what stands at an address; raises `Unavailable` when it cannot be had."""


class IssuerSettings(BaseModel):
    """An issuer whose tokens are accepted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str = Field(
        pattern=r"^(https://|http://(127\.0\.0\.1|localhost)[:/])",
        description="Its address, as it stands in `iss`, such as https://maskinporten.no/.",
    )
    scope: str = Field(pattern=r"^[!#-\[\]-~]+$", description="The scope that a token must have.")
    audience: str | None = Field(
        default=None, description="What must stand in `aud`; without it `aud` is not looked at."
    )


class Issuer:
    """One issuer's keys.

    Args:
        settings: which issuer.
        fetch: asks it.
        clock: seconds that only rise.
    """

    def __init__(
        self, settings: IssuerSettings, fetch: Fetch, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings = settings
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, RSAKey] = {}
        self._fetched_at: float | None = None
        self._asked_at: float | None = None
        self._asking = asyncio.Lock()

    async def key(self, key_id: str) -> RSAKey:
        """Return a public key.

        Raises:
            NotAuthenticated: the issuer has no such key.
            Unavailable: its keys are not known, and it does not answer now.
        """
        if self._is_to_be_asked(key_id):
            async with self._asking:
                if self._is_to_be_asked(key_id):
                    await self._ask()
        if self._fetched_at is None or self._age() > KEPT_SECONDS:
            raise Unavailable(
                f"the keys of the issuer {self.settings.issuer} cannot be fetched now;"
                " publishers' own keys work on"
            )
        if key_id not in self._keys:
            raise NotAuthenticated("the token is signed with a key that its issuer does not have")
        return self._keys[key_id]

    def _age(self) -> float:
        assert self._fetched_at is not None
        return self._clock() - self._fetched_at

    def _is_to_be_asked(self, key_id: str) -> bool:
        if self._asked_at is None:
            return True
        pause = AWAY_SECONDS if self._fetched_at is None else UNKNOWN_KEY_SECONDS
        if self._clock() - self._asked_at < pause:
            return False
        return self._fetched_at is None or key_id not in self._keys or self._age() > REFRESH_SECONDS

    async def _ask(self) -> None:
        self._asked_at = self._clock()
        try:
            metadata = _object(await self._fetch(f"{self.settings.issuer}{METADATA}"))
            if metadata.get("issuer") != self.settings.issuer:
                raise RuleBroken(f"the metadata name another issuer: {metadata.get('issuer')!r}")
            self._keys = _keys_of(_object(await self._fetch(self._key_address(metadata))))
            self._fetched_at = self._clock()
        except (RuleBroken, Unavailable) as error:
            LOG.warning(
                "keys of an issuer not fetched", issuer=self.settings.issuer, error=error.message
            )

    def _key_address(self, metadata: dict[str, Any]) -> str:
        address = metadata.get("jwks_uri")
        wanted = urlsplit(self.settings.issuer).scheme
        if not isinstance(address, str) or urlsplit(address).scheme != wanted:
            raise RuleBroken(f"the metadata name no {wanted} address of keys: {address!r}")
        return address


def _object(content: bytes) -> dict[str, Any]:
    read = strict_json.loads(content)
    if not isinstance(read, dict):
        raise RuleBroken("the answer is no JSON object")
    return read


def _keys_of(document: dict[str, Any]) -> dict[str, RSAKey]:
    """Return the RSA keys of a key set that signatures are verified with, by their ids."""
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise RuleBroken("the key set has no keys")
    found: dict[str, RSAKey] = {}
    for each in listed:
        if (
            not isinstance(each, dict)
            or each.get("kty") != "RSA"
            or each.get("use", "sig") != "sig"
        ):
            continue
        key_id = each.get("kid")
        if not isinstance(key_id, str) or key_id in found:
            raise RuleBroken("a key of the key set has no id, or that of another one")
        try:
            if _bits_of(each["n"]) >= KEY_BITS_MIN:
                found[key_id] = RSAKey.import_key({part: each[part] for part in ("kty", "n", "e")})
        except (JoseError, ValueError, TypeError, KeyError):
            raise RuleBroken(f"the key {key_id!r} of the key set cannot be read") from None
    return found


def _bits_of(modulus: str) -> int:
    raw = urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4))
    return int.from_bytes(raw, "big").bit_length()
