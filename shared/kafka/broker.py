"""How to reach the broker, and the FastStream broker that all subscribers belong to."""

import logging
import ssl
from pathlib import Path
from typing import Any, Literal, Self

from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram512
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

HEARTBEATS_PER_SESSION = 10
POLL_INTERVAL_MILLISECONDS = 300_000
WAIT_MILLISECONDS = 1_000
"""How long a poll waits for records; it returns at once when some are there."""

STOP_SECONDS = 15.0


class BusSettings(BaseSettings):
    """Where Kafka is and who we are there."""

    model_config = SettingsConfigDict(env_prefix="SAMAN_KAFKA_", extra="ignore")

    bootstrap: str = Field(
        default="127.0.0.1:9092", description="Addresses of brokers, host:port, comma separated."
    )
    public_bootstrap: str = Field(
        default="",
        description=(
            "Addresses by which publishers and readers reach the brokers, as they are told; empty"
            " where they are those of `bootstrap`."
        ),
    )
    client_id: str = Field(
        default="saman", description="Name shown in the broker's logs and quotas."
    )
    username: str = Field(
        default="",
        description=(
            "Account; empty where the broker has none, as in tests. A service's is its name."
        ),
    )
    password: SecretStr = Field(default=SecretStr(""), description="Of the account.")
    mechanism: Literal["SCRAM-SHA-512", "PLAIN"] = Field(
        default="SCRAM-SHA-512",
        description="PLAIN only for the operator on a broker that has no accounts yet.",
    )
    ca_file: Path | None = Field(
        default=None,
        description="Certificate authority of the broker, PEM; with it the connection is TLS.",
    )
    replica: str = Field(
        default="0",
        description=(
            "Unique among a service's running replicas; lets a restart take its partitions back at"
            " once."
        ),
    )
    replication: int = Field(default=1, description="Copies of each new topic; 3 in production.")
    session_seconds: float = Field(
        default=30,
        ge=1,
        le=300,
        description=(
            "Seconds of silence after which a consumer's partitions go to another. The broker has"
            " bounds too."
        ),
    )
    group_prefix: str = Field(
        default="", description="Put before every consumer group; for tests that share a broker."
    )

    @property
    def session_ms(self) -> int:
        """The session in milliseconds."""
        return int(self.session_seconds * 1_000)

    @property
    def security_protocol(self) -> str:
        """The protocol's name in Kafka, as it follows from account and certificate."""
        return f"SASL_{self._transport}" if self.username else self._transport

    def as_account(self, username: str, password: SecretStr) -> Self:
        """Return the same settings for an account that the broker keeps; without a password they
        stay as they are.
        """
        if not password.get_secret_value():
            return self
        return self.model_copy(
            update={"username": username, "password": password, "mechanism": "SCRAM-SHA-512"}
        )

    def client_options(self) -> dict[str, Any]:
        """Options that every aiokafka client takes."""
        options = self._plain_options()
        if self.ca_file is not None:
            options["ssl_context"] = self._ssl_context()
        if self.username:
            options["sasl_mechanism"] = self.mechanism
            options["sasl_plain_username"] = self.username
            options["sasl_plain_password"] = self.password.get_secret_value()
        return {**options, "security_protocol": self.security_protocol}

    def faststream_options(self) -> dict[str, Any]:
        """The same options for FastStream, which names those of accounts differently."""
        return {**self._plain_options(), "security": self._security()}

    @property
    def _transport(self) -> str:
        return "PLAINTEXT" if self.ca_file is None else "SSL"

    def _plain_options(self) -> dict[str, Any]:
        return {
            "bootstrap_servers": self.bootstrap.split(","),
            "client_id": self.client_id,
            "metadata_max_age_ms": 5_000,
            "retry_backoff_ms": 200,
        }

    def _security(self) -> BaseSecurity | None:
        context = self._ssl_context() if self.ca_file is not None else None
        if not self.username:
            return BaseSecurity(ssl_context=context, use_ssl=True) if context is not None else None
        kind = SASLPlaintext if self.mechanism == "PLAIN" else SASLScram512
        return kind(
            self.username,
            self.password.get_secret_value(),
            ssl_context=context,
            use_ssl=context is not None,
        )

    def _ssl_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file)


def make_broker(bus: BusSettings) -> KafkaBroker:
    """Return a broker with the settings that the delivery policy needs; nothing is connected
    yet.
    """
    log = logging.getLogger("saman.faststream")
    log.setLevel(logging.ERROR)  # its lines per batch would bury ours; failed commits are CRITICAL
    return KafkaBroker(
        **bus.faststream_options(),
        logger=log,
        consumer_only=True,  # the relay publishes; a producer here could only be misused
        request_timeout_ms=10_000,
        allow_auto_create_topics=False,
        graceful_timeout=STOP_SECONDS,
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )
