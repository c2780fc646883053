"""What is told of gatherings: values to events, and back after a restore."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from services.registry.entries.events import event_id_of, read_names, tell_names
from services.registry.gatherings.rules import (
    AgendaItem,
    Attendance,
    Evaluation,
    Gathering,
    GatheringKind,
    GatheringState,
    ItemKind,
    Party,
)
from shared.events import registry as told

_EVENTS: Mapping[GatheringState, type[told.GatheringEvent]] = {
    GatheringState.SCHEDULED: told.GatheringChanged,
    GatheringState.CANCELLED: told.GatheringCancelled,
    GatheringState.HELD: told.GatheringHeld,
}


def gathering_event(gathering: Gathering, now: datetime) -> told.GatheringEvent:
    """Tell a gathering's new state; a correction of one that was held is told as held."""
    kind = told.GatheringScheduled if gathering.version == 1 else _EVENTS[gathering.state]
    return kind(
        event_id=event_id_of(kind, gathering.gathering_id, gathering.version),
        occurred_at=now,
        **gathering_fields(gathering),
    )


def gathering_fields(gathering: Gathering) -> dict[str, Any]:
    """Return a gathering's state as contracts carry it."""
    tables = gathering.tables
    return {
        "gathering_id": gathering.gathering_id,
        "version": gathering.version,
        "programme_id": gathering.programme_id,
        "network_id": gathering.network_id,
        "kind": gathering.kind.value,
        "names": tell_names(gathering.names),
        "starts_at": gathering.starts_at,
        "ends_at": gathering.ends_at,
        "place": gathering.place,
        "agenda": [_tell_item(item) for item in gathering.agenda],
        "expected": told.Expected(
            municipality_ids=list(gathering.expected_municipality_ids),
            parties=[party.value for party in gathering.expected_parties],
        ),
        "signed_up": tell_attendance(gathering.signed_up),
        "attended": tell_attendance(gathering.attended),
        "observers": gathering.observers,
        "panel": [told.Panelist(municipality_id=each) for each in gathering.panel],
        "tables": (
            None
            if tables is None
            else [told.Table(seats=tell_attendance(seats)) for seats in tables]
        ),
        "questions": list(gathering.questions),
        "evaluation": [
            told.Evaluation(question=asked.question, answers=dict(asked.answers))
            for asked in gathering.evaluation
        ],
        "state": gathering.state.value,
        "reason": gathering.reason,
    }


def gathering_of(event: told.GatheringEvent) -> Gathering:
    """Return the gathering as it was told."""
    return Gathering(
        gathering_id=event.gathering_id,
        programme_id=event.programme_id,
        kind=GatheringKind(event.kind),
        names=read_names(event.names),
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        place=event.place,
        network_id=event.network_id,
        agenda=tuple(_read_item(item) for item in event.agenda),
        expected_municipality_ids=tuple(event.expected.municipality_ids),
        expected_parties=tuple(Party(party) for party in event.expected.parties),
        signed_up=_read_attendance(event.signed_up),
        attended=_read_attendance(event.attended),
        observers=event.observers,
        panel=tuple(panelist.municipality_id for panelist in event.panel),
        tables=(
            None
            if event.tables is None
            else tuple(_read_attendance(table.seats) for table in event.tables)
        ),
        questions=tuple(event.questions),
        evaluation=tuple(
            Evaluation(asked.question, dict(asked.answers)) for asked in event.evaluation
        ),
        state=GatheringState(event.state),
        reason=event.reason,
        version=event.version,
    )


def tell_attendance(attendance: Iterable[Attendance]) -> list[told.Attendance]:
    """Return numbers of persons as contracts carry them."""
    return [
        told.Attendance(
            municipality_id=each.municipality_id, party=each.party.value, count=each.count
        )
        for each in attendance
    ]


def _read_attendance(attendance: Iterable[told.Attendance]) -> tuple[Attendance, ...]:
    return tuple(
        Attendance(each.municipality_id, Party(each.party), each.count) for each in attendance
    )


def _tell_item(item: AgendaItem) -> told.AgendaItem:
    return told.AgendaItem(
        starts_at=item.starts_at,
        ends_at=item.ends_at,
        title=item.title,
        kind=item.kind.value,
        speaker=item.speaker,
    )


def _read_item(item: told.AgendaItem) -> AgendaItem:
    return AgendaItem(item.starts_at, item.ends_at, item.title, ItemKind(item.kind), item.speaker)
