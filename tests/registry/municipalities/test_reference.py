"""The reference tables give exactly the published sets of municipalities."""

import csv
from collections import Counter
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from services.registry.municipalities.reference import tables
from services.registry.municipalities.reference.tables import county_on, read_reference
from services.registry.municipalities.rules.history import ChangeRow, play
from services.registry.municipalities.rules.municipality import Municipality, bearers_on
from services.registry.municipalities.rules.reform import Happened, Outcome
from shared.errors import NotFound, RuleBroken

PUBLISHED = Path(__file__).parent / "published_numbers.csv"


@cache
def played() -> tuple[dict[str, Municipality], list[Outcome]]:
    """Return all municipalities after every change, and what happened on the way."""
    reference = read_reference()
    states = {each.municipality_id: each for each in reference.municipalities}
    changes = play(states, reference.changes, county_on, aliases=reference.aliases)
    return states, [outcome for _, outcomes in changes for outcome in outcomes]


def published() -> dict[date, set[str]]:
    """Return the published numbers by the first day on which they held."""
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        return {
            date.fromisoformat(row["valid_from"]): set(row["numbers"].split())
            for row in csv.DictReader(file)
        }


@pytest.mark.parametrize(
    ("first_day", "count"),
    [
        ("2013-01-01", 428),
        ("2015-01-01", 428),
        ("2017-01-01", 426),
        ("2018-01-01", 422),
        ("2019-01-01", 422),
        ("2020-01-01", 356),
        ("2022-01-01", 356),
        ("2023-01-01", 356),
        ("2024-01-01", 357),
    ],
)
def test_the_changes_give_exactly_the_published_numbers(first_day: str, count: int) -> None:
    day = date.fromisoformat(first_day)
    bearers = bearers_on(played()[0].values(), day)

    assert len(bearers) == count
    assert set(bearers) == published()[day]


def test_a_published_set_holds_until_the_day_before_the_next() -> None:
    days = sorted(published())
    for day, following in pairwise(days):
        assert (
            set(bearers_on(played()[0].values(), following - timedelta(days=1))) == published()[day]
        )


def test_no_two_municipalities_ever_bear_one_number_on_one_day() -> None:
    states = played()[0].values()
    for day in published():
        assert len(bearers_on(states, day)) == sum(
            each.version_on(day) is not None for each in states
        )


def test_ids_are_unique_over_all_the_years() -> None:
    first = [o.municipality for o in played()[1] if o.municipality.version == 1]
    assert len({each.municipality_id for each in first}) == len(first) == 51
    assert len(played()[0]) == 428 + 51


