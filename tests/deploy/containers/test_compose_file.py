"""What docker-compose.yml promises, read from the file: who may do what, and the same settings as
elsewhere.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.containers import gateway
from deploy.local import kafka
from deploy.operate.accounts import listeners
from deploy.operate.accounts.certificates import AUTHORITY, SERVER
from deploy.services import SERVICES
from tests.support.containers import KAFKA_IMAGE, POSTGRES_IMAGE, server_arguments, variable_of

ROOT = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
CONTAINERS: Mapping[str, Any] = COMPOSE["services"]
JOBS = ("secrets", "databases", "migrate", "topics", "accounts")


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_container_can_do_no_more_than_it_must(name: str) -> None:
    container = CONTAINERS[name]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert container["mem_limit"]
    assert container["pids_limit"] <= 400
    assert container["stop_grace_period"] == "30s"
    assert any(mount.startswith("/tmp:") for mount in container["tmpfs"])  # noqa: S108 - inside the container


@pytest.mark.parametrize("name", CONTAINERS)
def test_ports_are_published_on_the_loopback_address_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in CONTAINERS[name].get("ports", []))


def test_only_the_gateway_kafka_and_the_mails_are_reachable_from_outside() -> None:
    assert {name for name, container in CONTAINERS.items() if "ports" in container} == {
        "gateway",
        "kafka",
        "mail",
    }


def test_no_secret_stands_in_the_file() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert not re.search(r"(PASSWORD|_KEY|_DSN|_HASH)\s*[:=]\s*(?!/run/secrets/)\S", text)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_sees_its_own_secrets_and_no_others(service: str) -> None:
    assert CONTAINERS[service]["volumes"] == [f"{service}-secrets:/run/secrets:ro"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_stays_up_and_a_job_ends(service: str) -> None:
    assert CONTAINERS[service]["restart"] == "unless-stopped"
    assert CONTAINERS[service]["command"] == ["saman", "serve", service]
    for job in JOBS:
        assert CONTAINERS[job]["restart"].startswith("on-failure:")


@pytest.mark.parametrize("job", JOBS)
def test_somebody_waits_for_each_job_or_waiting_for_the_whole_would_fail(job: str) -> None:
    conditions = [
        each["depends_on"].get(job) for each in CONTAINERS.values() if "depends_on" in each
    ]
    assert {"condition": "service_completed_successfully"} in conditions


def test_only_who_sends_mail_has_a_way_out() -> None:
    inside = {
        name for name, network in COMPOSE["networks"].items() if (network or {}).get("internal")
    }
    ours = [*SERVICES, "postgres", "databases", "migrate", "topics", "accounts", "saman"]
    assert {name for name in ours if set(CONTAINERS[name]["networks"]) - inside} == {
        "notifications",
        "registry",
    }


def test_the_tests_use_the_same_images() -> None:
    assert CONTAINERS["postgres"]["image"] == POSTGRES_IMAGE
    assert CONTAINERS["kafka"]["image"] == KAFKA_IMAGE


def test_postgresql_is_told_the_same_as_on_one_machine() -> None:
    assert CONTAINERS["postgres"]["command"] == ["postgres", *server_arguments()]


def test_kafka_is_told_the_same_as_on_one_machine() -> None:
    told = {name: str(value) for name, value in CONTAINERS["kafka"]["environment"].items()}
    assert {
        variable_of(name): value for name, value in kafka.PROPERTIES.items()
    }.items() <= told.items()


def test_kafka_knows_accounts_as_on_one_machine_and_has_no_door_without() -> None:
    told = {name: str(value) for name, value in CONTAINERS["kafka"]["environment"].items()}
    wanted = listeners.properties(
        certificate=f"/run/secrets/{SERVER}", authority=f"/run/secrets/{AUTHORITY}"
    )
    assert {variable_of(name): value for name, value in wanted.items()}.items() <= told.items()
    protocols = dict(
        each.split(":") for each in told["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")
    )
    assert protocols == {
        "INTERNAL": "SASL_SSL",
        "PUBLISHERS": "SASL_SSL",
        "CONTROLLER": "SASL_PLAINTEXT",
    }
    assert "CONTROLLER://localhost:" in told["KAFKA_LISTENERS"]


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/status",
        "/metrics",
        "/metrics/",
        "/metrics/boards/vefsn-1824",
        "/registry/",
        "/notifications/x",
        "/api/reporting/v1/absence-figures",
        "/api/registry/v1/status",
        "/api/metrics",
        "/api",
        "/api/",
        "/-/ready",
        "/-/live",
        "/-/metrics",
        "/metricsx",
        "/api/metricsx/v1",
        "/status/",
        "/statusx",
        "/nothing",
        "//",
    ],
)
def test_the_gateway_of_containers_has_the_same_owners_as_the_one_of_one_machine(
    address: str,
) -> None:
    owner = gateway.owner_of(address)
    assert _nginx_owner(address) == (owner if owner in SERVICES else "")


def _nginx_owner(address: str) -> str:
    """Look an address up in nginx's map as nginx does: exact ones first, then the expressions in
    order.
    """
    text = (ROOT / "deploy" / "containers" / "nginx" / "nginx.conf").read_text()
    block = re.search(r"map \$uri \$service \{\n(.*?)\n    \}", text, re.DOTALL)
    assert block
    lines = [line.strip().rstrip(";").split() for line in block[1].splitlines()]
    exact = {key: value for key, value in lines if not key.startswith("~") and key != "default"}
    if address in exact:
        return exact[address]
    for key, value in lines:
        if key.startswith("~") and (found := re.search(key[1:].replace("(?<", "(?P<"), address)):
            return found[value.removeprefix("$")]
    return ""
