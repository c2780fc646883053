"""Vefsn's board as posted figures, and the goal that it stood for (the slide of 29 October
2013).
"""

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from services.metrics.goals.rules import Goal
from services.metrics.series.rules.figures import Window
from tests.metrics.posted import DEFINITION, SUBJECT, posted
from tests.metrics.recomputation import Posted

_GOLDEN = Path(__file__).parents[1] / "golden" / "vefsn_scoreboard.csv"
_MONTHS = ("jan", "feb", "mar", "apr", "mai", "jun", "jul", "aug", "sep", "okt", "nov", "des")

GOAL = Goal(
    project_id="vefsn",
    goal_id="vefsn-naervaer",
    subject=SUBJECT,
    metric="absence",
    definition_key=DEFINITION,
    window=Window.YEAR_TO_DATE,
    falling=True,
    baseline=8_600_000,
    baseline_period="2007-2010",
    target=6_900_000,
    due_on=date(2013, 12, 31),
    persons_per_point=10_000_000,
)


@dataclass(frozen=True)
class SourceRow:
    """A row of the slide; `period` is the month, or the year of a SUM row."""

    period: str
    is_sum: bool
    month: str | None
    year_to_date: str | None
    rolling_12: str | None
    smileys_shown: int
    smileys_by_rule: int


def source_rows() -> list[SourceRow]:
    """Read the slide."""
    lines = [line for line in _GOLDEN.read_text().splitlines() if not line.startswith("#")]
    return [
        SourceRow(
            _period(row["row"]),
            row["row"].startswith("SUM"),
            row["month_pct"] or None,
            row["ytd_pct"] or None,
            row["last12_pct"] or None,
            int(row["smileys_shown"]),
            int(row["smileys_from_shown_figures"]),
        )
        for row in csv.DictReader(lines)
    ]


def _period(label: str) -> str:
    name, year = label.split()
    if name == "SUM":
        return year
    return f"20{year}-{_MONTHS.index(name.rstrip('.')) + 1:02}"


def vefsn_figures(until: str = "2013-12") -> list[Posted]:
    """Vefsn's figures in the order of time: each month's rate, with what was reported for the other
    two windows.
    """
    figures = [posted("2011-12", window="year-to-date", rate=Decimal("8.3"))]
    for row in source_rows():
        if row.is_sum or row.period > until:
            continue
        columns = {
            "period": row.month,
            "year-to-date": row.year_to_date,
            "rolling-12": row.rolling_12,
        }
        figures += [
            posted(row.period, window=window, rate=rate) for window, rate in columns.items() if rate
        ]
    return figures
