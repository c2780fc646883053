"""What is told of municipalities: values to events, and back after a restore."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from services.registry.entries.events import event_id_of
from services.registry.municipalities.rules.county import County
from services.registry.municipalities.rules.membership import Membership
from services.registry.municipalities.rules.municipality import (
    DatedVersion,
    Municipality,
    Successor,
)
from services.registry.municipalities.rules.reform import Happened, Outcome
from shared.events import registry as told

_MUNICIPALITY_EVENTS: Mapping[Happened, type[told.MunicipalityEvent]] = {
    Happened.REGISTERED: told.MunicipalityRegistered,
    Happened.CHANGED: told.MunicipalityChanged,
    Happened.MERGED: told.MunicipalitiesMerged,
    Happened.SPLIT: told.MunicipalitySplit,
}


def municipality_event(outcome: Outcome, now: datetime) -> told.MunicipalityEvent:
    """Tell a municipality's new state."""
    municipality = outcome.municipality
    kind = _MUNICIPALITY_EVENTS[outcome.happened]
    return kind(
        event_id=event_id_of(kind, municipality.municipality_id, municipality.version),
        occurred_at=now,
        change_id=outcome.change_id,
        **municipality_fields(municipality),
    )


def municipality_fields(municipality: Municipality) -> dict[str, Any]:
    """Return a municipality's state as contracts carry it."""
    return {
        "municipality_id": municipality.municipality_id,
        "version": municipality.version,
        "versions": [
            told.MunicipalityVersion(
                number=dated.number,
                name=dated.name,
                county_number=dated.county.number,
                county_name=dated.county.name,
                valid_from=dated.valid_from,
                valid_to=dated.valid_to,
            )
            for dated in municipality.versions
        ],
        "aliases": list(municipality.aliases),
        "predecessors": list(municipality.predecessors),
        "successors": [
            told.Successor(municipality_id=successor.municipality_id, on=successor.on)
            for successor in municipality.successors
        ],
    }


def municipality_of(event: told.MunicipalityEvent) -> Municipality:
    """Return the municipality as it was told."""
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


def memberships_of(
    members: Iterable[told.Member | told.SpeaksFor],
) -> tuple[Membership, ...]:
    """Return members or mandates as they were told."""
    return tuple(Membership(member.municipality_id, member.from_, member.to) for member in members)
