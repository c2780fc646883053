"""The clock, which tests and the demo can shift."""

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

OSLO = ZoneInfo("Europe/Oslo")
"""Deadlines and periods are local dates of the programme."""


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock:
    """Tells the time.

    Args:
        offset: by how much it differs from the true time. All processes of a stack have the same,
            because the times of records are shifted by it too.
    """

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self._offset = offset

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return datetime.now(UTC) + self._offset

    def at(self, milliseconds: int | None) -> datetime:
        """Return what this clock showed at a true time.

        Args:
            milliseconds: since 1970, such as the time when a broker appended a record; none means
                now.
        """
        if milliseconds is None:
            return self.now()
        return _EPOCH + timedelta(milliseconds=milliseconds) + self._offset

    def true_milliseconds(self, moment: datetime) -> int:
        """Return at which true time, in milliseconds since 1970, this clock shows a moment."""
        return (moment - self._offset - _EPOCH) // timedelta(milliseconds=1)

    def today(self) -> date:
        """Return the date in Europe/Oslo."""
        return local_date(self.now())


def local_date(moment: datetime) -> date:
    """Return the date of a moment in Europe/Oslo."""
    return moment.astimezone(OSLO).date()


def next_midnight(moment: datetime) -> datetime:
    """Return when the next day begins in Europe/Oslo."""
    return datetime.combine(
        local_date(moment) + timedelta(days=1), datetime.min.time(), OSLO
    ).astimezone(UTC)


def last_midnight(moment: datetime) -> datetime:
    """Return when the day of a moment began in Europe/Oslo."""
    return datetime.combine(local_date(moment), datetime.min.time(), OSLO).astimezone(UTC)


def seconds_since(moment: float | None) -> float | None:
    """Return how many seconds ago an epoch time was; None stays None."""
    return None if moment is None else max(0.0, time.time() - moment)
