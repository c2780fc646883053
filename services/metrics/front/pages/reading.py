"""Reads what the front page shows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date

from services.metrics.boards.rules import FIRST_METRIC
from services.metrics.front.pages.atlas import Lineage, Today, today
from services.metrics.front.pages.view import Choice, Filters, FrontPage, Participant
from services.metrics.front.rules import Comparison
from services.metrics.goals import store as goal_store
from services.metrics.heard import store as heard_store
from services.metrics.heard.rules import HeardCohort, HeardMunicipality, HeardProject
from services.metrics.publishing import store
from services.metrics.publishing.rules.published import PublishedState
from services.metrics.series.rules.figures import Meaning
from shared.errors import NotFound
from shared.postgres.database import Connection
from shared.values import Metric


async def read_front(
    conn: Connection, filters: Filters, programme_id: str | None = None
) -> FrontPage:
    """Return the front page of a programme.

    Args:
        programme_id: which programme, where there are several; the first when not given.

    Raises:
        NotFound: there is no such programme.
    """
    programmes = await heard_store.list_programmes(conn)
    chosen = programme_id or next(iter(programmes), None)
    if chosen is None:
        return FrontPage(None, [], [], [], filters)
    if chosen not in programmes:
        raise NotFound(f"no programme {chosen[:80]!r} is known")
    programme = programmes[chosen]
    projects = [one for one in await heard_store.list_projects(conn) if one.programme_id == chosen]
    known = {one.municipality_id: one for one in await heard_store.list_municipalities(conn)}
    participants = _participants(projects, programme.cohorts, known)
    metrics = {one.metric_id: one for one in await heard_store.list_metrics(conn)}
    meaning = None
    if (metric := metrics.get(FIRST_METRIC)) is not None:
        latest = await _read_latest(conn, {one.municipality_id for one in participants})
        goals = await goal_store.list_goals(conn)
        comparison = Comparison(latest, goals, {one.project_id for one in projects}, metric)
        participants = [_with_figures(one, comparison, metric) for one in participants]
        if comparison.definition_key is not None:
            meaning = Meaning(metric, comparison.definition_key)
    return FrontPage(
        programme=programme.names,
        participants=participants,
        cohorts=[Choice(cohort.cohort_id, cohort.names) for cohort in programme.cohorts],
        themes=[Choice(theme.theme_id, theme.names) for theme in programme.themes],
        filters=filters,
        meaning=meaning,
    )


def _with_figures(participant: Participant, comparison: Comparison, metric: Metric) -> Participant:
    """Return the participant with its figures; as it is when there are none."""
    compared = comparison.of(participant.municipality_id)
    if compared is None:
        return participant
    return replace(
        participant,
        meaning=Meaning(metric, compared.definition_key),
        is_otherwise=compared.is_otherwise,
        has_more=compared.has_more,
        level=compared.level,
        level_window=compared.level_window,
        change=compared.change,
        change_window=compared.change_window,
        period=compared.period,
        generated=compared.generated,
        suppressed=compared.suppressed,
        present=compared.present,
        expected=compared.expected,
    )


async def _read_latest(
    conn: Connection, municipality_ids: Collection[str]
) -> dict[str, dict[str, PublishedState]]:
    """Return the newest state of each of some municipalities' series, by municipality and
    definition key.
    """
    found: dict[str, dict[str, PublishedState]] = {}
    for municipality_id, state in await store.list_latest(conn, FIRST_METRIC):
        if municipality_id in municipality_ids:
            found.setdefault(municipality_id, {})[state.definition.key] = state.published
    return found


def _participants(
    projects: Sequence[HeardProject],
    cohorts: Sequence[HeardCohort],
    known: Mapping[str, HeardMunicipality],
) -> list[Participant]:
    starts = {cohort.cohort_id: cohort.starts_on for cohort in cohorts}
    theirs: dict[str, list[HeardProject]] = {}
    for project in projects:
        for municipality_id in project.municipality_ids:
            theirs.setdefault(municipality_id, []).append(project)
    return [
        _participant(known[municipality_id], joined, starts, known)
        for municipality_id, joined in theirs.items()
        if municipality_id in known
    ]


def _participant(
    municipality: HeardMunicipality,
    joined: Sequence[HeardProject],
    starts: Mapping[str, date],
    known: Mapping[str, HeardMunicipality],
) -> Participant:
    cohort_ids = sorted({project.cohort_id for project in joined if project.cohort_id})
    began = min((starts[cohort] for cohort in cohort_ids if cohort in starts), default=None)
    version = municipality.version_on(began)
    return Participant(
        municipality_id=municipality.municipality_id,
        name=version.name,
        county=version.county_name,
        cohort_ids=tuple(cohort_ids),
        theme_ids=tuple(sorted({theme for project in joined for theme in project.theme_ids})),
        today=_today(municipality.municipality_id, known),
    )


def _today(municipality_id: str, known: Mapping[str, HeardMunicipality]) -> tuple[Today, ...]:
    def lineage(one: str) -> Lineage | None:
        found = known.get(one)
        if found is None:
            return None
        return Lineage(found.number, found.name, tuple(found.successor_ids))

    return tuple(today(municipality_id, lineage))
