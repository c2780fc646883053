"""Judges the log: what is kept is in it, and each key's events are in order (I2, I3)."""

from collections import Counter, defaultdict
from typing import Any

from deploy.services import SERVICES
from shared.events.catalogue import COMPACTED
from tests.faults.evidence import Evidence, Logged
from tests.faults.sources import DELIVERIES, FIGURES, METRICS, MILESTONES, PUBLISHERS, Findings


def in_the_log(evidence: Evidence) -> Findings:
    """I2: every figure that is kept was published, and every one that was published is kept."""
    kept = {row["figure_id"] for row in evidence.rows("reporting", "figure")}
    told = posted_ids(evidence)
    yield "kept and never published", kept - told
    yield "published and not kept", told - kept
    for service in SERVICES:
        yield (
            f"left in the outbox of {service}",
            [row["event_id"] for row in evidence.rows(service, "outbox")],
        )


def posted_ids(evidence: Evidence) -> set[str]:
    """Return the ids of all published figures."""
    return {
        r.content["figure_id"] for r in evidence.firsts(FIGURES) if r.type == "AbsenceFigurePosted"
    }


def in_order(evidence: Evidence) -> Findings:
    """I3: first occurrences of a key rise by one, repetitions equal the first byte for byte, the
    newest stands last.
    """
    for judge in (_repetitions, _vintages, _versions, _compaction, _publishers, _turns):
        yield from judge(evidence)


def _repetitions(evidence: Evidence) -> Findings:
    for topic in (FIGURES, METRICS, MILESTONES, DELIVERIES):
        first: dict[str, Logged] = {}
        for record in evidence.log.get(topic, ()):
            first.setdefault(record.id, record)
        unlike = [r.origin for r in evidence.log.get(topic, ()) if r.value != first[r.id].value]
        yield f"repeated in {topic} with other content", unlike


def _vintages(evidence: Evidence) -> Findings:
    vintages: dict[Any, list[int]] = defaultdict(list)
    posted, unposted = set(), []
    for record in evidence.firsts(FIGURES):
        content = record.content
        if record.type == "FigureWithdrawn":
            if content["figure_id"] not in posted:
                unposted.append(content["figure_id"])
        else:
            posted.add(content["figure_id"])
            vintages[content["municipality_id"], content["period"]].append(content["vintage"])
    yield "withdrawn before they were published", unposted
    yield (
        "vintages out of order",
        [k for k, seen in vintages.items() if seen != list(range(1, len(seen) + 1))],
    )


def _versions(evidence: Evidence) -> Findings:
    versions: dict[str, list[int]] = defaultdict(list)
    for record in evidence.firsts(METRICS):
        versions[record.key].append(record.content["version"])
    yield "metrics out of order", [k for k, seen in versions.items() if seen != sorted(set(seen))]
    if not evidence.log_was_cut:
        yield (
            "metrics lost on their way",
            [k for k, seen in versions.items() if len(seen) < max(seen)],
        )


def _compaction(evidence: Evidence) -> Findings:
    for topic in sorted(COMPACTED):
        last, highest = {}, Counter[str]()
        for record in evidence.log.get(topic, ()):
            last[record.key] = record.content["version"]
            highest[record.key] = max(highest[record.key], last[record.key])
        yield (
            f"compaction would leave what is old in {topic}",
            [key for key in last if last[key] < highest[key]],
        )


def _publishers(evidence: Evidence) -> Findings:
    newest = {r.key: r.content["version"] for r in evidence.firsts(PUBLISHERS)}
    for service in SERVICES:
        held = {
            row["organisation_number"]: row["version"]
            for row in evidence.rows(service, "known_publisher")
        }
        yield (
            f"{service} holds an older publisher",
            [k for k, version in newest.items() if held.get(k) != version],
        )


def _turns(evidence: Evidence) -> Findings:
    turns: dict[str, list[str]] = defaultdict(list)
    for record in evidence.firsts(MILESTONES):
        turns[record.content["goal_id"]].append(record.content["state"])
    yield (
        "milestones that do not alternate",
        [
            goal
            for goal, seen in turns.items()
            if any(a == b for a, b in zip(["open", *seen], seen, strict=False))
        ],
    )
