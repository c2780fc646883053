"""What a metric says of its definitions."""

from dataclasses import replace

import pytest

from shared.errors import RuleBroken
from shared.values import Axis, Better, Metric, MetricKind, OverTime, Quantity

DAYS = Quantity({"en": "days"}, "days")
ABSENCE = Metric(
    metric_id="absence",
    names={"en": "Sickness absence"},
    unit="percent",
    kind=MetricKind.SHARE,
    numerator=DAYS,
    denominator=DAYS,
    over_time=OverTime.SUM,
    axes=(Axis("certification", ("total", "doctor", "self")), Axis("source", ("hr", "ssb"))),
    better=Better.LOWER,
    decimals=2,
    minimum=None,
    maximum=None,
    small_persons=5,
)
WITHOUT_AXES = replace(ABSENCE, axes=())


@pytest.mark.parametrize(
    ("metric", "definition", "key"),
    [
        (ABSENCE, {"certification": "doctor", "source": "hr"}, "doctor.hr"),
        (ABSENCE, {"source": "ssb", "certification": "total"}, "total.ssb"),
        (WITHOUT_AXES, {}, "-"),
    ],
)
def test_a_definition_and_its_key_say_the_same(
    metric: Metric, definition: dict[str, str], key: str
) -> None:
    assert metric.definition_key(definition) == key
    assert metric.definition_of(key) == definition


@pytest.mark.parametrize(
    ("definition", "named"),
    [
        ({"certification": "total"}, "source"),
        ({"certification": "all", "source": "hr"}, "'all'"),
        ({"certification": "total", "source": "hr", "sex": "all"}, "'sex'"),
    ],
)
def test_a_definition_that_does_not_fit_the_axes_is_refused_by_name(
    definition: dict[str, str], named: str
) -> None:
    with pytest.raises(RuleBroken, match=named) as refused:
        ABSENCE.definition_key(definition)
    assert refused.value.code == "definition-unknown"


@pytest.mark.parametrize("key", ["", "-", "total", "total.hr.x", "total.pai", "hr.total"])
def test_a_key_that_does_not_fit_the_axes_is_refused(key: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        ABSENCE.definition_of(key)
    assert refused.value.code == "definition-unknown"


def test_of_several_definitions_the_one_that_counts_most_stands_first() -> None:
    keys = ["self.hr", "doctor.ssb", "total.ssb", "doctor.hr", "total.hr"]
    assert sorted(keys, key=ABSENCE.order_of) == [
        "total.hr",
        "total.ssb",
        "doctor.hr",
        "doctor.ssb",
        "self.hr",
    ]


def test_a_metric_that_takes_the_last_period_has_no_running_windows() -> None:
    assert ABSENCE.has_running_windows
    assert not replace(ABSENCE, over_time=OverTime.LAST).has_running_windows
