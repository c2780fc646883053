"""How states are written, and what is said to have changed."""

import json

from services.metrics.publishing.commands.wire import Written, changed_paths, write
from services.metrics.publishing.rules.states import emptied, settle
from services.metrics.series.rules.figures import Window
from tests.metrics.posted import ABSENCE, posted, series_of
from tests.metrics.recomputation import Posted

FEBRUARY = 2013 * 12 + 1


def written(*figures: Posted) -> Written:
    return write(settle(series_of(figures), [FEBRUARY]).states[0], ABSENCE)


def changed(before: Written, after: Written) -> list[str]:
    return changed_paths(before.content, before.unrounded, after)


def test_changed_names_the_windows_that_differ() -> None:
    before = written(posted("2013-01"), posted("2013-02"))
    after = written(posted("2013-01", lost="87"), posted("2013-02"))

    assert changed(before, before) == []
    assert changed(before, after) == ["windows.year-to-date", "windows.rolling-12"]
    assert after.paths == ["windows.month", "windows.year-to-date", "windows.rolling-12"]
    assert changed(after, write(emptied(FEBRUARY, 1), ABSENCE)) == [
        "windows.month",
        "windows.year-to-date",
        "windows.rolling-12",
    ]


def test_unrounded_rates_stand_beside_the_published_ones() -> None:
    state = settle(series_of([posted("2013-01", lost="1", agreed="3")]), [2013 * 12]).states[0]

    held = write(state, ABSENCE)

    assert list(json.loads(held.content)["windows"]) == [
        Window.MONTH,
        Window.YEAR_TO_DATE,
        Window.ROLLING_12,
    ]
    assert held.unrounded == (33_333_333_333_333, None) * 3
