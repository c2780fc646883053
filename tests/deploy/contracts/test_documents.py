"""The documents in `docs/contracts` are what the code says, and hold together."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.contracts import documents, openapi
from deploy.contracts.events import all_events
from deploy.services import SERVICES
from shared.events.catalogue import OWN_TOPICS
from shared.events.inbound import INBOUND_KINDS
from shared.http.json_schema import read_docstring

DOCUMENTS = documents.documents()


def document(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(DOCUMENTS[name])
    return content


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def resolve(content: dict[str, Any], reference: str) -> Any:
    place: Any = content
    for step in reference.removeprefix("#/").split("/"):
        place = place[step.replace("~1", "/").replace("~0", "~")]
    return place


def test_the_documents_are_what_the_code_says() -> None:
    assert list(documents.differences(DOCUMENTS)) == [], "run `make contracts`"


def test_the_same_code_gives_the_same_documents() -> None:
    assert documents.documents() == DOCUMENTS


def test_a_change_is_noticed_and_mended(tmp_path: Path) -> None:
    documents.write(DOCUMENTS, tmp_path)
    (tmp_path / "asyncapi.json").write_text("{}")
    (tmp_path / "events" / "reporting.ReportDue.v1.json").unlink()
    (tmp_path / "events" / "reporting.ReportForgotten.v1.json").write_text("{}")

    assert list(documents.differences(DOCUMENTS, tmp_path)) == [
        "asyncapi.json is not what the code says",
        "events/reporting.ReportDue.v1.json is missing",
        "events/reporting.ReportForgotten.v1.json belongs to nothing in the code",
    ]
    documents.write(DOCUMENTS, tmp_path)
    assert list(documents.differences(DOCUMENTS, tmp_path)) == []


def test_every_service_and_every_event_has_its_document() -> None:
    assert {f"openapi-{name}.json" for name in SERVICES} <= set(DOCUMENTS)
    assert {f"events/{event.file}" for event in all_events()} <= set(DOCUMENTS)
    assert set(openapi.apps()) == set(SERVICES)


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name.endswith(".json")])
def test_every_reference_leads_somewhere(name: str) -> None:
    content = document(name)

    assert all(resolve(content, reference) for reference in references(content))


def test_every_topic_is_a_channel_with_who_sends_and_who_receives() -> None:
    content = document("asyncapi.json")

    addresses = {channel["address"] for channel in content["channels"].values()}
    assert {topic.name for topic in OWN_TOPICS} <= addresses
    assert {f"inbound.{{orgnr}}.{kind}.v1" for kind in INBOUND_KINDS} <= addresses
    assert "receipts.{orgnr}.v1" in addresses
    for name in content["channels"]:
        operations = {
            key
            for key, each in content["operations"].items()
            if each["channel"]["$ref"].endswith(f"/{name}")
        }
        assert any(".send." in key for key in operations), name
    assert "reporting.receive.inbound.figures" in content["operations"]
    assert "metrics.receive.reporting.figure" in content["operations"]


def test_every_operation_names_messages_of_its_channel() -> None:
    content = document("asyncapi.json")

    for operation in content["operations"].values():
        assert operation["messages"]
        channel = operation["channel"]["$ref"]
        assert all(
            message["$ref"].startswith(f"{channel}/messages/") for message in operation["messages"]
        )


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_says_what_it_does_and_how_it_refuses(service: str) -> None:
    content = document(f"openapi-{service}.json")

    assert content["openapi"].startswith("3.1")
    names = []
    for methods in content["paths"].values():
        for operation in methods.values():
            names.append(operation["operationId"])
            assert operation["summary"]
            assert "default" in operation["responses"]
    assert len(names) == len(set(names))
    assert "HTTPValidationError" not in content["components"]["schemas"]


def test_a_docstring_is_cut_into_summary_and_attributes() -> None:
    text = """A figure.

    More of it.

    Attributes:
        one, two: what both are,
            and how.
        three: another.
    """

    assert read_docstring(text) == (
        "A figure.\n\nMore of it.",
        {"one": "what both are, and how.", "two": "what both are, and how.", "three": "another."},
    )
