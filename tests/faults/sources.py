"""What the invariants are judged by: topics, receipts, and the form of a judgement."""

from collections.abc import Iterable, Iterator
from typing import Any

from tests.faults.evidence import Evidence

FIGURES = "reporting.figure.v1"
METRICS = "metrics.metric.v1"
MILESTONES = "metrics.milestone.v1"
REPORTS = "reporting.report.v1"
PUBLISHERS = "registry.publisher.v1"
DELIVERIES = "notifications.delivery.v1"

Findings = Iterator[tuple[str, Iterable[Any]]]
"""Sentences about what is wrong, each with the things it is true of; no things, nothing wrong."""


def receipts_of(evidence: Evidence) -> dict[str, str]:
    """Return what the receipts say of each submission."""
    answers = {"SubmissionAccepted": "accepted", "SubmissionRejected": "rejected"}
    found: dict[str, str] = {}
    for topic in evidence.log:
        if topic.startswith("receipts."):
            found |= {
                str(r.content.get("submission_id")): answers[r.type] for r in evidence.firsts(topic)
            }
    return found
