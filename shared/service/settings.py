"""What every service is told at its start."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from shared.access.issuers import IssuerSettings
from shared.http import bounds
from shared.kafka.broker import BusSettings


class ServiceSettings(BaseSettings):
    """What every service is told; each has its own prefix, `SAMAN_<SERVICE>_`."""

    database_dsn: str = Field(
        description="PostgreSQL address with the service's own role, postgresql://…"
    )
    pool_size: int = Field(default=10, ge=2, le=100, description="Database connections at most.")
    kafka_password: SecretStr = Field(
        default=SecretStr(""),
        description="Of the service's own Kafka account, which is named like the service.",
    )
    operator_key_hash: str = Field(
        default="",
        validation_alias="SAMAN_OPERATOR_KEY_HASH",
        description="SHA-256 of the operator's key, in hex.",
    )
    session_keys: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="SAMAN_SESSION_KEYS",
        description=(
            "Secret keys of the sessions of people, the same for all services: at least 32 random"
            " characters each, separated by spaces. The first one writes, all of them read."
            " Without one, nobody can sign in."
        ),
    )
    maskinporten: list[IssuerSettings] = Field(
        default=[],
        validation_alias="SAMAN_MASKINPORTEN",
        description='Issuers of tokens that are taken in place of keys, as JSON: [{"issuer":'
        ' "https://maskinporten.no/", "scope": "…", "audience": "…"}]; none by default.',
    )
    session_idle_minutes: int = Field(
        default=30,
        ge=1,
        le=24 * 60,
        validation_alias="SAMAN_SESSION_IDLE_MINUTES",
        description="Minutes without a request after which a session is over.",
    )
    session_minutes: int = Field(
        default=120,
        ge=1,
        le=24 * 60,
        validation_alias="SAMAN_SESSION_MINUTES",
        description="Minutes after which a session is over in any case.",
    )
    requests_per_minute: int = Field(
        default=6_000,
        ge=1,
        le=1_000_000,
        description="Requests of one publisher's key per minute, in each replica.",
    )
    requests_burst: int = Field(
        default=1_000, ge=1, le=100_000, description="Of these so many at once."
    )
    requests_at_once: int = Field(
        default=100, ge=1, le=10_000, description="Requests of one key running at once."
    )
    open_per_minute: int = Field(
        default=bounds.OPEN_PER_MINUTE,
        ge=1,
        le=1_000_000,
        description="Requests without a key from one address per minute, in each replica.",
    )
    open_burst: int = Field(
        default=bounds.OPEN_BURST, ge=1, le=100_000, description="Of these so many at once."
    )
    clock_offset_seconds: float = Field(
        default=0,
        validation_alias="SAMAN_CLOCK_OFFSET_SECONDS",
        description="By how much the clock differs from the true time; for tests and demo. The same"
        " for all processes of a stack, because the times of records are shifted by it too.",
    )
    bus: BusSettings = Field(
        default_factory=BusSettings, description="How to reach Kafka; SAMAN_KAFKA_…"
    )
