"""Clocks of tests."""

from datetime import UTC, datetime


def offset_to(now: datetime) -> float:
    """Return by how many seconds a clock that shows `now` differs from the true time."""
    return (now - datetime.now(UTC)).total_seconds()
