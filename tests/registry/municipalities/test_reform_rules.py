"""Rules of merging, splitting, renaming and renumbering."""

from dataclasses import replace
from datetime import date

import pytest

from services.registry.municipalities.rules.county import County
from services.registry.municipalities.rules.municipality import (
    DatedVersion,
    Municipality,
    bearers_on,
    founded,
    revised,
)
from services.registry.municipalities.rules.reform import (
    Change,
    Happened,
    Merge,
    NewMunicipality,
    Rename,
    Renumber,
    Split,
    decide,
)
from shared.errors import RuleBroken

ROGALAND = County("11", "Rogaland")
VESTLAND = County("46", "Vestland")
START = date(2013, 1, 1)
REFORM = date(2020, 1, 1)


def known(*numbered: tuple[str, str]) -> dict[str, Municipality]:
    """Return municipalities of 2013 by id."""
    made = [founded(DatedVersion(number, name, ROGALAND, START)) for number, name in numbered]
    return {each.municipality_id: each for each in made}


STAVANGER = known(("1103", "Stavanger"), ("1141", "Finnøy"), ("1142", "Rennesøy"))


def new(number: str, name: str, *made_from: str, county: County = ROGALAND) -> NewMunicipality:
    """Return what a reform makes."""
    return NewMunicipality(number, name, county, made_from)


def test_a_merge_ends_all_even_the_one_whose_number_and_name_stay() -> None:
    merge = Merge("m", REFORM, (new("1103", "Stavanger", *STAVANGER),))

    *ended, made = decide(merge, STAVANGER)

    assert made.municipality.municipality_id == "stavanger-1103-2020"
    assert made.municipality.predecessors == ("finnoy-1141", "rennesoy-1142", "stavanger-1103")
    assert [outcome.municipality.ended_on for outcome in ended] == [REFORM] * 3
    assert {s.municipality_id for outcome in ended for s in outcome.municipality.successors} == {
        "stavanger-1103-2020"
    }
    assert {outcome.happened for outcome in (*ended, made)} == {Happened.MERGED}
    assert {outcome.change_id for outcome in (*ended, made)} == {"m"}


def test_a_number_that_stays_over_a_merge_belongs_to_another_from_that_day() -> None:
    outcomes = decide(Merge("m", REFORM, (new("1103", "Stavanger", *STAVANGER),)), STAVANGER)
    states = [outcome.municipality for outcome in outcomes]

    assert bearers_on(states, date(2019, 12, 31))["1103"].municipality_id == "stavanger-1103"
    assert bearers_on(states, REFORM)["1103"].municipality_id == "stavanger-1103-2020"


def test_before_2013_the_numbers_of_2013_hold() -> None:
    assert (
        bearers_on(STAVANGER.values(), date(2007, 6, 30))["1103"].municipality_id
        == "stavanger-1103"
    )


def test_a_split_ends_the_old_one_and_links_it_to_each_part() -> None:
    old = known(("1507", "Ålesund"))
    parts = (new("1508", "Ålesund", "alesund-1507"), new("1580", "Haram", "alesund-1507"))

    ended, *made = decide(Split("s", date(2024, 1, 1), "alesund-1507", parts), old)

    assert [each.municipality.municipality_id for each in made] == [
        "alesund-1508-2024",
        "haram-1580-2024",
    ]
    assert [s.municipality_id for s in ended.municipality.successors] == [
        "alesund-1508-2024",
        "haram-1580-2024",
    ]
    assert {outcome.happened for outcome in (ended, *made)} == {Happened.SPLIT}


def test_a_part_that_joins_another_makes_a_split_of_the_giver_and_a_merge_of_the_takers() -> None:
    old = known(
        ("0704", "Tønsberg"), ("0706", "Sandefjord"), ("0719", "Andebu"), ("0720", "Stokke")
    )
    into = (
        new("0704", "Tønsberg", "tonsberg-0704", "stokke-0720"),
        new("0710", "Sandefjord", "sandefjord-0706", "andebu-0719", "stokke-0720"),
    )

    outcomes = {
        o.municipality.municipality_id: o for o in decide(Merge("m", date(2017, 1, 1), into), old)
    }

    assert {each: o.happened for each, o in outcomes.items() if o.happened is Happened.SPLIT} == {
        "stokke-0720": Happened.SPLIT
    }
    assert len(outcomes["stokke-0720"].municipality.successors) == 2
    assert outcomes["tonsberg-0704-2017"].municipality.predecessors == (
        "stokke-0720",
        "tonsberg-0704",
    )


def test_renaming_keeps_the_id_and_the_old_name_for_its_time() -> None:
    old = known(("1870", "Sortland"))

    (outcome,) = decide(Rename("r", date(2018, 1, 1), "sortland-1870", "Sortland - Suortá"), old)

    assert [v.name for v in outcome.municipality.versions] == ["Sortland", "Sortland - Suortá"]
    assert outcome.municipality.aliases == ("Sortland", "Suortá")
    assert outcome.municipality.version == 2
    assert outcome.happened is Happened.CHANGED


