"""Workforce: who was employed on the last day of a period.

Metrics works several metrics out of one such figure.
"""

from collections.abc import Iterable

from services.reporting.figures.kinds.kind import Kind
from services.reporting.figures.rules import Draft
from shared.errors import FieldError, Finding
from shared.events import inbound, reporting
from shared.values import Metric, parse_decimal

PLACE = "workforce"
"""What stands for the metric of its place; it is replaced as a whole."""

PARTS = (
    "employees",
    "positions",
    "full_time_equivalents",
    "part_time_employees",
    "full_time_employees",
    "asked",
    "wanting_larger_position",
)
_AT_MOST = (
    ("part_time_employees", "employees"),
    ("full_time_employees", "employees"),
    ("asked", "employees"),
    ("wanting_larger_position", "asked"),
    ("wanting_larger_position", "part_time_employees"),
)
"""What is a part of what; of those who want more, the first whole that is given counts."""


def _parts_of_wholes(draft: Draft, _: Metric) -> Iterable[FieldError]:
    numbers = {name: parse_decimal(text) for name, text in (draft.parts or {}).items()}
    if numbers["full_time_equivalents"].is_signed():
        yield FieldError(
            "number-negative",
            f"full_time_equivalents must be 0 or more, got {numbers['full_time_equivalents']}",
            "/full_time_equivalents",
        )
    judged: set[str] = set()
    for part, whole in _AT_MOST:
        if part in numbers and whole in numbers and part not in judged:
            judged.add(part)
            if numbers[part] > numbers[whole]:
                yield FieldError(
                    "part-above-whole",
                    f"{part} must be at most {whole} ({numbers[whole]}), got {numbers[part]}",
                    f"/{part}",
                )
    if "wanting_larger_position" in numbers and "wanting_larger_position" not in judged:
        yield FieldError(
            "figure-incomplete",
            "wanting_larger_position is a share of asked or of part_time_employees; give one",
            "/wanting_larger_position",
        )


def _halves_that_do_not_add_up(draft: Draft, _: Metric) -> Iterable[Finding]:
    parts = draft.parts or {}
    if "part_time_employees" not in parts or "full_time_employees" not in parts:
        return
    heads, employees = (
        int(parts["part_time_employees"]) + int(parts["full_time_employees"]),
        int(parts["employees"]),
    )
    if heads != employees:
        yield Finding(
            "parts-not-whole",
            "warning",
            f"part-time and full-time employees are {heads} together, and employees are"
            f" {employees}; please check, and explain in a note",
            "/employees",
            message_args={"parts": heads, "employees": employees},
        )


WORKFORCE = Kind(
    contract=inbound.WorkforceFigurePosted,
    posted=reporting.WorkforceFigurePosted,
    in_force=reporting.WorkforceFigureInForce,
    route="workforce-figures",
    place_metric=PLACE,
    defined_by="position-size",
    parts=PARTS,
    heads="employees",
    rules=(_parts_of_wholes,),
    checks=(_halves_that_do_not_add_up,),
)
