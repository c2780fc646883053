"""Reads what is shown to Prometheus as strictly as any reader of it."""

import re
import shutil
import subprocess
from collections import Counter

from prometheus_client.core import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

Sample = tuple[str, tuple[tuple[str, str], ...]]


def strictly(text: str, media_type: str) -> dict[str, Metric]:
    """Return the families of an exposition by name.

    Raises:
        ValueError, AssertionError: it is not an exposition, or a reader could take it in two ways.
    """
    if media_type.startswith("application/openmetrics-text"):
        families = list(openmetrics.text_string_to_metric_families(text))  # type: ignore[no-untyped-call]  # has no types
    else:
        assert media_type.startswith("text/plain; version=0.0.4"), media_type
        _each_family_is_one_block(text)
        _promtool_agrees(text)
        families = list(text_string_to_metric_families(text))
    series: Counter[Sample] = Counter(
        (sample.name, tuple(sorted(sample.labels.items())))
        for family in families
        for sample in family.samples
    )
    assert [one for one, count in series.items() if count > 1] == []
    names = [family.name for family in families]
    assert sorted(set(names)) == sorted(names)
    assert [family.name for family in families if not family.documentation] == []
    return {family.name: family for family in families}


def _each_family_is_one_block(text: str) -> None:
    """Assert that each name is described once, and that its samples stand beneath that."""
    assert text.endswith("\n")
    described: list[str] = []
    for line in text.splitlines():
        if line.startswith("# HELP "):
            assert line.split()[2] not in described, line
            described.append(line.split()[2])
        elif line.startswith("# TYPE "):
            assert line.split()[2] == described[-1], line
        else:
            name = re.split(r"[{ ]", line)[0]
            assert name in {f"{described[-1]}{end}" for end in ("", "_bucket", "_sum", "_count")}


def _promtool_agrees(text: str) -> None:
    """Ask Prometheus' own tool as well where it is installed."""
    if tool := shutil.which("promtool"):
        command = [tool, "check", "metrics"]
        judged = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
        assert judged.returncode == 0, judged.stderr
