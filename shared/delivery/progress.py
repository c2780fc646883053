"""What a subscription has done so far."""

from dataclasses import dataclass


@dataclass
class Progress:
    """What a subscription did in this process, for health checks, figures and the status page.

    Attributes:
        handled_count: records that had their effect.
        repeated_count: records whose event was applied before.
        unused_count: records of types that this consumer has no use for.
        buried_count: records that became dead letters.
        not_kept_count: records that would have, and were counted only (`bounding`).
        last_handled_at: seconds since 1970.
    """

    handled_count: int = 0
    repeated_count: int = 0
    unused_count: int = 0
    buried_count: int = 0
    not_kept_count: int = 0
    last_handled_at: float | None = None
    last_error: str | None = None
