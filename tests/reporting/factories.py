"""Valid things of reporting's tests; a test changes only what it is about.

Municipalities have the names of real ones and numbers that none ever had, because the tests of the
registry leave the real ones in the broker that all tests share.
"""

import secrets
import uuid
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from services.reporting.figures.rules import Draft, Window
from services.reporting.rounds.rules import Round
from services.reporting.submissions.reading import Entry
from shared.access.auth import hash_of
from shared.events.registry import (
    Member,
    MunicipalityRegistered,
    MunicipalityVersion,
    Names,
    ProjectRegistered,
    PublisherKey,
    PublisherRegistered,
    SpeaksFor,
)
from shared.values import Measure, Period

ORGNR = "974760673"
"""The publisher that speaks for Vefsn."""

OTHER_ORGNR = "938801363"
"""The publisher that speaks for Harstad."""

OPERATOR_KEY = "operator-key-of-the-tests"
VEFSN = "vefsn-9824"
HARSTAD = "harstad-9903"
NOW = datetime(2014, 3, 7, 6, 12, 9, tzinfo=UTC)

DEFINITION = {
    "certification": "total",
    "denominator": "agreed",
    "holiday": "corrected",
    "source": "municipality-hr",
}
DEFINITION_KEY = "total.agreed.corrected.municipality-hr"


def key_of(organisation_number: str) -> str:
    """The key of a publisher of these tests."""
    return f"pub_{organisation_number}.{organisation_number * 4}0123456"


def figure(**changes: Any) -> dict[str, Any]:
    """A month of Vefsn in day counts, as it is published: the id is the event's."""
    return {
        "municipality": "9824",
        "period": "2013-02",
        "lost_days": "1387.20",
        "agreed_days": "20104.00",
        "persons": 1010,
        "definition": DEFINITION,
    } | changes


def rate_figure(**changes: Any) -> dict[str, Any]:
    """A month of Vefsn as a rate without day counts."""
    days = {"lost_days": None, "agreed_days": None}
    return figure(**({"rate_percent": "6.9", "weight_kind": "equal"} | days | changes))


def posted(**changes: Any) -> dict[str, Any]:
    """A month of Vefsn as it is posted over HTTP."""
    return {"figure_id": str(uuid.uuid4())} | figure(**changes)


def entry(
    content: dict[str, Any] | None = None,
    *,
    publisher: str = ORGNR,
    origin: str = "http",
    arrived_at: datetime = NOW,
) -> Entry:
    """A figure at the gate; its `figure_id` stands in the content or is made."""
    body = figure() if content is None else dict(content)
    id_ = body.pop("figure_id", str(uuid.uuid4()))
    return Entry(id_, publisher, body, origin, arrived_at)


def draft(
    *,
    lost_days: Decimal | None = Decimal("1387.20"),
    agreed_days: Decimal | None = Decimal("20104.00"),
    rate_percent: Decimal | None = None,
    weight_kind: str | None = None,
    weight: Decimal | None = None,
    **changes: Any,
) -> Draft:
    """A figure that was read: 6.90 % of 20,104 agreed days in February 2013."""
    plain = Draft(
        figure_id=uuid.uuid4(),
        publisher=ORGNR,
        number="9824",
        unit="",
        metric="absence",
        definition_key=DEFINITION_KEY,
        definition=DEFINITION,
        period=Period.parse("2013-02"),
        window=Window.PERIOD,
        measure=Measure(lost_days, agreed_days, rate_percent, weight_kind, weight),
        parts=None,
        persons=1010,
        note=None,
        generated=False,
        body_hash=b"",
    )
    return replace(plain, **changes)


def rate_draft(rate: str = "6.9", **changes: Any) -> Draft:
    """A figure that was read: a rate of equal weight."""
    plain = {
        "lost_days": None,
        "agreed_days": None,
        "rate_percent": Decimal(rate),
        "weight_kind": "equal",
    }
    return draft(**(plain | changes))


def municipality(**changes: Any) -> MunicipalityRegistered:
    """Vefsn as it was registered."""
    vefsn = version("9824", "Vefsn", date(1838, 1, 1))
    return MunicipalityRegistered(
        **({"municipality_id": VEFSN, "version": 1, "versions": [vefsn]} | changes)
    )


def harstad(**changes: Any) -> MunicipalityRegistered:
    """Harstad: its number is new in 2013, when it merged with Bjarkøy, and changed in 2020 and
    2024.
    """
    versions = [
        version("9903", "Harstad", date(2013, 1, 1), date(2020, 1, 1)),
        version("9402", "Harstad", date(2020, 1, 1), date(2024, 1, 1)),
        version("9503", "Harstad", date(2024, 1, 1)),
    ]
    return municipality(**({"municipality_id": HARSTAD, "versions": versions} | changes))


def version(
    number: str, name: str, valid_from: date, valid_to: date | None = None
) -> MunicipalityVersion:
    """What a municipality was numbered and called for a time."""
    return MunicipalityVersion(
        number=number,
        name=name,
        county_number=number[:2],
        county_name="Nordland",
        valid_from=valid_from,
        valid_to=valid_to,
    )


def publisher(**changes: Any) -> PublisherRegistered:
    """A publisher that may speak for Vefsn, with a key."""
    number = changes.get("organisation_number", ORGNR)
    return PublisherRegistered(
        **(
            {
                "organisation_number": number,
                "version": 1,
                "name": "Vefsn kommune",
                "may_speak_for": [SpeaksFor(municipality_id=VEFSN)],
                "keys": [PublisherKey(key_id=number, hash=hash_of(key_of(number)))],
            }
            | changes
        )
    )


def project(**changes: Any) -> ProjectRegistered:
    """Vefsn's project on sickness absence, of the first cohort."""
    return ProjectRegistered(
        **(
            {
                "project_id": "vefsn-naervaer",
                "version": 1,
                "programme_id": "saman-2011",
                "names": Names(nb="Nærvær i Vefsn"),
                "cohort_id": "pulje-1",
                "theme_ids": ["sickness-absence"],
                "members": [Member(municipality_id=VEFSN)],
            }
            | changes
        )
    )


def annual_round(**changes: Any) -> Round:
    """The annual report for 2012, due 1 February 2013."""
    plain = Round("annual-2012", "saman-2011", "annual", "2012", date(2013, 1, 2), date(2013, 2, 1))
    return replace(plain, **changes)


def figure_id() -> str:
    """A new figure id."""
    return str(uuid.uuid4())


def new_unit() -> str:
    """A unit of one test, so that tests that share a publisher stay apart."""
    return f"u-{secrets.token_hex(6)}"


def new_orgnr() -> str:
    """An organisation number of one test, so that tests that share a broker stay apart."""
    return str(100_000_000 + secrets.randbelow(900_000_000))
