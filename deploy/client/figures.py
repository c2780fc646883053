"""The kinds of figures that can be posted, and the ids of figures."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NEEDED = ("municipality", "period")
SHARED = (*NEEDED, "unit", "window", "note", "generated", "figure_id", "kind")
AXIS_PREFIX = "definition."
FIGURE_NAMESPACE = uuid.UUID("5b0f2d5e-2a3c-5f0e-8f51-0e6f3a6c9a11")
POSTED_TYPE = "no.saman.inbound.AbsenceFigurePosted.v1"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of figure: where it goes, and which columns it has beside those of all figures.

    Attributes:
        axes: columns that make up the definition; None where each metric has its own, and every
            column that has no other meaning is one. A column may also be named
            `definition.<axis>`, for an axis that is named like a number.
    """

    type: str
    topic: str
    decimals: tuple[str, ...]
    wholes: tuple[str, ...]
    texts: tuple[str, ...]
    axes: tuple[str, ...] | None

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that it names."""
        return (*self.decimals, *self.wholes, *self.texts, *(self.axes or ()))

    def axis_of(self, column: str) -> str | None:
        """Return the axis that a column is for; None where it is for something else."""
        if column.startswith(AXIS_PREFIX):
            axis = column.removeprefix(AXIS_PREFIX)
            return axis if self.axes is None or axis in self.axes else None
        if self.axes is None:
            return None if column in (*SHARED, *self.columns) else column
        return column if column in self.axes else None


KINDS = {
    "absence": Kind(
        type=POSTED_TYPE,
        topic="inbound.{publisher}.figures.v1",
        decimals=("lost_days", "agreed_days", "rate_percent", "weight"),
        wholes=("persons",),
        texts=("weight_kind",),
        axes=("certification", "denominator", "holiday", "source"),
    ),
    "workforce": Kind(
        type="no.saman.inbound.WorkforceFigurePosted.v1",
        topic="inbound.{publisher}.figures.v1",
        decimals=("full_time_equivalents",),
        wholes=(
            "employees",
            "positions",
            "part_time_employees",
            "full_time_employees",
            "asked",
            "wanting_larger_position",
        ),
        texts=(),
        axes=("leave", "source"),
    ),
    "indicator": Kind(
        type="no.saman.inbound.IndicatorFigurePosted.v1",
        topic="inbound.{publisher}.figures.v1",
        decimals=("numerator", "denominator", "value", "weight"),
        wholes=("persons",),
        texts=("metric",),
        axes=None,
    ),
}
TRUTHS = ("generated",)


@dataclass(frozen=True, slots=True)
class OutgoingFigure:
    """One figure with its id and the body that goes on the topic."""

    figure_id: str
    body: Mapping[str, Any]
    kind: str = "absence"


def figure(
    body: Mapping[str, Any], *, publisher: str, figure_id: str | None = None, kind: str = "absence"
) -> OutgoingFigure:
    """Return a figure whose id follows from its content, unless the caller has one."""
    content = {name: value for name, value in body.items() if value not in (None, "")}
    canonical = json.dumps(content, sort_keys=True)
    made = str(uuid.uuid5(FIGURE_NAMESPACE, f"{publisher}\x1f{canonical}"))
    return OutgoingFigure(figure_id or made, content, kind)
