"""Reading rankings from the published states."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.metrics.heard import store as heard_store
from services.metrics.heard.rules import HeardMunicipality
from services.metrics.publishing.rules.published import check_asked
from services.metrics.rankings import store
from services.metrics.rankings.rules import (
    Contender,
    Ranking,
    cannot_be_ranked,
    definition_asked,
    is_lowest_first,
    rank,
)
from services.metrics.rankings.store import Wanted
from services.metrics.series.rules.figures import Definition, Meaning, Window, last_month_of
from services.metrics.series.rules.formulas import Formula
from shared.postgres.database import Connection
from shared.values import Period


@dataclass(frozen=True, slots=True)
class Asked:
    """What a ranking is asked for.

    Attributes:
        subjects: the kind of subjects.
        within: a group of municipalities; all when None.
    """

    metric: str
    definition_key: str | None
    window: Window
    period: Period
    subjects: str = "municipality"
    within: str | None = None


async def get_ranking(conn: Connection, asked: Asked) -> Ranking:
    """Return a ranking.

    Raises:
        RuleBroken: `metric-unknown`, `definition-unknown`, `definition-needed`.
    """
    metrics = {one.metric_id: one for one in await heard_store.list_metrics(conn)}
    check_asked(metrics, metric=asked.metric, definition_key=None)
    metric = metrics[asked.metric]
    definition_key = definition_asked(metric, asked.definition_key)
    wanted = Wanted(
        Definition(metric.metric_id, definition_key),
        asked.subjects,
        asked.within,
        asked.window,
        last_month_of(asked.period),
        Formula.of(metric).takes_last,
    )
    rows = await store.list_figures(conn, wanted)
    known = {one.municipality_id: one for one in await heard_store.list_municipalities(conn)}
    contenders = [
        Contender(
            row.subject,
            _name(row.subject, row.municipality_id, known, asked.period),
            row.cell,
            row.suppressed,
            row.generated,
        )
        for row in rows
    ]
    lowest_first = is_lowest_first(metric)
    return Ranking(
        Meaning(metric, definition_key),
        asked.window,
        asked.period,
        lowest_first,
        rank(contenders, lowest_first=lowest_first),
        cannot_be_ranked(contenders),
    )


def _name(
    subject: str,
    municipality_id: str | None,
    known: Mapping[str, HeardMunicipality],
    period: Period,
) -> str:
    """Return what a municipality was called then; the id of any other subject."""
    municipality = known.get(municipality_id or "")
    if municipality is None:
        return subject.partition("/")[2]
    return municipality.version_on(period.last_day).name
