"""Putting programmes and projects on a real database: effect, repetition, order."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.registry import commands
from services.registry.domain.programme import Cohort, Names
from services.registry.domain.project import Membership
from services.registry.store import programmes as programme_store
from shared.errors import Conflict, RuleBroken
from shared.postgres.database import Database
from tests.registry import factories
from tests.registry.factories import NOW, register, stale, told

LATER = NOW + timedelta(days=1)


async def put_programme_and_project(database: Database) -> None:
    """Put Vefsn, a programme and a project."""
    await register(database)
    async with database.transaction() as conn:
        await commands.put_programme(conn, factories.programme(), now=NOW)
        await commands.put_project(conn, factories.project(), now=NOW)
    await told(database)


async def test_a_programme_put_again_is_not_told_again(database: Database) -> None:
    for _ in range(2):
        async with database.transaction() as conn:
            await commands.put_programme(conn, factories.programme(), now=NOW)
    assert await told(database) == [("ProgrammeRegistered", "saman", 1)]
    async with database.connection() as conn:
        assert await programme_store.get_programme(conn, "saman") == factories.programme()


async def test_a_changed_programme_is_told_and_a_stale_one_refused(database: Database) -> None:
    await put_programme_and_project(database)
    changed = factories.programme(claimed={"municipalities": 110})
    async with database.transaction() as conn:
        await commands.put_programme(conn, changed, now=NOW)
    with pytest.raises(Conflict):
        async with database.transaction() as conn:
            await commands.put_programme(conn, factories.programme(), now=LATER, guard=stale)
    assert await told(database) == [("ProgrammeChanged", "saman", 2)]


@pytest.mark.parametrize(
    ("without", "code"), [({"cohorts": ()}, "cohort-in-use"), ({"themes": ()}, "theme-in-use")]
)
async def test_what_projects_bear_cannot_be_taken_away(
    database: Database, without: Any, code: str
) -> None:
    await put_programme_and_project(database)
    with pytest.raises(Conflict) as refused:
        async with database.transaction() as conn:
            await commands.put_programme(conn, factories.programme(**without), now=NOW)
    assert refused.value.code == code


async def test_a_cohort_belongs_to_one_programme(database: Database) -> None:
    await put_programme_and_project(database)
    other = factories.programme("other", cohorts=factories.programme().cohorts)
    with pytest.raises(Conflict) as refused:
        async with database.transaction() as conn:
            await commands.put_programme(conn, other, now=NOW)
    assert refused.value.code == "cohort-of-another-programme"


async def test_a_cohort_that_no_project_bears_goes_and_another_comes(database: Database) -> None:
    async with database.transaction() as conn:
        await commands.put_programme(conn, factories.programme(), now=NOW)
        cohorts = tuple(Cohort(f"c-{n}-x", Names(f"Pulje {n}"), date(2012, 1, n)) for n in (2, 1))
        await commands.put_programme(conn, factories.programme(cohorts=cohorts), now=NOW)
        kept = await programme_store.get_programme(conn, "saman")
    assert kept.cohorts == cohorts


async def test_a_project_put_again_is_not_told_again(database: Database) -> None:
    await put_programme_and_project(database)
    async with database.transaction() as conn:
        put = await commands.put_project(conn, factories.project(), now=LATER)
        assert await programme_store.get_project(conn, "vefsn") == factories.project()
    assert not put.changed
    assert await told(database) == []


async def test_a_project_changes_and_ends(database: Database) -> None:
    await put_programme_and_project(database)
    for wanted in (
        factories.project(theme_ids=()),
        factories.project(theme_ids=(), ended_on=date(2015, 12, 31)),
        factories.project(theme_ids=(), ended_on=date(2015, 6, 30)),
    ):
        async with database.transaction() as conn:
            await commands.put_project(conn, wanted, now=NOW)
    assert await told(database) == [
        ("ProjectChanged", "vefsn", 2),
        ("ProjectEnded", "vefsn", 3),
        ("ProjectChanged", "vefsn", 4),
    ]


async def test_an_older_state_of_a_project_is_refused_by_its_version(database: Database) -> None:
    await put_programme_and_project(database)

    def based_on_1(version: int | None) -> None:
        if version != 1:
            raise Conflict("changed meanwhile", code="lost-update")

    for names, fits in ((Names("Første"), True), (Names("Andre"), False)):
        try:
            async with database.transaction() as conn:
                await commands.put_project(
                    conn, factories.project(names=names), now=NOW, guard=based_on_1
                )
            assert fits
        except Conflict:
            assert not fits
    async with database.connection() as conn:
        assert (await programme_store.get_project(conn, "vefsn")).names == Names("Første")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"programme_id": "nothing"}, "programme-unknown"),
        ({"members": (Membership("atlantis-9999"),)}, "municipality-unknown"),
    ],
)
async def test_a_project_stands_on_what_is_registered(
    database: Database, changes: Any, code: str
) -> None:
    await put_programme_and_project(database)
    with pytest.raises(RuleBroken) as refused:
        async with database.transaction() as conn:
            await commands.put_project(conn, factories.project("new", **changes), now=NOW)
    assert refused.value.code == code


async def test_participants_are_counted_beside_what_is_claimed(database: Database) -> None:
    await put_programme_and_project(database)
    await register(database, ("1825", "Grane"))
    joint = (Membership("vefsn-1824"), Membership("grane-1825"))
    async with database.transaction() as conn:
        await commands.put_project(
            conn, factories.project("joint", members=joint, cohort_id=None), now=NOW
        )
        total, by_cohort = await programme_store.count_participants(conn, "saman")
    assert (total.projects, total.municipalities, total.memberships) == (2, 2, 3)
    assert [(c.projects, c.municipalities) for c in by_cohort.values()] == [(1, 1)]
