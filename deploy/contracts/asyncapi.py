"""The AsyncAPI 3.0 document: channels, messages and operations, from the classes and the services'
subscriptions.

FastStream's own generator is not used: it sees raw batches where we subscribe, and knows nothing of
the outbox.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI

from deploy.contracts.events import INBOUND, ORGNR, Described, all_events, topic_at
from shared.delivery.subscribe import Subscription
from shared.kafka.topics import configs_of
from shared.service.runtime import Service

Document = dict[str, Any]

TITLES = {
    "registry.municipality.v1": "Municipalities through reforms, each event with the full state",
    "registry.programme.v1": "Programmes with cohorts and themes",
    "registry.project.v1": "Projects with members and goals",
    "registry.metric.v1": "What is measured: metrics with their axes",
    "registry.network.v1": "Networks of projects that learn from each other",
    "registry.gathering.v1": "Gatherings: agenda, numbers of participants, panel, tables",
    "registry.commitment.v1": "What was promised at gatherings, and what became of it",
    "registry.grant.v1": "Yearly grants to projects",
    "registry.knowledge.v1": "Good examples, publications, knowledge status, challenges",
    "registry.person.v1": "People who may sign in, and their roles; internal",
    "registry.publisher.v1": "Publishers, their keys and mandates; internal",
    f"inbound.{ORGNR}.figures.v1": ("What a publisher reports of absence; only it may write here"),
    f"inbound.{ORGNR}.reports.v1": "Reports that a publisher hands in; only it may write here",
    f"receipts.{ORGNR}.v1": "What became of a publisher's submissions; only it may read here",
    "reporting.figure.v1": "Accepted figures with every vintage",
    "reporting.form.v1": "Published versions of report forms",
    "reporting.report.v1": "Reports that are owed and handed in",
    "reporting.round.v1": "Calls for reports, with their ladders of reminders",
    "metrics.metric.v1": "The whole state of one subject at one period",
    "metrics.milestone.v1": "Goals that were reached or lost",
    "notifications.delivery.v1": "Whether notifications arrived",
}

SERVERS = {
    "kafka": {
        "host": "{bootstrap}",
        "protocol": "kafka-secure",
        "protocolVersion": "4.0",
        "description": (
            "Apache Kafka over TLS. `saman publishers add` and `saman readers add` print the"
            " address and the certificate by which the brokers are known; docs/connect.md shows how"
            " to use them."
        ),
        "variables": {
            "bootstrap": {
                "default": "127.0.0.1:9092",
                "description": "Host and port of a broker; on one machine as in `stack.json`.",
            }
        },
        "security": [{"$ref": "#/components/securitySchemes/account"}],
    }
}
SECURITY = {
    "account": {
        "type": "scramSha512",
        "description": (
            "An account on Kafka with its password. A publisher's account is its organisation"
            " number; it may write to its own inbound topics, read its receipts and what is open."
        ),
    }
}

INTRODUCTION = """\
What Saman publishes and takes over Apache Kafka 4.0 or later: CloudEvents 1.0 in binary mode
(`ce_*` headers, JSON value). On inbound topics structured mode (`application/cloudevents+json`) is
taken as well. Delivery is at least once, `ce_id` repeats exactly when an event repeats, and within
a topic events with one key arrive in the order they happened. Consumers ignore fields that they do
not know; publishers may send no others than the schemas name."""


def document(apps: Mapping[str, FastAPI]) -> Document:
    """Return the document of everything that the services send and receive."""
    described = all_events()
    addresses = sorted({event.address for event in described})
    return {
        "asyncapi": "3.0.0",
        "id": "urn:no:saman",
        "info": {"title": "Saman", "version": "1", "description": INTRODUCTION},
        "defaultContentType": "application/json",
        "servers": SERVERS,
        "channels": {
            channel_of(address): _channel(
                address, [event for event in described if event.address == address]
            )
            for address in addresses
        },
        "operations": dict(sorted(_operations(apps, described))),
        "components": {
            "messages": {event.name: _message(event) for event in described},
            "securitySchemes": SECURITY,
        },
    }


def channel_of(address: str) -> str:
    """Return a channel's id: the topic without its parameter and version."""
    return address.replace(f".{ORGNR}", "").removesuffix(".v1")


def _channel(address: str, events: list[Described]) -> Document:
    topic = topic_at(address)
    settings = configs_of(topic)
    channel: Document = {
        "address": address,
        "title": TITLES[address],
        "messages": {
            event.name: {"$ref": f"#/components/messages/{event.name}"} for event in events
        },
        "bindings": {
            "kafka": {
                "topic": address,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": [settings["cleanup.policy"]],
                    "retention.ms": int(settings["retention.ms"]),
                    "max.message.bytes": int(settings["max.message.bytes"]),
                },
                "bindingVersion": "0.5.0",
            }
        },
    }
    if ORGNR in address:
        channel["parameters"] = {
            "orgnr": {
                "description": "Organisation number of the publisher.",
                "examples": ["974760673"],
            }
        }
    return channel


def _message(event: Described) -> Document:
    return {
        "name": event.type,
        "title": event.name,
        "summary": event.summary,
        "contentType": "application/json",
        "headers": event.headers(),
        "payload": event.payload(),
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": event.key},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operations(
    apps: Mapping[str, FastAPI], described: list[Described]
) -> Iterator[tuple[str, Document]]:
    for name, app in apps.items():
        sent = [event for event in described if event.producer == name]
        for address in {event.address for event in sent}:
            yield _operation(
                name, "send", address, [event for event in sent if event.address == address]
            )
        for subscription in _subscriptions(app):
            taken = [event for event in described if _is_taken_by(event, subscription)]
            address = subscription.topic
            yield _operation(name, "receive", address, taken, group=subscription.group)
    for address in {event.address for event in described if event.producer == INBOUND}:
        yield _operation(
            "publisher", "send", address, [event for event in described if event.address == address]
        )


def _subscriptions(app: FastAPI) -> list[Subscription]:
    service: Service = app.state.service
    return [*service.consumers.subscriptions, *service.late_consumers.subscriptions]


def _is_taken_by(event: Described, subscription: Subscription) -> bool:
    if subscription.is_inbound:
        return event.address == subscription.topic
    return any(event.model is cls for cls in subscription.events)


def _operation(
    who: str, action: str, address: str, events: list[Described], *, group: str | None = None
) -> tuple[str, Document]:
    channel = channel_of(address)
    operation: Document = {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": (
            f"{who} {'publishes' if action == 'send' else 'reads'}"
            f" {', '.join(event.name for event in events)}"
        ),
        "tags": [{"name": who}],
        "messages": [{"$ref": f"#/channels/{channel}/messages/{event.name}"} for event in events],
    }
    if group is not None:
        operation["bindings"] = {
            "kafka": {"groupId": {"type": "string", "enum": [group]}, "bindingVersion": "0.5.0"},
        }
    return f"{who}.{action}.{channel}", operation
