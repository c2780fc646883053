"""Where a service hands in mail, and who it comes from."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

HAND_IN_SECONDS_MAX = 60.0
"""The longest that handing in one mail may be set to take."""

_ADDRESS = r"^[\x21-\x7e]+@[\x21-\x7e]+$"


class MailSettings(BaseSettings):
    """Where mail is handed in, and who it comes from; each service sets a prefix of its own."""

    model_config = SettingsConfigDict(env_prefix="SAMAN_MAIL_", extra="ignore")

    host: str = Field(default="127.0.0.1", description="Name or address of the mail server.")
    port: int = Field(default=25, ge=1, le=65535, description="Its port.")
    security: Literal["none", "starttls", "tls"] = Field(
        default="none",
        description=(
            "none, starttls (begins in clear, then must be encrypted) or tls (from the start)."
        ),
    )
    username: str | None = Field(default=None, description="For servers that want a log-in.")
    password: SecretStr | None = Field(default=None, description="Its password.")
    sender: str = Field(
        default="varsel@saman.invalid",
        pattern=_ADDRESS,
        max_length=254,
        description="Address that mail comes from.",
    )
    sender_name: str = Field(default="Saman", max_length=200, description="Name shown beside it.")
    contact: str | None = Field(
        default=None,
        pattern=_ADDRESS,
        max_length=254,
        description="Address of the people to write to, also to end a subscription.",
    )
    timeout_seconds: float = Field(
        default=15.0,
        gt=0,
        le=HAND_IN_SECONDS_MAX,
        description="For handing in one mail, from first to last.",
    )
