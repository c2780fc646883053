"""Registering and changing municipalities on a real database: effect, repetition, order."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from services.registry.municipalities import store as municipality_store
from services.registry.municipalities.commands import (
    ChangeAnswer,
    change_municipalities,
    load_reference,
    put_municipality,
)
from services.registry.municipalities.reference.tables import read_reference
from services.registry.municipalities.rules.municipality import bearers_on
from services.registry.municipalities.rules.reform import (
    Change,
    Merge,
    NewMunicipality,
    Rename,
    Renumber,
    Split,
)
from services.registry.municipalities.store import MunicipalityFilter
from shared.errors import Conflict, RuleBroken
from shared.postgres.database import Database
from tests.registry import factories
from tests.registry.factories import NORDLAND, NOW, register, stale, told

LATER = NOW + timedelta(days=1)
REFORM = date(2020, 1, 1)


async def change(database: Database, wanted: Change) -> ChangeAnswer:
    """Apply a change in a transaction of its own."""
    async with database.transaction() as conn:
        return await change_municipalities(conn, wanted, now=NOW)


async def test_a_municipality_is_registered_once_however_often_it_is_put(
    database: Database,
) -> None:
    wanted = factories.municipality(aliases=("Mosjøen",))
    for expected in (True, False):
        async with database.transaction() as conn:
            put = await put_municipality(conn, wanted, now=NOW)
        assert (put.created, put.changed) == (expected, expected)
    assert await told(database) == [("MunicipalityRegistered", "vefsn-1824", 1)]


async def test_a_corrected_municipality_is_told_with_the_next_version(database: Database) -> None:
    await register(database)
    async with database.transaction() as conn:
        await put_municipality(conn, factories.municipality(aliases=("Mosjøen",)), now=LATER)
        kept = await municipality_store.get_municipality(conn, "vefsn-1824")
    assert (kept.aliases, kept.version) == (("Mosjøen",), 2)
    assert await told(database) == [("MunicipalityChanged", "vefsn-1824", 2)]


async def test_a_refused_update_leaves_everything_as_it_was(database: Database) -> None:
    await register(database)
    with pytest.raises(Conflict):
        async with database.transaction() as conn:
            await put_municipality(
                conn, factories.municipality(aliases=("X",)), now=NOW, guard=stale
            )
    assert await told(database) == []


async def test_a_number_is_one_municipalitys_on_each_day(database: Database) -> None:
    await register(database)
    with pytest.raises(Conflict, match="1824") as refused:
        await register(database, ("1824", "Mosjøen"))
    assert refused.value.code == "number-taken"
    assert await told(database) == []


async def test_renaming_is_applied_once(database: Database) -> None:
    await register(database)
    rename = Rename("r-1", date(2018, 1, 1), "vefsn-1824", "Vefsn - Vaapste")

    first, second = await change(database, rename), await change(database, rename)

    assert (first.repeated, second.repeated) == (False, True)
    assert second.municipalities == first.municipalities
    assert await told(database) == [("MunicipalityChanged", "vefsn-1824", 2)]


async def test_a_change_id_stands_for_one_change(database: Database) -> None:
    await register(database)
    await change(database, Rename("r-1", date(2018, 1, 1), "vefsn-1824", "Vaapste"))
    with pytest.raises(Conflict) as refused:
        await change(database, Rename("r-1", date(2018, 1, 1), "vefsn-1824", "Vefsna"))
    assert refused.value.code == "id-reused"


async def test_changes_of_one_municipality_come_in_the_order_of_their_days(
    database: Database,
) -> None:
    await register(database)
    await change(database, Rename("r-2", date(2019, 1, 1), "vefsn-1824", "Vaapste"))
    await told(database)

    with pytest.raises(RuleBroken) as refused:
        await change(database, Renumber("r-1", date(2018, 1, 1), "vefsn-1824", "1899", NORDLAND))

    assert refused.value.code == "change-out-of-order"
    assert await told(database) == []
    async with database.connection() as conn:
        kept = await municipality_store.get_municipality(conn, "vefsn-1824")
    assert [v.name for v in kept.versions] == ["Vefsn", "Vaapste"]


STAVANGER = (("1103", "Stavanger"), ("1141", "Finnøy"), ("1142", "Rennesøy"))
INTO_STAVANGER = NewMunicipality(
    "1103",
    "Stavanger",
    NORDLAND,
    ("finnoy-1141", "rennesoy-1142", "stavanger-1103"),
    ("Siddisbyen",),
)


async def test_a_merge_tells_every_part_once(database: Database) -> None:
    await register(database, *STAVANGER)
    merge = Merge("m-1", REFORM, (INTO_STAVANGER,))

    first, second = await change(database, merge), await change(database, merge)

    assert (first.repeated, second.repeated) == (False, True)
    assert await told(database) == [
        ("MunicipalitiesMerged", "finnoy-1141", 2),
        ("MunicipalitiesMerged", "rennesoy-1142", 2),
        ("MunicipalitiesMerged", "stavanger-1103", 2),
        ("MunicipalitiesMerged", "stavanger-1103-2020", 1),
    ]
    async with database.connection() as conn:
        kept = await municipality_store.list_all_municipalities(conn)
    assert {each.municipality_id: each for each in first.municipalities} == kept


async def test_a_number_that_another_bears_cannot_be_taken_by_a_change(database: Database) -> None:
    await register(database, *STAVANGER)
    with pytest.raises(Conflict) as refused:
        await change(database, Renumber("r-1", REFORM, "finnoy-1141", "1142", NORDLAND))
    assert refused.value.code == "number-taken"
    async with database.connection() as conn:
        assert (await municipality_store.get_municipality(conn, "finnoy-1141")).version == 1


async def test_a_split_is_applied_once_and_not_after_a_later_change(database: Database) -> None:
    await register(database, ("1507", "Ålesund"))
    parts = tuple(
        NewMunicipality(number, name, NORDLAND, ("alesund-1507",))
        for number, name in (("1508", "Ålesund"), ("1580", "Haram"))
    )
    split = Split("s-1", date(2024, 1, 1), "alesund-1507", parts)
    assert not (await change(database, split)).repeated
    assert (await change(database, split)).repeated
    with pytest.raises(RuleBroken) as refused:
        await change(database, Rename("r-1", date(2023, 1, 1), "alesund-1507", "Aalesund"))
    assert refused.value.code == "municipality-ended"


async def test_the_reference_is_loaded_once_even_by_several_at_once(database: Database) -> None:
    async def load() -> int:
        async with database.transaction() as conn:
            return await load_reference(conn, read_reference(), now=NOW)

    assert sorted(await asyncio.gather(load(), load(), load())) == [0, 0, 983]

    events = await told(database)
    assert len(events) == len(set(events)) == 983
    async with database.connection() as conn:
        kept = await municipality_store.list_all_municipalities(conn)
    assert len(kept) == 479
    assert [
        len(bearers_on(kept.values(), date(year, 1, 1))) for year in (2013, 2018, 2020, 2024)
    ] == [
        428,
        422,
        356,
        357,
    ]


async def test_versions_of_one_municipality_are_told_in_order(database: Database) -> None:
    async with database.transaction() as conn:
        await load_reference(conn, read_reference(), now=NOW)
    versions: dict[str, int] = {}
    for _, key, version in await told(database):
        assert version == versions.get(key, 0) + 1
        versions[key] = version


async def test_the_reference_adds_what_is_missing_and_leaves_what_was_put(
    database: Database,
) -> None:
    async with database.transaction() as conn:
        await put_municipality(conn, factories.municipality(aliases=("Min egen",)), now=NOW)
        count = await load_reference(conn, read_reference(), now=NOW)
        kept = await municipality_store.get_municipality(conn, "vefsn-1824")
    assert count == 982
    assert kept.aliases == ("Min egen",)


async def test_a_reform_that_was_entered_by_hand_is_not_made_again_by_the_reference(
    database: Database,
) -> None:
    await register(database, *STAVANGER)
    await change(database, Merge("by-hand", REFORM, (INTO_STAVANGER,)))
    await change(database, Rename("by-hand-2", date(2024, 1, 1), "stavanger-1103-2020", "Siddis"))

    async with database.transaction() as conn:
        await load_reference(conn, read_reference(), now=NOW)
        kept = await municipality_store.get_municipality(conn, "stavanger-1103-2020")

    assert ([v.name for v in kept.versions], kept.version) == (["Stavanger", "Siddis"], 2)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"number": "1103", "at": date(2019, 12, 31)}, ["stavanger-1103"]),
        ({"number": "1103", "at": REFORM}, ["stavanger-1103-2020"]),
        ({"number": "1103", "at": date(1999, 1, 1)}, ["stavanger-1103"]),
        ({"number": "1103"}, ["stavanger-1103", "stavanger-1103-2020"]),
        ({"name": "bø"}, ["bo-0821", "bo-1867"]),
        ({"name": "Bø (Nordland)"}, ["bo-1867"]),
        ({"name": "Sandvika"}, ["baerum-0219"]),
        ({"name": "Nord Aurdal"}, ["nord-aurdal-0542"]),
        ({"name": "Suortá"}, ["sortland-1870"]),
        ({"name": "Florø", "at": REFORM}, ["kinn-4602-2020"]),
        ({"county": "03"}, ["oslo-0301"]),
        ({"county": "oslo", "at": date(2013, 1, 1)}, ["oslo-0301"]),
        ({"number": "0821", "county": "Nordland"}, []),
    ],
)
async def test_municipalities_are_found(
    reference_database: Database, wanted: dict[str, Any], expected: list[str]
) -> None:
    async with reference_database.connection() as conn:
        found = await municipality_store.seek_municipalities(
            conn, MunicipalityFilter(**wanted), after="", count=10
        )
    assert [each.municipality_id for each in found] == expected
