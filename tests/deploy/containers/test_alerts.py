"""The alert rules speak of figures that the services really show, and each has a paragraph on what
to do.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import RunService

ROOT = Path(__file__).parents[3]
RULES = [
    rule
    for group in yaml.safe_load((ROOT / "deploy" / "alerts" / "saman.yml").read_text())["groups"]
    for rule in group["rules"]
]
FIGURE = re.compile(r"\b(saman_[a-z_]+)(?:\{([^}]*)\})?")
LABEL = re.compile(r'(\w+)="([^"]*)"')


def figures_of(rule: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """Return the figures in a rule's expression, with the labels that it asks for."""
    return [(name, dict(LABEL.findall(labels))) for name, labels in FIGURE.findall(rule["expr"])]


async def test_every_figure_in_an_alert_is_shown_with_its_labels_by_a_running_service(
    run: RunService,
) -> None:
    running = await run("reporting")
    text = (await running.client.get("/-/metrics")).text
    shown = [
        (line.split("{")[0].split(" ")[0], dict(LABEL.findall(line)))
        for line in text.splitlines()
        if line[:1] != "#"
    ]
    for rule in RULES:
        for name, wanted in figures_of(rule):
            assert any(
                name == figure and wanted.items() <= labels.items() for figure, labels in shown
            ), rule["alert"]


def test_there_are_figures_in_all_alerts_but_the_one_of_a_service_that_does_not_answer() -> None:
    assert [rule["alert"] for rule in RULES if not figures_of(rule)] == ["SamanDown"]


def test_every_alert_says_how_urgent_it_is_and_stands_in_the_operators_page() -> None:
    page = (ROOT / "docs" / "operating.md").read_text()
    for rule in RULES:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]
        assert f"**{rule['alert']}**" in page, rule["alert"]
