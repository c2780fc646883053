"""Accepting and withdrawing absence figures: one gate for HTTP and Kafka."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.reporting import domain
from services.reporting.commands import events
from services.reporting.commands.reading import Entry, read_contract, read_figure, refusal
from services.reporting.domain import Draft, Place, SeriesState
from services.reporting.store import figures as store
from services.reporting.store.figures import KeptFigure, LatestAt, SeriesKey
from shared.auth import Action, Principal, require
from shared.clock import local_date
from shared.database import Connection
from shared.errors import AppError, Conflict, FieldError, Finding, NotAllowed, RuleBroken
from shared.events import inbound
from shared.events.envelope import Event
from shared.messaging import Record, outbox
from shared.messaging.dead_letters import Failure
from shared.messaging.records import submission_id_of

Rights = Mapping[str, Principal]
"""Who may speak for whom, by organisation number; `operator` stands for the operator itself."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one submission.

    Attributes:
        result: `accepted`, `repeated` (the first answer again) or `rejected`.
        vintage: which vintage of its place it is or was, when not rejected.
        error: why it was rejected.
    """

    entry: Entry
    result: str
    vintage: int | None = None
    findings: tuple[Finding, ...] = ()
    error: AppError | None = None


async def post_figures(conn: Connection, entries: Sequence[Entry], *, rights: Rights, now: datetime) -> list[Judged]:
    """Judge figures one by one and accept the good ones together; receipts and events leave with the commit.

    Args:
        entries: in the order in which they came; a later one of the same place replaces an earlier one.
        rights: principals of the publishers among them.

    Returns:
        One outcome per entry, in order. One bad figure never touches its neighbours.
    """
    gate = await _Gate.open(conn, entries, rights=rights, now=now)
    outcomes = [gate.judge(entry) for entry in entries]
    await gate.write(conn)
    await put_receipts(conn, outcomes, now=now)
    return outcomes


async def withdraw_figures(
    conn: Connection, entries: Sequence[Entry], *, rights: Rights, now: datetime
) -> list[Judged]:
    """Take figures back; what was in force at their places before holds again.

    A figure that was already withdrawn answers as the first time. Only its publisher, or the operator, may.
    """
    outcomes = []
    for entry in entries:
        try:
            outcomes.append(await _withdraw(conn, entry, rights=rights, now=now))
        except (RuleBroken, NotAllowed) as error:
            outcomes.append(Judged(entry, "rejected", error=error))
    await put_receipts(conn, outcomes, now=now)
    return outcomes


async def reject_unknown_type(conn: Connection, entries: Sequence[Entry], *, kind: str, now: datetime) -> None:
    """Answer submissions of a type that this topic does not take."""
    fault = FieldError("type-unknown", f"this topic takes no events of type {kind[:120]!r}")
    await put_receipts(conn, [Judged(entry, "rejected", error=refusal((fault,))) for entry in entries], now=now)


async def put_receipts(conn: Connection, outcomes: Sequence[Judged], *, now: datetime) -> None:
    """Let each publisher know what became of its submissions, on a topic that only it may read."""
    topics: dict[str, list[Event]] = {}
    for judged in outcomes:
        if judged.entry.publisher != events.OPERATOR:
            receipt = events.receipt(judged, now)
            topics.setdefault(receipt.topic_of(receipt.publisher), []).append(receipt)
    for topic, receipts in topics.items():
        await outbox.put(conn, receipts, topic=topic)


async def refuse_record(conn: Connection, record: Record, failure: Failure) -> None:
    """Write the receipt of an inbound record that could not be read or handled at all."""
    publisher = record.topic.split(".")[1]
    receipt = events.rejection(
        publisher=publisher,
        submission_id=submission_id_of(record),
        error=RuleBroken(failure.error.partition("\n")[0], code=failure.code),
        origin=record.origin,
    )
    await outbox.put(conn, [receipt], topic=receipt.topic_of(publisher))


class _Gate:
    """One batch at the gate: what is known before it, and what is decided as it goes."""

    def __init__(self, rights: Rights, now: datetime) -> None:
        self.rights = rights
        self.now = now
        self.today = local_date(now)
        self.drafts: dict[int, Draft] = {}
        self.errors: dict[int, AppError] = {}
        self.municipality: dict[int, str] = {}
        self.earlier: dict[tuple[str, UUID], tuple[bytes, int, tuple[Finding, ...]]] = {}
        self.latest: dict[Place, LatestAt] = {}
        self.series: dict[SeriesKey, SeriesState] = {}
        self.moved: dict[SeriesKey, SeriesState] = {}
        self.added: dict[tuple[str, UUID], tuple[KeptFigure, bytes, Draft]] = {}
        self.ended: list[tuple[str, UUID]] = []

    @classmethod
    async def open(cls, conn: Connection, entries: Sequence[Entry], *, rights: Rights, now: datetime) -> "_Gate":
        """Read the entries, lock the municipalities that they speak of, and fetch what is kept of them."""
        gate = cls(rights, now)
        for entry in entries:
            try:
                gate.drafts[id(entry)] = read_figure(entry)
            except AppError as error:
                gate.errors[id(entry)] = error
        if not gate.drafts:
            return gate
        holders = await store.list_number_holders(conn, [draft.number for draft in gate.drafts.values()])
        for entry in entries:
            if (draft := gate.drafts.get(id(entry))) is not None:
                gate._settle_municipality(entry, draft, holders.get(draft.number, []))
        await store.lock_municipalities(conn, gate.municipality.values())
        drafts = [(gate.municipality[key], draft) for key, draft in gate.drafts.items() if key in gate.municipality]
        if drafts:
            await gate._fetch(conn, drafts)
        return gate

    def _settle_municipality(self, entry: Entry, draft: Draft, holders: Sequence[domain.NumberHolder]) -> None:
        faults = domain.faults_of(draft, today=self.today)
        found = domain.holder_of(draft.number, draft.period.last_day, holders)
        if isinstance(found, FieldError):
            faults.append(found)
        else:
            self.municipality[id(entry)] = found
        if faults:
            self.errors[id(entry)] = refusal(tuple(faults))

    async def _fetch(self, conn: Connection, drafts: Sequence[tuple[str, Draft]]) -> None:
        earlier = await store.list_earlier(conn, [(draft.publisher, draft.figure_id) for _, draft in drafts])
        self.earlier = {key: (kept.body_hash, kept.vintage, kept.findings) for key, kept in earlier.items()}
        self.latest = await store.list_latest_at(conn, list({_place(m, draft) for m, draft in drafts}))
        self.series = await store.list_series(conn, {_series(m, draft) for m, draft in drafts})

    def judge(self, entry: Entry) -> Judged:
        """Say what becomes of one entry, in the light of those before it."""
        draft, error = self.drafts.get(id(entry)), self.errors.get(id(entry))
        if draft is not None and (kept := self.earlier.get((draft.publisher, draft.figure_id))) is not None:
            return self._repeated(entry, draft, kept)
        if draft is None or error is not None:
            return Judged(entry, "rejected", error=error)
        municipality_id = self.municipality[id(entry)]
        try:
            self._require(draft, municipality_id)
            return self._accepted(entry, draft, municipality_id)
        except AppError as refused:
            return Judged(entry, "rejected", error=refused)

    def _require(self, draft: Draft, municipality_id: str) -> None:
        principal = self.rights.get(draft.publisher)
        if principal is None:
            raise NotAllowed(f"publisher {draft.publisher} is not registered or was revoked", code="publisher-unknown")
        require(principal, Action.PUBLISH, municipality_id=municipality_id, on=draft.period.last_day)

    def _repeated(self, entry: Entry, draft: Draft, kept: tuple[bytes, int, tuple[Finding, ...]]) -> Judged:
        body_hash, vintage, findings = kept
        if body_hash == draft.body_hash:
            return Judged(entry, "repeated", vintage, findings)
        error = Conflict(
            f"figure id {draft.figure_id} was used before with other content; post a correction under a new id",
            code="id-reused",
        )
        return Judged(entry, "rejected", error=error)

    def _accepted(self, entry: Entry, draft: Draft, municipality_id: str) -> Judged:
        series_key, place = _series(municipality_id, draft), _place(municipality_id, draft)
        series = self.series.get(series_key, SeriesState())
        if (fault := domain.weight_kind_fault(draft, series)) is not None:
            raise refusal((fault,))
        findings = domain.findings_of(draft, series)
        before = self.latest.get(place)
        vintage = before.vintage + 1 if before is not None else 1
        replaces = before.figure_id if before is not None else None
        figure = events.kept_figure(
            draft, municipality_id, vintage=vintage, replaces=replaces, findings=findings, now=self.now
        )
        if before is not None and before.figure_id is not None and before.publisher is not None:
            self._end(before.publisher, before.figure_id)
        self.series[series_key] = self.moved[series_key] = domain.next_series_state(draft, series)
        self.latest[place] = LatestAt(vintage, draft.figure_id, draft.publisher)
        self.earlier[draft.publisher, draft.figure_id] = (draft.body_hash, vintage, findings)
        self.added[draft.publisher, draft.figure_id] = (figure, draft.body_hash, draft)
        return Judged(entry, "accepted", vintage, findings)

    def _end(self, publisher: str, figure_id: UUID) -> None:
        """Take the replaced figure out of force, be it kept before or added a moment ago."""
        if (just := self.added.get((publisher, figure_id))) is None:
            self.ended.append((publisher, figure_id))
        else:
            self.added[publisher, figure_id] = (replace(just[0], in_force=False), *just[1:])

    async def write(self, conn: Connection) -> None:
        """Write what was accepted, and the events of it."""
        if not self.added:
            return
        await store.end_force(conn, self.ended)
        await store.add_figures(conn, [(figure, body_hash) for figure, body_hash, _ in self.added.values()])
        await store.put_series(conn, self.moved)
        posted = [events.posted(figure, draft.definition) for figure, _, draft in self.added.values()]
        await outbox.put(conn, posted)


async def _withdraw(conn: Connection, entry: Entry, *, rights: Rights, now: datetime) -> Judged:
    body = read_contract(inbound.AbsenceFigureWithdrawn, entry.content)
    owner = None if entry.publisher == events.OPERATOR else entry.publisher
    if owner is not None and owner not in rights:
        raise NotAllowed(f"publisher {owner} is not registered or was revoked", code="publisher-unknown")
    figure = await store.find_figure(conn, body.figure_id, publisher=owner)
    if figure is None:
        raise refusal((FieldError("figure-unknown", f"no figure {body.figure_id} of yours is kept", "/figure_id"),))
    await store.lock_municipalities(conn, [figure.municipality_id])
    figure = await store.find_figure(conn, body.figure_id, publisher=figure.publisher)
    assert figure is not None
    if figure.withdrawn_at is not None:
        return Judged(entry, "repeated", figure.vintage)
    in_force = await store.withdraw(conn, figure, by=entry.publisher, reason=body.reason, now=now)
    await outbox.put(conn, [events.withdrawn(figure, in_force, reason=body.reason, by=entry.publisher, now=now)])
    return Judged(entry, "accepted", figure.vintage)


def _place(municipality_id: str, draft: Draft) -> Place:
    return Place(municipality_id, draft.unit, draft.definition.key, str(draft.period), draft.window)


def _series(municipality_id: str, draft: Draft) -> SeriesKey:
    return (municipality_id, draft.unit, draft.definition.key)
