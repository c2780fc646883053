"""Figures of metrics that are data only: what they must give follows from what the metric is."""

from typing import Any

import pytest

from services.reporting.figures.kinds.indicator import INDICATOR
from shared.events.registry import MetricDefined
from shared.events.reporting import FigureWithdrawn, IndicatorFigurePosted
from tests.reporting.conftest import Door
from tests.reporting.desk import Desk, codes
from tests.reporting.factories import VEFSN, entry, figure_id

PLANS = MetricDefined(
    metric_id="competence-plan-share",
    version=1,
    names={"en": "Units with a competence plan"},
    unit="percent",
    kind="share",
    numerator={"names": {"en": "Units with a plan"}, "unit": "units"},
    denominator={"names": {"en": "Units"}, "unit": "units"},
    over_time="last",
    axes=[{"id": "source", "values": ["municipality-hr", "other"]}],
    better="higher",
    decimals=1,
    bounds={"min": "0", "max": "100"},
    small_persons=5,
)
REPUTATION = MetricDefined(
    metric_id="reputation",
    version=1,
    names={"nb": "Omdømme"},
    unit="points",
    kind="score",
    over_time="mean",
    better="higher",
    decimals=1,
    bounds={"min": "1", "max": "6"},
    small_persons=5,
)
APPRENTICES = MetricDefined(
    metric_id="apprentices",
    version=1,
    names={"nb": "Lærlinger"},
    unit="persons",
    kind="count",
    numerator={"names": {"nb": "Lærlinger"}, "unit": "persons"},
    over_time="last",
    better="higher",
    decimals=0,
    bounds={"min": "0"},
    small_persons=5,
)
METRICS = (PLANS, REPUTATION, APPRENTICES)


def plans(**changes: Any) -> dict[str, Any]:
    """Seven of Vefsn's twelve units had a plan at the end of the first half of 2013."""
    return {
        "figure_id": figure_id(),
        "metric": PLANS.metric_id,
        "municipality": "9824",
        "period": "2013-H1",
        "numerator": "7",
        "denominator": "12",
        "persons": 310,
        "definition": {"source": "municipality-hr"},
    } | changes


def reputation(**changes: Any) -> dict[str, Any]:
    return {
        "figure_id": figure_id(),
        "metric": REPUTATION.metric_id,
        "municipality": "9824",
        "period": "2013",
        "value": "4.2",
        "weight": "120",
    } | changes


def apprentices(**changes: Any) -> dict[str, Any]:
    return {
        "figure_id": figure_id(),
        "metric": APPRENTICES.metric_id,
        "municipality": "9824",
        "period": "2013",
        "numerator": "14",
    } | changes


async def post(desk: Desk, *bodies: dict[str, Any]) -> list[str]:
    return codes(await desk.judge([entry(body) for body in bodies], INDICATOR))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (plans(), "accepted"),
        (plans(numerator="0"), "accepted"),
        (plans(denominator="0", numerator="0"), "accepted"),
        (plans(denominator=None), "figure-incomplete"),
        (plans(numerator=None, denominator=None, value="58.3"), "figure-incomplete"),
        (plans(value="58.3"), "figure-ambiguous"),
        (plans(numerator="13"), "value-out-of-bounds"),
        (plans(numerator="-1"), "number-negative"),
        (plans(denominator="-12"), "number-negative"),
        (plans(definition={}), "definition-unknown"),
        (plans(definition={"source": "ssb"}), "definition-unknown"),
        (plans(period="2014-H1"), "period-not-ended"),
        (reputation(), "accepted"),
        (reputation(weight=None), "accepted"),
        (reputation(weight="0"), "weight-missing"),
        (reputation(value="6.1"), "value-out-of-bounds"),
        (reputation(value="0.9"), "value-out-of-bounds"),
        (reputation(numerator="4"), "figure-ambiguous"),
        (reputation(definition={"source": "other"}), "definition-unknown"),
        (apprentices(), "accepted"),
        (apprentices(denominator="100"), "figure-ambiguous"),
        (apprentices(metric="trainees"), "metric-unknown"),
        (apprentices(metric="absence"), "metric-not-posted"),
        (apprentices(metric=None), "schema-mismatch"),
        (apprentices(window="rolling-12"), "unknown-field"),
    ],
)
async def test_a_figure_gives_what_its_metric_is(
    desk: Desk, body: dict[str, Any], code: str
) -> None:
    await desk.hear(*METRICS)

    assert await post(desk, body) == [code]


async def test_places_of_unlike_metrics_do_not_replace_one_another(desk: Desk) -> None:
    await desk.hear(*METRICS)
    first, second = plans(), plans(numerator="8")

    results = await post(desk, first, reputation(), apprentices(), second)

    assert results == ["accepted"] * 4
    rows = await desk.figures()
    kept = sorted((row["metric"], row["vintage"], row["in_force"]) for row in rows)
    assert kept == [
        ("apprentices", 1, True),
        ("competence-plan-share", 1, False),
        ("competence-plan-share", 2, True),
        ("reputation", 1, True),
    ]
    told = await desk.told(IndicatorFigurePosted)
    assert [(event.metric, event.definition_key) for event in told] == [
        ("competence-plan-share", "municipality-hr"),
        ("reputation", "-"),
        ("apprentices", "-"),
        ("competence-plan-share", "municipality-hr"),
    ]

    await desk.withdraw(second["figure_id"])

    (withdrawn,) = await desk.told(FigureWithdrawn)
    assert withdrawn.in_force is not None
    assert (withdrawn.metric, str(withdrawn.in_force.figure_id)) == (
        "competence-plan-share",
        first["figure_id"],
    )


async def test_a_share_that_jumps_is_pointed_out(desk: Desk) -> None:
    await desk.hear(*METRICS)
    await post(desk, plans(period="2012-H2", numerator="2"))

    (judged,) = await desk.judge([entry(plans())], INDICATOR)

    assert [(finding.code, finding.field) for finding in judged.findings] == [
        ("jump", "/numerator")
    ]


async def test_indicators_are_posted_and_listed_by_metric(door: Door) -> None:
    await door.desk.hear(*METRICS)
    route = "/api/reporting/v1/indicator-figures"

    one = await door.vefsn.post(route, json=plans())
    many = await door.vefsn.post(
        route, json={"figures": [reputation(), apprentices(metric="trainees")]}
    )
    listed = await door.vefsn.get(
        "/api/reporting/v1/figures", params={"municipality": VEFSN, "metric": "reputation"}
    )

    assert one.status_code == 201
    assert [outcome["result"] for outcome in many.json()["outcomes"]] == ["accepted", "rejected"]
    assert many.json()["outcomes"][1]["problem"]["code"] == "metric-unknown"
    assert [(item["metric"], item["value"], item["weight"]) for item in listed.json()["items"]] == [
        ("reputation", "4.2", "120")
    ]
