"""Valid things to be changed by the tests that are about them."""

import json
import secrets
import uuid
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from services.notifications.heard.rules import HeardMetric, Name
from services.notifications.subscriptions.rules import Channel, Happening, Language, Subscription
from services.registry.metrics import builtin
from shared.events.metrics import Coverage, MetricUpdated, TargetLost, TargetReached, WindowValue
from shared.events.registry import (
    Member,
    MetricDefined,
    MunicipalityRegistered,
    MunicipalityVersion,
    Names,
    ProgrammeRegistered,
    ProjectRegistered,
    ReportKind,
)
from shared.events.reporting import ReportDue, ReportOverdue, ReportSubmitted

DEFINITION = "total.agreed.corrected.municipality-hr"
MADE_AT = datetime(2013, 5, 1, 12, 0, tzinfo=UTC)
LATER = datetime(2013, 5, 7, 6, 12, tzinfo=UTC)


def subscription(**changes: Any) -> Subscription:
    """A mail subscription to everything."""
    plain = Subscription(
        subscription_id=f"s-{secrets.token_hex(6)}",
        channel=Channel.MAIL,
        address="hr@vefsn.example",
        language=Language.NB,
        events=(),
        subjects=(),
        windows=(),
        metrics=(),
        active=True,
        active_since=MADE_AT,
    )
    return replace(plain, **changes)


def happening(**changes: Any) -> Happening:
    """Vefsn reaching its target, as subscriptions see it."""
    plain = Happening(
        event_id=uuid.uuid4(),
        name="TargetReached",
        occurred_at=LATER,
        subjects=("municipality/vefsn-1824", "project/vefsn-naervaer"),
        windows=frozenset({"year-to-date"}),
        metric="absence",
    )
    return replace(plain, **changes)


def _milestone(**changes: Any) -> dict[str, Any]:
    return {
        "event_id": uuid.uuid4(),
        "occurred_at": LATER,
        "subject": "municipality/vefsn-1824",
        "project_id": "vefsn-naervaer",
        "goal_id": "vefsn-naervaer",
        "window": "year-to-date",
        "period": "2013-04",
        "metric": "absence",
        "definition_key": DEFINITION,
        "value": "6.90",
        "target": "6.9",
        "baseline": {"value": "8.6", "period": "2007-2010"},
        "previous_state": "open",
        "state": "reached",
        "cause": "figure",
        **changes,
    }


def target_reached(**changes: Any) -> TargetReached:
    """Vefsn at 6.9 per cent so far in 2013."""
    return TargetReached(**_milestone(**changes))


def target_lost(**changes: Any) -> TargetLost:
    """Vefsn above its target again after a correction."""
    return TargetLost(
        **_milestone(
            **{
                "value": "7.10",
                "previous_state": "reached",
                "state": "open",
                "cause": "correction",
                **changes,
            }
        )
    )


def metric_updated(**changes: Any) -> MetricUpdated:
    """A month and the year so far, of which the month moved."""
    value = WindowValue(
        value="6.90",
        numerator="1387.20",
        denominator="20104.00",
        coverage=Coverage(present=1, expected=1),
    )
    content: dict[str, Any] = {
        "event_id": uuid.uuid4(),
        "occurred_at": LATER,
        "subject": "municipality/vefsn-1824",
        "metric": "absence",
        "definition_key": DEFINITION,
        "grain": "month",
        "period": "2013-02",
        "version": 7,
        "windows": {"month": value, "year-to-date": value},
        "changed": ["windows.month"],
        "formula": "absence/1",
        "computed_at": LATER,
    }
    return MetricUpdated(**{**content, **changes})


def _report(**changes: Any) -> dict[str, Any]:
    return {
        "event_id": uuid.uuid4(),
        "occurred_at": LATER,
        "obligation_id": uuid.uuid4(),
        "project_id": "vefsn-naervaer",
        "round_id": "annual-2012",
        "report_kind": "annual-report",
        "period": "2012",
        "opens_on": date(2013, 1, 2),
        "due_on": date(2013, 2, 1),
        **changes,
    }


def report_due(**changes: Any) -> ReportDue:
    """The annual report of 2012 is expected."""
    return ReportDue(**_report(**{"state": "due", **changes}))


def report_overdue(**changes: Any) -> ReportOverdue:
    """It did not come."""
    return ReportOverdue(**_report(**{"state": "overdue", **changes}))


def report_submitted(**changes: Any) -> ReportSubmitted:
    """It came three days late."""
    content = {
        "state": "submitted",
        "submission_id": uuid.uuid4(),
        "version": 1,
        "submitted_at": datetime(2013, 2, 4, 9, 0, tzinfo=UTC),
        "days_late": 3,
    }
    return ReportSubmitted(**_report(**{**content, **changes}))


def municipality(**changes: Any) -> MunicipalityRegistered:
    """Vefsn, as the registry tells of it."""
    version = MunicipalityVersion(
        number="1824",
        name="Vefsn",
        county_number="18",
        county_name="Nordland",
        valid_from=date(1838, 1, 1),
    )
    return MunicipalityRegistered(
        **{"municipality_id": "vefsn-1824", "version": 1, "versions": [version], **changes}
    )


def renamed(name: str, *, on: date) -> list[MunicipalityVersion]:
    """Vefsn's versions when it gets another name, the newest first."""
    (now,) = municipality().versions
    return [
        now.model_copy(update={"name": name, "valid_from": on}),
        now.model_copy(update={"valid_to": on}),
    ]


BUILT_IN_METRICS = Path(builtin.__file__).parent

ABSENCE = HeardMetric("percent", 2, ("certification", "denominator", "holiday", "source"))
"""How figures of absence are written."""

ABSENCE_NAME = Name("Sykefravær", "Sjukefråvær", "Sickness absence")


def metric_defined(**changes: Any) -> MetricDefined:
    """Absence as the registry tells of it, out of the file that the registry reads."""
    content = json.loads((BUILT_IN_METRICS / "absence.json").read_text())
    return MetricDefined.model_validate({"version": 1, **content, **changes})


def project(**changes: Any) -> ProjectRegistered:
    """Vefsn's project."""
    content: dict[str, Any] = {
        "project_id": "vefsn-naervaer",
        "version": 1,
        "programme_id": "saman-2011",
        "names": Names(nb="Nærvær i Vefsn", en="Presence in Vefsn"),
        "cohort_id": "pulje-1",
        "theme_ids": ["sickness-absence"],
        "members": [Member(municipality_id="vefsn-1824")],
    }
    return ProjectRegistered(**{**content, **changes})


def programme(**changes: Any) -> ProgrammeRegistered:
    """The model programme."""
    content: dict[str, Any] = {
        "programme_id": "saman-2011",
        "version": 1,
        "names": Names(nb="Saman om ein betre kommune"),
        "report_kinds": [
            ReportKind(
                id="annual-report",
                names=Names(nb="Årsrapport", nn="Årsrapport", en="Annual report"),
            )
        ],
    }
    return ProgrammeRegistered(**{**content, **changes})
