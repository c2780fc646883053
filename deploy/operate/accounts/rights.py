"""What each account may do on the broker. Nothing is allowed that does not stand here.

`tests/security` holds the services' part against what their code subscribes to and publishes, and
tries every cell of the whole against a real broker.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.errors import RuleBroken
from shared.events import metrics, notifications, registry, reporting
from shared.events.catalogue import OWN_TOPICS
from shared.events.inbound import inbound_prefix

BROKER = "broker"
"""Brokers among themselves."""

OPERATOR = "operator"
"""May do everything: makes topics, accounts and rights, and sets consumer groups back."""

READER_PREFIX = "reader-"

OPEN_TOPICS = (metrics.MetricUpdated.topic(), metrics.TargetReached.topic())
"""What everybody with an account may read; over HTTP the same needs no key."""

_MUNICIPALITY = registry.MunicipalityRegistered.topic()
_PROGRAMME = registry.ProgrammeRegistered.topic()
_METRIC = registry.MetricDefined.topic()
_GATHERING = registry.GatheringScheduled.topic()
_TOGETHER = (
    registry.NetworkFormed.topic(),
    _GATHERING,
    registry.CommitmentMade.topic(),
    registry.GrantAwarded.topic(),
    registry.GoodExamplePublished.topic(),
)
"""What is told of how projects work together; everybody who subscribes to it adds it below."""
_PROJECT = registry.ProjectRegistered.topic()
_PUBLISHER = registry.PublisherRegistered.topic()
_PERSON = registry.PersonRegistered.topic()
_FIGURE = reporting.AbsenceFigurePosted.topic()
_REPORT = reporting.ReportDue.topic()
_ROUND = reporting.RoundOpened.topic()
_FORM = reporting.FormPublished.topic()

READS = {
    "registry": (
        _PERSON,
        _PUBLISHER,
    ),
    "reporting": (_METRIC, _MUNICIPALITY, _PROJECT, _PERSON, _PUBLISHER),
    "metrics": (_FIGURE, _METRIC, _MUNICIPALITY, _PROGRAMME, _PROJECT, _PERSON, _PUBLISHER),
    "notifications": (
        _GATHERING,
        _METRIC,
        _MUNICIPALITY,
        _PROGRAMME,
        _PROJECT,
        _PERSON,
        _PUBLISHER,
        _REPORT,
        _ROUND,
        *OPEN_TOPICS,
    ),
}
WRITES = {
    "registry": (_METRIC, _MUNICIPALITY, _PROGRAMME, _PROJECT, _PERSON, _PUBLISHER, *_TOGETHER),
    "reporting": (_FIGURE, _REPORT, _FORM, _ROUND),
    "metrics": OPEN_TOPICS,
    "notifications": (notifications.NotificationDelivered.topic(),),
}
_NUMBER_LENGTH = 9
INBOUND_PREFIX = "inbound."
RECEIPTS_PREFIX = "receipts."


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One thing that an account may do.

    Attributes:
        account: name of the account.
        resource: `topic`, `group` for a consumer group, or another of Kafka's kinds.
        name: of the resource, or what its name begins with.
        operation: Kafka's name of it in lower case, such as `read` or `describe_configs`.
    """

    account: str
    resource: str
    name: str
    operation: str
    is_prefix: bool = False

    def __str__(self) -> str:
        return (
            f"{self.account} may {self.operation} {self.resource}"
            f" {self.name}{'*' if self.is_prefix else ''}"
        )


@dataclass(frozen=True, slots=True)
class Quota:
    """What one account may take of the broker; above it the broker answers later, and nothing is
    lost.

    Attributes:
        produced_bytes_per_second: 2 MiB hold some 4,000 figures.
        consumed_bytes_per_second: for reading the open topics from their start.
        request_percent: of one broker thread's time.
    """

    produced_bytes_per_second: int = 2 << 20
    consumed_bytes_per_second: int = 10 << 20
    request_percent: int = 100

    def values(self) -> dict[str, float]:
        """Return the broker's names of the bounds."""
        return {
            "producer_byte_rate": float(self.produced_bytes_per_second),
            "consumer_byte_rate": float(self.consumed_bytes_per_second),
            "request_percentage": float(self.request_percent),
        }


def rights_of_service(service: str) -> set[Right]:
    """Return what a service needs, and no more: its topics, its groups, and to see how all topics
    are kept.

    The latter is what its readiness says; it lets nobody see a record.
    """
    rights = {Right(service, "topic", topic, "read") for topic in READS[service]}
    rights |= {Right(service, "topic", topic, "write") for topic in WRITES[service]}
    rights |= {Right(service, "topic", topic.name, "describe") for topic in OWN_TOPICS}
    rights |= {Right(service, "topic", topic.name, "describe_configs") for topic in OWN_TOPICS}
    rights |= {Right(service, "group", f"{service}.", "read", is_prefix=True)}
    if service == "reporting":
        rights |= {
            Right(service, "topic", INBOUND_PREFIX, "read", is_prefix=True),
            Right(service, "topic", RECEIPTS_PREFIX, "write", is_prefix=True),
        }
    return rights


def rights_of_publisher(organisation_number: str) -> set[Right]:
    """Return what a publisher may do: write to its own inbound topics, and read its receipts and
    what is open.
    """
    receipts = reporting.SubmissionAccepted.topic_of(organisation_number)
    return {
        Right(
            organisation_number,
            "topic",
            inbound_prefix(organisation_number),
            "write",
            is_prefix=True,
        ),
        Right(organisation_number, "topic", receipts, "read"),
        *_reading(organisation_number),
    }


def rights_of_reader(account: str) -> set[Right]:
    """Return what a downstream consumer may do: read what is open, in groups of its own."""
    return _reading(account)


def reader_account(name: str) -> str:
    """Return the account of a downstream consumer.

    Raises:
        RuleBroken: the name would not be one word of lower case letters, digits and hyphens.
    """
    if not (
        2 < len(name) <= 40
        and all(c.isascii() and (c.islower() or c.isdigit() or c == "-") for c in name)
    ):
        raise RuleBroken(
            f"a reader's name is 3 to 40 lower case letters, digits and hyphens, got {name!r}"
        )
    return f"{READER_PREFIX}{name}"


def is_reader(account: str) -> bool:
    """Tell by the name whether it is a downstream consumer's."""
    return account.startswith(READER_PREFIX)


def is_publisher(account: str) -> bool:
    """Tell by the name whether it is a publisher's: an organisation number."""
    return len(account) == _NUMBER_LENGTH and account.isascii() and account.isdigit()


def sentences(rights: Iterable[Right]) -> list[str]:
    """Return each right as a sentence, in a stable order."""
    return [str(right) for right in sorted(rights)]


def _reading(account: str) -> set[Right]:
    # The prefix of a group ends with a dot: without it 310000019's would cover an account that
    # continues the number.
    return {
        *(Right(account, "topic", topic, "read") for topic in OPEN_TOPICS),
        Right(account, "group", account, "read"),
        Right(account, "group", f"{account}.", "read", is_prefix=True),
    }
