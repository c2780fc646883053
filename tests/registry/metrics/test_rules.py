"""Rules of metrics."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from services.registry.metrics.rules import DefinedMetric, revised_metric
from shared.errors import Conflict, RuleBroken
from shared.values import Axis, Better, Metric, MetricKind, OverTime, Quantity

PLANS = Metric(
    metric_id="competence-plans",
    names={"en": "Units with a competence plan"},
    unit="percent",
    kind=MetricKind.SHARE,
    numerator=Quantity({"en": "Units with a plan"}, "units"),
    denominator=Quantity({"en": "Units"}, "units"),
    over_time=OverTime.LAST,
    axes=(Axis("sector", ("all", "care")), Axis("of", ("own", "leased"))),
    better=Better.HIGHER,
    decimals=1,
    minimum=Decimal(0),
    maximum=Decimal(100),
    small_persons=0,
)


def test_a_new_metric_is_taken_and_the_same_again_is_no_change() -> None:
    defined = revised_metric(None, PLANS)
    assert defined == DefinedMetric(PLANS, 1)
    assert revised_metric(defined, PLANS) is None


@pytest.mark.parametrize(
    "change",
    [
        {"names": {"nb": "Enheter med plan"}},
        {"decimals": 0},
        {"better": Better.NEITHER},
        {"maximum": None},
        {"small_persons": 10},
        {"numerator": Quantity({"nb": "Enheter"}, "units")},
    ],
    ids=str,
)
def test_what_does_not_touch_the_meaning_may_change(change: dict[str, Any]) -> None:
    wanted = replace(PLANS, **change)
    assert revised_metric(DefinedMetric(PLANS, 3), wanted) == DefinedMetric(wanted, 4)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"kind": MetricKind.MEAN}, "kind"),
        ({"unit": "points"}, "unit"),
        ({"over_time": OverTime.MEAN}, "over_time"),
        ({"axes": PLANS.axes[:1]}, "axes"),
        ({"axes": (*PLANS.axes, Axis("year", ("this",)))}, "axes"),
    ],
    ids=str,
)
def test_the_meaning_never_changes(change: dict[str, Any], named: str) -> None:
    with pytest.raises(Conflict, match=f"^{named} of the metric competence-plans is") as refused:
        revised_metric(DefinedMetric(PLANS, 3), replace(PLANS, **change))
    assert refused.value.code == "metric-meaning-fixed"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"metric_id": "Plans"}, "id-malformed"),
        ({"names": {}}, "name-malformed"),
        ({"names": {"nb": " "}}, "name-malformed"),
        ({"unit": ""}, "metric-unit-malformed"),
        ({"unit": "x" * 41}, "metric-unit-malformed"),
        ({"denominator": None}, "metric-parts-wrong"),
        ({"kind": MetricKind.COUNT}, "metric-parts-wrong"),
        ({"kind": MetricKind.SCORE}, "metric-parts-wrong"),
        ({"kind": MetricKind.COUNT, "numerator": None, "denominator": None}, "metric-parts-wrong"),
        ({"numerator": Quantity({"en": ""}, "units")}, "name-malformed"),
        ({"axes": (Axis("of", ("a.b",)),)}, "metric-axis-malformed"),
        ({"axes": (Axis("of", ("a|b",)),)}, "metric-axis-malformed"),
        ({"axes": (Axis("of", ()),)}, "metric-axis-malformed"),
        ({"axes": (Axis("Of", ("all",)),)}, "metric-axis-malformed"),
        ({"axes": (Axis("of", ("all", "all")),)}, "id-repeated"),
        ({"axes": (Axis("of", ("all",)),) * 2}, "id-repeated"),
        ({"axes": tuple(Axis(f"axis-{n}", ("all",)) for n in range(9))}, "metric-axis-malformed"),
        ({"minimum": Decimal(100)}, "metric-bounds-reversed"),
        ({"decimals": 7}, "metric-decimals-malformed"),
        ({"decimals": -1}, "metric-decimals-malformed"),
        ({"small_persons": -1}, "metric-small-persons-malformed"),
        ({"small_persons": 1_001}, "metric-small-persons-malformed"),
    ],
    ids=str,
)
def test_a_metric_that_makes_no_sense_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        revised_metric(None, replace(PLANS, **change))
    assert refused.value.code == code
