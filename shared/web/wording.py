"""What metrics, definitions, windows and periods are called, once for pages and mails.

Whole phrases are translated, never put together from words. A metric that a programme declares
names itself; the values of its axes are shown by their ids, as far as nothing is said of them here.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

from babel.dates import format_date

from shared.values import Grain, Period
from shared.web.languages import Texts

TRANSLATIONS = Path(__file__).parent / "translations"

_FALLBACKS = ("nb", "nn", "en")


def named_in(names: Mapping[str, str], texts: Texts) -> str:
    """Return a name in the reader's language, else in the first of bokmål, nynorsk, English."""
    return names.get(texts.language) or next(names[code] for code in _FALLBACKS if code in names)


def definition(values: Mapping[str, str], texts: Texts) -> str:
    """Say what a definition counts, as phrases in the order of the axes.

    Args:
        values: one value per axis of the metric; empty where it has no axes.
    """
    return ", ".join(axis_value(axis, value, texts) for axis, value in values.items())


def axis_value(axis: str, value: str, texts: Texts) -> str:
    """Say what one value of an axis means; its id where that is all we know."""
    said = {
        "certification": {
            "total": texts.gettext("self-certified and doctor-certified absence"),
            "doctor": texts.gettext("doctor-certified absence"),
            "self": texts.gettext("self-certified absence"),
        },
        "denominator": {
            "agreed": texts.gettext("in per cent of agreed working days"),
            "possible": texts.gettext("in per cent of possible working days"),
        },
        "holiday": {
            "corrected": texts.gettext("corrected for holidays taken"),
            "uncorrected": texts.gettext("not corrected for holidays taken"),
        },
        "leave": {
            "included": texts.gettext("with employees on leave"),
            "excluded": texts.gettext("without employees on long leave"),
        },
        "of": {
            "part-time": texts.gettext("of part-time employees"),
            "asked": texts.gettext("of those who were asked"),
        },
        "report_kind": {
            "annual": texts.gettext("annual reports"),
            "half-year": texts.gettext("half-year reports"),
            "start-up": texts.gettext("start-up reports"),
            "financial": texts.gettext("financial reports"),
            "one-off": texts.gettext("one-off reports"),
        },
        "source": {
            "municipality-hr": texts.gettext("from the municipality's own personnel system"),
            "ks-pai": texts.gettext("from KS' PAI register"),
            "ssb": texts.gettext("from Statistics Norway"),
            "other": texts.gettext("from another source"),
        },
    }
    return said.get(axis, {}).get(value, value)


def amount(value: Decimal | None, unit: str, texts: Texts, places: int) -> str:
    """Write a figure with its unit; the unit's id where that is all we know."""
    if unit == "percent":
        return texts.percent(value, places)
    number = texts.number(value, places)
    return f"{number}\u00a0{unit}" if unit else number


def window_name(window: str, texts: Texts) -> str:
    """Return what a window is called above a column or in a list."""
    return {
        "month": texts.gettext("Last month"),
        "quarter": texts.gettext("Last quarter"),
        "half-year": texts.gettext("Last half-year"),
        "year": texts.gettext("The year"),
        "year-to-date": texts.gettext("Year to date"),
        "rolling-12": texts.gettext("Last 12 months"),
    }[window]


def window_of(window: str, period: Period, texts: Texts, *, today: date | None = None) -> str:
    """Say which window a figure is of, as it stands within a sentence.

    An event names a window by the last reported period in it, so a quarter of monthly figures comes
    as its last month.

    Args:
        today: for the short form, in which the running year is `this year`; none for the long form.
    """
    if window == "rolling-12":
        return texts.gettext("over the 12 months to %(period)s") % {
            "period": period_name(period, texts)
        }
    if window != "year-to-date":
        whole = period.containing(Grain(window))
        return texts.gettext("in %(period)s") % {"period": period_name(whole, texts)}
    if today is None:
        return texts.gettext("so far in %(year)s (%(months)s)") % {
            "year": period.year,
            "months": _months(period, texts),
        }
    if period.year == today.year:
        return texts.gettext("so far this year")
    return texts.gettext("so far in %(year)s") % {"year": period.year}


def period_name(period: Period, texts: Texts) -> str:
    """Write a period in full, such as `april 2013` or `quarter 2 of 2013`."""
    values = {"number": period.number, "year": period.year}
    match period.grain:
        case Grain.MONTH:
            return texts.month_and_year(period)
        case Grain.QUARTER:
            return texts.gettext("quarter %(number)s of %(year)s") % values
        case Grain.HALF_YEAR:
            return texts.gettext("half-year %(number)s of %(year)s") % values
        case Grain.YEAR:
            return str(period.year)


def _months(period: Period, texts: Texts) -> str:
    """Name the months from January to the period's last: `januar–april`."""
    names = [
        format_date(date(period.year, month, 1), "LLLL", texts.language)
        for month in (1, period.last_month)
    ]
    return str(names[0] if period.last_month == 1 else "–".join(names))
