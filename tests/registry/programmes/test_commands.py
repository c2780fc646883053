"""Putting programmes on a real database: effect, repetition, order."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.registry.entries.rules import Names
from services.registry.municipalities.rules.membership import Membership
from services.registry.programmes import store as programme_store
from services.registry.programmes.commands import put_programme
from services.registry.programmes.rules import Cohort
from services.registry.projects.commands import put_project
from shared.errors import Conflict
from shared.postgres.database import Database
from tests.registry import factories
from tests.registry.factories import NOW, put_programme_and_project, register, stale, told

LATER = NOW + timedelta(days=1)


async def test_a_programme_put_again_is_not_told_again(database: Database) -> None:
    for _ in range(2):
        async with database.transaction() as conn:
            await put_programme(conn, factories.programme(), now=NOW)
    assert await told(database) == [("ProgrammeRegistered", "saman", 1)]
    async with database.connection() as conn:
        assert await programme_store.get_programme(conn, "saman") == factories.programme()


async def test_a_changed_programme_is_told_and_a_stale_one_refused(database: Database) -> None:
    await put_programme_and_project(database)
    changed = factories.programme(claimed={"municipalities": 110})
    async with database.transaction() as conn:
        await put_programme(conn, changed, now=NOW)
    with pytest.raises(Conflict):
        async with database.transaction() as conn:
            await put_programme(conn, factories.programme(), now=LATER, guard=stale)
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
            await put_programme(conn, factories.programme(**without), now=NOW)
    assert refused.value.code == code


async def test_a_cohort_belongs_to_one_programme(database: Database) -> None:
    await put_programme_and_project(database)
    other = factories.programme("other", cohorts=factories.programme().cohorts)
    with pytest.raises(Conflict) as refused:
        async with database.transaction() as conn:
            await put_programme(conn, other, now=NOW)
    assert refused.value.code == "cohort-of-another-programme"


async def test_a_cohort_that_no_project_bears_goes_and_another_comes(database: Database) -> None:
    async with database.transaction() as conn:
        await put_programme(conn, factories.programme(), now=NOW)
        cohorts = tuple(Cohort(f"c-{n}-x", Names(f"Pulje {n}"), date(2012, 1, n)) for n in (2, 1))
        await put_programme(conn, factories.programme(cohorts=cohorts), now=NOW)
        kept = await programme_store.get_programme(conn, "saman")
    assert kept.cohorts == cohorts


async def test_participants_are_counted_beside_what_is_claimed(database: Database) -> None:
    await put_programme_and_project(database)
    await register(database, ("1825", "Grane"))
    joint = (Membership("vefsn-1824"), Membership("grane-1825"))
    async with database.transaction() as conn:
        await put_project(conn, factories.project("joint", members=joint, cohort_id=None), now=NOW)
        total, by_cohort = await programme_store.count_participants(conn, "saman")
    assert (total.projects, total.municipalities, total.memberships) == (2, 2, 3)
    assert [(c.projects, c.municipalities) for c in by_cohort.values()] == [(1, 1)]
