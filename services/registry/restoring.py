"""Bringing the registry and its own topics together again, after one of them was restored to
another moment.

The topics carry whole states with rising versions, and the audit log holds every event that was
ever told. So what the database forgot is taken from the log, and what the log forgot is told again,
under the ids and versions of the time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias
from uuid import UUID

from services.registry.commands.events import event_id_of
from services.registry.domain.county import County
from services.registry.domain.municipality import DatedVersion, Municipality, Successor
from services.registry.domain.programme import Cohort, Names, Programme, ReportKind, Theme
from services.registry.domain.project import Baseline, Direction, Goal, Membership, Project
from services.registry.domain.publisher import Key, Publisher
from services.registry.store import municipalities, programmes, publishers
from shared.access import auth
from shared.audit import log as audit
from shared.delivery.restoring import Log
from shared.events import registry as told
from shared.events.envelope import Event
from shared.postgres.database import Connection
from shared.values import Certification, Definition, Denominator, Source

State: TypeAlias = (
    told.MunicipalityEvent | told.ProgrammeEvent | told.ProjectEvent | told.PublisherEvent
)
EVENTS: Mapping[str, type[State]] = {
    cls.__name__: cls
    for cls in (
        *(
            told.MunicipalityRegistered,
            told.MunicipalityChanged,
            told.MunicipalitiesMerged,
            told.MunicipalitySplit,
        ),
        *(told.ProgrammeRegistered, told.ProgrammeChanged),
        *(told.ProjectRegistered, told.ProjectChanged, told.ProjectEnded),
        *(told.PublisherRegistered, told.PublisherChanged, told.PublisherRevoked),
    )
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
    states = list(newest.values())
    found = [_municipality(e) for e in states if isinstance(e, told.MunicipalityEvent)]
    if found:
        await municipalities.put_municipalities(conn, found)
    for event in states:
        if isinstance(event, told.ProgrammeEvent):
            await programmes.put_programme(conn, _programme(event))
    for event in states:
        if isinstance(event, told.ProjectEvent):
            await programmes.put_project(conn, _project(event))
    heard = [event for event in states if isinstance(event, told.PublisherEvent)]
    for event in heard:
        before = await publishers.find_publisher(conn, event.organisation_number)
        await publishers.put_publisher(conn, _publisher(event, before))
    await auth.keep_publishers(conn, heard)
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
    def keys(kind: Any) -> list[str]:
        return sorted({event.key for event in events if isinstance(event, kind)})

    found: list[tuple[type[Event], Mapping[str, Any]]] = [
        (
            told.MunicipalityRegistered,
            await municipalities.list_municipalities(conn, keys(told.MunicipalityEvent)),
        ),
        (told.ProjectRegistered, await programmes.list_projects(conn, keys(told.ProjectEvent))),
        (
            told.PublisherRegistered,
            await publishers.list_publishers(conn, keys(told.PublisherEvent)),
        ),
    ]
    ids = keys(told.ProgrammeEvent)
    known = {one: await programmes.find_programme(conn, one) for one in ids}
    found.append(
        (
            told.ProgrammeRegistered,
            {one: state for one, state in known.items() if state is not None},
        )
    )
    return {
        (kind.topic(), key): state.version
        for kind, states in found
        for key, state in states.items()
    }


def _municipality(event: told.MunicipalityEvent) -> Municipality:
    versions = tuple(
        DatedVersion(
            v.number, v.name, County(v.county_number, v.county_name), v.valid_from, v.valid_to
        )
        for v in event.versions
    )
    successors = tuple(Successor(each.municipality_id, each.on) for each in event.successors)
    return Municipality(
        event.municipality_id,
        versions,
        tuple(event.aliases),
        tuple(event.predecessors),
        successors,
        event.version,
    )


def _programme(event: told.ProgrammeEvent) -> Programme:
    return Programme(
        event.programme_id,
        _names(event.names),
        tuple(Cohort(c.id, _names(c.names), c.starts_on, dict(c.claimed)) for c in event.cohorts),
        tuple(Theme(theme.id, _names(theme.names)) for theme in event.themes),
        tuple(ReportKind(kind.id, _names(kind.names)) for kind in event.report_kinds),
        dict(event.claimed),
        event.version,
    )


def _project(event: told.ProjectEvent) -> Project:
    return Project(
        event.project_id,
        event.programme_id,
        _names(event.names),
        event.cohort_id,
        tuple(event.theme_ids),
        _memberships(event.members),
        tuple(_goal(goal) for goal in event.goals),
        event.ended_on,
        event.version,
    )


def _publisher(event: told.PublisherEvent, before: Publisher | None) -> Publisher:
    """Return the publisher; keys that were taken back stand in no event, so what was known of them
    stays.
    """
    known = {key.key_id: key for key in before.keys} if before is not None else {}
    live = {key.key_id for key in event.keys}
    gone = (replace(key, revoked_at=key.revoked_at or event.occurred_at) for key in known.values())
    keys = [key for key in gone if key.key_id not in live]
    keys += [
        known.get(key.key_id, Key(key.key_id, key.hash, event.occurred_at, key.expires_at))
        for key in event.keys
    ]
    return Publisher(
        event.organisation_number,
        event.name,
        _memberships(event.may_speak_for),
        tuple(keys),
        event.revoked_at,
        event.version,
    )


def _memberships(members: Iterable[told.Member | told.SpeaksFor]) -> tuple[Membership, ...]:
    return tuple(Membership(member.municipality_id, member.from_, member.to) for member in members)


def _names(names: told.Names) -> Names:
    return Names(names.nb, names.nn, names.en)


def _goal(goal: told.Goal) -> Goal:
    meaning = goal.definition
    return Goal(
        goal.goal_id,
        goal.metric,
        goal.window,
        Definition(
            Certification(meaning.certification),
            Denominator(meaning.denominator),
            meaning.holiday_corrected,
            Source(meaning.source),
        ),
        Direction(goal.direction),
        Baseline(goal.baseline.value, goal.baseline.period),
        goal.target,
        goal.due_on,
        goal.persons_per_point,
    )
