"""The secrets of an installation that begins: random ones, made once and kept, and what follows
from them.

Each reader's lie in a folder of its own, so that nobody sees more than it needs; `secret_files`
makes settings of them.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.containers.secret_files import PREFIX
from deploy.local.databases import SUPERUSER
from deploy.local.folder import Secrets
from deploy.operate.accounts import listeners
from deploy.operate.accounts.certificates import AUTHORITY, SERVER, put_certificates
from deploy.operate.accounts.rights import BROKER
from deploy.services import SERVICES

OPERATOR = "operator"
"""The reader who sees everything: the jobs that prepare databases and topics, and the `saman`
command.
"""

POSTGRES = "postgres"
KAFKA = "kafka"
LOGIN = "login.conf"


def make(folder: Path, *, postgres: str, kafka_names: Sequence[str] = ("localhost",)) -> None:
    """Write the secrets of every reader. What was made once stays, so this may be done at each
    start.

    Args:
        folder: gets a folder per reader: `operator`, `postgres`, `kafka` and one per service.
        postgres: where the services will reach PostgreSQL, host:port.
        kafka_names: host names and addresses by which clients will reach Kafka, for its
            certificate.
    """
    (folder / OPERATOR).mkdir(parents=True, exist_ok=True)
    kept = Secrets(folder / OPERATOR)
    settings = _settings(kept, postgres)
    certificates = folder / OPERATOR / "certificates"
    authority = put_certificates(certificates, names=kafka_names).read_text()
    for reader in (OPERATOR, *SERVICES):
        _write_all(
            folder / reader, {**_seen_by(reader, settings), AUTHORITY: authority}, mode=0o400
        )
    login = listeners.login(
        broker_password=kept.make(_account(BROKER)),
        operator_password=settings["SAMAN_KAFKA_PASSWORD"],
    )
    # The images of the servers read as users of their own, whose numbers differ. Only they mount
    # these folders.
    _write_all(folder / POSTGRES, {"POSTGRES_PASSWORD": kept.make(_role(SUPERUSER))}, mode=0o444)
    _write_all(
        folder / KAFKA,
        {LOGIN: login, SERVER: (certificates / SERVER).read_text(), AUTHORITY: authority},
        mode=0o444,
    )


def _settings(kept: Secrets, postgres: str) -> dict[str, str]:
    def dsn(role: str, database: str) -> str:
        return f"postgresql://{role}:{kept.make(_role(role))}@{postgres}/{database}?sslmode=disable"

    operator_key = kept.make(OPERATOR)
    settings = {
        "SAMAN_ADMIN_DSN": dsn(SUPERUSER, SUPERUSER),
        "SAMAN_OPERATOR_KEY": operator_key,
        "SAMAN_OPERATOR_KEY_HASH": hashlib.sha256(operator_key.encode()).hexdigest(),
        "SAMAN_NOTIFICATIONS_WEBHOOK_KEY": kept.make("webhooks"),
        "SAMAN_SESSION_KEYS": kept.make("sessions"),
        "SAMAN_KAFKA_PASSWORD": kept.make(_account(OPERATOR)),
    }
    for service in SERVICES:
        settings[f"SAMAN_{service.upper()}_KAFKA_PASSWORD"] = kept.make(_account(service))
        settings[f"SAMAN_{service.upper()}_OWNER_DSN"] = dsn(f"{service}_owner", service)
        settings[f"SAMAN_{service.upper()}_DATABASE_DSN"] = dsn(service, service)
    return settings


def _seen_by(reader: str, settings: Mapping[str, str]) -> dict[str, str]:
    """Return what a reader needs: a service knows no owner's password and the operator's key by its
    hash only.
    """
    if reader == OPERATOR:
        return dict(settings)
    own = f"{PREFIX}{reader.upper()}_"
    return {
        name: value
        for name, value in settings.items()
        if name in ("SAMAN_OPERATOR_KEY_HASH", "SAMAN_SESSION_KEYS")
        or (name.startswith(own) and not name.endswith("_OWNER_DSN"))
    }


def _account(name: str) -> str:
    return f"kafka/{name}"


def _role(name: str) -> str:
    return f"postgres/{name}"


def _write_all(folder: Path, files: Mapping[str, str], *, mode: int) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        part = folder / f".{name}.part"
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            file.write(text)
        part.chmod(mode)  # whatever the umask took away
        part.replace(folder / name)