def test_renumbering_keeps_the_id_and_may_bring_county_and_name() -> None:
    old = known(("0616", "Nes (Buskerud)"))

    (outcome,) = decide(Renumber("r", REFORM, "nes-0616", "3040", VESTLAND, "Nesbyen"), old)

    last = outcome.municipality.last
    assert (outcome.municipality.municipality_id, last.number, last.name, last.county) == (
        "nes-0616",
        "3040",
        "Nesbyen",
        VESTLAND,
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (Rename("c", REFORM, "stavanger-1103", "Stavanger"), "nothing-changed"),
        (Renumber("c", REFORM, "stavanger-1103", "1103", ROGALAND), "nothing-changed"),
        (Rename("c", START, "stavanger-1103", "Byen"), "change-out-of-order"),
        (Rename("c", date(2012, 1, 1), "stavanger-1103", "Byen"), "change-out-of-order"),
        (Rename("c", REFORM, "stavanger-1103", " "), "name-malformed"),
        (Renumber("c", REFORM, "stavanger-1103", "110", ROGALAND), "number-malformed"),
        (Merge("c", REFORM, ()), "change-malformed"),
        (Merge("c", REFORM, (new("1104", "X"),)), "change-malformed"),
        (Merge("c", REFORM, (new("1104", "X", "finnoy-1141", "finnoy-1141"),)), "change-malformed"),
        (
            Merge(
                "c",
                REFORM,
                (
                    new("1104", "X", "finnoy-1141", "stavanger-1103"),
                    new("1104", "Y", "finnoy-1141"),
                ),
            ),
            "change-malformed",
        ),
        (Split("c", REFORM, "finnoy-1141", (new("1104", "X", "finnoy-1141"),)), "change-malformed"),
        (
            Split(
                "c",
                REFORM,
                "finnoy-1141",
                (new("1104", "X", "finnoy-1141"), new("1105", "Y", "rennesoy-1142")),
            ),
            "change-malformed",
        ),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(change: Change, code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        decide(change, STAVANGER)
    assert refused.value.code == code


def test_an_ended_municipality_changes_no_more() -> None:
    states = dict(STAVANGER)
    for outcome in decide(Merge("m", REFORM, (new("1103", "Stavanger", *STAVANGER),)), states):
        states[outcome.municipality.municipality_id] = outcome.municipality

    with pytest.raises(RuleBroken, match="ended on 2020-01-01") as refused:
        decide(Rename("r", date(2021, 1, 1), "finnoy-1141", "Finn"), states)
    assert refused.value.code == "municipality-ended"


def test_an_unknown_municipality_is_named() -> None:
    with pytest.raises(RuleBroken, match="atlantis-9999") as refused:
        decide(Rename("r", REFORM, "atlantis-9999", "Atlantis"), STAVANGER)
    assert refused.value.code == "municipality-unknown"


FINNOY = STAVANGER["finnoy-1141"]


def test_the_same_municipality_put_again_is_no_change() -> None:
    assert revised(FINNOY, replace(FINNOY, version=7)) is None


def test_a_municipality_put_with_another_alias_is_one_version_further() -> None:
    changed = revised(FINNOY, replace(FINNOY, aliases=("Judaberg", "Judaberg")))

    assert changed is not None
    assert (changed.aliases, changed.version) == (("Judaberg",), 2)


def dated(valid_from: str, valid_to: str | None, number: str = "1141") -> DatedVersion:
    """Return a version of Finnøy."""
    end = date.fromisoformat(valid_to) if valid_to else None
    return DatedVersion(number, "Finnøy", ROGALAND, date.fromisoformat(valid_from), end)


@pytest.mark.parametrize(
    ("versions", "code"),
    [
        ((), "versions-malformed"),
        ((dated("2013-01-01", "2015-01-01"), dated("2016-01-01", None)), "versions-malformed"),
        ((dated("2013-01-01", "2016-01-01"), dated("2015-01-01", None)), "versions-malformed"),
        ((dated("2013-01-01", None), dated("2015-01-01", None)), "versions-malformed"),
        ((dated("2013-01-01", "2013-01-01"),), "versions-malformed"),
        ((dated("2013-01-01", None, "11"),), "number-malformed"),
    ],
)
def test_versions_follow_each_other_without_gap_or_overlap(
    versions: tuple[DatedVersion, ...], code: str
) -> None:
    with pytest.raises(RuleBroken) as refused:
        revised(FINNOY, replace(FINNOY, versions=versions))
    assert refused.value.code == code


def test_a_municipality_registered_by_hand_bears_the_id_of_the_rule() -> None:
    with pytest.raises(RuleBroken, match="'finnoy-1141'") as refused:
        revised(None, replace(FINNOY, municipality_id="finnoy"))
    assert refused.value.code == "municipality-id-malformed"
    assert revised(None, FINNOY) == FINNOY
    assert revised(None, replace(FINNOY, municipality_id="finnoy-1141-2013")) is not None


def test_one_that_was_taken_over_cannot_be_put_back_to_life() -> None:
    ended = decide(Merge("m", REFORM, (new("1103", "Stavanger", *STAVANGER),)), STAVANGER)[
        0
    ].municipality

    with pytest.raises(RuleBroken, match="must end then") as refused:
        revised(ended, replace(ended, versions=(replace(ended.last, valid_to=None),)))
    assert refused.value.code == "lineage-contradicted"
