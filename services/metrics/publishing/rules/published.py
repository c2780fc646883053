"""What was published of a series at one period, as pages read it.

What is suppressed is missing here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from services.metrics.goals.rules import GoalState
from services.metrics.series.rules.amounts import divided
from services.metrics.series.rules.figures import Window
from shared.errors import RuleBroken
from shared.values import Metric, Period
from shared.values.metrics import NO_AXES

TRILLION = 10**12


@dataclass(frozen=True, slots=True)
class Cell:
    """One window's rate, unrounded, in trillionths of a per cent.

    Attributes:
        computed: what follows from the figures of the periods.
        reported: what the publisher posted for the window.
        present: how many of the expected figures are there.
        reason: why there is no computed rate.
    """

    computed: int | None
    reported: int | None
    present: int
    expected: int
    reason: str | None = None

    @property
    def shown(self) -> int | None:
        """The figure that counts: the reported one where there is one."""
        return self.computed if self.reported is None else self.reported

    @property
    def differs(self) -> bool:
        """Whether the two are not the same at the one decimal that is shown."""
        if self.computed is None or self.reported is None:
            return False
        return divided(self.computed, TRILLION // 10) != divided(self.reported, TRILLION // 10)

    @property
    def whole(self) -> int | None:
        """The shown figure where it is one for the whole window: reported, or computed from every
        expected figure.

        Persons and changes count from it. A reported one needs no figures below it; 2011 of Vefsn's
        board is such.
        """
        return self.shown if self.reported is not None or self.present == self.expected else None


def unrounded(trillionths: int | None) -> Decimal | None:
    """Return a value that is kept in trillionths."""
    return None if trillionths is None else Decimal(trillionths).scaleb(-12)


@dataclass(frozen=True, slots=True)
class PublishedState:
    """What was published of one period.

    Attributes:
        cells: the rates by window.
        goals: where the goals stand that are judged on a window that ends with it, by project and
            goal id; the project is None in a state from before it was published.
        generated: whether any of it is made for demonstration.
        suppressed: whether any of it must not be shown.
    """

    period: Period
    cells: Mapping[Window, Cell]
    goals: Mapping[tuple[str | None, str], GoalState] = field(default_factory=dict)
    generated: bool = False
    suppressed: bool = False


def check_asked(
    metrics: Mapping[str, Metric], *, metric: str | None, definition_key: str | None
) -> None:
    """Refuse what nobody can ever have figures of.

    Args:
        metrics: those that were heard of.
        metric: what a reader names; any when None.
        definition_key: likewise.

    Raises:
        RuleBroken: `metric-unknown`, or `definition-unknown`: it is a definition of none of the
            metrics that may be meant.
    """
    if metric is not None and metric not in metrics:
        raise RuleBroken(
            f"there is no metric {metric}: GET /api/registry/v1/metrics lists them",
            code="metric-unknown",
        )
    if definition_key is None:
        return
    if metric is not None:
        metrics[metric].definition_of(definition_key)
    elif not any(_has(one, definition_key) for one in metrics.values()):
        raise RuleBroken(
            f"no metric has a definition like {definition_key[:80]!r}; name the metric, and its"
            " axes tell what is wrong",
            code="definition-unknown",
        )


def _has(metric: Metric, definition_key: str) -> bool:
    values = [] if definition_key == NO_AXES else definition_key.split(".")
    return len(values) == len(metric.axes) and all(
        value in axis.values for value, axis in zip(values, metric.axes, strict=True)
    )
