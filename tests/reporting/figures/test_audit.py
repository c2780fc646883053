"""Every figure that is kept is claimed by the audit log, with its content and its withdrawal."""

import asyncpg
import pytest

from services.reporting.figures import auditing
from tests.reporting.desk import Desk
from tests.reporting.factories import figure, posted
from tests.support.infrastructure import Infra


async def disagreements(desk: Desk) -> list[str]:
    async with desk.database.connection() as conn:
        return await auditing.unlike_the_log(conn)


async def actions(desk: Desk) -> list[str]:
    async with desk.database.connection() as conn:
        return [
            row["action"]
            for row in await conn.fetch("SELECT action FROM audit_entry ORDER BY entry_id")
        ]


async def past_the_gate(desk: Desk, infra: Infra, done: str) -> None:
    """Do what no service does, as somebody who may do everything in the database."""
    async with desk.database.transaction() as conn:
        name = await conn.fetchval("SELECT current_database()")
    superuser = await asyncpg.connect(infra.admin_dsn, database=name)
    try:
        await superuser.execute(done)
    finally:
        await superuser.close()


async def test_accepted_figures_are_noted_once_and_refused_or_repeated_ones_are_not(
    desk: Desk,
) -> None:
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
        ("UPDATE figure SET numerator = numerator - 1", "was changed after it had been accepted"),
        (
            "UPDATE figure SET municipality_number = '0301'",
            "was changed after it had been accepted",
        ),
        (
            "UPDATE figure SET in_force = false, withdrawn_at = now(), withdrawn_by = publisher,"
            " withdrawal_reason = 'x'",
            "is withdrawn, and nobody withdrew it",
        ),
        ("UPDATE figure SET figure_id = gen_random_uuid()", "is kept and was accepted 0 times"),
    ],
)
async def test_a_figure_that_was_changed_past_the_gate_shows(
    desk: Desk, infra: Infra, done: str, fault: str
) -> None:
    await desk.post(figure())
    await past_the_gate(desk, infra, done)
    assert any(fault in sentence for sentence in await disagreements(desk))


async def test_a_withdrawal_that_was_undone_past_the_gate_shows(desk: Desk, infra: Infra) -> None:
    body = posted()
    await desk.post(body)
    await desk.withdraw(body["figure_id"])
    await past_the_gate(
        desk,
        infra,
        "UPDATE figure SET withdrawn_at = NULL, withdrawn_by = NULL, withdrawal_reason = NULL",
    )
    (sentence,) = await disagreements(desk)
    assert sentence.endswith("was withdrawn, and is not")
