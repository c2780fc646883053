"""Taking figures in, on the real PostgreSQL: repetition, order, corrections, groups, goals,
suppression.
"""

import asyncio
import json

from shared.events.metrics import MetricUpdated, TargetLost, TargetReached
from tests.conftest import MakeDatabase
from tests.metrics import factories, stored
from tests.metrics.factories import posted_event, withdrawn_event
from tests.metrics.posted import DEFINITION, SUBJECT, posted
from tests.metrics.stored import hear
from tests.metrics.vefsn import vefsn_figures


async def test_a_figure_becomes_states_of_its_municipality_and_its_groups(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await hear(database)

    await stored.apply(
        database, [posted_event(posted("2013-02", lost="1387.20", agreed="20104.00"))]
    )

    kept = await stored.states(database)
    groups = [
        "cohort/pulje-1",
        "county/18",
        "programme/saman-2011",
        "project/vefsn-prosjektet",
        "theme/naervaer",
    ]
    assert [key[0] for key in kept] == sorted([*groups, SUBJECT])
    assert all(content["windows"]["month"]["value"] == "6.90" for content in kept.values())
    events = await stored.metrics_of(database, SUBJECT)
    assert [(one.period, one.version, one.grain) for one in events] == [("2013-02", 1, "month")]
    assert events[0].changed == ["windows.month", "windows.year-to-date", "windows.rolling-12"]
    assert events[0].moved_by_count == 1
    assert events[0].moved_by == [factories.figure_id(posted("2013-02"))]
    assert str(events[0].windows["month"].numerator) == "1387.20"


async def test_a_figure_of_an_unknown_municipality_is_kept_and_joins_its_groups_later(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await stored.apply(database, [posted_event(posted("2013-02"))])
    assert list(await stored.states(database)) == [(SUBJECT, DEFINITION, "2013-02")]

    await hear(database)

    kept = await stored.states(database)
    assert kept["cohort/pulje-1", DEFINITION, "2013-02"]["windows"]["month"]["value"] == "8.60"
    assert len(kept) == 6


async def test_of_many_figures_those_of_the_last_periods_are_named_as_what_moved_a_state_and_a_goal(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await hear(database, goals=True)
    periods = [*(f"2011-{month:02}" for month in range(1, 13)), "2012-01"]
    months = [posted(period, lost="60" if period == "2012-01" else "90") for period in periods]
    figures = [*months, *(posted(period, window="rolling-12", rate="8.5") for period in periods)]

    await stored.apply(database, [posted_event(one) for one in figures])

    state = (await stored.metrics_of(database, SUBJECT))[-1]
    milestone = (await stored.milestones_of(database))[-1]
    newest = {factories.figure_id(one) for one in figures if one.period >= "2011-04"}
    assert (state.period, milestone.period) == ("2012-01", "2012-01")
    assert (len(state.moved_by or ()), set(state.moved_by or ()), state.moved_by_count) == (
        20,
        newest,
        26,
    )
    assert (len(milestone.moved_by), set(milestone.moved_by)) == (20, newest)


async def test_the_same_figures_again_publish_nothing(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    await hear(database)
    batch = [posted_event(one) for one in vefsn_figures()]
    await stored.apply(database, batch)
    before = await stored.everything(database)
    await stored.empty_outbox(database)

    await stored.apply(database, batch)

    assert await stored.everything(database) == before
    assert await stored.published(database) == []


async def test_a_correction_changes_only_what_it_reaches(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    figures = [
        posted(f"{year}-{month:02}") for year in (2011, 2012, 2013) for month in range(1, 13)
    ]
    await stored.apply(database, [posted_event(one) for one in figures])
    await stored.empty_outbox(database)

    await stored.apply(database, [posted_event(posted("2011-11", lost="90", vintage=2))])

    events = {one.period: one for one in await stored.metrics_of(database, SUBJECT)}
    assert list(events) == ["2011-11", "2011-12", *(f"2012-{month:02}" for month in range(1, 12))]
    assert events["2011-11"].changed == [
        "windows.month",
        "windows.year-to-date",
        "windows.rolling-12",
    ]
    assert events["2012-10"].changed == ["windows.rolling-12"]
    assert events["2012-11"].changed == ["year_on_year_change_percent"]
    assert {one.version for one in events.values()} == {2}


async def test_a_withdrawal_restores_the_figure_before(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    first, second = posted("2013-02", lost="80"), posted("2013-02", lost="90", vintage=2)
    await stored.apply(database, [posted_event(first), posted_event(second)])
    assert (await stored.states(database))[SUBJECT, DEFINITION, "2013-02"]["windows"]["month"][
        "value"
    ] == "9.00"

    await stored.apply(database, [withdrawn_event(second, in_force=first)])
    assert (await stored.states(database))[SUBJECT, DEFINITION, "2013-02"]["windows"]["month"][
        "value"
    ] == "8.00"

    await stored.apply(database, [withdrawn_event(first)])
    month = (await stored.states(database))[SUBJECT, DEFINITION, "2013-02"]["windows"]["month"]
    assert (month["value"], month["reason"]) == (None, "no-data")


async def test_a_withdrawal_that_comes_before_its_figure_holds(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    first, second = posted("2013-02", lost="80"), posted("2013-02", lost="90", vintage=2)

    await stored.apply(
        database,
        [withdrawn_event(second, in_force=first)],
        [posted_event(second)],
        [posted_event(first)],
    )

    assert (await stored.states(database))[SUBJECT, DEFINITION, "2013-02"]["windows"]["month"][
        "value"
    ] == "8.00"


async def test_a_group_whose_member_turned_to_months_without_days_gets_their_days_later(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await hear(database)
    await stored.apply(
        database, [posted_event(posted("2013-Q1"))], [posted_event(posted("2012-02", rate="8.1"))]
    )

    await stored.apply(database, [posted_event(posted("2012-01"))])

    states = await stored.states(database)
    assert (
        states["project/vefsn-prosjektet", DEFINITION, "2012-01"]["windows"]["month"]["value"]
        == "8.60"
    )


async def test_a_finer_figure_turns_the_series_and_tells_of_the_periods_that_are_gone(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await hear(database)
    await stored.apply(database, [posted_event(posted("2013-Q1"))])
    await stored.empty_outbox(database)

    await stored.apply(database, [posted_event(posted("2013-02"))])

    events = {one.period: one for one in await stored.metrics_of(database, SUBJECT)}
    assert list(events) == ["2013-02", "2013-03", "2013-Q1"]
    assert events["2013-Q1"].windows["quarter"].reason == "no-data"
    assert events["2013-Q1"].version == 2
    assert str(events["2013-03"].windows["quarter"].reported) == "8.60"
    assert [key[2] for key in await stored.states(database) if key[0] == SUBJECT] == [
        "2013-02",
        "2013-03",
    ]
    assert [one.period for one in await stored.metrics_of(database, "county/18")] == [
        "2013-02",
        "2013-Q1",
    ]


async def test_vefsn_reaches_its_target_in_april_2013_however_its_figures_are_batched(
    make_database: MakeDatabase,
) -> None:
    batch = [posted_event(one) for one in vefsn_figures()]
    for size in (1, 7, len(batch)):
        database = await make_database("metrics")
        await hear(database, goals=True)
        await stored.apply(
            database, *(batch[start : start + size] for start in range(0, len(batch), size))
        )

        milestones = await stored.milestones_of(database)
        assert [(type(one), one.period, str(one.value), one.cause) for one in milestones] == [
            (TargetReached, "2013-04", "6.90", "figure")
        ]
        assert (milestones[0].subject, milestones[0].project_id) == (SUBJECT, "vefsn-prosjektet")
        assert (str(milestones[0].target), str(milestones[0].baseline.value)) == ("6.9", "8.6")


async def test_a_goal_that_is_heard_of_after_the_figures_is_reached_once(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await stored.apply(database, [posted_event(one) for one in vefsn_figures()])

    await hear(database, goals=True)

    assert [(one.period, one.cause) for one in await stored.milestones_of(database)] == [
        ("2013-04", "goal-changed")
    ]
    state = (await stored.states(database))[SUBJECT, DEFINITION, "2013-02"]
    assert state["goals"] == [
        {
            "project_id": "vefsn-prosjektet", "goal_id": "vefsn-naervaer", "window": "year-to-date",
            "change_points": "-1.10", "change_percent": "-12.79",
            "progress_percent": "64.71", "persons_at_work": "11.0", "state": "open",
        }
    ]  # fmt: skip


async def test_a_corrected_figure_can_lose_a_target(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    await hear(database, goals=True)
    await stored.apply(database, [posted_event(posted("2013-01", lost="60"))])
    await stored.apply(database, [posted_event(posted("2013-01", lost="70", vintage=2))])

    reached, lost = await stored.milestones_of(database)

    assert isinstance(reached, TargetReached)
    assert isinstance(lost, TargetLost)
    assert (lost.previous_state, lost.state, lost.cause, str(lost.value)) == (
        "reached",
        "open",
        "correction",
        "7.00",
    )


async def test_a_target_reached_by_generated_figures_says_so(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    await hear(database, goals=True)

    await stored.apply(database, [posted_event(posted("2013-01", lost="60", generated=True))])

    assert [one.generated for one in await stored.milestones_of(database)] == [True]


async def test_a_goal_of_several_municipalities_is_judged_on_their_sum(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await hear(database, municipalities=["alstahaug-1820", "vefsn-1824"], goals=True)

    await stored.apply(database, [posted_event(posted("2013-01", lost="60"))])
    assert await stored.milestones_of(database) == []
    await stored.apply(
        database, [posted_event(posted("2013-01", municipality_id="alstahaug-1820", lost="70"))]
    )

    assert [(one.subject, str(one.value)) for one in await stored.milestones_of(database)] == [
        ("project/vefsn-prosjektet", "6.50")
    ]


async def test_small_cells_leave_no_trace_in_what_is_published(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    await hear(database, municipalities=["alstahaug-1820", "vefsn-1824"])
    small = posted("2013-02", municipality_id="alstahaug-1820", persons=4, lost="3.21")

    await stored.apply(database, [posted_event(posted("2013-02"))], [posted_event(small)])

    events = await stored.metrics_of(database, "municipality/alstahaug-1820")
    assert events[0].suppressed
    assert (events[0].moved_by, events[0].moved_by_count) == (None, None)
    assert events[0].windows["month"].value is None
    county = (await stored.metrics_of(database, "county/18"))[-1]
    assert county.suppressed
    assert county.windows["month"].numerator is None
    async with database.connection() as conn:
        held = await conn.fetch("SELECT content::text || unrounded::text AS text FROM state")
    assert not any("3.21" in row["text"] or "89.21" in row["text"] for row in held)


async def test_a_unit_of_unknown_size_is_suppressed_and_in_no_group(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await hear(database)

    await stored.apply(
        database, [posted_event(posted("2013-02", unit="hjemmetjenesten", persons=None))]
    )

    kept = await stored.states(database)
    assert [key[0] for key in kept] == ["unit/vefsn-1824/hjemmetjenesten"]
    assert all(content["suppressed"] for content in kept.values())


async def test_the_written_event_is_the_contracts_own(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    await hear(database, goals=True)
    await stored.apply(database, [posted_event(one) for one in vefsn_figures()])
    async with database.connection() as conn:
        payloads = [
            row["payload"] for row in await conn.fetch("SELECT payload FROM outbox ORDER BY id")
        ]

    for event, payload in zip(await stored.published(database), payloads, strict=True):
        assert json.loads(event.payload()) == json.loads(payload)


async def test_batches_at_the_same_time_leave_what_they_would_one_after_another(
    make_database: MakeDatabase,
) -> None:
    together, in_turn = await make_database("metrics"), await make_database("metrics")
    names = [f"kommune-{number:04}" for number in range(8)]
    batches = [
        [
            posted_event(posted(f"2013-{month:02}", municipality_id=name, lost=f"{month}0"))
            for month in range(1, 7)
        ]
        for name in names
    ]
    for database in (together, in_turn):
        await hear(database, municipalities=names)

    await stored.apply(in_turn, *batches)
    await asyncio.gather(*(stored.apply(together, batch) for batch in batches))

    assert await stored.everything(together) == await stored.everything(in_turn)
    versions: dict[str, list[int]] = {}
    for event in await stored.published(together):
        assert isinstance(event, MetricUpdated)
        versions.setdefault(event.key, []).append(event.version)
    assert all(held == list(range(1, len(held) + 1)) for held in versions.values())
