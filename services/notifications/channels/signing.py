"""Secrets of webhooks. They are not kept but derived, so a copy of the database holds none.

A subscription's secret is HMAC-SHA256 over its id and a random salt with a key that only the
running service has. The salt is all that is stored; a new salt is a new secret. (`docs/decisions/`
says why this and not encryption.)
"""

import base64
import hmac
import secrets
from dataclasses import dataclass

KEY_LENGTH_MIN = 32
SALT_BYTES = 16
_PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class Signer:
    """Derives secrets.

    Args:
        key: at least 32 bytes that nobody can guess; with another key every receiver needs a new
            secret.
    """

    key: bytes

    def __post_init__(self) -> None:
        if len(self.key) < KEY_LENGTH_MIN:
            raise ValueError(
                f"the webhook key must have at least {KEY_LENGTH_MIN} bytes, got {len(self.key)}"
            )

    def secret(self, subscription_id: str, salt: bytes) -> str:
        """Return a subscription's secret in the form of Standard Webhooks, `whsec_…`."""
        cause = b"saman webhook\x00" + subscription_id.encode() + b"\x00" + salt
        return _PREFIX + base64.b64encode(hmac.digest(self.key, cause, "sha256")).decode()


def new_salt() -> bytes:
    """Return a new random salt."""
    return secrets.token_bytes(SALT_BYTES)
