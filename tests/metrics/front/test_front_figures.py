"""Which figures the front page compares, read from what figures left on the real PostgreSQL."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest

from services.metrics.front.pages.reading import read_front
from services.metrics.front.pages.view import Filters, FrontPage, Measure
from services.metrics.intake import commands
from services.metrics.series.rules.figures import Window
from shared.postgres.database import Database
from tests.conftest import MakeDatabase
from tests.metrics import factories, stored
from tests.metrics.factories import NOW, posted_event
from tests.metrics.posted import posted
from tests.metrics.recomputation import Posted

TOTAL = "total.agreed.corrected.municipality-hr"
DOCTOR = "doctor.agreed.uncorrected.ssb"
DOCTOR_TOO = "doctor.possible.corrected.ks-pai"
SELF = "self.agreed.corrected.municipality-hr"
ONE, TWO, THREE = "alfa-0001", "beta-0002", "gamma-0003"

Rates = Mapping[str, Mapping[str, str]]


def last_twelve(rates: Rates) -> list[Posted]:
    """Return what municipalities posted for the 12 months to July 2013, by definition."""
    return [
        posted(
            "2013-07",
            municipality_id=municipality,
            definition_key=key,
            window="rolling-12",
            rate=rate,
        )
        for municipality, held in rates.items()
        for key, rate in held.items()
    ]


async def front_after(
    database: Database, figures: Sequence[Posted], *, goals: Mapping[str, str] | None = None
) -> FrontPage:
    """Tell of the figures' municipalities, each with a project of its own, and return the front
    page.

    Args:
        goals: the definition keys of goals by municipality.
    """
    municipalities = sorted({one.municipality_id for one in figures})
    sought = {
        one: [
            factories.goal_contract(definition=factories.goal_definition(key), window="rolling-12")
        ]
        for one, key in (goals or {}).items()
    }
    await stored.hear(database, municipalities=municipalities)
    async with database.transaction() as conn:
        projects = [
            factories.project(f"{one}-project", [one], goals=sought.get(one, []))
            for one in municipalities
        ]
        await commands.hear_projects(conn, projects, now=NOW)
    await stored.apply(database, [posted_event(one) for one in figures])
    async with database.connection() as conn:
        return await read_front(conn, Filters())


def compared(front: FrontPage) -> str | None:
    return None if front.meaning is None else front.meaning.key


@pytest.mark.parametrize(
    ("rates", "goals", "definition", "shown"),
    [
        pytest.param(
            {ONE: {TOTAL: "8"}, TWO: {TOTAL: "7", DOCTOR: "5.5"}, THREE: {DOCTOR: "5"}},
            {},
            TOTAL,
            {
                ONE: (TOTAL, "8", "level-3"),
                TWO: (TOTAL, "7", "level-2"),
                THREE: (DOCTOR, "5", "otherwise"),
            },
            id="of two that as many have, the total",
        ),
        pytest.param(
            {ONE: {TOTAL: "8", DOCTOR: "6"}, TWO: {DOCTOR: "5.5"}, THREE: {SELF: "2"}},
            {ONE: TOTAL},
            DOCTOR,
            {
                ONE: (DOCTOR, "6", "level-1"),
                TWO: (DOCTOR, "5.5", "level-0"),
                THREE: (SELF, "2", "otherwise"),
            },
            id="what most have, whatever a goal is of",
        ),
        pytest.param(
            {ONE: {TOTAL: "8", SELF: "2"}, TWO: {TOTAL: "7", SELF: "1"}},
            {TWO: SELF},
            SELF,
            {ONE: (SELF, "2", "level-0"), TWO: (SELF, "1", "level-0")},
            id="of two that as many have, the one of a goal",
        ),
        pytest.param(
            {
                ONE: {SELF: "2", DOCTOR_TOO: "6"},
                TWO: {SELF: "1", DOCTOR_TOO: "5"},
                THREE: {DOCTOR: "4"},
            },
            {},
            DOCTOR_TOO,
            {
                ONE: (DOCTOR_TOO, "6", "level-1"),
                TWO: (DOCTOR_TOO, "5", "level-0"),
                THREE: (DOCTOR, "4", "otherwise"),
            },
            id="doctor-certified before self-certified",
        ),
        pytest.param(
            {ONE: {DOCTOR_TOO: "6", DOCTOR: "5"}},
            {},
            DOCTOR,
            {ONE: (DOCTOR, "5", "level-0")},
            id="of two alike, the first by key",
        ),
        pytest.param(
            {ONE: {TOTAL: "8"}, TWO: {TOTAL: "7"}, THREE: {SELF: "1", DOCTOR: "5"}},
            {},
            TOTAL,
            {
                ONE: (TOTAL, "8", "level-3"),
                TWO: (TOTAL, "7", "level-2"),
                THREE: (DOCTOR, "5", "otherwise"),
            },
            id="who has only others is shown by one of them",
        ),
    ],
)
async def test_one_definition_is_compared(
    make_database: MakeDatabase,
    rates: Rates,
    goals: Mapping[str, str],
    definition: str,
    shown: Mapping[str, tuple[str, str, str]],
) -> None:
    front = await front_after(await make_database("metrics"), last_twelve(rates), goals=goals)

    assert compared(front) == definition
    for one in front.participants:
        key, rate, colour = shown[one.municipality_id]
        assert one.meaning is not None
        assert (one.meaning.key, one.level, one.colour(Measure.LEVEL)) == (
            key,
            Decimal(rate),
            colour,
        )


async def test_a_figure_that_is_not_shown_does_not_decide_what_is_compared(
    make_database: MakeDatabase,
) -> None:
    small = [
        posted(
            "2013-07", municipality_id=one, definition_key=DOCTOR, persons=3, lost="3", agreed="60"
        )
        for one in (ONE, TWO)
    ]

    front = await front_after(
        await make_database("metrics"), [*small, *last_twelve({THREE: {TOTAL: "8"}})]
    )

    assert compared(front) == TOTAL
    assert [(one.is_otherwise, one.suppressed) for one in front.participants] == [
        (True, True), (True, True), (False, False),
    ]  # fmt: skip


async def test_a_change_is_of_a_goal_by_the_definition_that_is_shown(
    make_database: MakeDatabase,
) -> None:
    rates = {ONE: {TOTAL: "8", DOCTOR: "6"}, TWO: {TOTAL: "8"}, THREE: {TOTAL: "7"}}

    front = await front_after(
        await make_database("metrics"),
        last_twelve(rates),
        goals={ONE: DOCTOR, TWO: TOTAL, THREE: DOCTOR},
    )

    assert {one.municipality_id: one.change for one in front.participants} == {
        ONE: None, TWO: Decimal("-0.6"), THREE: None,
    }  # fmt: skip


@pytest.mark.parametrize(("month", "colour"), [("2013-07", "otherwise"), ("2013-12", "level-3")])
async def test_a_year_to_date_is_compared_with_twelve_months_only_in_december(
    make_database: MakeDatabase, month: str, colour: str
) -> None:
    year_to_date = posted(month, municipality_id=ONE, window="year-to-date", rate="8")

    front = await front_after(
        await make_database("metrics"), [year_to_date, *last_twelve({TWO: {TOTAL: "7"}})]
    )

    participant = next(one for one in front.participants if one.municipality_id == ONE)
    assert (participant.level_window, participant.level) == (Window.YEAR_TO_DATE, Decimal(8))
    assert participant.colour(Measure.LEVEL) == colour


async def test_a_programme_without_figures_compares_nothing(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    await stored.hear(database)

    async with database.connection() as conn:
        front = await read_front(conn, Filters())

    assert (compared(front), [one.level for one in front.participants]) == (None, [None])
