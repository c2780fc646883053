"""The readable index of the contracts."""

from collections.abc import Mapping

from fastapi import FastAPI

from deploy.contracts.asyncapi import TITLES
from deploy.contracts.events import KEYS, PLACE, all_events, topic_at

HEAD = """\
# Contracts

Generated from the code by `make contracts`; a test fails when they differ. What stands here is a
promise: a field is never removed or retyped, an optional one never becomes required. Anything else
is a new type on a new topic.

- [asyncapi.json](asyncapi.json): everything that goes over Kafka, as AsyncAPI 3.0
- OpenAPI 3.1: {openapi}
- [{place}/]({place}): the JSON Schema (2020-12) of every event's payload

`npx @redocly/cli lint --extends recommended docs/contracts/*.json` finds no error, nor does
Spectral with `spectral:oas` and `spectral:asyncapi`; tests keep their rules. Titles are unique, so
that generated classes are too.

"""

DAY_MILLISECONDS = 86_400_000


def text(apps: Mapping[str, FastAPI]) -> str:
    """Return the index: topics with their events, services with their routes."""
    links = ", ".join(f"[{name}](openapi-{name}.json)" for name in apps)
    return HEAD.format(openapi=links, place=PLACE) + _topics() + "\n" + _routes(apps)


def _topics() -> str:
    lines = ["## Topics", ""]
    described = all_events()
    for address in TITLES:
        topic = topic_at(address)
        kept = (
            "for ever"
            if topic.retention_ms < 0
            else f"{topic.retention_ms // DAY_MILLISECONDS} days"
        )
        how = (
            "compacted: the last event of each key"
            if topic.cleanup == "compact"
            else f"kept {kept}"
        )
        here = [event for event in described if event.address == address]
        lines += [
            f"### `{address}`",
            "",
            f"{TITLES[address]}. Key `{KEYS[here[0].aggregate]}`; {how}.",
            "",
        ]
        lines += ["| Event | `ce_type` | Meaning |", "|---|---|---|"]
        for event in here:
            name = event.name.split(".")[1]
            lines.append(f"| [{name}]({PLACE}/{event.file}) | `{event.type}` | {event.summary} |")
        lines.append("")
    return "\n".join(lines)


def _routes(apps: Mapping[str, FastAPI]) -> str:
    lines = ["## Routes", ""]
    for name, app in apps.items():
        lines += [f"### {name}", "", "| Route | Does |", "|---|---|"]
        for path, methods in app.openapi()["paths"].items():
            lines += [
                f"| `{method.upper()} {path}` | {operation.get('summary', '')} |"
                for method, operation in methods.items()
            ]
        lines.append("")
    return "\n".join(lines)
