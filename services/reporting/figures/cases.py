"""Reading entries into drafts: contract first, then what the registry has told of their metrics and
municipalities.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

from services.reporting.figures import rules
from services.reporting.figures.kinds.kind import Kind
from services.reporting.figures.places import Place, SeriesKey
from services.reporting.figures.rules import Draft, Window
from services.reporting.heard import store as heard
from services.reporting.heard.rules import NumberHolder, holder_of
from services.reporting.submissions.reading import (
    Entry,
    hash_of,
    read_id,
    refusal,
    refuse_identity_numbers,
    validated,
)
from shared.clock import local_date
from shared.errors import AppError, FieldError, RuleBroken, Unavailable
from shared.events.inbound import SubmittedFigure
from shared.postgres.database import Connection
from shared.values import Metric, Period


@dataclass(slots=True)
class Case:
    """One entry on its way through the gate: what it says, whose it is, and what is wrong with it
    by itself.

    Attributes:
        figure_id: none where the entry has no id that can be read.
        body_hash: none where the body does not fit its contract.
        draft: none where its metric or its definition is not known.
        compared: places of the figures with one of which this one is compared.
        faults: everything that makes the figure unacceptable by itself.
        error: what is wrong with it; of an entry that cannot be read, all that is known.
    """

    entry: Entry
    kind: Kind
    body: SubmittedFigure | None = None
    figure_id: UUID | None = None
    body_hash: bytes = b""
    metric: Metric | None = None
    draft: Draft | None = None
    municipality_id: str = ""
    compared: Sequence[Place] = ()
    faults: list[FieldError] = field(default_factory=list)
    error: AppError | None = None

    @property
    def place(self) -> Place | None:
        """What the figure is about; none while that is not known."""
        draft = self.draft
        if draft is None or not self.municipality_id:
            return None
        period = str(draft.period)
        return Place(
            self.municipality_id,
            draft.unit,
            draft.metric,
            draft.definition_key,
            period,
            draft.window,
        )

    @property
    def series(self) -> SeriesKey | None:
        """The series that the figure belongs to; none while that is not known."""
        return None if (place := self.place) is None else place[:4]

    @property
    def weighted_series(self) -> SeriesKey | None:
        """The series, where the figure brings a kind of weight into it."""
        if self.draft is None or rules.weight_kind_of(self.draft) is None:
            return None
        return self.series


async def read_cases(conn: Connection, entries: Sequence[Entry], kind: Kind) -> list[Case]:
    """Read entries of one kind, and find out of which metric and municipality each speaks.

    Raises:
        Unavailable: the metric that all figures of the kind are of was not heard yet.
    """
    cases = [_read(entry, kind) for entry in entries]
    read = [(case, case.body) for case in cases if case.body is not None]
    ids = {kind.defining_metric(kind.metric_of(body)) for _, body in read}
    metrics = await heard.list_metrics(conn, ids) if ids else {}
    numbers = {body.municipality for _, body in read}
    holders = await heard.list_number_holders(conn, numbers) if numbers else {}
    for case, body in read:
        _define(case, body, metrics)
        _locate(case, body, holders.get(body.municipality, []))
        if case.faults:
            case.error = refusal(tuple(case.faults))
    return cases


def _read(entry: Entry, kind: Kind) -> Case:
    try:
        refuse_identity_numbers(entry)
        body, faults = validated(kind.contract, entry.content)
        try:
            figure_id = read_id(entry)
        except RuleBroken as broken:
            raise refusal((*broken.errors, *faults)) from None
        if body is None:
            raise refusal(faults)
        return Case(entry, kind, body, figure_id, hash_of(body))
    except AppError as error:
        return Case(entry, kind, error=error)


def _define(case: Case, body: SubmittedFigure, metrics: Mapping[str, Metric]) -> None:
    """Find the metric of a figure and make its draft; else say what is wrong."""
    kind, metric_id = case.kind, case.kind.metric_of(body)
    if metric_id in kind.reserved:
        sentence = f"figures of {metric_id} have a contract of their own, or follow from others"
        case.faults.append(FieldError("metric-not-posted", sentence, "/metric"))
        return
    metric = metrics.get(kind.defining_metric(metric_id))
    if metric is None and kind.place_metric is not None:
        raise Unavailable(
            f"the registry has not told of the metric {metric_id} yet", retry_after_seconds=5
        )
    if metric is None:
        sentence = (
            f"the registry has defined no metric {metric_id}; it lists those that there are at"
            " /api/registry/v1/metrics"
        )
        case.faults.append(FieldError("metric-unknown", sentence, "/metric"))
        return
    try:
        key = metric.definition_key(body.definition)
    except RuleBroken as broken:
        case.faults.append(FieldError(broken.code, broken.message, "/definition"))
        return
    case.metric = metric
    case.draft = Draft(
        figure_id=cast(UUID, case.figure_id),
        publisher=case.entry.publisher,
        number=body.municipality,
        unit=body.unit or "",
        metric=metric_id,
        definition_key=key,
        definition={axis.axis_id: body.definition[axis.axis_id] for axis in metric.axes},
        period=Period.parse(body.period),
        window=kind.window_of(body),
        measure=kind.measure_of(body),
        parts=kind.parts_of(body),
        persons=kind.persons_of(body),
        note=body.note,
        generated=body.generated,
        body_hash=case.body_hash,
    )
    today = local_date(case.entry.arrived_at)
    case.faults += kind.faults_of(case.draft, metric, today=today)


def _locate(case: Case, body: SubmittedFigure, holders: Sequence[NumberHolder]) -> None:
    """Find which municipality a number meant on the last day of the figure's period."""
    found = holder_of(body.municipality, Period.parse(body.period).last_day, holders)
    if isinstance(found, FieldError):
        case.faults.append(found)
        return
    case.municipality_id = found
    case.compared = list(_compared(case))


def _compared(case: Case) -> Iterable[Place]:
    """Yield the places of the figures with one of which this one is compared; wider windows are
    not.
    """
    draft, place = case.draft, case.place
    if draft is None or place is None or draft.window is not Window.PERIOD:
        return
    for period in rules.compared_periods(draft.period):
        yield place._replace(period=str(period))
