"""Valid networks, gatherings, commitments, grants and knowledge around Vefsn's project."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from services.registry.commitments.commands import put_commitment
from services.registry.commitments.rules import Commitment
from services.registry.entries.rules import Names
from services.registry.gatherings.commands import put_gathering
from services.registry.gatherings.rules import (
    AgendaItem,
    Attendance,
    Evaluation,
    Gathering,
    GatheringKind,
    ItemKind,
    Party,
)
from services.registry.grants.commands import put_grant
from services.registry.grants.rules import Grant
from services.registry.knowledge.commands import put_knowledge
from services.registry.knowledge.rules import Knowledge, KnowledgeKind, Provenance
from services.registry.networks.commands import put_network
from services.registry.networks.rules import Network, NetworkMember
from shared.postgres.database import Database
from tests.registry.factories import NOW, put_programme_and_project, told

BEGINS = datetime(2012, 9, 12, 8, tzinfo=UTC)
ENDS = datetime(2012, 9, 13, 13, tzinfo=UTC)


def network(**changes: Any) -> Network:
    """Return a network with Vefsn's project in it."""
    whole = Network(
        "absence-1",
        "saman",
        Names("Nettverk sykefravær"),
        ("saman-cohort-1",),
        ("reputation",),
        (NetworkMember("vefsn", date(2012, 3, 1)),),
        (Names("Etablere en nærværskultur"),),
    )
    return replace(whole, **changes)


def gathering(**changes: Any) -> Gathering:
    """Return the network's second gathering."""
    whole = Gathering(
        "bergen-2012",
        "saman",
        GatheringKind.NETWORK,
        Names("Annen nettverkssamling"),
        BEGINS,
        ENDS,
        "Holberg Hotell Bergen",
        network_id="absence-1",
        agenda=(AgendaItem(BEGINS, ENDS, "Velkommen", ItemKind.TALK, "Geir Johan Hansen"),),
        expected_municipality_ids=("vefsn-1824",),
        expected_parties=(Party.ELECTED, Party.ADMINISTRATION),
        observers=2,
        panel=("vefsn-1824",),
        questions=("Hva skal til?",),
        evaluation=(Evaluation("Nytte", {"stor": 3, "liten": 1}),),
    )
    return replace(whole, **changes)


def attendance(
    count: int = 2, party: Party = Party.ADMINISTRATION, municipality_id: str = "vefsn-1824"
) -> Attendance:
    """Return some persons of a municipality's party."""
    return Attendance(municipality_id, party, count)


def commitment(**changes: Any) -> Commitment:
    """Return what Vefsn does first when it gets home."""
    whole = Commitment(
        *("first-thing", "bergen-2012", "vefsn", "vefsn-1824"),
        text="Kalle inn partene",
        due_on=date(2012, 10, 1),
    )
    return replace(whole, **changes)


def grant(**changes: Any) -> Grant:
    """Return Vefsn's grant of 2012."""
    whole = Grant("vefsn-2012", "vefsn", 2012, Decimal("250000.00"), True, "11/2456")
    return replace(whole, **changes)


def knowledge(**changes: Any) -> Knowledge:
    """Return a good example from Vefsn."""
    whole = Knowledge(
        "smiley-board",
        "saman",
        KnowledgeKind.GOOD_EXAMPLE,
        Names("Smilefjestavla"),
        Provenance("Vefsn kommune", date(2013, 10, 29), "Gardermoen"),
        summary=Names("Tavla viser hver måned."),
        theme_ids=("reputation",),
        project_ids=("vefsn",),
    )
    return replace(whole, **changes)


async def put_together(database: Database) -> None:
    """Put one of each, and forget what was told of it."""
    await put_programme_and_project(database)
    async with database.transaction() as conn:
        await put_network(conn, network(), now=NOW)
        await put_gathering(conn, gathering(), now=NOW)
        await put_commitment(conn, commitment(), now=NOW)
        await put_grant(conn, grant(), now=NOW)
        await put_knowledge(conn, knowledge(), now=NOW)
    await told(database)
