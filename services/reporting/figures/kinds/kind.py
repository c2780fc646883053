"""What a kind of figure is."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from services.reporting.figures import rules
from services.reporting.figures.rules import Draft, Window
from shared.errors import FieldError, Finding
from shared.events.envelope import Event
from shared.events.inbound import SubmittedFigure
from shared.events.reporting import AcceptedFigure
from shared.values import Measure, Metric, Period

Rule = Callable[[Draft, Metric], Iterable[FieldError]]
FigureBody = SubmittedFigure | AcceptedFigure
"""A figure as it was sent or as it was told: the fields have the same names."""

Check = Callable[[Draft, Metric], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of figure: its contracts, what its fields are called, and its own rules.

    Attributes:
        contract: what publishers send.
        posted: the event that tells of an accepted figure.
        in_force: how a withdrawal tells of a figure that holds again.
        route: the last part of the HTTP route that takes it.
        place_metric: the metric of the figure's place; none where the figure names its metric.
        defined_by: the metric whose axes the definition has; none where it is the place's.
        measure: field of the contract by part of the measure.
        parts: fields of a kind that is more than one measure.
        heads: field that says how many persons stand behind the figure.
        reserved: metrics that have a kind of their own, or are worked out, and are not taken here.
        rules: what makes a figure of this kind unacceptable, beside what all kinds have in common.
        checks: what is accepted but should be looked at.
    """

    contract: type[SubmittedFigure]
    posted: type[Event]
    in_force: type[AcceptedFigure]
    route: str
    place_metric: str | None = None
    defined_by: str | None = None
    measure: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    heads: str = "persons"
    reserved: frozenset[str] = frozenset()
    rules: tuple[Rule, ...] = ()
    checks: tuple[Check, ...] = ()

    def faults_of(self, draft: Draft, metric: Metric, *, today: date) -> list[FieldError]:
        """Return everything that makes a figure unacceptable by itself, whoever sent it.

        Args:
            today: the date in Europe/Oslo on which the figure arrived.
        """
        own = (fault for rule in self.rules for fault in rule(draft, metric))
        return [*rules.period_faults(draft, today=today), *own]

    def findings_of(
        self, draft: Draft, metric: Metric, before: tuple[Period, Measure] | None
    ) -> tuple[Finding, ...]:
        """Return what is accepted but should be looked at.

        Args:
            before: period and numbers of the figure in force that this one is compared with, if
                there is one.
        """
        return (
            *rules.no_denominator(draft, self.measure),
            *rules.jump(draft, metric, before, self.measure),
            *(finding for check in self.checks for finding in check(draft, metric)),
        )

    def metric_of(self, body: FigureBody) -> str:
        """Return the metric of a figure's place."""
        return self.place_metric or str(getattr(body, "metric"))  # noqa: B009 - only some have it

    def defining_metric(self, metric_id: str) -> str:
        """Return the metric whose axes a figure's definition has."""
        return self.defined_by or metric_id

    def window_of(self, body: FigureBody) -> Window:
        """Return what a figure covers; only some kinds have more than their period."""
        return Window(getattr(body, "window", Window.PERIOD))

    def measure_of(self, body: FigureBody) -> Measure:
        """Return the numbers of a figure."""
        return Measure(**{part: getattr(body, name) for part, name in self.measure.items()})

    def persons_of(self, body: FigureBody) -> int | None:
        """Return how many persons stand behind a figure; none where that is not known."""
        heads: int | None = getattr(body, self.heads, None)
        return heads

    def parts_of(self, body: FigureBody) -> Mapping[str, str] | None:
        """Return the further numbers of a figure as they are kept; none where the kind has none."""
        if not self.parts:
            return None
        held = {name: getattr(body, name) for name in self.parts}
        return {name: str(number) for name, number in held.items() if number is not None}
