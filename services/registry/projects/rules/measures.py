"""Measures (tiltak): what a project does, where and when, and how far it has come."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.registry.entries.rules import Names, check_distinct, check_id, check_names
from services.registry.municipalities.rules.membership import Membership
from shared.errors import RuleBroken


class MeasureStatus(StrEnum):
    """How far a measure has come."""

    PLANNED = "planned"
    RUNNING = "running"
    FINISHED = "finished"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that a project does.

    Attributes:
        kind: what sort of measure it is, such as `rota`; projects that use the same word are found
            together.
        municipality_ids: where it is done; none stands for all members.
        ends_on: its last day; none while that is open.
    """

    measure_id: str
    kind: str
    names: Names
    municipality_ids: tuple[str, ...]
    starts_on: date
    ends_on: date | None
    status: MeasureStatus


def check_measures(measures: Sequence[Measure], members: Iterable[Membership]) -> None:
    """Make sure that the measures run forward and are done where the project is.

    Raises:
        RuleBroken: `id-malformed`, `id-repeated`, `name-malformed`, `days-reversed` or
            `measure-elsewhere`.
    """
    check_distinct([measure.measure_id for measure in measures], "measure")
    taking_part = {member.municipality_id for member in members}
    for measure in measures:
        check_id(measure.measure_id, "measure")
        check_id(measure.kind, "measure's kind")
        check_names(measure.names, "measure")
        check_distinct(measure.municipality_ids, "municipality of a measure")
        if measure.ends_on is not None and measure.ends_on < measure.starts_on:
            raise RuleBroken(
                f"measure {measure.measure_id}: ends_on must not be before {measure.starts_on}"
                f" (starts_on), got {measure.ends_on}",
                code="days-reversed",
            )
        elsewhere = [each for each in measure.municipality_ids if each not in taking_part]
        if elsewhere:
            raise RuleBroken(
                f"measure {measure.measure_id} is done in {elsewhere[0][:100]!r}, which is not a"
                " member of the project",
                code="measure-elsewhere",
            )
