"""What a gathering must be, who sits where, and how its evaluation is counted."""

from services.registry.gatherings.rules.gathering import (
    AgendaItem,
    Attendance,
    Evaluation,
    Gathering,
    GatheringKind,
    GatheringState,
    ItemKind,
    Party,
    cancelled,
    held,
    revised_gathering,
    seated,
    with_sign_up,
)

__all__ = [
    "AgendaItem",
    "Attendance",
    "Evaluation",
    "Gathering",
    "GatheringKind",
    "GatheringState",
    "ItemKind",
    "Party",
    "cancelled",
    "held",
    "revised_gathering",
    "seated",
    "with_sign_up",
]
