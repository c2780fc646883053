"""Whose figures are taken: numbers and mandates on the last day of the period."""

from datetime import date

from shared.errors import NotAllowed
from shared.events.registry import SpeaksFor
from tests.reporting import factories
from tests.reporting.desk import Desk, codes
from tests.reporting.factories import (
    HARSTAD,
    OTHER_ORGNR,
    entry,
    figure,
    posted,
)


async def test_a_number_must_be_valid_on_the_last_day_of_the_period(desk: Desk) -> None:
    until_last_day = factories.version("9903", "Harstad", date(2013, 1, 1), date(2013, 12, 31))
    from_last_day = factories.version("9402", "Harstad", date(2013, 12, 31))
    await desk.hear(
        factories.harstad(version=2, versions=[until_last_day, from_last_day]),
        factories.publisher(version=2, may_speak_for=[SpeaksFor(municipality_id=HARSTAD)]),
    )
    results = {
        ("9903", "2013-11"): "accepted",
        ("9903", "2013-12"): "municipality-number-not-valid",
        ("9903", "2013"): "municipality-number-not-valid",
        ("9903", "2011-06"): "accepted",
        ("9903", "1990-01"): "accepted",
        ("1901", "2012-12"): "municipality-unknown",
        ("9402", "2013-12"): "accepted",
        ("9402", "2013-11"): "municipality-number-not-valid",
        ("9402", "2011-12"): "municipality-number-not-valid",
        ("9999", "2013-01"): "municipality-unknown",
    }

    outcomes = await desk.post(
        *(figure(municipality=number, period=period) for number, period in results)
    )

    assert dict(zip(results, codes(outcomes), strict=True)) == results


async def test_a_publisher_speaks_for_a_municipality_between_the_dates_of_its_mandate(
    desk: Desk,
) -> None:
    results = {
        "2012-12": "publisher-not-allowed",
        "2013-01": "accepted",
        "2013-12": "accepted",
        "2013-Q4": "accepted",
        "2013": "accepted",
        "2014-01": "publisher-not-allowed",
    }

    outcomes = await desk.post(
        *(
            entry(figure(municipality="9903", period=period), publisher=OTHER_ORGNR)
            for period in results
        )
    )

    assert dict(zip(results, codes(outcomes), strict=True)) == results
    refused = outcomes[0].error
    assert isinstance(refused, NotAllowed)
    assert HARSTAD in refused.message
    assert OTHER_ORGNR in refused.message


async def test_a_publisher_may_not_speak_for_another_municipality(desk: Desk) -> None:
    assert codes(await desk.post(figure(municipality="9903"))) == ["publisher-not-allowed"]
    assert await desk.figures() == []


async def test_a_publisher_that_is_unknown_or_revoked_is_refused(desk: Desk) -> None:
    assert codes(await desk.post(entry(publisher="999999999"))) == ["publisher-unknown"]

    await desk.hear(factories.publisher(version=2, revoked_at=desk.now))

    assert codes(await desk.post(figure())) == ["publisher-unknown"]


async def test_an_older_state_of_a_municipality_does_not_overwrite_a_newer_one(desk: Desk) -> None:
    renumbered = factories.version("5403", "Vefsn", date(2013, 1, 1))
    await desk.hear(
        factories.municipality(version=3, versions=[renumbered]), factories.municipality(version=2)
    )

    assert codes(await desk.post(posted(municipality="5403"), posted())) == [
        "accepted",
        "municipality-unknown",
    ]
