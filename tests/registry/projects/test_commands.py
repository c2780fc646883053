"""Putting projects on a real database: effect, repetition, order."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.registry.entries.rules import Names
from services.registry.municipalities.rules.membership import Membership
from services.registry.projects import store as project_store
from services.registry.projects.commands import put_project
from shared.errors import Conflict, RuleBroken
from shared.postgres.database import Database
from tests.registry import factories
from tests.registry.factories import NOW, put_programme_and_project, told

LATER = NOW + timedelta(days=1)


async def test_a_project_put_again_is_not_told_again(database: Database) -> None:
    await put_programme_and_project(database)
    async with database.transaction() as conn:
        put = await put_project(conn, factories.project(), now=LATER)
        assert await project_store.get_project(conn, "vefsn") == factories.project()
    assert not put.changed
    assert await told(database) == []


async def test_a_project_in_full_is_kept_exactly(database: Database) -> None:
    await put_programme_and_project(database)
    wanted = factories.full_project()
    for _ in range(2):
        async with database.transaction() as conn:
            await put_project(conn, wanted, now=NOW)
    assert await told(database) == [("ProjectChanged", "vefsn", 2)]
    async with database.connection() as conn:
        assert await project_store.get_project(conn, "vefsn") == replace(wanted, version=2)


async def test_a_project_changes_and_ends(database: Database) -> None:
    await put_programme_and_project(database)
    for wanted in (
        factories.project(theme_ids=()),
        factories.project(theme_ids=(), ended_on=date(2015, 12, 31)),
        factories.project(theme_ids=(), ended_on=date(2015, 6, 30)),
    ):
        async with database.transaction() as conn:
            await put_project(conn, wanted, now=NOW)
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
                await put_project(conn, factories.project(names=names), now=NOW, guard=based_on_1)
            assert fits
        except Conflict:
            assert not fits
    async with database.connection() as conn:
        assert (await project_store.get_project(conn, "vefsn")).names == Names("Første")


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
            await put_project(conn, factories.project("new", **changes), now=NOW)
    assert refused.value.code == code