@pytest.mark.parametrize(
    ("number", "day", "municipality_id", "name", "county"),
    [
        ("1824", "2013-02-28", "vefsn-1824", "Vefsn", "Nordland"),
        ("1824", "2024-06-30", "vefsn-1824", "Vefsn", "Nordland"),
        ("1103", "2019-12-31", "stavanger-1103", "Stavanger", "Rogaland"),
        ("1103", "2020-01-31", "stavanger-1103-2020", "Stavanger", "Rogaland"),
        ("5057", "2020-01-01", "orland-5057-2020", "Ørland", "Trøndelag"),
        ("0704", "2016-12-31", "tonsberg-0704", "Tønsberg", "Vestfold"),
        ("0704", "2017-01-01", "tonsberg-0704-2017", "Tønsberg", "Vestfold"),
        ("3803", "2020-01-01", "tonsberg-3803-2020", "Tønsberg", "Vestfold og Telemark"),
        ("3905", "2024-01-01", "tonsberg-3803-2020", "Tønsberg", "Vestfold"),
        ("5012", "2019-12-31", "snillfjord-1613", "Snillfjord", "Trøndelag"),
        ("5056", "2020-01-01", "hitra-5056-2020", "Hitra", "Trøndelag"),
        ("1875", "2020-01-01", "habmer-hamaroy-1875-2020", "Hábmer - Hamarøy", "Nordland"),
        ("1507", "2023-12-31", "alesund-1507-2020", "Ålesund", "Møre og Romsdal"),
        ("1580", "2024-01-01", "haram-1580-2024", "Haram", "Møre og Romsdal"),
        ("1567", "2018-12-31", "rindal-1567", "Rindal", "Møre og Romsdal"),
        ("5061", "2019-01-01", "rindal-1567", "Rindal", "Trøndelag"),
        ("3040", "2020-01-01", "nes-0616", "Nesbyen", "Viken"),
        ("3114", "2024-01-01", "valer-0137", "Våler (Østfold)", "Østfold"),
        ("5516", "2024-01-01", "gratangen-1919", "Gratangen - Rivtták", "Troms"),
        (
            "5007",
            "2020-01-01",
            "namsos-naavmesjenjaelmie-5007-2020",
            "Namsos - Nåavmesjenjaelmie",
            "Trøndelag",
        ),
        ("0301", "2001-01-01", "oslo-0301", "Oslo", "Oslo"),
    ],
)
def test_a_number_and_a_day_tell_one_municipality(
    number: str, day: str, municipality_id: str, name: str, county: str
) -> None:
    on = date.fromisoformat(day)
    found = bearers_on(played()[0].values(), on)[number]
    version = found.version_on(on)

    assert found.municipality_id == municipality_id
    assert version is not None
    assert (version.name, version.county.name) == (name, county)


@pytest.mark.parametrize(
    ("number", "day"),
    [
        ("0821", "2020-01-01"),
        ("5012", "2017-12-31"),
        ("1613", "2018-01-01"),
        ("3005", "2019-12-31"),
    ],
)
def test_a_number_outside_its_time_tells_nobody(number: str, day: str) -> None:
    assert number not in bearers_on(played()[0].values(), date.fromisoformat(day))


@pytest.mark.parametrize(
    ("old", "successors"),
    [
        ("stokke-0720", ["sandefjord-0710-2017", "tonsberg-0704-2017"]),
        ("snillfjord-1613", ["heim-5055-2020", "hitra-5056-2020", "orkland-5059-2020"]),
        ("tysfjord-divtasvuodna-1850", ["habmer-hamaroy-1875-2020", "narvik-1806-2020"]),
        ("alesund-1507-2020", ["alesund-1508-2024", "haram-1580-2024"]),
        ("haram-1534", ["alesund-1507-2020"]),
        ("vefsn-1824", []),
    ],
)
def test_what_became_of_a_municipality_is_linked(old: str, successors: list[str]) -> None:
    assert [successor.municipality_id for successor in played()[0][old].successors] == successors


def test_links_go_both_ways() -> None:
    states = played()[0]
    forward = {
        (each.municipality_id, s.municipality_id)
        for each in states.values()
        for s in each.successors
    }
    backward = {
        (old, each.municipality_id) for each in states.values() for old in each.predecessors
    }
    assert forward == backward


def test_only_four_municipalities_were_ever_divided() -> None:
    divided = {
        o.municipality.municipality_id for o in played()[1] if len(o.municipality.successors) > 1
    }
    assert divided == {
        "stokke-0720",
        "snillfjord-1613",
        "tysfjord-divtasvuodna-1850",
        "alesund-1507-2020",
    }


def test_the_kinds_in_the_table_are_those_that_the_shapes_tell() -> None:
    reference = read_reference()
    states = {each.municipality_id: each for each in reference.municipalities}
    shapes = Counter(
        type(change).__name__ for change, _ in play(states, reference.changes, county_on)
    )
    table = Path(tables.__file__).parent / "changes.csv"
    with table.open(encoding="utf-8", newline="") as file:
        kinds = Counter(row["kind"] for row in csv.DictReader(file))
    assert shapes["Rename"] == kinds["rename"] == 20
    assert shapes["Renumber"] == kinds["renumber"] + kinds["renumber+rename"] == 362
    assert shapes["Split"] == 1
    assert kinds["split"] == 2


