"""The documents keep the rules that Redocly's and Spectral's recommended sets call errors, and two
of our own, so that code can be generated from them.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.contracts import documents
from deploy.services import SERVICES
from shared.http.json_schema import title_only

DOCUMENTS = {
    name: json.loads(text) for name, text in documents.documents().items() if name.endswith(".json")
}
OPENAPI = {service: DOCUMENTS[f"openapi-{service}.json"] for service in SERVICES}
VALUES = {"const", "default", "enum", "example", "examples"}


def schemas(part: Any, place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every object of a document that has a keyword of JSON Schema, with its place."""
    if isinstance(part, dict):
        if {"type", "properties", "anyOf", "oneOf", "enum", "prefixItems"} & part.keys():
            yield place, part
        for name, value in part.items():
            if name not in VALUES:
                yield from schemas(value, f"{place}/{name}")
    elif isinstance(part, list):
        for number, value in enumerate(part):
            yield from schemas(value, f"{place}/{number}")


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        yield from ((f"{method} {path}", operation) for method, operation in methods.items())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_unlike_schemas_have_unlike_titles(name: str) -> None:
    titled = defaultdict(set)
    for _, schema in schemas(DOCUMENTS[name]):
        if isinstance(schema.get("title"), str):
            titled[schema["title"]].add(json.dumps(schema, sort_keys=True))

    assert [title for title, contents in titled.items() if len(contents) > 1] == []


def test_no_two_payloads_have_one_title() -> None:
    messages = DOCUMENTS["asyncapi.json"]["components"]["messages"].values()
    titles = [message["payload"]["title"] for message in messages]

    assert sorted(titles) == sorted(set(titles))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_list_says_what_its_items_are(name: str) -> None:
    lists = [
        (place, each) for place, each in schemas(DOCUMENTS[name]) if each.get("type") == "array"
    ]

    assert [place for place, each in lists if "items" not in each or "prefixItems" in each] == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_component_is_titled_by_its_name_and_nothing_else_has_a_title(service: str) -> None:
    components = OPENAPI[service]["components"]["schemas"]

    titled = [
        place for place, schema in schemas(OPENAPI[service]) if isinstance(schema.get("title"), str)
    ]
    assert sorted(titled) == sorted(f"/components/schemas/{name}" for name in components)
    assert all(schema["title"] == name for name, schema in components.items())


@pytest.mark.parametrize("service", SERVICES)
def test_a_body_is_a_component_so_that_it_becomes_one_class(service: str) -> None:
    for name, operation in operations(OPENAPI[service]):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            for schema in content["schema"].get("oneOf", [content["schema"]]):
                assert "properties" not in schema, name


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_says_where_it_is_served_and_whether_it_wants_a_key(service: str) -> None:
    document = OPENAPI[service]
    known = set(document["components"]["securitySchemes"])

    assert [server["url"] for server in document["servers"]] == ["/"]
    for name, operation in operations(document):
        assert all(set(each) <= known for each in operation["security"]), name
        assert bool(operation["security"]) is ("401" in operation["responses"]), name


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_has_tags_that_the_document_declares(service: str) -> None:
    declared = [tag["name"] for tag in OPENAPI[service]["tags"]]

    assert len(declared) == len(set(declared))
    used = [set(operation["tags"]) for _, operation in operations(OPENAPI[service])]
    assert all(used)
    assert set.union(*used) == set(declared)


@pytest.mark.parametrize("service", SERVICES)
def test_the_parameters_of_a_path_are_those_in_its_braces(service: str) -> None:
    for name, operation in operations(OPENAPI[service]):
        named = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
        assert named == {part.split("}")[0] for part in name.split("{")[1:]}, name


def test_the_brokers_are_named_and_every_account_has_a_scheme() -> None:
    document = DOCUMENTS["asyncapi.json"]

    (server,) = document["servers"].values()
    assert server["protocol"] == "kafka-secure"
    schemes = {
        f"#/components/securitySchemes/{name}" for name in document["components"]["securitySchemes"]
    }
    assert {each["$ref"] for each in server["security"]} == schemes
    assert "{bootstrap}" in server["host"]
    assert "bootstrap" in server["variables"]


def test_a_field_that_is_named_title_stays_and_so_do_values() -> None:
    schema = {
        "title": "Thing",
        "properties": {"title": {"type": "string", "title": "Title", "const": {"title": "kept"}}},
        "anyOf": [{"title": "One", "type": "null"}],
    }

    title_only(schema, "Other")

    assert schema == {
        "title": "Other",
        "properties": {"title": {"type": "string", "const": {"title": "kept"}}},
        "anyOf": [{"type": "null"}],
    }
