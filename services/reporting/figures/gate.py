"""The gate: what becomes of each figure of a batch, of whatever kind and whichever door it came
through.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from services.reporting.figures import events, rules, store
from services.reporting.figures.cases import Case
from services.reporting.figures.places import (
    NOTHING,
    EarlierFigure,
    KeptFigure,
    Place,
    SeriesKey,
    Standing,
)
from services.reporting.figures.rules import Draft
from services.reporting.heard import store as heard
from services.reporting.submissions.judging import Judged, Rights, principal_of, refuse_overtaken
from services.reporting.submissions.reading import refusal
from services.reporting.submissions.rules import moment_after
from shared.access.auth import require
from shared.access.roles import Action
from shared.audit import log as audit
from shared.errors import AppError, Conflict, Finding
from shared.outbox import outbox
from shared.postgres.database import Connection
from shared.values import Measure, Period

_NO_KINDS: Counter[str] = Counter()


class Gate:
    """One batch at the gate: what is kept of its places before it, and what is decided as it
    goes. It knows no kind of figure by name.
    """

    def __init__(self, rights: Rights) -> None:
        self.rights = rights
        self.earlier: dict[tuple[str, UUID], EarlierFigure] = {}
        self.standing: dict[Place, Standing] = {}
        self.measures: dict[Place, Measure] = {}
        self.weight_kinds: dict[SeriesKey, Counter[str]] = {}
        self.added: dict[tuple[str, UUID], tuple[KeptFigure, bytes]] = {}
        self.ended: list[tuple[str, UUID]] = []

    @classmethod
    async def open(cls, conn: Connection, cases: Sequence[Case], *, rights: Rights) -> "Gate":
        """Lock the municipalities that the cases speak of, and fetch what is kept of their
        places.
        """
        gate = cls(rights)
        located = {case.municipality_id for case in cases if case.municipality_id}
        await heard.lock_municipalities(conn, located)
        gate.earlier = await store.list_earlier(
            conn,
            [
                (case.entry.publisher, case.figure_id)
                for case in cases
                if case.figure_id is not None
            ],
        )
        places = {place for case in cases if (place := case.place) is not None}
        gate.standing = await store.list_standing(conn, places)
        gate.measures = await store.list_measures(
            conn, {place for case in cases for place in case.compared}
        )
        weighted = {series for case in cases if (series := case.weighted_series) is not None}
        gate.weight_kinds = await store.count_weight_kinds(conn, weighted)
        return gate

    def judge(self, case: Case) -> Judged:
        """Say what becomes of one figure, in the light of those before it."""
        entry = case.entry
        if (
            case.figure_id is not None
            and (kept := self.earlier.get((entry.publisher, case.figure_id))) is not None
        ):
            return _repeated(case, kept)
        if case.error is not None:
            return Judged(entry, "rejected", error=case.error)
        try:
            return self._accepted(case)
        except AppError as error:
            return Judged(entry, "rejected", error=error)

    def _accepted(self, case: Case) -> Judged:
        entry, draft, metric, place = case.entry, case.draft, case.metric, case.place
        assert draft is not None
        assert metric is not None
        assert place is not None
        require(
            principal_of(self.rights, entry.publisher),
            Action.PUBLISH,
            municipality_id=case.municipality_id,
            on=draft.period.last_day,
        )
        before = self.standing.get(place, NOTHING)
        refuse_overtaken(entry, "figure of the same place", by=before.newest)
        self._join_series(place[:4], draft, before)
        findings = case.kind.findings_of(draft, metric, self._before(case))
        figure = _kept(case, draft, before, findings)
        self._end(before)
        self.standing[place] = Standing(
            figure.vintage,
            entry.arrival,
            figure.posted_at,
            draft.figure_id,
            draft.publisher,
            rules.weight_kind_of(draft),
        )
        self.measures[place] = draft.measure
        self.earlier[draft.publisher, draft.figure_id] = EarlierFigure(
            draft.body_hash, figure.vintage, findings
        )
        self.added[draft.publisher, draft.figure_id] = (figure, draft.body_hash)
        return Judged(entry, "accepted", figure.vintage, findings)

    def _join_series(self, series: SeriesKey, draft: Draft, before: Standing) -> None:
        """Count the figure's kind of weight in place of that of the figure it replaces.

        Raises:
            RuleBroken: `weight-kind-mixed`.
        """
        kinds = self.weight_kinds.get(series, _NO_KINDS)
        if before.weight_kind is not None:
            kinds = kinds - Counter((before.weight_kind,))
        if (fault := rules.weight_kind_fault(draft, kinds)) is not None:
            raise refusal((fault,))
        kind = rules.weight_kind_of(draft)
        self.weight_kinds[series] = kinds if kind is None else kinds + Counter((kind,))

    def _before(self, case: Case) -> tuple[Period, Measure] | None:
        found = (place for place in case.compared if place in self.measures)
        return next(((Period.parse(place.period), self.measures[place]) for place in found), None)

    def _end(self, before: Standing) -> None:
        """Take the replaced figure out of force, be it kept before or added a moment ago."""
        if before.figure_id is None or before.publisher is None:
            return
        key = (before.publisher, before.figure_id)
        if (just := self.added.get(key)) is None:
            self.ended.append(key)
        else:
            self.added[key] = (replace(just[0], in_force=False), just[1])

    async def write(self, conn: Connection) -> None:
        """Write what was accepted, and the events of it."""
        if not self.added:
            return
        await store.end_force(conn, self.ended)
        await store.add_figures(conn, list(self.added.values()))
        await audit.note(conn, *_noted(self.added.values()))
        await outbox.put(conn, [events.posted(figure) for figure, _ in self.added.values()])


def _kept(case: Case, draft: Draft, before: Standing, findings: tuple[Finding, ...]) -> KeptFigure:
    """Make the figure that is kept of a draft that was accepted."""
    entry = case.entry
    return KeptFigure(
        publisher=draft.publisher,
        figure_id=draft.figure_id,
        municipality_id=case.municipality_id,
        municipality_number=draft.number,
        unit=draft.unit,
        metric=draft.metric,
        period=str(draft.period),
        window=draft.window,
        definition_key=draft.definition_key,
        definition=draft.definition,
        measure=draft.measure,
        parts=draft.parts,
        persons=draft.persons,
        note=draft.note,
        generated=draft.generated,
        findings=findings,
        vintage=before.vintage + 1,
        replaces=before.figure_id,
        in_force=True,
        origin=entry.origin,
        arrived_at=entry.arrived_at,
        posted_at=moment_after(before.decided_at, now=entry.arrived_at),
    )


def _noted(added: Collection[tuple[KeptFigure, bytes]]) -> Iterator[audit.Change]:
    """Note figures by their contents' hashes, one entry for each publisher and batch."""
    publishers = dict.fromkeys(figure.publisher for figure, _ in added)
    for publisher in publishers:
        hashes = {
            str(figure.figure_id): hash_.hex()
            for figure, hash_ in added
            if figure.publisher == publisher
        }
        yield audit.Change("figures-accepted", f"publisher/{publisher}", {"figures": hashes})


def _repeated(case: Case, kept: EarlierFigure) -> Judged:
    if kept.body_hash == case.body_hash:
        return Judged(case.entry, "repeated", kept.vintage, kept.findings)
    error = Conflict(
        f"figure id {case.figure_id} was used before with other content; post a correction under a"
        " new id",
        code="id-reused",
    )
    return Judged(case.entry, "rejected", error=error)
