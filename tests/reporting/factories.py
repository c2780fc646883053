"""Valid things of reporting's tests; a test changes only what it is about."""

import uuid
from datetime import date
from typing import Any

from shared.events.registry import (
    MunicipalityRegistered,
    MunicipalityVersion,
    PublisherKey,
    PublisherRegistered,
    SpeaksFor,
)

DEFINITION = {
    "certification": "total",
    "denominator": "agreed",
    "holiday_corrected": True,
    "source": "municipality-hr",
}


def figure(**changes: Any) -> dict[str, Any]:
    """A month of Vefsn in day counts."""
    return {
        "municipality": "1824",
        "period": "2013-02",
        "lost_days": "1387.20",
        "agreed_days": "20104.00",
        "persons": 1010,
        "definition": DEFINITION,
    } | changes


def municipality(**changes: Any) -> MunicipalityRegistered:
    """Vefsn as it was registered."""
    vefsn = MunicipalityVersion(
        number="1824", name="Vefsn", county_number="18", county_name="Nordland", valid_from=date(1838, 1, 1)
    )
    return MunicipalityRegistered(**({"municipality_id": "vefsn-1824", "version": 1, "versions": [vefsn]} | changes))


def publisher(**changes: Any) -> PublisherRegistered:
    """A publisher that may speak for Vefsn."""
    return PublisherRegistered(
        **(
            {
                "organisation_number": "974760673",
                "version": 1,
                "name": "Vefsn kommune",
                "may_speak_for": [SpeaksFor(municipality_id="vefsn-1824")],
                "keys": [PublisherKey(key_id="abc", hash="0" * 64)],
            }
            | changes
        )
    )


def figure_id() -> str:
    """A new figure id."""
    return str(uuid.uuid4())
