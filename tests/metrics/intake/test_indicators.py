"""Metrics of a made-up programme work without a line of code about them: they are data."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.metrics.intake import commands
from shared.events.metrics import TargetReached
from shared.events.registry import Baseline, Goal
from shared.events.reporting import FigureEvent
from shared.postgres.database import Database
from tests.conftest import MakeDatabase
from tests.faults.counts import repeats
from tests.metrics import factories, stored
from tests.metrics.declared import (
    ALL,
    EMPLOYED,
    GATHERED,
    PLANS,
    REPUTATION,
    WAITING,
    MadeUp,
    indicator,
    indicator_event,
    indicator_withdrawn,
    made_up,
)
from tests.metrics.factories import NOW
from tests.metrics.recomputation import Posted, recompute
from tests.metrics.stored import hear

VEFSN = "municipality/vefsn-1824"
THREE = ["alstahaug-1820", "bronnoy-1813", "vefsn-1824"]


async def define(database: Database, *metrics: MadeUp) -> None:
    async with database.transaction() as conn:
        await commands.hear_metrics(conn, [one.event for one in metrics], now=NOW)


async def post(database: Database, metric: MadeUp, *figures: Posted) -> None:
    await stored.apply(database, [indicator_event(metric.metric_id, one) for one in figures])


async def windows(database: Database, metric: MadeUp, period: str, subject: str = VEFSN) -> Any:
    states = await stored.states(database, metric=metric.metric_id)
    return states[subject, "summer", period]["windows"]


def goal(metric: MadeUp, window: Any, target: str) -> Goal:
    return Goal(
        goal_id="maal",
        metric=metric.metric_id,
        window=window,
        definition={"season": "summer"},
        direction="rising",
        baseline=Baseline(value=Decimal(10), period="2012"),
        target=Decimal(target),
        due_on=factories.goal_contract().due_on,
    )


async def test_a_quarter_of_what_takes_the_last_period_is_its_last_month(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await define(database, PLANS)

    months = [indicator(f"2013-0{n}", lost=str(n), agreed="10") for n in (1, 2, 3)]
    await post(database, PLANS, *months)

    march = await windows(database, PLANS, "2013-03")
    assert {name: held["value"] for name, held in march.items()} == {
        "month": "30.0",
        "quarter": "30.0",
    }
    assert march["quarter"]["coverage"] == {"present": 1, "expected": 1}
    assert (march["month"]["numerator"], march["month"]["denominator"]) == ("3", "10")


async def test_means_and_scores_are_pooled_over_time_by_what_they_weigh(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await define(database, WAITING, REPUTATION)

    await post(
        database,
        WAITING,
        indicator("2013-01", lost="100", agreed="10"),
        indicator("2013-02", lost="300", agreed="20"),
    )
    await post(
        database,
        REPUTATION,
        indicator("2013-01", rate="3.5", weight="100", weight_kind="agreed-days"),
        indicator("2013-02", rate="4", weight="300", weight_kind="agreed-days"),
    )

    assert (await windows(database, WAITING, "2013-02"))["year-to-date"]["value"] == "13"
    assert (await windows(database, REPUTATION, "2013-02"))["year-to-date"]["value"] == "3.875"


async def test_counts_are_added_up_or_averaged_as_the_metric_says(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await define(database, GATHERED, EMPLOYED)
    for metric in (GATHERED, EMPLOYED):
        await post(
            database, metric, indicator("2013-01", lost="11"), indicator("2013-02", lost="14")
        )

    gathered = (await windows(database, GATHERED, "2013-02"))["year-to-date"]
    employed = (await windows(database, EMPLOYED, "2013-02"))["year-to-date"]

    assert (gathered["value"], gathered["numerator"], gathered["denominator"]) == ("25", "25", None)
    assert employed["value"] == "12.5"


async def test_a_group_of_scores_weighs_them_and_leaves_out_those_without_a_weight(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await hear(database, municipalities=THREE)
    await define(database, REPUTATION)

    await post(
        database,
        REPUTATION,
        indicator(municipality_id=THREE[0], rate="3", weight="100", weight_kind="agreed-days"),
        indicator(municipality_id=THREE[1], rate="5", weight="300", weight_kind="agreed-days"),
        indicator(municipality_id=THREE[2], rate="1", weight_kind="equal"),
    )

    month = (await windows(database, REPUTATION, "2013-02", "county/18"))["month"]
    assert month["value"] == "4.500"
    assert month["coverage"] == {"present": 2, "expected": 3}


@pytest.mark.parametrize("first", ["figures", "goal", "metric"])
async def test_a_goal_of_any_metric_is_reached_whatever_was_heard_first(
    make_database: MakeDatabase, first: str
) -> None:
    database = await make_database("metrics")
    figures = [
        indicator("2013-01", lost="1", agreed="5"),
        indicator("2013-02", lost="3", agreed="5"),
    ]
    project = factories.project(goals=[goal(PLANS, "month", "60")])

    async def tell() -> None:
        async with database.transaction() as conn:
            await commands.hear_municipalities(conn, [factories.municipality()], now=NOW)
            await commands.hear_projects(conn, [project], now=NOW)

    if first == "metric":
        await define(database, PLANS)
    if first == "goal":
        await tell()
    await post(database, PLANS, *figures)
    await define(database, PLANS)
    if first != "goal":
        await tell()

    (reached,) = await stored.milestones_of(database)
    assert isinstance(reached, TargetReached)
    assert (reached.metric, reached.period, str(reached.value), reached.subject) == (
        "competence-plan-share",
        "2013-02",
        "60.0",
        VEFSN,
    )


async def test_figures_of_a_metric_that_was_not_heard_of_are_told_when_it_is(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await hear(database)
    await post(database, PLANS, indicator(lost="3", agreed="5"))
    assert await stored.published(database) == []

    await define(database, PLANS)

    subjects = {event.subject for event in await stored.published(database)}
    assert {VEFSN, "county/18", "project/vefsn-prosjektet"} <= subjects


async def test_a_metric_that_withholds_fewer_persons_now_shows_what_it_withheld(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await define(database, PLANS)
    await post(database, PLANS, indicator(lost="3", agreed="5", persons=4))
    assert (await windows(database, PLANS, "2013-02"))["month"]["value"] is None

    changed = made_up(
        PLANS.metric_id, "share", "last", unit="percent", decimals=0, small_persons=3, version=2
    )
    await define(database, changed)

    assert (await windows(database, PLANS, "2013-02"))["month"]["value"] == "60"


async def test_metrics_with_one_definition_key_are_told_apart(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    await define(database, PLANS, WAITING)

    await post(database, PLANS, indicator(lost="1", agreed="2"))
    await post(database, WAITING, indicator(lost="1", agreed="2", vintage=2))

    assert (await windows(database, PLANS, "2013-02"))["month"]["value"] == "50.0"
    assert (await windows(database, WAITING, "2013-02"))["month"]["value"] == "1"


async def test_a_withdrawn_indicator_leaves_the_one_before(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    await define(database, PLANS)
    before, after = indicator(lost="1", agreed="2"), indicator(lost="2", agreed="2", vintage=2)
    await post(database, PLANS, before, after)

    await stored.apply(database, [indicator_withdrawn(PLANS.metric_id, after, before)])

    assert (await windows(database, PLANS, "2013-02"))["month"]["value"] == "50.0"


@st.composite
def streams(draw: st.DrawFn, metric: MadeUp) -> list[Posted]:
    """Draw figures of three municipalities: vintages, gaps, withdrawals, small ones."""
    found = {}
    kind = metric.declared.kind
    for name in THREE:
        periods = st.sampled_from([f"2012-{m:02}" for m in range(6, 13)] + ["2013-01", "2013-Q1"])
        for period in draw(st.sets(periods, max_size=6)):
            for vintage in range(1, draw(st.sampled_from([1, 1, 2])) + 1):
                terms: dict[str, Any] = {"lost": draw(st.integers(0, 500))}
                if kind in ("share", "mean"):
                    terms["agreed"] = draw(st.sampled_from([0, 7, 500]))
                if kind == "score":
                    weight = draw(st.sampled_from([None, 3, 250]))
                    kind_of_weight = "equal" if weight is None else "agreed-days"
                    terms = {"rate": terms["lost"], "weight": weight, "weight_kind": kind_of_weight}
                found[name, period, vintage] = indicator(
                    period,
                    municipality_id=name,
                    vintage=vintage,
                    persons=draw(st.sampled_from([None, 3, 900])),
                    withdrawn=draw(st.sampled_from([False] * 6 + [True])),
                    **terms,
                )
    return list(found.values())


def events_of(metric: MadeUp, figures: Sequence[Posted]) -> list[FigureEvent]:
    posted: list[FigureEvent] = [indicator_event(metric.metric_id, one) for one in figures]
    return posted + [indicator_withdrawn(metric.metric_id, one) for one in figures if one.withdrawn]


@pytest_asyncio.fixture
async def told(make_database: MakeDatabase) -> Database:
    """A database that has heard of three municipalities and of all made-up metrics."""
    database = await make_database("metrics")
    await hear(database, municipalities=THREE)
    await define(database, *ALL)
    return database


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.metric_id)
@settings(
    max_examples=repeats(few=4, many=300),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
async def test_states_of_any_metric_equal_an_independent_recomputation(
    told: Database, metric: MadeUp, data: st.DataObject
) -> None:
    await stored.forget_figures(told)
    figures = data.draw(streams(metric))
    events = events_of(metric, figures)
    mixed = data.draw(st.permutations(events * 2))

    await stored.apply(told, mixed[: len(mixed) // 2], mixed[len(mixed) // 2 :])

    groups = dict.fromkeys(
        (
            "cohort/pulje-1",
            "county/18",
            "programme/saman-2011",
            "project/vefsn-prosjektet",
            "theme/naervaer",
        ),
        THREE,
    )
    expected = recompute(figures, groups, metric.declared)
    kept = await stored.states(told, metric=metric.metric_id)
    assert kept.keys() == expected.keys()
    for key, content in kept.items():
        assert {name: content[name] for name in expected[key]} == expected[key], key
