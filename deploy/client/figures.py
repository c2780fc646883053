"""The kinds of figures that can be posted, and the ids of figures."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FIGURE_NAMESPACE = uuid.UUID("5b0f2d5e-2a3c-5f0e-8f51-0e6f3a6c9a11")
POSTED_TYPE = "no.saman.inbound.AbsenceFigurePosted.v1"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of figure: where it goes, and which columns it has beside those of all figures.

    Attributes:
        axes: columns that make up the definition.
    """

    type: str
    topic: str
    decimals: tuple[str, ...]
    wholes: tuple[str, ...]
    texts: tuple[str, ...]
    axes: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """All its own columns."""
        return (*self.decimals, *self.wholes, *self.texts, *self.axes)


KINDS = {
    "absence": Kind(
        type=POSTED_TYPE,
        topic="inbound.{publisher}.figures.v1",
        decimals=("lost_days", "agreed_days", "rate_percent", "weight"),
        wholes=("persons",),
        texts=("weight_kind",),
        axes=("certification", "denominator", "holiday", "source"),
    )
}
NEEDED = ("municipality", "period")
SHARED = (*NEEDED, "unit", "window", "note", "generated", "figure_id", "kind")
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
