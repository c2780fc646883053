"""How to reach the broker, and the FastStream broker that all subscribers hang on."""

import logging
from typing import Any

from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

HEARTBEATS_PER_SESSION = 10
POLL_INTERVAL_MILLISECONDS = 300_000
WAIT_MILLISECONDS = 1_000
"""How long a poll waits for records; it returns at once when some are there."""

STOP_SECONDS = 15.0


class BusSettings(BaseSettings):
    """Where Kafka is and who we are there."""

    model_config = SettingsConfigDict(env_prefix="SAMAN_KAFKA_", extra="ignore")

    bootstrap: str = Field(default="127.0.0.1:9092", description="Addresses of brokers, host:port, comma separated.")
    client_id: str = Field(default="saman", description="Name shown in the broker's logs and quotas.")
    replica: str = Field(
        default="0",
        description="Unique among a service's running replicas; lets a restart take its partitions back at once.",
    )
    replication: int = Field(default=1, description="Copies of each new topic; 3 in production.")
    session_seconds: float = Field(
        default=30,
        ge=1,
        le=300,
        description="Seconds of silence after which a consumer's partitions go to another. The broker has bounds too.",
    )
    group_prefix: str = Field(default="", description="Put before every consumer group; for tests that share a broker.")

    @property
    def session_ms(self) -> int:
        """The session in milliseconds."""
        return int(self.session_seconds * 1_000)

    def client_options(self) -> dict[str, Any]:
        """Options that every aiokafka client takes."""
        return {
            "bootstrap_servers": self.bootstrap.split(","),
            "client_id": self.client_id,
            "metadata_max_age_ms": 5_000,
            "retry_backoff_ms": 200,
        }


def make_broker(bus: BusSettings) -> KafkaBroker:
    """Return a broker with the settings that the delivery policy needs; nothing is connected yet."""
    log = logging.getLogger("saman.faststream")
    log.setLevel(logging.ERROR)  # its lines per batch would bury ours; failed commits are CRITICAL
    return KafkaBroker(
        **bus.client_options(),
        logger=log,
        consumer_only=True,  # the relay publishes; a producer here could only be misused
        request_timeout_ms=10_000,
        allow_auto_create_topics=False,
        graceful_timeout=STOP_SECONDS,
        ack_policy=AckPolicy.NACK_ON_ERROR,
    )
