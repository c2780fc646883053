"""What whoever gets an account on Kafka must know to use it."""

from dataclasses import asdict, dataclass

from shared.kafka.broker import BusSettings


@dataclass(frozen=True, slots=True)
class WayIn:
    """How an account comes in, as `--json` tells it.

    Attributes:
        kafka_account: its name.
        kafka_address: host and port of brokers, `bootstrap.servers` of all clients.
        kafka_certificate: file with the authority that signed the brokers' certificates; None where
            the connection is not encrypted.
        kafka_group: a consumer group that the account may use; any other name works that is the
            account's, or begins with it and a dot.
    """

    kafka_account: str
    kafka_address: str
    kafka_certificate: str | None
    kafka_group: str

    def fields(self) -> dict[str, str | None]:
        """Return it by name."""
        return asdict(self)

    def sentences(self) -> list[str]:
        """Return it for people."""
        certificate = f" and the certificate {self.kafka_certificate}" * bool(
            self.kafka_certificate
        )
        return [
            f"Kafka: account {self.kafka_account} at {self.kafka_address}{certificate};"
            f" consumer groups are named like {self.kafka_group} (docs/connect.md)"
        ]


def way_in(bus: BusSettings, account: str) -> WayIn:
    """Return how an account comes to the broker."""
    return WayIn(
        kafka_account=account,
        kafka_address=bus.public_bootstrap or bus.bootstrap,
        kafka_certificate=None if bus.ca_file is None else str(bus.ca_file),
        kafka_group=f"{account}.example",
    )
