"""The broker of a stack folder with accounts: who has which password, and through which doors they
come.

Beside INTERNAL and PUBLISHERS there is by default a third door, LOCAL, on the loopback address and
without accounts: whoever can start programs on this machine may do everything there. It is what
`stack.json` calls `kafka`. Decision 30 says why it is there, and how to shut it.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from deploy.local.folder import Secrets, write_private
from deploy.local.kafka import KafkaOptions, KafkaServer, Listener
from deploy.local.ports import HOST
from deploy.operate.accounts import listeners
from deploy.operate.accounts.certificates import AUTHORITY, SERVER, put_certificates
from deploy.operate.accounts.rights import BROKER, OPERATOR
from deploy.services import SERVICES
from shared.kafka.broker import BusSettings

LOCAL = "LOCAL"
ANONYMOUS = "ANONYMOUS"
"""Kafka's name for whoever comes through a door without accounts."""

OPEN_VARIABLE = "SAMAN_STACK_OPEN_KAFKA"
_FOLDER = "accounts"
_LOGIN = "login.conf"


def is_open(environment: Mapping[str, str] = os.environ) -> bool:
    """Tell whether the door without accounts is wanted; `SAMAN_STACK_OPEN_KAFKA=no` shuts it."""
    return environment.get(OPEN_VARIABLE, "yes").lower() not in ("no", "false", "0")


def options(folder: Path, *, local: bool) -> KafkaOptions:
    """Return what a stack's broker is told so that it knows accounts.

    Args:
        folder: the stack's.
        local: whether there is a door without accounts on the loopback address.
    """
    own = folder / _FOLDER

    def prepare() -> None:
        put_certificates(own, names=("localhost", HOST))
        secrets = Secrets(folder)
        login = listeners.login(
            broker_password=secrets.make(secret_of(BROKER)),
            operator_password=secrets.make(secret_of(OPERATOR)),
        )
        write_private(own / _LOGIN, login)

    doors = (
        Listener(name=listeners.PUBLISHERS, protocol="SASL_SSL"),
        *((Listener(name=LOCAL, protocol="PLAINTEXT"),) if local else ()),
    )
    return KafkaOptions(
        listeners=doors,
        protocols={listeners.INTERNAL: "SASL_PLAINTEXT", listeners.CONTROLLER: "SASL_PLAINTEXT"},
        properties=listeners.properties(
            certificate=str(own / SERVER),
            authority=str(own / AUTHORITY),
            superusers=(ANONYMOUS,) if local else (),
        ),
        java_options=(f"-Djava.security.auth.login.config={own / _LOGIN}",),
        prepare=prepare,
        bus_at=lambda bootstrap: operator_at(folder, bootstrap),
    )


def operator_at(folder: Path, bootstrap: str) -> BusSettings:
    """Return how the operator reaches the INTERNAL listener at an address, on a broker that knows
    nobody else too.
    """
    password = SecretStr(Secrets(folder).make(secret_of(OPERATOR)))
    return BusSettings(
        bootstrap=bootstrap,
        client_id="saman-stack",
        username=OPERATOR,
        password=password,
        mechanism="PLAIN",
    )


def passwords(folder: Path) -> dict[str, str]:
    """Return the passwords of the services and the operator; they are made when there are none."""
    kept = Secrets(folder)
    return {account: kept.make(secret_of(account)) for account in (*SERVICES, OPERATOR)}


def description(folder: Path, kafka: KafkaServer, *, local: bool) -> dict[str, object]:
    """Return what `stack.json` tells of Kafka: `kafka` is LOCAL, or PUBLISHERS where that is
    shut.
    """
    publishers = f"{HOST}:{kafka.port_of(listeners.PUBLISHERS)}"
    return {
        "kafka": f"{HOST}:{kafka.port_of(LOCAL)}" if local else publishers,
        "kafka_publishers": publishers,
        "kafka_ca": str(folder / _FOLDER / AUTHORITY),
        "kafka_password": passwords(folder)[OPERATOR],
    }


def secret_of(account: str) -> str:
    """Return under which name a password is kept in the folder."""
    return f"kafka/{account}"
