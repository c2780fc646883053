"""What is told of projects: values to events, and back after a restore."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.registry.entries.events import event_id_of, read_names, tell_names
from services.registry.municipalities.events import memberships_of
from services.registry.projects.rules import (
    Baseline,
    Direction,
    Goal,
    InterimTarget,
    JointUnit,
    Mark,
    Measure,
    MeasureStatus,
    Project,
    ThemeProfile,
)
from shared.events import registry as told


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
        "names": tell_names(project.names),
        "cohort_id": project.cohort_id,
        "theme_ids": list(project.theme_ids),
        "members": [
            told.Member(municipality_id=member.municipality_id, from_=member.from_, to=member.to)
            for member in project.members
        ],
        "goals": [_tell_goal(goal) for goal in project.goals],
        "ended_on": project.ended_on,
        "planned_end_year": project.planned_end_year,
        "joint_unit": _tell_joint_unit(project.joint_unit),
        "profile": {
            theme_id: _tell_profile(of_theme) for theme_id, of_theme in project.profile.items()
        },
        "measures": [_tell_measure(measure) for measure in project.measures],
        "success_factors": dict(project.success_factors),
        "handed_over_on": project.handed_over_on,
        "follow_up_on": project.follow_up_on,
    }


def _tell_joint_unit(unit: JointUnit | None) -> told.JointUnit | None:
    if unit is None:
        return None
    return told.JointUnit(id=unit.joint_unit_id, names=tell_names(unit.names))


def _tell_profile(profile: ThemeProfile) -> dict[str, told.ProfileMark | list[str] | bool]:
    marks = {
        option_id: told.ProfileMark(every_nth=mark.every_nth, note=mark.note)
        for option_id, mark in profile.marks.items()
    }
    return {**marks, "other": list(profile.other), "not_decided": profile.not_decided}


def _tell_measure(measure: Measure) -> told.Measure:
    return told.Measure(
        measure_id=measure.measure_id,
        kind=measure.kind,
        names=tell_names(measure.names),
        municipality_ids=list(measure.municipality_ids),
        starts_on=measure.starts_on,
        ends_on=measure.ends_on,
        status=measure.status.value,
    )


def _tell_goal(goal: Goal) -> told.Goal:
    return told.Goal(
        goal_id=goal.goal_id,
        metric=goal.metric,
        window=goal.window,
        definition=dict(goal.definition),
        direction=goal.direction.value,
        baseline=told.Baseline(value=goal.baseline.value, period=goal.baseline.period),
        target=goal.target,
        due_on=goal.due_on,
        persons_per_point=goal.persons_per_point,
        interim_targets=[
            told.InterimTarget(year=interim.year, value=interim.value)
            for interim in goal.interim_targets
        ],
    )


def project_of(event: told.ProjectEvent) -> Project:
    """Return the project as it was told."""
    return Project(
        project_id=event.project_id,
        programme_id=event.programme_id,
        names=read_names(event.names),
        cohort_id=event.cohort_id,
        theme_ids=tuple(event.theme_ids),
        members=memberships_of(event.members),
        goals=tuple(_read_goal(goal) for goal in event.goals),
        ended_on=event.ended_on,
        planned_end_year=event.planned_end_year,
        joint_unit=_read_joint_unit(event.joint_unit),
        profile={theme_id: _read_profile(told_) for theme_id, told_ in event.profile.items()},
        measures=tuple(_read_measure(measure) for measure in event.measures),
        success_factors=dict(event.success_factors),
        handed_over_on=event.handed_over_on,
        follow_up_on=event.follow_up_on,
        version=event.version,
    )


def _read_joint_unit(unit: told.JointUnit | None) -> JointUnit | None:
    return None if unit is None else JointUnit(unit.id, read_names(unit.names))


def _read_profile(content: Mapping[str, told.ProfileMark | list[str] | bool]) -> ThemeProfile:
    other = content.get("other", [])
    return ThemeProfile(
        {
            option_id: Mark(mark.every_nth, mark.note)
            for option_id, mark in content.items()
            if isinstance(mark, told.ProfileMark)
        },
        tuple(other) if isinstance(other, list) else (),
        content.get("not_decided") is True,
    )


def _read_measure(measure: told.Measure) -> Measure:
    return Measure(
        measure.measure_id,
        measure.kind,
        read_names(measure.names),
        tuple(measure.municipality_ids),
        measure.starts_on,
        measure.ends_on,
        MeasureStatus(measure.status),
    )


def _read_goal(goal: told.Goal) -> Goal:
    return Goal(
        goal.goal_id,
        goal.metric,
        goal.window,
        dict(goal.definition),
        Direction(goal.direction),
        Baseline(goal.baseline.value, goal.baseline.period),
        goal.target,
        goal.due_on,
        goal.persons_per_point,
        tuple(InterimTarget(interim.year, interim.value) for interim in goal.interim_targets),
    )
