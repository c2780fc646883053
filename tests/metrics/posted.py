"""Figures for tests: one factory, hypothesis strategies, and the way from what was posted to the
domain's values.
"""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from services.metrics.goals.rules import Goal
from services.metrics.publishing.commands.wire import write
from services.metrics.publishing.rules.states import settle
from services.metrics.series.rules.amounts import MILLION, micro
from services.metrics.series.rules.figures import (
    Figure,
    PostedWindow,
    SeriesKey,
    Weighing,
    grain_months,
    period_of,
)
from services.metrics.series.rules.formulas import Formula
from services.metrics.series.rules.stretch import Part, Stretch
from services.metrics.series.rules.windows import Series, extent_of, own_series
from shared.values import OverTime
from tests.metrics.recomputation import Posted

DEFINITION = "total.agreed.corrected.municipality-hr"
SUBJECT = "municipality/vefsn-1824"
ABSENCE = Formula(
    "absence",
    scale=100 * MILLION,
    is_count=False,
    over_time=OverTime.SUM,
    decimals=2,
    part_decimals=2,
    small_persons=5,
)
WINDOWS = {
    "period": PostedWindow.PERIOD,
    "year-to-date": PostedWindow.YEAR_TO_DATE,
    "rolling-12": PostedWindow.ROLLING_12,
}
WEIGHINGS = {
    "equal": Weighing.EQUAL,
    "working-days": Weighing.WORKING_DAYS,
    "agreed-days": Weighing.WEIGHTED,
}


def posted(period: str = "2013-02", **changes: Any) -> Posted:
    """A month's day counts of Vefsn, unless the test says otherwise; amounts may be written as
    text.
    """
    fields: dict[str, Any] = {
        "municipality_id": "vefsn-1824",
        "definition_key": DEFINITION,
        "vintage": 1,
        "persons": 1010,
    }
    if "rate" in changes:
        fields["weight_kind"] = "equal"
    else:
        fields |= {"lost": "86", "agreed": "1000"}
    fields |= changes
    for name in ("lost", "agreed", "rate", "weight"):
        if fields.get(name) is not None:
            fields[name] = Decimal(fields[name])
    return Posted(period=period, **fields)


def figure_of(one: Posted) -> Figure:
    """Return the domain's value of a posted figure."""
    last_month, months = one.span
    if one.lost is not None:
        weighing, amount, weight = Weighing.PARTS, one.lost, one.agreed
    else:
        weighing, amount, weight = (
            WEIGHINGS[str(one.weight_kind)],
            one.rate or Decimal(0),
            one.weight,
        )
    place = (last_month, months, WINDOWS[one.window])
    amounts_micro = (micro(amount), None if weight is None else micro(weight))
    return Figure(
        *place, one.vintage, one.withdrawn, weighing, *amounts_micro, one.persons, one.generated
    )


def series_of(figures: Sequence[Posted]) -> Series:
    """Return the one series that all the figures belong to."""
    vintages = [figure_of(one) for one in figures]
    months = grain_months(vintages)
    extent = extent_of(vintages, months)
    assert extent is not None
    first = figures[0]
    return own_series(
        SeriesKey(first.subject, "absence", first.definition_key), ABSENCE, vintages,
        months=months, extent=extent, is_unit=first.unit is not None,
    )  # fmt: skip


def group_series(subject: str, parts: dict[int, Part], **changes: Any) -> Series:
    """Return a group's series from the parts of its months."""
    key = SeriesKey(subject, "absence", DEFINITION)
    return Series(key, ABSENCE, 1, min(parts), max(parts), Stretch.of(parts), **changes)


def contents(series: Series, goals: Sequence[Goal] = ()) -> dict[str, dict[str, Any]]:
    """Return what would be published of every period of a series, by the period's written form."""
    settled = settle(series, range(series.first, series.last + 1), goals)
    return {
        str(period_of(state.last_month, state.months)): json.loads(
            write(state, series.formula).content
        )
        for state in settled.states
    }


amounts = st.decimals(min_value=0, max_value=30000, places=2)
persons = st.one_of(st.none(), st.integers(0, 12), st.integers(100, 9000))


@st.composite
def figures_of_one_series(
    draw: st.DrawFn, *, with_units: bool = True, kinds: Sequence[str] = ()
) -> list[Posted]:
    """Draw a series' figures: months, quarters or both, gaps, vintages, withdrawals, all weights,
    reported windows.
    """
    unit = draw(st.sampled_from([None, "hjemmetjenesten"])) if with_units else None
    held = draw(st.sampled_from(kinds or ["days", "equal", "working-days", "agreed-days", "any"]))
    windows = st.sampled_from(["period"] * 6 + ["year-to-date", "rolling-12"])
    figures = {}
    for period, window in sorted(
        draw(st.sets(st.tuples(periods(), windows), min_size=1, max_size=30))
    ):
        for vintage in range(1, draw(st.sampled_from([1, 1, 1, 2, 3])) + 1):
            kind = (
                draw(st.sampled_from(["days", "equal", "working-days", "agreed-days"]))
                if held == "any"
                else held
            )
            one = posted(
                period if window == "period" or period[5:].isdigit() else "2013-06",
                window=window,
                unit=unit,
                vintage=vintage,
                persons=draw(persons),
                withdrawn=draw(st.sampled_from([False] * 5 + [True])),
                generated=draw(st.booleans()),
                **draw(drawn_terms(kind)),
            )
            figures[one.span, one.window, one.vintage] = one
    return list(figures.values())


@st.composite
def periods(draw: st.DrawFn) -> str:
    """Draw a period of 2011 to 2013, mostly a month."""
    year = draw(st.integers(2011, 2013))
    return draw(
        st.one_of(
            st.integers(1, 12).map(lambda month: f"{year}-{month:02}"),
            st.integers(1, 12).map(lambda month: f"{year}-{month:02}"),
            st.integers(1, 4).map(lambda number: f"{year}-Q{number}"),
            st.sampled_from([f"{year}-H1", f"{year}-H2", f"{year}"]),
        )
    )


@st.composite
def drawn_terms(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """Draw day counts, or a rate with its weight."""
    if kind == "days":
        agreed = draw(amounts)
        return {
            "agreed": agreed,
            "lost": draw(st.decimals(min_value=0, max_value=agreed, places=2)),
        }
    rate = draw(st.decimals(min_value=0, max_value=100, places=1))
    weight = None if kind == "equal" else draw(st.decimals(min_value=0, max_value=400, places=1))
    return {"rate": rate, "weight_kind": kind, "weight": weight}
