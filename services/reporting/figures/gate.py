"""The gate: what becomes of each figure of a batch, whichever door it came through."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from services.reporting.figures import events, rules, store
from services.reporting.figures.places import (
    NOTHING,
    EarlierFigure,
    KeptFigure,
    Place,
    SeriesKey,
    Standing,
)
from services.reporting.figures.reading import read_figure
from services.reporting.figures.rules import Draft, Window
from services.reporting.heard import store as heard
from services.reporting.heard.rules import holder_of
from services.reporting.submissions.judging import Judged, Rights, principal_of, refuse_overtaken
from services.reporting.submissions.reading import Entry, refusal
from services.reporting.submissions.rules import Arrival, moment_after
from shared.access.auth import require
from shared.access.roles import Action
from shared.audit import log as audit
from shared.errors import AppError, Conflict, FieldError
from shared.outbox import outbox
from shared.postgres.database import Connection
from shared.values import Period

_NO_KINDS: Counter[str] = Counter()


@dataclass(slots=True)
class Case:
    """One entry on its way through the gate: what it says, whose it is, and what is wrong with it
    by itself.
    """

    entry: Entry
    draft: Draft | None = None
    municipality_id: str = ""
    compared: Sequence[Place] = ()
    error: AppError | None = None


def read(entry: Entry) -> Case:
    """Read one entry; what is wrong with it by itself becomes its error."""
    try:
        return Case(entry, read_figure(entry))
    except AppError as error:
        return Case(entry, error=error)


async def find_municipalities(conn: Connection, cases: Sequence[Case], *, today: date) -> None:
    """Settle which municipality each number meant on its period's last day, and what else is wrong
    with the figure.
    """
    numbers = {case.draft.number for case in cases if case.draft is not None}
    holders = await heard.list_number_holders(conn, numbers) if numbers else {}
    for case in cases:
        if (draft := case.draft) is None:
            continue
        faults = rules.faults_of(draft, today=today)
        found = holder_of(draft.number, draft.period.last_day, holders.get(draft.number, []))
        if isinstance(found, FieldError):
            faults.append(found)
        else:
            case.municipality_id = found
            case.compared = _compared(found, draft)
        if faults:
            case.error = refusal(tuple(faults))


class Gate:
    """One batch at the gate: what is kept of its places before it, and what is decided as it
    goes.
    """

    def __init__(self, rights: Rights, now: datetime) -> None:
        self.rights = rights
        self.now = now
        self.earlier: dict[tuple[str, UUID], EarlierFigure] = {}
        self.standing: dict[Place, Standing] = {}
        self.rates: dict[Place, Decimal] = {}
        self.kinds: dict[SeriesKey, Counter[str]] = {}
        self.added: dict[tuple[str, UUID], tuple[KeptFigure, bytes]] = {}
        self.ended: list[tuple[str, UUID]] = []

    @classmethod
    async def open(
        cls, conn: Connection, cases: Sequence[Case], *, rights: Rights, now: datetime
    ) -> "Gate":
        """Lock the municipalities that the cases speak of, and fetch what is kept of their
        places.
        """
        gate = cls(rights, now)
        drafts = [(case.municipality_id, case.draft) for case in cases if case.draft is not None]
        located = [(municipality_id, draft) for municipality_id, draft in drafts if municipality_id]
        await heard.lock_municipalities(conn, {municipality_id for municipality_id, _ in located})
        gate.earlier = await store.list_earlier(
            conn, [(draft.publisher, draft.figure_id) for _, draft in drafts]
        )
        gate.standing = await store.list_standing(conn, {_place(m, draft) for m, draft in located})
        gate.rates = await store.list_rates(
            conn, {place for case in cases for place in case.compared}
        )
        weighted = {
            _series(m, draft) for m, draft in located if rules.weight_kind_of(draft) is not None
        }
        gate.kinds = await store.count_weight_kinds(conn, weighted)
        return gate

    def judge(self, case: Case) -> Judged:
        """Say what becomes of one figure, in the light of those before it."""
        entry, draft = case.entry, case.draft
        if (
            draft is not None
            and (kept := self.earlier.get((draft.publisher, draft.figure_id))) is not None
        ):
            return _repeated(entry, draft, kept)
        if draft is None or case.error is not None:
            return Judged(entry, "rejected", error=case.error)
        try:
            principal = principal_of(self.rights, draft.publisher)
            require(
                principal,
                Action.PUBLISH,
                municipality_id=case.municipality_id,
                on=draft.period.last_day,
            )
            return self._accepted(entry, draft, case)
        except AppError as error:
            return Judged(entry, "rejected", error=error)

    def _accepted(self, entry: Entry, draft: Draft, case: Case) -> Judged:
        municipality_id = case.municipality_id
        place, series = _place(municipality_id, draft), _series(municipality_id, draft)
        before = self.standing.get(place, NOTHING)
        refuse_overtaken(entry, "figure of the same place", by=before.newest)
        kind, kinds_of_others = rules.weight_kind_of(draft), self._kinds_of_others(series, before)
        if (fault := rules.weight_kind_fault(draft, kinds_of_others)) is not None:
            raise refusal((fault,))
        findings = rules.findings_of(draft, self._compared_rate(case))
        figure = events.kept_figure(
            draft,
            municipality_id,
            vintage=before.vintage + 1,
            replaces=before.figure_id,
            findings=findings,
            now=moment_after(before.decided_at, now=self.now),
        )
        self._end(before)
        self.kinds[series] = (
            kinds_of_others + Counter((kind,)) if kind is not None else kinds_of_others
        )
        taken = Arrival(figure.origin, figure.posted_at)
        self.standing[place] = Standing(
            figure.vintage, taken, figure.posted_at, draft.figure_id, draft.publisher, kind
        )
        self._remember_rate(place, draft)
        self.earlier[draft.publisher, draft.figure_id] = EarlierFigure(
            draft.body_hash, figure.vintage, findings
        )
        self.added[draft.publisher, draft.figure_id] = (figure, draft.body_hash)
        return Judged(entry, "accepted", figure.vintage, findings)

    def _kinds_of_others(self, series: SeriesKey, before: Standing) -> Counter[str]:
        """Count the series' kinds of weight without the figure that is about to be replaced."""
        kinds = self.kinds.get(series, _NO_KINDS)
        return kinds - Counter((before.weight_kind,)) if before.weight_kind is not None else kinds

    def _compared_rate(self, case: Case) -> tuple[Period, Decimal] | None:
        found = (place for place in case.compared if place in self.rates)
        return next(((Period.parse(place.period), self.rates[place]) for place in found), None)

    def _remember_rate(self, place: Place, draft: Draft) -> None:
        """Let the figures after this one in the batch be compared with it; a place without a rate
        has none to offer.
        """
        self.rates.pop(place, None)
        if draft.rate is not None:
            self.rates[place] = draft.rate

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


def _repeated(entry: Entry, draft: Draft, kept: EarlierFigure) -> Judged:
    if kept.body_hash == draft.body_hash:
        return Judged(entry, "repeated", kept.vintage, kept.findings)
    error = Conflict(
        f"figure id {draft.figure_id} was used before with other content; post a correction under a"
        " new id",
        code="id-reused",
    )
    return Judged(entry, "rejected", error=error)


def _place(municipality_id: str, draft: Draft) -> Place:
    return Place(municipality_id, draft.unit, draft.definition.key, str(draft.period), draft.window)


def _compared(municipality_id: str, draft: Draft) -> Sequence[Place]:
    """Return the places of the figures with one of which this one is compared; wider windows are
    not.
    """
    if draft.window is not Window.PERIOD:
        return ()
    return [
        Place(municipality_id, draft.unit, draft.definition.key, str(period), draft.window)
        for period in rules.compared_periods(draft.period)
    ]


def _series(municipality_id: str, draft: Draft) -> SeriesKey:
    return (municipality_id, draft.unit, draft.definition.key)
