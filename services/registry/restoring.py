"""Bringing the registry and its own topics together again, after one of them was restored to
another moment.

The topics carry whole states with rising versions, and the audit log holds every event that was
ever told. So what the database forgot is taken from the log, and what the log forgot is told again,
under the ids and versions of the time.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from services.registry.commitments import commands as commitments
from services.registry.commitments.store import list_commitments
from services.registry.entries.events import event_id_of
from services.registry.gatherings import commands as gatherings
from services.registry.gatherings.store import list_gatherings
from services.registry.grants import commands as grants
from services.registry.grants.store import list_grants
from services.registry.knowledge import commands as knowledge
from services.registry.knowledge.store import list_knowledge
from services.registry.metrics import commands as metrics
from services.registry.metrics.store import list_metrics
from services.registry.municipalities import commands as municipalities
from services.registry.municipalities.store import list_municipalities
from services.registry.networks import commands as networks
from services.registry.networks.store import list_networks
from services.registry.programmes import commands as programmes
from services.registry.programmes.store import list_programmes
from services.registry.projects import commands as projects
from services.registry.projects.store import list_projects
from services.registry.publishers import commands as publishers
from services.registry.publishers.store import list_publishers
from shared.audit import log as audit
from shared.delivery.restoring import Log
from shared.events import registry as told
from shared.events.envelope import Event
from shared.postgres.database import Connection

State: TypeAlias = (
    told.MunicipalityEvent
    | told.ProgrammeEvent
    | told.MetricEvent
    | told.ProjectEvent
    | told.NetworkEvent
    | told.GatheringEvent
    | told.CommitmentEvent
    | told.GrantEvent
    | told.KnowledgeEvent
    | told.PublisherEvent
)


@dataclass(frozen=True, slots=True)
class Subject:
    """How the things of one subject are restored.

    Attributes:
        events: what is told of them.
        kept: the store's function for things by id; each has a `version`.
        restore: the command that keeps them as events told them.
    """

    events: tuple[type[State], ...]
    kept: Callable[[Connection, list[str]], Awaitable[Mapping[str, Any]]]
    restore: Callable[[Connection, list[Any]], Awaitable[None]]


SUBJECTS = (
    Subject(
        (
            told.MunicipalityRegistered,
            told.MunicipalityChanged,
            told.MunicipalitiesMerged,
            told.MunicipalitySplit,
        ),
        list_municipalities,
        municipalities.restore,
    ),
    Subject((told.ProgrammeRegistered, told.ProgrammeChanged), list_programmes, programmes.restore),
    Subject((told.MetricDefined, told.MetricChanged), list_metrics, metrics.restore),
    Subject(
        (told.ProjectRegistered, told.ProjectChanged, told.ProjectEnded),
        list_projects,
        projects.restore,
    ),
    Subject((told.NetworkFormed, told.NetworkChanged), list_networks, networks.restore),
    Subject(
        (
            told.GatheringScheduled,
            told.GatheringChanged,
            told.GatheringCancelled,
            told.GatheringHeld,
        ),
        list_gatherings,
        gatherings.restore,
    ),
    Subject(
        (
            told.CommitmentMade,
            told.CommitmentChanged,
            told.CommitmentKept,
            told.CommitmentDropped,
        ),
        list_commitments,
        commitments.restore,
    ),
    Subject((told.GrantAwarded, told.GrantChanged), list_grants, grants.restore),
    Subject(
        (
            told.GoodExamplePublished,
            told.GoodExampleChanged,
            told.PublicationPublished,
            told.PublicationChanged,
            told.ChallengeRaised,
            told.ChallengeChanged,
            told.ChallengeAnswered,
        ),
        list_knowledge,
        knowledge.restore,
    ),
    Subject(
        (told.PublisherRegistered, told.PublisherChanged, told.PublisherRevoked),
        list_publishers,
        publishers.restore,
    ),
)
"""In the order in which things stand on each other."""

EVENTS: Mapping[str, type[State]] = {
    event.__name__: event for subject in SUBJECTS for event in subject.events
}
REASON = "taken from the log after a restore"


async def unknown(conn: Connection, events: Sequence[Event]) -> list[Event]:
    """Return the states that are newer than those kept."""
    kept = await _versions(conn, events)
    return [
        e for e in events if isinstance(e, State) and e.version > kept.get((e.topic(), e.key), 0)
    ]


async def adopt(conn: Connection, events: Sequence[Event], _log: Log) -> None:
    """Keep the newest of these states, as they were told. A change's own wording is not in the log:
    the same change sent again is judged anew, and refused where its municipalities ended.
    """
    newest: dict[tuple[str, str], State] = {}
    for event in events:
        if (
            isinstance(event, State)
            and event.version >= newest.get((event.topic(), event.key), event).version
        ):
            newest[event.topic(), event.key] = event
    for subject in SUBJECTS:
        await subject.restore(
            conn, [event for event in newest.values() if isinstance(event, subject.events)]
        )
    await audit.note_events(
        conn, [event for event in events if isinstance(event, State)], reason=REASON
    )


async def untold(conn: Connection, log: Log) -> list[Event]:
    """Return the events of states that are newer than what the log ends with, in their old
    order.
    """
    found: dict[UUID, State] = {}
    async for noted in audit.noted_events(conn, EVENTS):
        if noted.version > log.last.get((noted.topic(), noted.key), 0):
            event_id = event_id_of(type(noted), noted.key, noted.version)
            found.setdefault(event_id, noted.model_copy(update={"event_id": event_id}))
    return list(found.values())


async def _versions(conn: Connection, events: Sequence[Event]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for subject in SUBJECTS:
        keys = sorted({event.key for event in events if isinstance(event, subject.events)})
        topic = subject.events[0].topic()
        kept = await subject.kept(conn, keys)
        found |= {(topic, key): state.version for key, state in kept.items()}
    return found
