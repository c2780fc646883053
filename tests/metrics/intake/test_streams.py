"""Whatever the order in which figures come, the store is the same, and that of a recomputation."""

import random
from collections.abc import Sequence

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.metrics.intake import commands
from shared.events.reporting import FigureEvent
from shared.postgres.database import Database
from tests.conftest import MakeDatabase
from tests.faults.counts import repeats
from tests.metrics import factories, stored
from tests.metrics.factories import NOW, posted_event, withdrawn_event
from tests.metrics.posted import drawn_terms, persons, posted
from tests.metrics.recomputation import Posted, recompute
from tests.metrics.stored import hear


@st.composite
def streams(draw: st.DrawFn) -> list[Posted]:
    """Draw figures of three municipalities: day counts, other weights, vintages and withdrawals."""
    found = {}
    for one in ("vefsn-1824", "alstahaug-1820", "bronnoy-1813"):
        for period in draw(
            st.sets(
                st.sampled_from([f"2012-{m:02}" for m in range(1, 13)] + ["2013-01", "2013-Q1"])
            )
        ):
            for vintage in range(1, draw(st.sampled_from([1, 1, 2, 4])) + 1):
                kind = draw(st.sampled_from(["days", "days", "days", "agreed-days", "equal"]))
                figure = posted(
                    period,
                    municipality_id=one,
                    vintage=vintage,
                    persons=draw(persons),
                    **draw(drawn_terms(kind)),
                    withdrawn=draw(st.sampled_from([False] * 6 + [True])),
                )
                found[one, period, vintage] = figure
    return list(found.values())


def events_of(figures: Sequence[Posted]) -> list[FigureEvent]:
    """Return postings and withdrawals of figures, in an order that could have happened."""
    posted_ones: list[FigureEvent] = [posted_event(one) for one in figures]
    return posted_ones + [withdrawn_event(one) for one in figures if one.withdrawn]


@pytest_asyncio.fixture
async def two_databases(
    make_database: MakeDatabase, groups: dict[str, list[str]]
) -> tuple[Database, Database]:
    """Two databases that have heard the same of the registry."""
    two = factories.project(
        "tolv", ["alstahaug-1820", "bronnoy-1813"], cohort_id=None, theme_ids=[]
    )
    found = await make_database("metrics"), await make_database("metrics")
    for database in found:
        await hear(database, municipalities=groups["county/18"])
        async with database.transaction() as conn:
            await commands.hear_projects(conn, [two], now=NOW)
    return found


@pytest.fixture(scope="module")
def groups() -> dict[str, list[str]]:
    everyone = ["alstahaug-1820", "bronnoy-1813", "vefsn-1824"]
    subjects = [
        "cohort/pulje-1",
        "county/18",
        "programme/saman-2011",
        "project/vefsn-prosjektet",
        "theme/naervaer",
    ]
    return dict.fromkeys(subjects, everyone) | {"project/tolv": ["alstahaug-1820", "bronnoy-1813"]}


@pytest.mark.parametrize("last", ["2013-06", "2014-06"])
async def test_the_windows_of_a_gap_are_made_of_all_that_came_before_it(
    make_database: MakeDatabase, groups: dict[str, list[str]], last: str
) -> None:
    database = await make_database("metrics")
    await hear(database, municipalities=groups["county/18"])
    figures = [posted(f"2012-{month:02}", lost=str(90 + month)) for month in range(1, 13)]
    figures += [posted("2013-03"), posted(last)]

    await stored.apply(database, *([posted_event(figure)] for figure in figures))

    expected = recompute(figures, groups)
    kept = await stored.states(database)
    assert kept.keys() == expected.keys()
    for key, content in kept.items():
        assert {name: content[name] for name in expected[key]} == expected[key], key


@settings(
    max_examples=repeats(few=10, many=1_000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(figures=streams(), chance=st.randoms(use_true_random=False))
async def test_shuffled_and_doubled_figures_leave_the_same_store(
    two_databases: tuple[Database, Database],
    groups: dict[str, list[str]],
    figures: list[Posted],
    chance: random.Random,
) -> None:
    in_order, shuffled = two_databases
    for database in two_databases:
        await stored.forget_figures(database)
    events = events_of(figures)
    await stored.apply(in_order, *([event] for event in events))

    mixed = events * 2
    chance.shuffle(mixed)
    size = chance.randint(1, 9)
    await stored.apply(
        shuffled, *(mixed[start : start + size] for start in range(0, len(mixed), size))
    )

    assert await stored.everything(shuffled) == await stored.everything(in_order)
    expected = recompute(figures, groups)
    kept = await stored.states(in_order)
    assert kept.keys() == expected.keys()
    for key, content in kept.items():
        assert {name: content[name] for name in expected[key]} == expected[key], key
