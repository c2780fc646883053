"""Dates in expressions: RFC 3339 dates and date-times, with the parts that may be left out."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.reporting.forms.rules.values import ExpressionFailed, Value, shown

_FORMAT = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})"
    r"(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?(?:(Z)|([+-])(\d{2}):(\d{2}))?)?\Z",
    re.ASCII | re.IGNORECASE,
)
_MICROSECOND_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Moment:
    """A date or a date-time.

    Attributes:
        at: aware, in UTC, where an offset was given; else naive.
        offset: the offset that was given.
    """

    at: datetime
    offset: timedelta | None


def parse_date(value: Value) -> Moment | None:
    """Read a date or a date-time; None of a missing value or an empty text.

    Raises:
        ExpressionFailed: it is no text, has another form, or names a day or time that there is not.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ExpressionFailed(f"Expected date, got value {shown(value)}")
    found = _FORMAT.match(value)
    if found is None:
        raise ExpressionFailed(f"Unable to parse date {shown(value)}: Unknown format")
    year, month, day, hour, minute, second, fraction, zulu, sign, hours, minutes = found.groups()
    microsecond = (fraction or "0")[:_MICROSECOND_DIGITS].ljust(_MICROSECOND_DIGITS, "0")
    parts = (year, month, day, hour or "0", minute or "0", second or "0", microsecond)
    try:
        at = datetime(*(int(part) for part in parts))  # type: ignore[arg-type]  # noqa: DTZ001
        offset = _offset(zulu, sign, hours, minutes)
        return Moment(at if offset is None else (at - offset).replace(tzinfo=UTC), offset)
    except (ValueError, OverflowError):
        raise ExpressionFailed(
            f"Unable to parse date {shown(value)}: "
            "Format was recognized, but the date/time is invalid"
        ) from None


def _offset(
    zulu: str | None, sign: str | None, hours: str | None, minutes: str | None
) -> timedelta | None:
    if zulu:
        return timedelta(0)
    if sign is None or hours is None or minutes is None:
        return None
    if int(hours) > 23 or int(minutes) > 59:
        raise ValueError("no such offset")
    size = timedelta(hours=int(hours), minutes=int(minutes))
    return -size if sign == "-" else size


def order(left: Moment, right: Moment) -> int:
    """Return -1, 0 or 1: which of two moments comes first.

    Raises:
        ExpressionFailed: only one of them has an offset.
    """
    _both_or_neither(left, right)
    return (left.at > right.at) - (left.at < right.at)


def is_same_day(left: Moment, right: Moment) -> bool:
    """Tell whether two moments lie on one day.

    Raises:
        ExpressionFailed: only one has an offset, or they have different ones.
    """
    _both_or_neither(left, right)
    if left.offset != right.offset:
        raise ExpressionFailed(
            "Can not figure out if timestamps in different timezones are in the same day"
        )
    offset = left.offset or timedelta(0)
    return (left.at + offset).date() == (right.at + offset).date()


def _both_or_neither(left: Moment, right: Moment) -> None:
    if (left.offset is None) != (right.offset is None):
        raise ExpressionFailed("Can not compare timestamps where only one specify timezone")
