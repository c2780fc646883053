"""Hearing the registry: groups and goals follow it, whenever it speaks."""

from datetime import UTC, date, datetime

from services.metrics.intake import commands
from shared.events.registry import Member, MunicipalityVersion, ProjectRegistered
from shared.postgres.database import Database
from tests.conftest import MakeDatabase
from tests.metrics import factories, stored
from tests.metrics.factories import NOW, posted_event
from tests.metrics.posted import DEFINITION, SUBJECT, posted
from tests.metrics.vefsn import vefsn_figures


async def hear(database: Database, *projects: ProjectRegistered) -> None:
    async with database.transaction() as conn:
        await commands.hear_projects(conn, projects, now=NOW)


async def begin_day(database: Database, now: datetime) -> int:
    async with database.transaction() as conn:
        return await commands.begin_day(conn, now=now)


async def month_of(
    database: Database, subject: str, period: str = "2013-02"
) -> tuple[str | None, int, int]:
    kept = (await stored.states(database))[subject, DEFINITION, period]
    month = kept["windows"]["month"]
    return month["value"], month["coverage"]["present"], month["coverage"]["expected"]


async def test_membership_is_as_it_is_now_for_every_period(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    both = ["alstahaug-1820", "vefsn-1824"]
    figures = [
        posted("2013-02", lost="90"),
        posted("2013-02", municipality_id="alstahaug-1820", lost="50"),
    ]
    await hear(database, factories.project(members=both))
    await stored.apply(database, [posted_event(one) for one in figures])
    assert await month_of(database, "cohort/pulje-1") == ("7.00", 2, 2)

    await hear(database, factories.project(members=["vefsn-1824"], version=2))

    assert await month_of(database, "cohort/pulje-1") == ("9.00", 1, 1)
    last = (await stored.metrics_of(database, "cohort/pulje-1"))[-1]
    assert (last.version, last.moved_by, last.moved_by_count) == (2, [], 0)


async def test_a_group_that_loses_all_members_is_told_about_once_more(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await hear(database, factories.project())
    await stored.apply(database, [posted_event(posted("2013-02"))])

    await hear(database, factories.project(version=2, cohort_id="pulje-2"))

    kept = await stored.states(database)
    assert ("cohort/pulje-1", DEFINITION, "2013-02") not in kept
    gone, there = [(await stored.metrics_of(database, f"cohort/pulje-{n}"))[-1] for n in (1, 2)]
    assert (gone.version, gone.windows["month"].reason) == (2, "no-data")
    assert (there.version, str(there.windows["month"].value)) == (1, "8.60")


async def test_an_older_state_that_comes_late_changes_nothing(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    await hear(database, factories.project(version=2, cohort_id="pulje-2"))
    await stored.apply(database, [posted_event(posted("2013-02"))])

    await hear(database, factories.project(version=1))

    assert ("cohort/pulje-1", DEFINITION, "2013-02") not in await stored.states(database)


async def test_the_same_state_again_publishes_nothing(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    told = factories.project(goals=[factories.goal_contract()])
    await hear(database, told)
    await stored.apply(database, [posted_event(one) for one in vefsn_figures()])
    await stored.empty_outbox(database)

    await hear(database, told, factories.project(goals=[factories.goal_contract()], version=2))

    assert await stored.published(database) == []


async def test_members_count_from_their_first_day_to_their_last(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    members = [
        Member(municipality_id="vefsn-1824"),
        Member(municipality_id="alstahaug-1820", to=date(2013, 8, 31)),
        Member(municipality_id="hemnes-1832", to=date(2013, 9, 1)),
        Member(municipality_id="bronnoy-1813", from_=date(2013, 9, 2)),
        Member(municipality_id="rana-1833", from_=date(2013, 9, 1)),
    ]
    await hear(database, factories.project(members=members))
    await stored.apply(database, [posted_event(posted("2013-02"))])

    assert await month_of(database, "project/vefsn-prosjektet") == ("8.60", 1, 3)


async def test_a_membership_that_begins_or_ends_on_a_day_does_so_without_being_told(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    members = [
        Member(municipality_id="vefsn-1824"),
        Member(municipality_id="alstahaug-1820", to=date(2013, 9, 30)),
        Member(municipality_id="rana-1833", from_=date(2013, 10, 1)),
        Member(municipality_id="hemnes-1832", from_=date(2013, 12, 1)),
    ]
    await hear(database, factories.project(members=members))
    figures = [("vefsn-1824", "90"), ("alstahaug-1820", "50"), ("rana-1833", "70")]
    await stored.apply(
        database,
        [posted_event(posted("2013-02", municipality_id=one, lost=lost)) for one, lost in figures],
    )
    assert await month_of(database, "cohort/pulje-1") == ("7.00", 2, 2)

    assert await begin_day(database, datetime(2013, 9, 30, 21, 59, tzinfo=UTC)) == 0
    assert await begin_day(database, datetime(2013, 9, 30, 22, 0, tzinfo=UTC)) == 1
    assert await month_of(database, "cohort/pulje-1") == ("8.00", 2, 2)
    assert await begin_day(database, datetime(2013, 11, 30, 22, 59, tzinfo=UTC)) == 0
    assert await begin_day(database, datetime(2013, 11, 30, 23, 0, tzinfo=UTC)) == 1
    assert await month_of(database, "cohort/pulje-1") == ("8.00", 2, 3)
    assert await begin_day(database, datetime(2033, 1, 1, tzinfo=UTC)) == 0


async def test_a_goal_follows_a_member_that_joins_on_a_day(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    members = [
        Member(municipality_id="vefsn-1824"),
        Member(municipality_id="rana-1833", from_=date(2014, 1, 1)),
    ]
    await hear(database, factories.project(members=members, goals=[factories.goal_contract()]))
    figures = [
        posted("2013-01", lost="69"),
        posted("2013-01", municipality_id="rana-1833", lost="99"),
    ]

    await stored.apply(database, [posted_event(one) for one in figures])
    assert [one.subject for one in await stored.milestones_of(database)] == [SUBJECT]
    await begin_day(database, datetime(2014, 1, 1, tzinfo=UTC))

    kept = await stored.states(database)
    assert kept[SUBJECT, DEFINITION, "2013-01"]["goals"] == []
    (goal,) = kept["project/vefsn-prosjektet", DEFINITION, "2013-01"]["goals"]
    assert goal["state"] == "open"


async def test_a_municipality_changes_county_on_the_day_of_the_reform(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    version = {"number": "1824", "name": "Vefsn", "county_name": "Nordland"}
    versions = [
        MunicipalityVersion(
            **version, county_number="18", valid_from=date(2013, 1, 1), valid_to=date(2014, 1, 1)
        ),
        MunicipalityVersion(**version, county_number="55", valid_from=date(2014, 1, 1)),
    ]
    async with database.transaction() as conn:
        told = factories.municipality().model_copy(update={"versions": versions})
        await commands.hear_municipalities(conn, [told], now=NOW)
    await stored.apply(database, [posted_event(posted("2013-02"))])
    assert await month_of(database, "county/18") == ("8.60", 1, 1)

    assert await begin_day(database, datetime(2014, 1, 1, tzinfo=UTC)) == 1

    kept = await stored.states(database)
    assert ("county/18", DEFINITION, "2013-02") not in kept
    assert await month_of(database, "county/55") == ("8.60", 1, 1)


async def test_a_municipality_in_two_projects_counts_once(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    await hear(database, factories.project("vesteraalen"), factories.project("lofoten"))
    await stored.apply(database, [posted_event(posted("2013-02"))])

    assert await month_of(database, "programme/saman-2011") == ("8.60", 1, 1)


async def test_a_county_has_the_municipalities_that_exist(make_database: MakeDatabase) -> None:
    """One merged into another in 2020: nobody expects the new one's figures before, nor the old
    one's after.
    """
    database = await make_database("metrics")
    reform = date(2020, 1, 1)
    async with database.transaction() as conn:
        old = factories.municipality("vefsn-1824", valid_to=reform)
        new = factories.municipality("helgeland-1899", valid_from=reform)
        await commands.hear_municipalities(conn, [old, new], now=NOW)
    await stored.apply(database, [posted_event(posted("2013-02"))])

    assert await month_of(database, "county/18") == ("8.60", 1, 1)


async def test_a_reform_that_is_told_late_counts_no_territory_twice(
    make_database: MakeDatabase,
) -> None:
    """Both had posted for January 2020 when the merger of that month was heard of."""
    database = await make_database("metrics")
    old = factories.municipality("vefsn-1824")
    new = factories.municipality("helgeland-1899", valid_from=date(2020, 1, 1))
    async with database.transaction() as conn:
        await commands.hear_municipalities(conn, [old, new], now=NOW)
    figures = [posted(period, lost="90") for period in ("2019-12", "2020-01")]
    figures.append(posted("2020-01", municipality_id="helgeland-1899", lost="50"))
    await stored.apply(database, [posted_event(one) for one in figures])
    assert await month_of(database, "county/18", "2020-01") == ("7.00", 2, 2)

    async with database.transaction() as conn:
        ended = factories.municipality("vefsn-1824", valid_to=date(2020, 1, 1), version=2)
        await commands.hear_municipalities(conn, [ended], now=NOW)

    assert await month_of(database, "county/18", "2019-12") == ("9.00", 1, 1)
    assert await month_of(database, "county/18", "2020-01") == ("5.00", 1, 1)


async def test_a_municipality_that_moves_to_another_county_is_taken_along(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await stored.apply(database, [posted_event(posted("2013-02"))])
    async with database.transaction() as conn:
        await commands.hear_municipalities(conn, [factories.municipality()], now=NOW)
        await commands.hear_municipalities(
            conn, [factories.municipality(county="55", version=2)], now=NOW
        )

    kept = await stored.states(database)
    assert [key[0] for key in kept] == ["county/55", SUBJECT]


async def test_a_changed_target_is_judged_anew_and_told_of_as_such(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    await hear(database, factories.project(goals=[factories.goal_contract()]))
    await stored.apply(database, [posted_event(one) for one in vefsn_figures()])

    stricter = factories.goal_contract(target="6.0")
    await hear(database, factories.project(goals=[stricter], version=2))

    reached, lost = await stored.milestones_of(database)
    assert (reached.period, reached.cause) == ("2013-04", "figure")
    assert (lost.period, lost.cause, str(lost.target)) == ("2013-07", "goal-changed", "6")


async def test_a_goal_that_is_gone_leaves_the_states(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    await hear(database, factories.project(goals=[factories.goal_contract()]))
    await stored.apply(database, [posted_event(posted("2013-01"))])

    await hear(database, factories.project(version=2))

    assert (await stored.states(database))[SUBJECT, DEFINITION, "2013-01"]["goals"] == []
    assert (await stored.metrics_of(database, SUBJECT))[-1].changed == ["goals.vefsn-naervaer"]
