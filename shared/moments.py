"""Moments and days as clients write them: moments with their offset from UTC, days as dates, and
neither as a number.
"""

import re
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Annotated, Any, cast

from pydantic import (
    AwareDatetime,
    BeforeValidator,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

_BEGINS = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d", re.ASCII)
"""How a moment begins. Pydantic would take a number for seconds since 1970."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _moment(value: Any, read: ValidatorFunctionWrapHandler) -> datetime:
    if isinstance(value, str) and _BEGINS.match(value):
        with suppress(
            ValidationError, OverflowError
        ):  # the 30th of February; 0001-01-01T00:00:00+01:00 is the year 0
            return cast("datetime", read(value)).astimezone(UTC)
    raise PydanticCustomError(
        "moment_malformed",
        "must be a moment that there is, with its offset from UTC, as 2013-02-01T12:00:00Z (RFC"
        " 3339)",
    )


Moment = Annotated[AwareDatetime, WrapValidator(_moment)]
"""A moment that a client names, in UTC."""


def _day(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        with suppress(ValueError):  # 2013-02-30
            return date.fromisoformat(value)
    raise PydanticCustomError(
        "day_malformed", "must be a day that there is, as 2013-02-01 (RFC 3339, full-date)"
    )


Day = Annotated[date, BeforeValidator(_day)]
"""A day that a client names. Only a date is taken: pydantic would take a number for seconds since
1970, and a moment at midnight for a day.
"""
