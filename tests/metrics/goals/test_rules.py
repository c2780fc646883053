"""Goals: progress with its sign, smileys, and exactly one milestone per change of state."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.goals.rules import (
    Cause,
    Goal,
    GoalState,
    Judgement,
    Milestone,
    Standing,
    milestones,
)
from services.metrics.publishing.commands.wire import goal_text, write
from services.metrics.publishing.rules.states import HistoryMissing, settle
from services.metrics.series.rules.amounts import Ratio, micro
from services.metrics.series.rules.figures import Window, period_of
from services.metrics.series.rules.windows import own_series
from tests.metrics.posted import ABSENCE, contents, figure_of, posted, series_of
from tests.metrics.recomputation import Posted
from tests.metrics.vefsn import GOAL, source_rows, vefsn_figures

RISING = replace(
    GOAL, falling=False, baseline=80_000_000, target=90_000_000, persons_per_point=None
)


def progress_content(goal: Goal, shown: Ratio, state: GoalState) -> dict[str, str | None]:
    found: dict[str, str | None] = json.loads(goal_text(goal.progress(shown, state)))
    return found


def percent(text: str) -> Ratio:
    return Ratio(micro(Decimal(text)), 1)


def told(
    figures: list[Posted], goal: Goal = GOAL, standing: Standing | None = None, **how: Any
) -> list[Milestone]:
    series = series_of(figures)
    settled = settle(series, range(series.first, series.last + 1), [goal])
    found, _ = milestones(goal, standing or Standing(), settled.judgements[goal.key], **how)
    return found


def periods(found: list[Milestone]) -> list[tuple[str, str]]:
    return [(str(period_of(one.judgement.last_month, 1)), one.judgement.state) for one in found]


@pytest.mark.parametrize(
    ("shown", "unclamped", "smileys"),
    [
        ("6.4", "22.0", 17),
        ("8.6", "0.0", 0),
        ("9.6", "-10.0", 0),
        ("8.2", "4.0", 4),
        ("8.15", "4.5", 5),
        ("7.55", "10.5", 11),
        ("6.9", "17.0", 17),
        ("8.3", "3.0", 3),
    ],
)
def test_persons_at_work_and_smileys_are_those_of_vefsns_board(
    shown: str, unclamped: str, smileys: int
) -> None:
    assert progress_content(GOAL, percent(shown), GoalState.OPEN)["persons_at_work"] == unclamped
    assert GOAL.smileys(percent(shown)) == smileys


def test_smileys_of_every_row_of_the_slide_follow_from_the_shown_figures() -> None:
    for row in source_rows():
        shown = row.year_to_date if row.is_sum else row.month
        assert GOAL.smileys(percent(str(shown))) == row.smileys_by_rule
    differing = {
        row.period: row.smileys_shown
        for row in source_rows()
        if row.smileys_shown != row.smileys_by_rule
    }
    assert differing == {"2012-09": 11, "2012-12": 5}


@pytest.mark.parametrize(
    ("shown", "points", "change", "progress"),
    [
        ("5.8", "-2.80", "-32.56", "164.71"),
        ("6.9", "-1.70", "-19.77", "100.00"),
        ("6.4", "-2.20", "-25.58", "129.41"),
        ("8.2", "-0.40", "-4.65", "23.53"),
        ("9.6", "1.00", "11.63", "-58.82"),
        ("7.5", "-1.10", "-12.79", "64.71"),
    ],
)
def test_progress_towards_a_falling_target_keeps_its_sign(
    shown: str, points: str, change: str, progress: str
) -> None:
    content = progress_content(GOAL, percent(shown), GoalState.OPEN)
    assert (content["change_points"], content["change_percent"], content["progress_percent"]) == (
        points,
        change,
        progress,
    )


@pytest.mark.parametrize(
    ("shown", "progress", "reached"),
    [("75", "-50.00", False), ("85", "50.00", False), ("90", "100.00", True)],
)
def test_progress_towards_a_rising_target_keeps_its_sign(
    shown: str, progress: str, reached: bool
) -> None:
    content = progress_content(RISING, percent(shown), GoalState.OPEN)

    assert content["progress_percent"] == progress
    assert content["persons_at_work"] is None
    assert RISING.is_reached(percent(shown)) is reached


def test_a_baseline_of_zero_and_a_target_at_the_baseline_have_no_share() -> None:
    content = progress_content(replace(GOAL, baseline=0, target=0), percent("1"), GoalState.OPEN)
    assert (content["change_percent"], content["progress_percent"]) == (None, None)


@given(st.integers(0, 10**8), st.integers(1, 10**6))
def test_a_target_is_judged_unrounded(numerator: int, denominator: int) -> None:
    shown = Ratio(numerator * 1000, denominator)
    assert GOAL.is_reached(shown) is (numerator * 1000 <= GOAL.target * denominator)


def test_vefsn_reaches_its_target_once_in_april_2013() -> None:
    found = told(vefsn_figures())

    assert periods(found) == [("2013-04", "reached")]
    assert found[0].judgement.shown == percent("6.9")
    assert (found[0].previous, found[0].cause) == (GoalState.OPEN, Cause.FIGURE)


def test_vefsn_reaches_its_target_once_when_its_figures_come_one_by_one() -> None:
    standing, found = Standing(), []
    figures = vefsn_figures()
    for count in range(1, len(figures) + 1):
        series = series_of(figures[:count])
        settled = settle(series, range(max(series.first, series.last - 1), series.last + 1), [GOAL])
        news, standing = milestones(GOAL, standing, settled.judgements[GOAL.key])
        found += news
    assert periods(found) == [("2013-04", "reached")]
    assert standing == Standing(GoalState.REACHED, 2013 * 12 + 6)


def test_a_goal_that_comes_after_its_figures_tells_when_its_present_state_began() -> None:
    found = told(vefsn_figures(), goal_changed=True)
    assert [(periods(found), one.cause) for one in found] == [
        ([("2013-04", "reached")], Cause.GOAL_CHANGED)
    ]


def test_a_month_of_a_year_that_lacks_an_earlier_one_is_not_judged() -> None:
    figures = [posted("2013-01"), posted("2013-03", lost="1"), posted("2013-04", lost="1")]
    states = contents(series_of(figures), [GOAL])

    assert told(figures) == []
    assert states["2013-04"]["goals"][0] == {
        "project_id": "vefsn",
        "goal_id": "vefsn-naervaer",
        "window": "year-to-date",
        "change_points": None,
        "change_percent": None,
        "progress_percent": None,
        "persons_at_work": None,
        "state": "open",
    }


def test_goals_of_two_projects_that_have_the_same_id_are_told_apart() -> None:
    easier = replace(GOAL, project_id="another", target=7_500_000)
    series = series_of([posted("2013-01", lost="70")])
    (state,) = settle(series, [series.first], [easier, GOAL]).states
    written = write(state, ABSENCE)
    goals = json.loads(written.content)["goals"]

    assert [(one["project_id"], one["goal_id"], one["state"]) for one in goals] == [
        ("another", "vefsn-naervaer", "reached"),
        ("vefsn", "vefsn-naervaer", "open"),
    ]
    assert list(written.paths).count("goals.vefsn-naervaer") == 1


def test_a_correction_of_the_judged_period_loses_a_target() -> None:
    january = 2013 * 12
    figures = [posted("2013-01", lost="60"), posted("2013-01", lost="80", vintage=2)]

    found = told(figures, standing=Standing(GoalState.REACHED, january), corrected=[january])

    assert [(one.judgement.state, one.cause) for one in found] == [
        (GoalState.OPEN, Cause.CORRECTION)
    ]


def test_a_correction_of_an_older_period_says_nothing() -> None:
    figures = [
        posted("2013-01", lost="80"),
        posted("2013-01", lost="90", vintage=2),
        posted("2014-01", lost="60"),
    ]
    assert told(figures, standing=Standing(GoalState.REACHED, 2014 * 12)) == []


def test_a_withdrawal_of_the_judged_period_goes_back_to_the_one_before() -> None:
    figures = [posted("2013-01", lost="80"), posted("2013-02", lost="10", withdrawn=True)]
    february = 2013 * 12 + 1
    found = told(figures, standing=Standing(GoalState.REACHED, february), corrected=[february])

    assert periods(found) == [("2013-01", "open")]
    assert found[0].cause is Cause.CORRECTION


def test_without_any_judged_period_the_last_judgement_stands() -> None:
    standing = Standing(GoalState.REACHED, 2013 * 12)
    assert milestones(GOAL, standing, []) == ([], standing)


def test_a_changed_target_is_judged_on_the_latest_period_only() -> None:
    stricter = replace(GOAL, target=6_000_000)
    found = told(
        vefsn_figures(), stricter, Standing(GoalState.REACHED, 2013 * 12 + 6), goal_changed=True
    )

    assert [(periods([one])[0], one.cause) for one in found] == [
        (("2013-07", "open"), Cause.GOAL_CHANGED)
    ]


@given(st.lists(st.booleans(), min_size=1, max_size=24), st.data())
def test_milestones_do_not_depend_on_how_figures_are_batched(
    reached: list[bool], data: st.DataObject
) -> None:
    states = [GoalState.REACHED if one else GoalState.OPEN for one in reached]
    judged = [Judgement(month, percent("7"), state) for month, state in enumerate(states)]
    at_once, last = milestones(GOAL, Standing(), judged)

    standing, found, start = Standing(), [], 0
    while start < len(judged):
        end = data.draw(st.integers(start + 1, len(judged)))
        news, standing = milestones(GOAL, standing, judged[max(start - 1, 0) : end])
        found += news
        start = end

    assert found == at_once
    assert standing == last


def test_a_goal_for_quarters_is_part_of_the_states_that_close_one() -> None:
    goal = replace(GOAL, window=Window.QUARTER)
    states = contents(series_of([posted("2013-01"), posted("2013-02"), posted("2013-03")]), [goal])

    assert states["2013-02"]["goals"] == []
    assert states["2013-03"]["goals"][0]["progress_percent"] == "0.00"


def test_a_suppressed_window_feeds_no_goal() -> None:
    figures = [posted("2013-01", lost="1", persons=4)]

    assert told(figures) == []
    assert contents(series_of(figures), [GOAL])["2013-01"]["goals"] == []


def test_a_goal_that_rests_on_figures_that_were_not_loaded_asks_for_them() -> None:
    figures = [*vefsn_figures(), posted("2016-02", rate="7")]
    whole = series_of(figures)
    near = [figure_of(one) for one in figures if one.period >= "2014"]
    loaded = own_series(
        whole.key, whole.formula, near, months=1, extent=(whole.first, whole.last)
    )  # fmt: skip

    with pytest.raises(HistoryMissing):
        settle(loaded, [whole.last], [GOAL], loaded_from=2014 * 12)
    goal = json.loads(write(settle(whole, [whole.last], [GOAL]).states[0], ABSENCE).content)[
        "goals"
    ][0]
    assert (goal["state"], goal["change_points"]) == ("reached", None)
