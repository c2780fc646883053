"""Says where the time of a test run goes: `pytest -p tests.support.times`, or `make times`.

The time of a test is that of its set-up, call and tear-down. What a fixture for a whole file or
session takes is counted with the first test that asks for it.
"""

from collections import defaultdict
from pathlib import PurePosixPath

import pytest

FILES_SHOWN = 20
FOLDER_DEPTH = 2

_seconds: defaultdict[str, float] = defaultdict(float)
_counts: defaultdict[str, int] = defaultdict(int)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add a phase of a test to its file; with several processes, all report here."""
    file = report.nodeid.partition("::")[0]
    _seconds[file] += report.duration
    _counts[file] += report.when == "call"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the folders and the files that take longest, as tables in Markdown."""
    folders: defaultdict[str, list[str]] = defaultdict(list)
    for file in _seconds:
        parts = PurePosixPath(file).parent.parts[:FOLDER_DEPTH]
        folders["/".join(parts)].append(file)
    terminalreporter.section("where the time goes")
    _table(terminalreporter, "folder", folders)
    slowest = sorted(_seconds, key=_seconds.__getitem__, reverse=True)[:FILES_SHOWN]
    _table(terminalreporter, "file", {file: [file] for file in slowest})


def _table(terminal: pytest.TerminalReporter, what: str, rows: dict[str, list[str]]) -> None:
    total = sum(_seconds.values()) or 1.0
    terminal.write_line(f"| {what} | tests | seconds | share |\n|---|---|---|---|")
    sums = {name: sum(_seconds[file] for file in files) for name, files in rows.items()}
    for name in sorted(rows, key=sums.__getitem__, reverse=True):
        count = sum(_counts[file] for file in rows[name])
        terminal.write_line(
            f"| {name} | {count} | {sums[name]:.0f} | {100 * sums[name] / total:.0f} % |"
        )
