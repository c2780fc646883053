"""Secrets as files: made once, each reader's apart, and taken for settings."""

import hashlib
import stat
from pathlib import Path

import pytest
from cryptography import x509

from deploy.containers import installation_secrets, secret_files
from deploy.services import SERVICES
from shared.errors import NotFound


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_secrets_that_were_made_stay(tmp_path: Path) -> None:
    installation_secrets.make(tmp_path, postgres="postgres:5432")
    first = files(tmp_path)
    installation_secrets.make(tmp_path, postgres="postgres:5432")
    assert files(tmp_path) == first


def test_two_installations_have_nothing_in_common(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        installation_secrets.make(tmp_path / name, postgres="postgres:5432")
    one, other = files(tmp_path / "one"), files(tmp_path / "other")
    assert one.keys() == other.keys()
    assert not {name for name in one if one[name] == other[name]}


SHARED = {"SAMAN_OPERATOR_KEY_HASH", "SAMAN_SESSION_KEYS"}
"""What all services get: who signed in is checked by each."""


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_gets_its_own_database_and_the_hash_of_the_key(
    service: str, tmp_path: Path
) -> None:
    installation_secrets.make(tmp_path, postgres="db.example:6543")
    own = {path.name: path.read_text() for path in (tmp_path / service).iterdir()}
    extra = {"SAMAN_NOTIFICATIONS_WEBHOOK_KEY"} if service == "notifications" else set()
    names = {f"SAMAN_{service.upper()}_DATABASE_DSN", f"SAMAN_{service.upper()}_KAFKA_PASSWORD"}
    assert own.keys() == {*names, *SHARED, "ca.pem"} | extra
    address = own[f"SAMAN_{service.upper()}_DATABASE_DSN"]
    assert address.startswith(f"postgresql://{service}:")
    assert f"@db.example:6543/{service}?" in address
    key = (tmp_path / "operator" / "SAMAN_OPERATOR_KEY").read_text()
    assert own["SAMAN_OPERATOR_KEY_HASH"] == hashlib.sha256(key.encode()).hexdigest()


def test_only_the_reader_itself_can_read_them(tmp_path: Path) -> None:
    installation_secrets.make(tmp_path, postgres="postgres:5432")
    for path in tmp_path.rglob("SAMAN_*"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert stat.S_IMODE((tmp_path / "postgres" / "POSTGRES_PASSWORD").stat().st_mode) == 0o444


def test_kafka_gets_a_certificate_that_the_authority_signed_and_the_passwords_that_come_first(
    tmp_path: Path,
) -> None:
    installation_secrets.make(
        tmp_path, postgres="postgres:5432", kafka_names=("kafka", "127.0.0.1")
    )
    assert {path.name for path in (tmp_path / "kafka").iterdir()} == {
        "ca.pem",
        "login.conf",
        "server.pem",
    }
    authority = x509.load_pem_x509_certificate((tmp_path / "registry" / "ca.pem").read_bytes())
    server = x509.load_pem_x509_certificates((tmp_path / "kafka" / "server.pem").read_bytes())[0]
    server.verify_directly_issued_by(authority)
    password = (tmp_path / "operator" / "SAMAN_KAFKA_PASSWORD").read_text()
    login = (tmp_path / "kafka" / "login.conf").read_text()
    assert login.count(f'user_operator="{password}"') == 2
    assert "publishers.KafkaServer {\n    org.apache.kafka.common.security.scram" in login


def test_files_become_settings_and_what_is_set_wins(tmp_path: Path) -> None:
    (tmp_path / "SAMAN_OPERATOR_KEY_HASH").write_text("from the file\n")
    (tmp_path / "SAMAN_LOG_LEVEL").write_text("DEBUG")
    (tmp_path / "PATH").write_text("/nowhere")
    environment = {"SAMAN_SECRETS_DIR": str(tmp_path), "SAMAN_LOG_LEVEL": "ERROR"}
    secret_files.load(environment)
    assert environment == {
        "SAMAN_SECRETS_DIR": str(tmp_path),
        "SAMAN_LOG_LEVEL": "ERROR",
        "SAMAN_OPERATOR_KEY_HASH": "from the file",
    }


def test_nothing_is_read_when_no_folder_is_named() -> None:
    environment: dict[str, str] = {}
    secret_files.load(environment)
    assert environment == {}


def test_a_folder_that_does_not_exist_is_an_error_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="which is no folder"):
        secret_files.load({"SAMAN_SECRETS_DIR": str(tmp_path / "absent")})
