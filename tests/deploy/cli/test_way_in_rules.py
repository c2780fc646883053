"""Who gets an account is told how to use it."""

from pathlib import Path

from deploy.cli.way_in import way_in
from deploy.operate.accounts.rights import Right, rights_of_publisher, rights_of_reader
from shared.kafka.broker import BusSettings

PUBLISHER = "310000086"
BUS = BusSettings(bootstrap="kafka:19092", ca_file=Path("/run/secrets/ca.pem"))


def test_address_certificate_and_a_group_are_told_as_fields_and_in_a_sentence() -> None:
    told = way_in(BUS, PUBLISHER)

    assert told.fields() == {
        "kafka_account": PUBLISHER,
        "kafka_address": "kafka:19092",
        "kafka_certificate": "/run/secrets/ca.pem",
        "kafka_group": f"{PUBLISHER}.example",
    }
    (sentence,) = told.sentences()
    assert all(str(value) in sentence for value in told.fields().values())


def test_who_reaches_the_brokers_by_another_address_is_told_that_one() -> None:
    outside = BUS.model_copy(update={"public_bootstrap": "kafka.example:9092"})

    assert way_in(outside, PUBLISHER).kafka_address == "kafka.example:9092"


def test_without_encryption_there_is_no_certificate() -> None:
    open_bus = BusSettings(bootstrap="127.0.0.1:9092")

    told = way_in(open_bus, "reader-newspaper")

    assert told.kafka_certificate is None
    assert "certificate" not in told.sentences()[0]


def test_the_group_that_is_told_is_one_that_the_account_may_use() -> None:
    for account, rights in (
        (PUBLISHER, rights_of_publisher(PUBLISHER)),
        ("reader-newspaper", rights_of_reader("reader-newspaper")),
    ):
        group = way_in(BUS, account).kafka_group
        prefix = next(r.name for r in rights if r.resource == "group" and r.is_prefix)
        assert group.startswith(prefix)
        assert Right(account, "group", account, "read") in rights
