"""Networks, gatherings and what follows from them on a real database: effect, repetition, order."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.registry.commitments import store as commitments
from services.registry.commitments.commands import put_commitment
from services.registry.commitments.rules import CommitmentState
from services.registry.gatherings import store as gatherings
from services.registry.gatherings.commands import cancel, hold, put_gathering, seat, sign_up
from services.registry.gatherings.rules import Party
from services.registry.grants import store as grants
from services.registry.grants.commands import put_grant
from services.registry.knowledge import store as knowledge_store
from services.registry.knowledge.commands import put_knowledge
from services.registry.networks import store as networks
from services.registry.networks.commands import put_network
from services.registry.networks.rules import NetworkMember
from shared.errors import Conflict, RuleBroken
from shared.postgres.database import Database
from tests.registry.factories import NOW, stale, told
from tests.registry.together import (
    attendance,
    commitment,
    gathering,
    grant,
    knowledge,
    network,
    put_together,
)


async def test_each_is_kept_exactly_and_put_again_is_not_told_again(database: Database) -> None:
    await put_together(database)
    async with database.transaction() as conn:
        for put in (
            await put_network(conn, network(), now=NOW),
            await put_gathering(conn, gathering(), now=NOW),
            await put_commitment(conn, commitment(), now=NOW),
            await put_grant(conn, grant(), now=NOW),
            await put_knowledge(conn, knowledge(), now=NOW),
        ):
            assert not put.changed
        assert await networks.get_network(conn, "absence-1") == network()
        assert await gatherings.get_gathering(conn, "bergen-2012") == gathering()
        assert await commitments.get_commitment(conn, "first-thing") == commitment()
        assert await grants.get_grant(conn, "vefsn-2012") == grant()
        assert await knowledge_store.get_knowledge(conn, "smiley-board") == knowledge()
    assert await told(database) == []


async def test_an_older_state_is_refused_by_its_version(database: Database) -> None:
    await put_together(database)
    changes: list[tuple[Any, Any]] = [
        (put_network, network(theme_ids=())),
        (put_gathering, gathering(observers=9)),
        (put_commitment, commitment(text="Annet")),
        (put_grant, grant(year=2013)),
        (put_knowledge, knowledge(theme_ids=())),
    ]
    for command, wanted in changes:
        with pytest.raises(Conflict):
            async with database.transaction() as conn:
                await command(conn, wanted, now=NOW, guard=stale)
    assert await told(database) == []


async def test_a_gatherings_life_is_told_step_by_step(database: Database) -> None:
    await put_together(database)
    for _ in range(2):
        async with database.transaction() as conn:
            counts = {Party.ELECTED: 1, Party.ADMINISTRATION: 2}
            await sign_up(conn, "bergen-2012", "vefsn-1824", counts, now=NOW)
        async with database.transaction() as conn:
            _, plan = await seat(conn, "bergen-2012", table_size=2, now=NOW)
    assert [len(table) for table in plan.tables] == [2, 1]
    assert {guest.network_id for table in plan.tables for guest in table} == {"absence-1"}
    for _ in range(2):
        async with database.transaction() as conn:
            await hold(conn, "bergen-2012", [attendance()], now=NOW)
    assert await told(database) == [
        ("GatheringChanged", "bergen-2012", 2),
        ("GatheringChanged", "bergen-2012", 3),
        ("GatheringHeld", "bergen-2012", 4),
    ]
    with pytest.raises(Conflict):
        async with database.transaction() as conn:
            await cancel(conn, "bergen-2012", "Uvær", now=NOW)


async def test_a_cancelled_gathering_is_told_once(database: Database) -> None:
    await put_together(database)
    for _ in range(2):
        async with database.transaction() as conn:
            await cancel(conn, "bergen-2012", "Uvær", now=NOW)
    assert await told(database) == [("GatheringCancelled", "bergen-2012", 2)]


async def test_what_became_of_a_commitment_is_told(database: Database) -> None:
    await put_together(database)
    for wanted in (
        commitment(due_on=date(2012, 11, 1)),
        commitment(state=CommitmentState.KEPT),
        commitment(state=CommitmentState.DROPPED, note="Slått sammen med annet"),
    ):
        async with database.transaction() as conn:
            await put_commitment(conn, wanted, now=NOW)
    assert [kind for kind, _, _ in await told(database)] == [
        "CommitmentChanged",
        "CommitmentKept",
        "CommitmentDropped",
    ]


@pytest.mark.parametrize(
    ("command", "wanted", "code"),
    [
        (put_network, network(programme_id="nothing"), "programme-unknown"),
        (put_network, network(members=(NetworkMember("nobody"),)), "project-unknown"),
        (put_gathering, gathering(network_id="nothing"), "network-unknown"),
        (put_gathering, gathering(panel=("atlantis-9999",)), "municipality-unknown"),
        (put_commitment, commitment(gathering_id="nothing"), "gathering-unknown"),
        (put_commitment, commitment(project_id="nobody"), "project-unknown"),
        (put_commitment, commitment(municipality_id="oslo-0301"), "member-unknown"),
        (put_grant, grant(project_id="nobody"), "project-unknown"),
        (put_knowledge, knowledge(project_ids=("nobody",)), "project-unknown"),
    ],
)
async def test_each_stands_on_what_is_registered(
    database: Database, command: Any, wanted: Any, code: str
) -> None:
    await put_together(database)
    with pytest.raises(RuleBroken) as refused:
        async with database.transaction() as conn:
            await command(conn, wanted, now=NOW)
    assert refused.value.code == code
    assert await told(database) == []


async def test_grants_are_added_up_with_what_is_conditional(database: Database) -> None:
    await put_together(database)
    more = replace(grant(), grant_id="vefsn-2013", year=2013, is_conditional=False)
    async with database.transaction() as conn:
        await put_grant(conn, more, now=NOW)
        sums = await grants.sum_grants(conn, "saman")
    one, both = Decimal("250000.00"), Decimal("500000.00")
    assert [(each.by, each.value, each.amount, each.conditional) for each in sums] == [
        ("all", "saman", both, one),
        ("cohort", "saman-cohort-1", both, one),
        ("project", "vefsn", both, one),
        ("theme", "reputation", both, one),
        ("year", "2012", one, one),
        ("year", "2013", one, Decimal(0)),
    ]
