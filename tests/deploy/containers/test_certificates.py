"""Kafka's certificate: kept while it will do, made anew before it ends or when its names change."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from deploy.operate.accounts.certificates import RENEWAL_DAYS, SERVER_DAYS, put_certificates

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ("kafka", "127.0.0.1")


def server(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificates((folder / "server.pem").read_bytes())[0]


def test_a_certificate_that_will_do_is_kept(tmp_path: Path) -> None:
    put_certificates(tmp_path, names=NAMES, now=NOW)
    first = server(tmp_path)
    put_certificates(
        tmp_path, names=NAMES, now=NOW + timedelta(days=SERVER_DAYS - RENEWAL_DAYS - 1)
    )
    assert server(tmp_path) == first


def test_it_is_made_anew_before_it_ends_by_the_same_authority(tmp_path: Path) -> None:
    authority = put_certificates(tmp_path, names=NAMES, now=NOW).read_bytes()
    first = server(tmp_path)
    put_certificates(
        tmp_path, names=NAMES, now=NOW + timedelta(days=SERVER_DAYS - RENEWAL_DAYS + 1)
    )
    assert server(tmp_path) != first
    assert (tmp_path / "ca.pem").read_bytes() == authority
    server(tmp_path).verify_directly_issued_by(x509.load_pem_x509_certificate(authority))


def test_another_name_needs_another_certificate(tmp_path: Path) -> None:
    put_certificates(tmp_path, names=NAMES, now=NOW)
    put_certificates(tmp_path, names=(*NAMES, "kafka.example"), now=NOW)
    names = server(tmp_path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["kafka", "kafka.example"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


def test_clients_take_the_authority_and_nobody_reads_the_keys(tmp_path: Path) -> None:
    ssl.create_default_context(cafile=put_certificates(tmp_path, names=NAMES))
    assert {
        path.name: path.stat().st_mode & 0o077
        for path in tmp_path.iterdir()
        if path.name != "ca.pem"
    } == {
        "ca.key": 0,
        "server.pem": 0,
    }
