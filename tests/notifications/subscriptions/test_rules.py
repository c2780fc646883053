"""Which subscriptions an event concerns."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.notifications.subscriptions.rules import (
    Channel,
    Rhythm,
    check_subscription,
    matches,
    matching,
)
from shared.errors import RuleBroken
from tests.notifications.factories import MADE_AT, happening, subscription

WEBHOOK = {"channel": Channel.WEBHOOK, "address": "https://hooks.example.org/x"}


@pytest.mark.parametrize(
    ("changes", "concerns"),
    [
        ({}, True),
        ({"events": ("TargetReached",)}, True),
        ({"events": ("TargetLost", "ReportDue")}, False),
        ({"subjects": ("municipality/vefsn-1824",)}, True),
        ({"subjects": ("municipality/*",)}, True),
        ({"subjects": ("project/vefsn-naervaer",)}, True),
        ({"subjects": ("municipality/vefsn-182",)}, False),
        ({"subjects": ("cohort/*",)}, False),
        ({"subjects": ("cohort/*", "municipality/vefsn-1824")}, True),
        ({"windows": ("year-to-date",)}, True),
        ({"windows": ("month", "rolling-12")}, False),
        ({"metrics": ("part-time-share", "absence")}, True),
        ({"metrics": ("part-time-share",)}, False),
        (
            {
                "events": ("TargetReached",),
                "subjects": ("project/*",),
                "windows": ("year-to-date",),
            },
            True,
        ),
        ({"active": False}, False),
    ],
)
def test_a_subscription_matches_what_it_names_and_an_empty_list_means_all(
    changes: dict[str, Any], concerns: bool
) -> None:
    assert matches(subscription(**changes), happening()) is concerns


def test_a_subscription_matches_only_what_happens_after_it_was_made() -> None:
    late_comer = subscription(active_since=MADE_AT)
    assert not matches(late_comer, happening(occurred_at=MADE_AT - timedelta(minutes=1)))
    assert matches(late_comer, happening(occurred_at=MADE_AT))


def test_metric_updates_go_to_webhooks_only() -> None:
    update = happening(name="MetricUpdated")
    assert not matches(subscription(), update)
    assert matches(subscription(**WEBHOOK), update)


def test_an_event_without_windows_or_metric_passes_any_choice_of_them() -> None:
    report = happening(name="ReportDue", windows=frozenset(), metric=None)
    assert matches(subscription(windows=("month",), metrics=("absence",)), report)


def test_a_unit_is_found_below_its_municipality() -> None:
    unit = happening(subjects=("unit/vefsn-1824/hjemmetjenesten",))
    assert matches(subscription(subjects=("unit/vefsn-1824/*",)), unit)
    assert matches(subscription(subjects=("unit/*",)), unit)
    assert not matches(subscription(subjects=("unit/bodo-1804/*",)), unit)
    assert not matches(subscription(subjects=("municipality/*",)), unit)


def test_matching_many_finds_exactly_the_pairs_that_match_one_by_one() -> None:
    subscriptions = [
        subscription(subjects=subjects, events=events, **channel)
        for subjects in (
            (),
            ("municipality/*",),
            ("cohort/pulje-1", "municipality/vefsn-1824"),
            ("theme/x",),
        )
        for events in ((), ("TargetReached",), ("MetricUpdated",))
        for channel in ({}, WEBHOOK)
    ]
    happenings = [
        happening(name=name, subjects=(subject,))
        for name in ("TargetReached", "MetricUpdated", "ReportDue")
        for subject in ("municipality/vefsn-1824", "municipality/bodo-1804", "cohort/pulje-1")
    ]
    one_by_one = {
        (s.subscription_id, h.event_id) for h in happenings for s in subscriptions if matches(s, h)
    }
    together = [(s.subscription_id, h.event_id) for s, h in matching(subscriptions, happenings)]
    assert set(together) == one_by_one
    assert len(together) == len(one_by_one)


@pytest.mark.parametrize(
    ("changes", "code", "pointer"),
    [
        ({"events": ("TargetReachd",)}, "event-unknown", "/events/0"),
        ({"windows": ("week",)}, "window-unknown", "/windows/0"),
        ({"metrics": ("Absence %",)}, "metric-malformed", "/metrics/0"),
        (
            {
                "rhythm": Rhythm.DAILY,
                "channel": Channel.WEBHOOK,
                "address": "https://hooks.example.org/",
            },
            "rhythm-mail-only",
            "/rhythm",
        ),
        ({"subjects": ("vefsn",)}, "subject-malformed", "/subjects/0"),
        ({"subjects": ("town/vefsn-1824",)}, "subject-malformed", "/subjects/0"),
        ({"subjects": ("municipality/1824",)}, "subject-malformed", "/subjects/0"),
        ({"subjects": ("unit/1824/nursing",)}, "subject-malformed", "/subjects/0"),
        ({"subjects": ("municipality/ves*",)}, "subject-malformed", "/subjects/0"),
        ({"subjects": ("*",)}, "subject-malformed", "/subjects/0"),
        ({"subjects": tuple(f"municipality/a-{n}" for n in range(201))}, "too-many", "/subjects"),
        ({"events": ("MetricUpdated",)}, "event-webhook-only", "/events/0"),
        ({"address": "nobody"}, "address-malformed", "/address"),
        (
            {"channel": Channel.WEBHOOK, "address": "https://10.0.0.1/"},
            "address-not-allowed",
            "/address",
        ),
    ],
)
def test_a_faulty_subscription_is_refused_with_its_place(
    changes: dict[str, Any], code: str, pointer: str
) -> None:
    with pytest.raises(RuleBroken) as refused:
        check_subscription(subscription(**changes), allow_private_webhooks=False)
    assert (refused.value.code, refused.value.errors[0].pointer) == (code, pointer)


def test_every_fault_of_a_subscription_is_named() -> None:
    faulty = subscription(events=("X",), windows=("week",), subjects=("*",), address="nobody")
    with pytest.raises(RuleBroken) as refused:
        check_subscription(faulty, allow_private_webhooks=False)
    assert {e.pointer for e in refused.value.errors} == {
        "/events/0",
        "/windows/0",
        "/subjects/0",
        "/address",
    }


@pytest.mark.parametrize(
    "subject",
    ["municipality/vefsn-1824", "unit/vefsn-1824/*", "theme/*", "county/18", "unit/a-1/b"],
)
def test_subjects_as_the_contract_writes_them_are_taken(subject: str) -> None:
    check_subscription(subscription(subjects=(subject,)), allow_private_webhooks=False)


@pytest.mark.parametrize(
    ("rhythm", "hour", "now", "sent"),
    [
        (Rhythm.AT_ONCE, 8, "2026-03-01T12:00:00+00:00", "2026-03-01T12:00:00+00:00"),
        (Rhythm.DAILY, 8, "2026-03-02T06:59:59+00:00", "2026-03-02T07:00:00+00:00"),
        (Rhythm.DAILY, 8, "2026-03-02T07:00:00+00:00", "2026-03-03T07:00:00+00:00"),
        (Rhythm.DAILY, 0, "2026-03-02T22:30:00+00:00", "2026-03-02T23:00:00+00:00"),
        (Rhythm.DAILY, 8, "2026-03-28T12:00:00+00:00", "2026-03-29T06:00:00+00:00"),
        (Rhythm.WEEKLY, 8, "2026-03-01T12:00:00+00:00", "2026-03-02T07:00:00+00:00"),
        (Rhythm.WEEKLY, 8, "2026-03-02T06:00:00+00:00", "2026-03-02T07:00:00+00:00"),
        (Rhythm.WEEKLY, 8, "2026-03-02T08:00:00+00:00", "2026-03-09T07:00:00+00:00"),
    ],
)
def test_a_digest_goes_at_the_next_hour_that_was_chosen(
    rhythm: Rhythm, hour: int, now: str, sent: str
) -> None:
    wanted = subscription(rhythm=rhythm, digest_hour=hour)
    assert wanted.next_time(datetime.fromisoformat(now)) == datetime.fromisoformat(sent)
