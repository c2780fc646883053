"""Who bore which municipality number when."""

from datetime import date

import pytest

from services.reporting.heard.rules import NumberHolder, holder_of
from shared.errors import FieldError

VEFSN = NumberHolder("vefsn-9824", date(1838, 1, 1), None)


HARSTAD_2013 = NumberHolder("harstad-9903", date(2013, 1, 1), date(2020, 1, 1))


TRONDHEIM_1601 = NumberHolder("trondheim-1601", date(1838, 1, 1), date(2018, 1, 1))


STAVANGER_OLD = NumberHolder("stavanger-1103", date(1838, 1, 1), date(2020, 1, 1))


STAVANGER_NEW = NumberHolder("stavanger-1103-2020", date(2020, 1, 1), None)


@pytest.mark.parametrize(
    ("holders", "day", "municipality_id"),
    [
        ([VEFSN], date(2013, 2, 28), "vefsn-9824"),
        ([HARSTAD_2013], date(2013, 1, 31), "harstad-9903"),
        ([HARSTAD_2013], date(2011, 12, 31), "harstad-9903"),
        ([HARSTAD_2013], date(2019, 12, 31), "harstad-9903"),
        ([TRONDHEIM_1601], date(2017, 12, 31), "trondheim-1601"),
        ([STAVANGER_OLD, STAVANGER_NEW], date(2019, 12, 31), "stavanger-1103"),
        ([STAVANGER_OLD, STAVANGER_NEW], date(2020, 1, 31), "stavanger-1103-2020"),
        ([STAVANGER_OLD, STAVANGER_NEW], date(2012, 6, 30), "stavanger-1103"),
    ],
)
def test_a_number_means_who_bore_it_on_the_periods_last_day(
    holders: list[NumberHolder], day: date, municipality_id: str
) -> None:
    assert holder_of("0000", day, holders) == municipality_id


@pytest.mark.parametrize(
    ("holders", "day", "code", "names"),
    [
        ([], date(2013, 2, 28), "municipality-unknown", ["9903"]),
        (
            [HARSTAD_2013],
            date(2020, 1, 31),
            "municipality-number-not-valid",
            ["2020-01-31", "until 2020-01-01"],
        ),
        (
            [STAVANGER_NEW],
            date(2019, 12, 31),
            "municipality-number-not-valid",
            ["2019-12-31", "from 2020-01-01,"],
        ),
        (
            [STAVANGER_NEW],
            date(2012, 12, 31),
            "municipality-number-not-valid",
            ["before 2013 the numbers of 2013"],
        ),
    ],
)
def test_a_number_that_nobody_bore_then_is_refused(
    holders: list[NumberHolder], day: date, code: str, names: list[str]
) -> None:
    fault = holder_of("9903", day, holders)

    assert isinstance(fault, FieldError)
    assert (fault.code, fault.pointer) == (code, "/municipality")
    assert all(name in fault.message for name in names), fault.message
