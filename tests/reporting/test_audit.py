"""Every figure that is kept is claimed by the audit log, with its content."""

import asyncpg
import pytest

from services.reporting.store import figures
from tests.reporting.desk import Desk
from tests.reporting.factories import figure, posted
from tests.support.infrastructure import Infra


async def disagreements(desk: Desk) -> list[str]:
    async with desk.database.connection() as conn:
        return await figures.unlike_the_log(conn)


async def actions(desk: Desk) -> list[str]:
    async with desk.database.connection() as conn:
        return [row["action"] for row in await conn.fetch("SELECT action FROM audit_entry ORDER BY entry_id")]


async def test_accepted_figures_are_noted_once_and_refused_or_repeated_ones_are_not(desk: Desk) -> None:
    first, second = posted(), posted(period="2013-01")
    await desk.post(first, second, posted(lost_days="99999"))
    await desk.post(first)
    await desk.withdraw(first["figure_id"])

    assert await actions(desk) == ["figures-accepted", "figure-withdrawn"]
    assert await disagreements(desk) == []


@pytest.mark.parametrize(
    ("done", "fault"),
    [
        ("DELETE FROM figure", "was accepted and is not kept"),
        ("UPDATE figure SET body_hash = decode(repeat('00', 32), 'hex')", "has another content"),
        ("UPDATE figure SET figure_id = gen_random_uuid()", "is kept and was accepted 0 times"),
    ],
)
async def test_a_figure_that_was_changed_past_the_gate_shows(desk: Desk, infra: Infra, done: str, fault: str) -> None:
    await desk.post(figure())
    async with desk.database.transaction() as conn:
        name = await conn.fetchval("SELECT current_database()")
    superuser = await asyncpg.connect(infra.admin_dsn, database=name)
    try:
        await superuser.execute(done)
    finally:
        await superuser.close()
    assert any(fault in sentence for sentence in await disagreements(desk))
