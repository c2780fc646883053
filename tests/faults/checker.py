"""The checker: judges evidence by the invariants, and returns what is wrong; nothing when all of
them hold.

I1 what was accepted is kept once, what was refused is not. I2 what is kept is in the log, and
nothing else. I3 events of one key come in order, repetitions are equal byte for byte, and
compaction would leave the newest state. I4 metrics and goals are what an independent computation
makes of the figures. I5 each subscriber is told once of each event. I6 each consumed record is in
exactly one of: inbox, dead letters, of no use, receipted; and everything is consumed. I7 the audit
log is whole and covers each figure once. I8 what is secret is nowhere. I9 it becomes quiet again. R
nothing is ever sent where a record asked for.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.faults.evidence import Evidence
from tests.faults.handling import handled_once, told_once
from tests.faults.log_order import in_order, in_the_log, posted_ids
from tests.faults.sources import FIGURES, METRICS, MILESTONES, Findings, receipts_of
from tests.faults.truth import goals_of, posted_of, state_of
from tests.faults.world import VICTIM
from tests.faults.writing import IDENTITY_NUMBER
from tests.metrics.recomputation import period_text, recompute

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One way in which an invariant does not hold.

    Attributes:
        invariant: `I1` to `I9`, or `R`.
        count: how many things it is true of.
        examples: some of them.
    """

    invariant: str
    sentence: str
    count: int
    examples: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.invariant}: {self.sentence} ({self.count}, such as {', '.join(self.examples)})"
        )


def check(evidence: Evidence) -> list[Finding]:
    """Return everything that is wrong."""
    found = []
    for judge in (
        kept_once,
        in_the_log,
        in_order,
        recomputed,
        told_once,
        handled_once,
        audited,
        secret,
        quiet,
        not_answered,
    ):
        assert judge.__doc__ is not None
        invariant = judge.__doc__.partition(":")[0]
        for sentence, things in judge(evidence):
            examples = sorted({str(thing)[:200] for thing in things})
            if examples:
                found.append(Finding(invariant, sentence, len(examples), tuple(examples[:SHOWN])))
    return found


def kept_once(evidence: Evidence) -> Findings:
    """I1: accepted is kept exactly once, refused is not kept, and everything has an answer."""
    kept = Counter(
        (row["publisher"], row["figure_id"]) for row in evidence.rows("reporting", "figure")
    )
    receipts = receipts_of(evidence)
    answers = {
        (one.publisher, one.figure_id): one.answer or receipts.get(one.figure_id)
        for one in evidence.sent
    }
    yield "no answer ever came", [key for key, answer in answers.items() if answer is None]
    yield (
        "accepted and lost",
        [key for key, answer in answers.items() if answer == "accepted" and not kept[key]],
    )
    yield (
        "refused and kept",
        [key for key, answer in answers.items() if answer == "rejected" and kept[key]],
    )
    yield "kept twice", [key for key, count in kept.items() if count > 1]
    yield "kept and never sent", [key for key in kept if key not in answers]
    withdrawn = {
        row["figure_id"] for row in evidence.rows("reporting", "figure") if row["withdrawn"]
    }
    yield (
        "withdrawn and still there",
        [o.figure_id for o in evidence.sent if o.withdrawn and o.figure_id not in withdrawn],
    )


def recomputed(evidence: Evidence) -> Findings:
    """I4: the last published states, those kept, and the goals are what the figures make them."""
    known = {row["figure_id"] for row in evidence.rows("metrics", "figure")}
    yield "figures that metrics never kept", posted_ids(evidence) - known
    figures = posted_of(evidence.firsts(FIGURES))
    expected = recompute(figures, evidence.world.groups)
    told: dict[tuple[str, str, str], dict[str, Any]] = {}
    for record in evidence.firsts(METRICS):
        content = record.content
        told[content["subject"], content["definition_key"], content["period"]] = content
    mine = {key: content for key, content in told.items() if not key[0].startswith("county/")}
    yield "states never published", expected.keys() - mine.keys()
    yield "states that follow from nothing", mine.keys() - expected.keys()
    both = expected.keys() & mine.keys()
    yield (
        "published states that are wrong",
        [key for key in both if state_of(mine[key]) != state_of(expected[key])],
    )
    kept = {
        (r["subject"], r["definition_key"], period_text(r["last_month"], r["months"])): r
        for r in evidence.rows("metrics", "state")
    }
    yield (
        "kept states that are not those published",
        [
            key
            for key, row in kept.items()
            if key not in told or row["version"] != told[key]["version"]
        ],
    )
    states = {}
    for record in evidence.firsts(MILESTONES):
        states[record.content["goal_id"]] = record.content["state"]
    judged = goals_of(figures, evidence.world.goals)
    yield (
        "goals that stand wrong",
        [goal for goal, state in judged.items() if states.get(goal, "open") != state],
    )


def audited(evidence: Evidence) -> Findings:
    """I7: the audit log's chain is whole, and each figure is claimed by exactly one entry."""
    for service, faults in evidence.audit.items():
        yield f"the audit log of {service}", faults


def secret(evidence: Evidence) -> Findings:
    """I8: no secret and no identity number in a database, a program's log, an event of ours or a
    webhook.
    """
    ours = [
        r
        for topic, records in evidence.log.items()
        if not topic.startswith("inbound.")
        for r in records
    ]
    for name, text in {**evidence.world.secrets, "an identity number": IDENTITY_NUMBER}.items():
        yield (
            f"{name} is kept by",
            [service for service, kept in evidence.text.items() if text in kept],
        )
        yield (
            f"{name} is in the log of",
            [program for program, said in evidence.said.items() if text in said],
        )
        yield f"{name} was published in", [r.origin for r in ours if r.has(text)]
        calls = (call for call in evidence.calls if text in call.body or text in str(call.headers))
        yield f"{name} was sent in", [call.headers["webhook-id"] for call in calls]


def quiet(evidence: Evidence) -> Findings:
    """I9: after the last fault everything comes to rest."""
    yield "it did not", [evidence.stuck] if evidence.stuck else []


def not_answered(evidence: Evidence) -> Findings:
    """R: nothing is sent where a record asked for an answer."""
    yield (
        "somebody else's topic was written to",
        [record.origin for record in evidence.log.get(VICTIM, ())],
    )
