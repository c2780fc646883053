"""What is told of projects: values to events, and back after a restore."""

from datetime import datetime
from typing import Any

from services.registry.entries.events import event_id_of, read_names, tell_names
from services.registry.municipalities.events import memberships_of
from services.registry.projects.rules import Baseline, Direction, Goal, Project
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
    }


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
    )


def project_of(event: told.ProjectEvent) -> Project:
    """Return the project as it was told."""
    return Project(
        event.project_id,
        event.programme_id,
        read_names(event.names),
        event.cohort_id,
        tuple(event.theme_ids),
        memberships_of(event.members),
        tuple(_read_goal(goal) for goal in event.goals),
        event.ended_on,
        event.version,
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
    )
