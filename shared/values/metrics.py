"""What is measured: metrics, and the definitions that tell their series apart (CONTRACTS 1).

A metric is data of the registry, not code. A definition gives one value for each of its axes;
figures of unlike definitions are never mixed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from shared.errors import RuleBroken

NO_AXES = "-"
"""The definition key of a metric without axes."""


class MetricKind(StrEnum):
    """How a value comes about, and how the values of several members become one.

    Shares and means are a numerator over a denominator, and of several members the sum of the
    numerators over the sum of the denominators. A count is a numerator alone, and is added up. A
    score is a value with a weight; without a weight it cannot be joined with others.
    """

    SHARE = "share"
    MEAN = "mean"
    COUNT = "count"
    SCORE = "score"

    @property
    def is_quotient(self) -> bool:
        """Whether a value is a numerator over a denominator."""
        return self in (MetricKind.SHARE, MetricKind.MEAN)


class OverTime(StrEnum):
    """What a window of several periods is: flows are summed, stocks averaged or taken last."""

    SUM = "sum"
    LAST = "last"
    MEAN = "mean"


class Better(StrEnum):
    """Which way is progress."""

    LOWER = "lower"
    HIGHER = "higher"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Axis:
    """One thing in which two definitions of a metric may differ.

    Attributes:
        axis_id: such as `certification`.
        values: what it may be; what counts most stands first.
    """

    axis_id: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A numerator or a denominator: what is counted, in the languages, and its unit."""

    names: Mapping[str, str]
    unit: str


@dataclass(frozen=True, slots=True)
class Metric:
    """What is measured.

    Attributes:
        metric_id: chosen by who declares it; unique in an installation.
        names: by language, `nb`, `nn` or `en`; at least one.
        unit: of the value, such as `percent`.
        kind: how a value comes about.
        numerator: what is counted; none for a score.
        denominator: what it is divided by; only for shares and means.
        over_time: what a window of several periods is.
        axes: in the order in which definition keys join their values.
        better: which way is progress.
        decimals: how many are published of a value.
        minimum, maximum: bounds of a value, none where it has none.
        small_persons: a figure of fewer persons is withheld.
    """

    metric_id: str
    names: Mapping[str, str]
    unit: str
    kind: MetricKind
    numerator: Quantity | None
    denominator: Quantity | None
    over_time: OverTime
    axes: tuple[Axis, ...]
    better: Better
    decimals: int
    minimum: Decimal | None
    maximum: Decimal | None
    small_persons: int

    @property
    def has_running_windows(self) -> bool:
        """Whether it has a year to date and a rolling 12: what takes the last period has none."""
        return self.over_time is not OverTime.LAST

    @property
    def meaning(self) -> tuple[object, ...]:
        """What may never change while figures of it are kept."""
        return self.kind, self.unit, self.over_time, self.axes

    def definition_key(self, definition: Mapping[str, str]) -> str:
        """Join the values of a definition in the order of the axes, such as `total.agreed`.

        Raises:
            RuleBroken: `definition-unknown`; an axis has no value, or one that it does not have.
        """
        strange = sorted(set(definition) - {axis.axis_id for axis in self.axes})
        if strange:
            raise self._unknown(f"has no axis {strange[0][:40]!r}")
        for axis in self.axes:
            value = definition.get(axis.axis_id)
            if value not in axis.values:
                got = "nothing" if value is None else repr(value[:40])
                raise self._unknown(f"needs {axis.axis_id}: {' or '.join(axis.values)}, got {got}")
        return ".".join(definition[axis.axis_id] for axis in self.axes) or NO_AXES

    def definition_of(self, key: str) -> dict[str, str]:
        """Read a definition key.

        Raises:
            RuleBroken: `definition-unknown`; the key does not fit the axes.
        """
        values = [] if key == NO_AXES else key.split(".")
        if len(values) != len(self.axes):
            axes = ".".join(axis.axis_id for axis in self.axes) or NO_AXES
            raise self._unknown(f"has definition keys like {axes}, got {key[:80]!r}")
        definition = {axis.axis_id: value for axis, value in zip(self.axes, values, strict=True)}
        self.definition_key(definition)
        return definition

    def order_of(self, key: str) -> tuple[tuple[int, ...], str]:
        """Return where a definition stands when one of several is chosen: what counts most first.

        Raises:
            RuleBroken: `definition-unknown`; the key does not fit the axes.
        """
        definition = self.definition_of(key)
        places = tuple(axis.values.index(definition[axis.axis_id]) for axis in self.axes)
        return places, key

    def _unknown(self, what: str) -> RuleBroken:
        return RuleBroken(
            f"a definition of the metric {self.metric_id} {what}", code="definition-unknown"
        )
