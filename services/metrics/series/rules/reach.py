"""How far a figure reaches: which of a series' states it may change."""

from collections.abc import Iterable


def affected(
    touched: Iterable[int],
    *,
    before: tuple[int, int] | None,
    extent: tuple[int, int],
    per_year: int,
    to_end: bool,
) -> list[int]:
    """Return the periods whose states may differ once the figures of some periods changed, in order
    of time.

    A period is in the windows of the year that begins with it, and a year later its successor is
    compared with it. A series that became longer also gets the states of the periods between its
    old end and its new one.

    Args:
        touched: ordinals of the periods with new, corrected or withdrawn figures.
        before: ordinals of the first and last period that had states; None when there were none.
        extent: ordinals of the first and last period now.
        per_year: periods per year.
        to_end: everything after a touched period may change: a goal's state is carried on, and so
            is a rolling-12.
    """
    first, last = extent
    found: set[int] = set()
    for ordinal in touched:
        found.update(range(ordinal, last + 1 if to_end else min(ordinal + per_year, last) + 1))
    if before is None:
        found.update(range(first, last + 1))
    else:
        found.update(range(first, before[0]), range(before[1] + 1, last + 1))
    return sorted(ordinal for ordinal in found if first <= ordinal <= last)