def test_versions_rise_by_one_per_change() -> None:
    versions: dict[str, int] = {each.municipality_id: 1 for each in read_reference().municipalities}
    for outcome in played()[1]:
        each = outcome.municipality
        assert each.version == versions.get(each.municipality_id, 0) + 1
        versions[each.municipality_id] = each.version


def test_changes_that_are_known_are_not_applied_again() -> None:
    reference = read_reference()
    states, _ = played()
    known = {change_id for o in played()[1] if (change_id := o.change_id)}
    assert list(play(dict(states), reference.changes, county_on, known=known)) == []


def test_a_change_that_was_made_by_hand_is_left_as_it_is() -> None:
    reference = read_reference()
    assert list(play(dict(played()[0]), reference.changes, county_on)) == []


def test_a_change_before_one_that_is_known_is_refused() -> None:
    late = ChangeRow("1103", "1103", "Siddis", date(2019, 6, 1))
    with pytest.raises(RuleBroken) as refused:
        list(play(dict(played()[0]), [late], county_on))
    assert refused.value.code == "municipality-ended"


def test_a_row_for_a_number_that_nobody_bears_is_refused() -> None:
    with pytest.raises(NotFound, match="9999"):
        list(play({}, [ChangeRow("9999", "9998", "Nowhere", date(2020, 1, 1))], county_on))


@pytest.mark.parametrize(
    ("number", "day", "county"),
    [
        ("1601", "2017-12-31", "Sør-Trøndelag"),
        ("5001", "2018-01-01", "Trøndelag"),
        ("0105", "2019-12-31", "Østfold"),
        ("3003", "2020-01-01", "Viken"),
        ("3105", "2024-01-01", "Østfold"),
    ],
)
def test_the_county_follows_from_number_and_day(number: str, day: str, county: str) -> None:
    assert county_on(number, date.fromisoformat(day)).name == county


def test_a_county_outside_its_time_is_unknown() -> None:
    with pytest.raises(RuleBroken) as refused:
        county_on("3003", date(2019, 12, 31))
    assert refused.value.code == "county-unknown"


def test_counties_of_2013_hold_the_known_number_of_municipalities() -> None:
    counted = Counter(each.last.county.name for each in read_reference().municipalities)
    assert (counted["Nordland"], counted["Oslo"], counted["Østfold"], len(counted)) == (
        44,
        1,
        18,
        19,
    )


def test_every_alias_belongs_to_a_municipality() -> None:
    assert set(read_reference().aliases) <= set(played()[0])


@pytest.mark.parametrize(
    ("town", "municipality_id"),
    [
        ("Sandvika", "baerum-0219"),
        ("Ulsteinvik", "ulstein-1516"),
        ("Jørpeland", "strand-1130"),
        ("Bryne", "time-1121"),
        ("Egersund", "eigersund-1101"),
        ("Brønnøysund", "bronnoy-1813"),
        ("Florø", "flora-1401"),
        ("Åndalsnes", "rauma-1539"),
        ("Florø", "kinn-4602-2020"),
        ("Kautokeino", "guovdageaidnu-kautokeino-2011"),
        ("Suortá", "sortland-1870"),
    ],
)
def test_towns_and_sami_names_lead_to_their_municipality(town: str, municipality_id: str) -> None:
    assert town in played()[0][municipality_id].aliases


def test_merges_and_splits_tie_their_parts_by_one_change_id() -> None:
    by_change: dict[str | None, set[str]] = {}
    for outcome in played()[1]:
        by_change.setdefault(outcome.change_id, set()).add(outcome.municipality.municipality_id)
    assert by_change["ssb-2017-01-01-0704"] == {
        "andebu-0719",
        "sandefjord-0706",
        "sandefjord-0710-2017",
        "stokke-0720",
        "tonsberg-0704",
        "tonsberg-0704-2017",
    }
    assert {o.happened for o in played()[1]} == {Happened.CHANGED, Happened.MERGED, Happened.SPLIT}
