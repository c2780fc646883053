"""Showing the demonstration's result on a terminal, and checking it against the source."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy.demo import story
from shared.values import Grain, Period

_MONTHS = (
    "jan.",
    "feb.",
    "mars",
    "apr.",
    "mai",
    "juni",
    "juli",
    "aug.",
    "sep.",
    "okt.",
    "nov.",
    "des.",
)
COLUMNS = {"month": "Siste mnd.", "year-to-date": "Hittil i år", "rolling-12": "Siste 12 mnd."}
SLIDE = {"month": "month", "year-to-date": "year_to_date", "rolling-12": "rolling_12"}


def print_board(console: Console, board: Mapping[str, Any]) -> None:
    """Print a municipality's scoreboard with its smileys."""
    goal = board["goal"]
    title = f"{board['name']}: sjukefråvær i prosent"
    if goal is not None:
        title += (
            f"; mål {_comma(goal['target'])} %, utgangspunkt {_comma(goal['baseline']['value'])} %"
        )
    table = Table(
        title=title,
        caption=(
            "* rapportert; på éin desimal eit anna enn det som følgjer av månadene (i parentes)"
        ),
    )
    table.add_column("", no_wrap=True)
    for heading in COLUMNS.values():
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Fleire på jobb", no_wrap=True)
    for row in board["rows"]:
        smileys = row["smileys"] or 0
        cells = [_cell(row["windows"].get(window)) for window in COLUMNS]
        style = "bold" if row["is_sum"] else ""
        table.add_row(
            _label(row),
            *cells,
            Text("☺" * smileys + (f" {smileys}" if smileys else "")),
            style=style,
        )
    console.print(table)


def differences(board: Mapping[str, Any]) -> list[str]:
    """Return in what a board differs from the slide, one sentence per cell; none when it is right.

    Smileys are compared with the rule on the shown figures; in two cells the slide has one more,
    because it was made from unrounded figures (FORMULAS 1.5).
    """
    rows = {("SUM" if row["is_sum"] else "row", row["until"]): row for row in board["rows"]}
    found = []
    for expected in story.expected_board():
        kind = "SUM" if expected["row"].startswith("SUM") else "row"
        row = rows.pop((kind, expected["period"]), None)
        if row is None:
            found.append(f"{expected['row']} is missing")
            continue
        for window, column in SLIDE.items():
            if wanted := expected[column]:
                got = _on_slide(row["windows"].get(window))
                if got != wanted:
                    found.append(
                        f"{expected['row']} {window}: the source has {wanted}, the board {got}"
                    )
        if row["smileys"] != int(expected["smileys_by_rule"]):
            found.append(
                f"{expected['row']}: {expected['smileys_by_rule']} smileys follow, the board has"
                f" {row['smileys']}"
            )
    found += [f"the board has a row {kind} {until} that the source has not" for kind, until in rows]
    return found


def print_milestones(console: Console, outcome: story.Outcome) -> None:
    """Print each milestone and, below it, the mail that told of it."""
    mails = {mail["MessageID"].partition(".")[0]: mail for mail in outcome.mails}
    for milestone in outcome.milestones:
        console.print(
            f"{type(milestone).__name__} {milestone.subject}: {milestone.window} {milestone.period}"
            f" {_comma(str(milestone.value))} %, mål {_comma(str(milestone.target))} %"
        )
        if (mail := mails.get(str(milestone.event_id))) is not None:
            to = ", ".join(receiver["Address"] for receiver in mail["To"])
            console.print(f"mail to {to}: [bold]{mail['Subject']}[/bold]")


def undelivered(deliveries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a sentence if no mail of the subscription was delivered."""
    if any(delivery["state"] == "delivered" for delivery in deliveries):
        return []
    errors = [delivery["last_error"] for delivery in deliveries if delivery["last_error"]]
    return [
        f"no mail to {story.MAIL_ADDRESS} was delivered"
        f" ({errors[0] if errors else 'none was tried'})"
    ]


def print_source_cells(console: Console) -> None:
    """Name the two cells in which the slide itself differs from its rule."""
    for expected in story.expected_board():
        if expected["smileys_shown"] != expected["smileys_by_rule"]:
            console.print(
                f"  {expected['row']}: the slide shows {expected['smileys_shown']} smileys, its"
                f" rule on the shown {expected['month']} % gives {expected['smileys_by_rule']}",
                style="dim",
            )


def _label(row: Mapping[str, Any]) -> str:
    period = Period.parse(row["period"])
    if row["is_sum"]:
        return f"SUM {period.year}"
    return (
        f"{_MONTHS[period.number - 1]} {period.year}"
        if period.grain is Grain.MONTH
        else str(period)
    )


def _cell(cell: Mapping[str, Any] | None) -> str:
    if cell is None or cell["shown"] is None:
        return ""
    if cell["reported"] is None:
        return _comma(cell["computed"])
    return _comma(cell["reported"]) + (f"* ({_comma(cell['computed'])})" if cell["differs"] else "")


def _on_slide(cell: Mapping[str, Any] | None) -> str | None:
    """The figure that counts, as the slide has it: with one decimal."""
    if cell is None or cell["shown"] is None:
        return None
    return str(Decimal(cell["shown"]).quantize(Decimal("0.1"), ROUND_HALF_UP))


def _comma(value: str) -> str:
    """A figure as published, with two decimals: to round it once more could round it the wrong
    way.
    """
    return value.replace(".", ",")
