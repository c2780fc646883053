"""Reading what the registry told: from contracts to values."""

from collections.abc import Mapping, Sequence
from datetime import date

from services.metrics.goals.rules import Goal
from services.metrics.heard.rules import (
    HeardCohort,
    HeardMunicipality,
    HeardProgramme,
    HeardProject,
    HeardTheme,
    MunicipalityVersion,
    Names,
    is_member,
)
from services.metrics.series.rules.amounts import micro
from services.metrics.series.rules.figures import Window
from shared.events import registry as told
from shared.values import Metric, version_on


def municipality_of(event: told.MunicipalityEvent, today: date) -> HeardMunicipality:
    """Return a municipality as it is today."""
    versions = [
        MunicipalityVersion(
            version.valid_from,
            version.number,
            version.name,
            version.county_number,
            version.county_name,
        )
        for version in sorted(event.versions, key=lambda version: version.valid_from)
    ]
    current = version_on(versions, today)
    return HeardMunicipality(
        event.municipality_id,
        current.number,
        current.name,
        current.county_number,
        current.county_name,
        versions,
        [successor.municipality_id for successor in event.successors],
    )


def programme_of(event: told.ProgrammeEvent) -> HeardProgramme:
    """Return a programme."""
    return HeardProgramme(
        event.programme_id,
        _names(event.names),
        [
            HeardCohort(cohort.id, _names(cohort.names), cohort.starts_on)
            for cohort in event.cohorts
        ],
        [HeardTheme(theme.id, _names(theme.names)) for theme in event.themes],
    )


def project_of(event: told.ProjectEvent) -> HeardProject:
    """Return a project without its members."""
    return HeardProject(
        event.project_id,
        event.programme_id,
        _names(event.names),
        event.cohort_id,
        tuple(event.theme_ids),
        event.ended_on,
    )


def members_of(event: told.ProjectEvent, today: date) -> list[str]:
    """Return the municipalities that take part now; a project that has ended keeps the members that
    it had.
    """
    return sorted(
        {one.municipality_id for one in event.members if is_member(one.from_, one.to, today)}
    )


def goals_of(
    event: told.ProjectEvent, members: Sequence[str], metrics: Mapping[str, Metric]
) -> list[Goal]:
    """Return the goals of known metrics, judged on the one member's own series, or on the project's
    where several share it.
    """
    subject = f"municipality/{members[0]}" if len(members) == 1 else f"project/{event.project_id}"
    return [
        Goal(
            project_id=event.project_id,
            goal_id=goal.goal_id,
            subject=subject,
            metric=goal.metric,
            definition_key=metrics[goal.metric].definition_key(goal.definition),
            window=Window(goal.window),
            falling=goal.direction == "falling",
            baseline=micro(goal.baseline.value),
            baseline_period=goal.baseline.period,
            target=micro(goal.target),
            due_on=goal.due_on,
            persons_per_point=(
                None if goal.persons_per_point is None else micro(goal.persons_per_point)
            ),
        )
        for goal in event.goals
        if goal.metric in metrics
    ]


def _names(names: told.Names) -> Names:
    return Names(names.fallback, names.nn, names.en)
