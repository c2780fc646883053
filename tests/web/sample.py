"""A board and a programme to draw pages of, small enough to know by heart."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from services.metrics.boards.pages.view import Board
from services.metrics.boards.rules import board_rows, goal_row
from services.metrics.front.pages.atlas import Today
from services.metrics.front.pages.view import Choice, Filters, FrontPage, Participant
from services.metrics.goals.rules import Goal
from services.metrics.publishing.rules.published import Cell, PublishedState
from services.metrics.series.rules.amounts import micro
from services.metrics.series.rules.figures import GRAIN_WINDOWS, Meaning, Window
from services.registry.metrics.builtin.files import read_builtin
from shared.events.registry import Names
from shared.values import Period

GOAL = Goal(
    project_id="vefsn",
    goal_id="vefsn-naervaer",
    subject="municipality/vefsn-1824",
    metric="absence",
    definition_key="total.agreed.corrected.municipality-hr",
    window=Window.YEAR_TO_DATE,
    falling=True,
    baseline=micro(Decimal("8.6")),
    baseline_period="2007-2010",
    target=micro(Decimal("6.9")),
    due_on=date(2013, 12, 31),
    persons_per_point=micro(Decimal(10)),
)
ABSENCE = next(one for one in read_builtin().values() if one.metric_id == "absence")
TOTAL = Meaning(ABSENCE, GOAL.definition_key)
DOCTOR = Meaning(ABSENCE, "doctor.agreed.uncorrected.ssb")


def cell(computed: str | None, reported: str | None = None) -> Cell:
    """A cell of rates in per cent."""
    return Cell(_trillionths(computed), _trillionths(reported), present=1, expected=1)


def _trillionths(text: str | None) -> int | None:
    return None if text is None else int(Decimal(text) * 10**12)


def state(
    period: str, rates: tuple[Cell, Cell, Cell], *, generated: bool = False
) -> PublishedState:
    """A period with its own rate, the year to date and the last 12 months."""
    parsed = Period.parse(period)
    windows = (GRAIN_WINDOWS[parsed.grain.months], Window.YEAR_TO_DATE, Window.ROLLING_12)
    return PublishedState(parsed, dict(zip(windows, rates, strict=True)), generated=generated)


VEFSN_STATES = (
    state("2012-11", (cell("7.9"), cell("7.8", "8.2"), cell("8.2", "8.2"))),
    state("2012-12", (cell("8.2"), cell("7.8333", "8.1"), cell("8.1", "8.1"))),
    state("2013-01", (cell("7.8"), cell("7.8", "7.8"), cell("7.95", "8.0"))),
    state("2013-02", (cell("6.9"), cell("7.35", "7.5"), cell("7.741666666667", "7.7"))),
    state("2013-03", (cell("4.4"), cell("6.314285714286", "6.4"), cell("6.95"))),
)


def vefsn() -> Board:
    """Vefsn, cut short: five months of two years with a goal."""
    return Board(
        municipality_id="vefsn-1824",
        name="Vefsn",
        county="Nordland",
        rows=board_rows(VEFSN_STATES, GOAL),
        goal=GOAL,
        goal_row=goal_row(VEFSN_STATES, GOAL),
        is_reached=True,
        meaning=TOTAL,
        smileys_in_source={Period.parse("2012-12"): 5},
    )


def participants() -> list[Participant]:
    """Five participants: two of them share today's Indre Østfold, one lost its name, one has no
    figure.
    """
    july = Period.parse("2013-07")
    shared = Today("3118", "Indre Østfold")
    return [
        Participant(
            "vefsn-1824",
            "Vefsn",
            "Nordland",
            ("cohort-1",),
            ("sickness-absence",),
            (Today("1824", "Vefsn"),),
            level=Decimal("6.95"),
            change=Decimal("-2.2"),
            period=july,
            change_window=Window.YEAR_TO_DATE,
        ),
        Participant(
            "hobol-0138",
            "Hobøl",
            "Østfold",
            ("cohort-1",),
            (),
            (shared,),
            Decimal("9.04"),
            None,
            july,
            True,
        ),
        Participant(
            "spydeberg-0123",
            "Spydeberg",
            "Østfold",
            ("cohort-2",),
            (),
            (shared,),
            Decimal(7),
            None,
            july,
            present=7,
            expected=12,
        ),
        Participant(
            "sund-1245", "Sund", "Hordaland", ("cohort-2",), (), (Today("4626", "Øygarden"),)
        ),
        Participant(
            "asnes-0425",
            "Åsnes",
            "Hedmark",
            ("cohort-1",),
            (),
            (Today("3418", "Åsnes"),),
            suppressed=True,
        ),
    ]


def unlike_participants() -> list[Participant]:
    """The same five, of whom Hobøl counts something else and Åsnes has only the year to date."""
    vefsn, hobol, spydeberg, sund, asnes = participants()
    return [
        replace(vefsn, meaning=TOTAL),
        replace(
            hobol,
            meaning=DOCTOR,
            is_otherwise=True,
            change=Decimal("0.3"),
            change_window=Window.ROLLING_12,
        ),
        replace(spydeberg, meaning=TOTAL),
        sund,
        replace(
            asnes,
            meaning=TOTAL,
            level=Decimal(8),
            level_window=Window.YEAR_TO_DATE,
            period=vefsn.period,
            suppressed=False,
        ),
    ]


def front(filters: Filters | None = None) -> FrontPage:
    """The front page of a programme of five."""
    return FrontPage(
        programme=Names(nb="Saman om ein betre kommune", en="Together for a better municipality"),
        participants=participants(),
        cohorts=[Choice("cohort-1", Names(nb="Pulje 1")), Choice("cohort-2", Names(nb="Pulje 2"))],
        themes=[Choice("sickness-absence", Names(nb="Sykefravær", nn="Sjukefråvær"))],
        filters=filters or Filters(),
        meaning=TOTAL,
    )


def unlike_front(filters: Filters | None = None) -> FrontPage:
    """The front page of the same programme with figures that must not be compared."""
    return replace(front(filters), participants=unlike_participants())
