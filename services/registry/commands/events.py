"""Writing out what the registry tells: the mapping from domain values to events.

An event's id follows from the thing and its version, so that the same state is never told under two
ids.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from services.registry.domain.municipality import Municipality
from services.registry.domain.programme import Names, Programme
from services.registry.domain.project import Goal, Membership, Project
from services.registry.domain.publisher import Publisher
from services.registry.domain.reform import Happened, Outcome
from shared.events import registry as told
from shared.events.envelope import Event, derived_id

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


def programme_event(programme: Programme, now: datetime) -> told.ProgrammeEvent:
    """Tell a programme's new state."""
    kind = told.ProgrammeRegistered if programme.version == 1 else told.ProgrammeChanged
    return kind(
        event_id=event_id_of(kind, programme.programme_id, programme.version),
        occurred_at=now,
        **programme_fields(programme),
    )


def programme_fields(programme: Programme) -> dict[str, Any]:
    """Return a programme's state as contracts carry it."""
    return {
        "programme_id": programme.programme_id,
        "version": programme.version,
        "names": _names(programme.names),
        "cohorts": [
            told.Cohort(
                id=cohort.cohort_id,
                names=_names(cohort.names),
                starts_on=cohort.starts_on,
                claimed=dict(cohort.claimed),
            )
            for cohort in programme.cohorts
        ],
        "themes": [
            told.Theme(id=theme.theme_id, names=_names(theme.names)) for theme in programme.themes
        ],
        "report_kinds": [
            told.ReportKind(id=kind.report_kind_id, names=_names(kind.names))
            for kind in programme.report_kinds
        ],
        "claimed": dict(programme.claimed),
    }


def project_event(project: Project, now: datetime, *, has_just_ended: bool) -> told.ProjectEvent:
    """Tell a project's new state. One that is registered with its end already there is told as
    ended.
    """
    kind: type[told.ProjectEvent] = (
        told.ProjectRegistered if project.version == 1 else told.ProjectChanged
    )
    if has_just_ended:
        kind = told.ProjectEnded
    return kind(
        event_id=event_id_of(kind, project.project_id, project.version),
        occurred_at=now,
        **project_fields(project),
    )


def project_fields(project: Project) -> dict[str, Any]:
    """Return a project's state as contracts carry it."""
    return {
        "project_id": project.project_id,
        "version": project.version,
        "programme_id": project.programme_id,
        "names": _names(project.names),
        "cohort_id": project.cohort_id,
        "theme_ids": list(project.theme_ids),
        "members": [
            told.Member(municipality_id=member.municipality_id, from_=member.from_, to=member.to)
            for member in project.members
        ],
        "goals": [_goal(goal) for goal in project.goals],
        "ended_on": project.ended_on,
    }


def publisher_event(
    publisher: Publisher, now: datetime, *, is_revocation: bool = False
) -> told.PublisherEvent:
    """Tell a publisher's new state, with the keys that were not taken back."""
    kind: type[told.PublisherEvent] = (
        told.PublisherRegistered if publisher.version == 1 else told.PublisherChanged
    )
    if is_revocation:
        kind = told.PublisherRevoked
    return kind(
        event_id=event_id_of(kind, publisher.organisation_number, publisher.version),
        occurred_at=now,
        organisation_number=publisher.organisation_number,
        version=publisher.version,
        name=publisher.name,
        may_speak_for=[speaks_for(mandate) for mandate in publisher.may_speak_for],
        keys=[
            told.PublisherKey(key_id=key.key_id, hash=key.hash, expires_at=key.expires_at)
            for key in publisher.keys
            if key.revoked_at is None
        ],
        revoked_at=publisher.revoked_at,
    )


def speaks_for(mandate: Membership) -> told.SpeaksFor:
    """Return a mandate as contracts carry it."""
    return told.SpeaksFor(
        municipality_id=mandate.municipality_id, from_=mandate.from_, to=mandate.to
    )


def event_id_of(kind: type[Event], key: str, version: int) -> UUID:
    """Return the id of a state's event."""
    return derived_id(kind.topic(), key, version)


def _names(names: Names) -> told.Names:
    return told.Names(nb=names.nb, nn=names.nn, en=names.en)


def _goal(goal: Goal) -> told.Goal:
    return told.Goal(
        goal_id=goal.goal_id,
        metric="absence",
        window=goal.window,
        definition=told.DefinitionContract(
            certification=goal.definition.certification.value,
            denominator=goal.definition.denominator.value,
            holiday_corrected=goal.definition.holiday_corrected,
            source=goal.definition.source.value,
        ),
        direction=goal.direction.value,
        baseline=told.Baseline(value=goal.baseline.value, period=goal.baseline.period),
        target=goal.target,
        due_on=goal.due_on,
        persons_per_point=goal.persons_per_point,
    )
