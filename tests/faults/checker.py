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

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from deploy.services import SERVICES, wiring
from shared.events.catalogue import COMPACTED
from shared.events.envelope import Event
from tests.faults.evidence import Evidence, Logged
from tests.faults.truth import goals_of, posted_of, state_of
from tests.faults.world import VICTIM
from tests.faults.writing import IDENTITY_NUMBER
from tests.metrics.recomputation import period_text, recompute

FIGURES = "reporting.figure.v1"
METRICS = "metrics.metric.v1"
MILESTONES = "metrics.milestone.v1"
REPORTS = "reporting.report.v1"
PUBLISHERS = "registry.publisher.v1"
DELIVERIES = "notifications.delivery.v1"
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


Findings = Iterator[tuple[str, Iterable[Any]]]


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


def in_the_log(evidence: Evidence) -> Findings:
    """I2: every figure that is kept was published, and every one that was published is kept."""
    kept = {row["figure_id"] for row in evidence.rows("reporting", "figure")}
    told = _posted_ids(evidence)
    yield "kept and never published", kept - told
    yield "published and not kept", told - kept
    for service in SERVICES:
        yield (
            f"left in the outbox of {service}",
            [row["event_id"] for row in evidence.rows(service, "outbox")],
        )


def _posted_ids(evidence: Evidence) -> set[str]:
    return {
        r.content["figure_id"] for r in evidence.firsts(FIGURES) if r.type == "AbsenceFigurePosted"
    }


def in_order(evidence: Evidence) -> Findings:
    """I3: first occurrences of a key rise by one, repetitions equal the first byte for byte, the
    newest stands last.
    """
    for topic in (FIGURES, METRICS, MILESTONES, DELIVERIES):
        first: dict[str, Logged] = {}
        for record in evidence.log.get(topic, ()):
            first.setdefault(record.id, record)
        unlike = [r.origin for r in evidence.log.get(topic, ()) if r.value != first[r.id].value]
        yield f"repeated in {topic} with other content", unlike
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
    versions: dict[str, list[int]] = defaultdict(list)
    for record in evidence.firsts(METRICS):
        versions[record.key].append(record.content["version"])
    yield "metrics out of order", [k for k, seen in versions.items() if seen != sorted(set(seen))]
    for topic in sorted(COMPACTED):
        last, highest = {}, Counter[str]()
        for record in evidence.log.get(topic, ()):
            last[record.key] = record.content["version"]
            highest[record.key] = max(highest[record.key], last[record.key])
        yield (
            f"compaction would leave what is old in {topic}",
            [key for key in last if last[key] < highest[key]],
        )
    if not evidence.log_was_cut:
        yield (
            "metrics lost on their way",
            [k for k, seen in versions.items() if len(seen) < max(seen)],
        )
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


def recomputed(evidence: Evidence) -> Findings:
    """I4: the last published states, those kept, and the goals are what the figures make them."""
    known = {row["figure_id"] for row in evidence.rows("metrics", "figure")}
    yield "figures that metrics never kept", _posted_ids(evidence) - known
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


def told_once(evidence: Evidence) -> Findings:
    """I5: one delivery for each subscriber and event, delivered, heard by the receiver under one id
    with one body.
    """
    followed = set(evidence.world.followed)
    wanted = {("milestones", record.id) for record in evidence.firsts(MILESTONES)}
    wanted |= {
        ("metrics", r.id) for r in evidence.firsts(METRICS) if r.content["subject"] in followed
    }
    wanted |= {
        ("rounds", r.id)
        for r in evidence.firsts(REPORTS)
        if r.type in ("ReportDue", "ReportOverdue")
    }
    rows = evidence.rows("notifications", "delivery")
    count = Counter((row["subscription_id"], row["event_id"]) for row in rows)
    yield "not told", wanted - count.keys()
    yield "told without cause", count.keys() - wanted
    yield "told twice", [key for key, times in count.items() if times > 1]
    yield "not delivered", [row["delivery_id"] for row in rows if row["state"] != "delivered"]
    bodies: dict[str, set[str]] = defaultdict(set)
    for call in evidence.calls:
        bodies[call.headers.get("webhook-id", "?")].add(call.body)
    ids = {row["delivery_id"] for row in rows}
    yield "the receiver never heard of", ids - bodies.keys()
    yield "the receiver heard of what nobody owed it", bodies.keys() - ids
    yield "one id with two bodies", [id_ for id_, different in bodies.items() if len(different) > 1]
    ended = Counter(record.content["delivery_id"] for record in evidence.firsts(DELIVERIES))
    yield "deliveries not told of exactly once", [id_ for id_ in ids if ended[id_] != 1]


def handled_once(evidence: Evidence) -> Findings:
    """I6: everything is consumed, and each record is in exactly one of inbox, dead letters, of no
    use, receipted.
    """
    for group, places in evidence.behind.items():
        yield (
            f"{group} has not consumed",
            [place for place, (done, end) in places.items() if done < end],
        )
        yield (
            f"{group} has committed what is not there",
            [p for p, (done, end) in places.items() if done > end],
        )
    for service in SERVICES:
        claimed = Counter(
            (row["consumer"], row["event_id"]) for row in evidence.rows(service, "inbox")
        )
        letters = [
            row for row in evidence.rows(service, "dead_letter") if row["state"] != "replayed"
        ]
        buried = {(row["consumer"], row["origin"]) for row in letters}
        app = wiring(service).create_app(
            wiring(service).Settings(database_dsn="postgresql://nowhere/none")
        )
        for group, delivery in app.state.service.deliveries.items():
            subscription = delivery.subscription
            if subscription.is_inbound:
                continue
            use = _of_use(evidence, group, subscription.events)
            held = {
                record: claimed[group, record.id] + ((group, record.origin) in buried)
                for record in evidence.log.get(subscription.topic, ())
            }
            yield (
                f"{group} never handled",
                [r.origin for r, times in held.items() if use(r) and not times],
            )
            yield f"{group} has in two places", [r.origin for r, times in held.items() if times > 1]
            yield (
                f"{group} has no use for",
                [r.origin for r, times in held.items() if times and not use(r)],
            )
    receipts = receipts_of(evidence)
    origins = {
        r.content.get("origin")
        for t in evidence.log
        if t.startswith("receipts.")
        for r in evidence.firsts(t)
    }
    buried_inbound = {row["origin"] for row in evidence.rows("reporting", "dead_letter")}
    if evidence.log_was_cut:
        origins |= buried_inbound
    for topic in (topic for topic in evidence.log if topic.startswith("inbound.")):
        yield (
            f"{topic} without receipt",
            [
                r.origin
                for r in evidence.log[topic]
                if r.id not in receipts and r.origin not in origins
            ],
        )
        yield (
            f"{topic} receipted and buried",
            [
                r.origin
                for r in evidence.log[topic]
                if r.id in receipts and r.origin in buried_inbound
            ],
        )


def _of_use(
    evidence: Evidence, group: str, events: tuple[type[Event], ...]
) -> Callable[[Logged], bool]:
    """Return what tells whether a record is of use to a group: its type, and for metrics who
    follows its subject.
    """
    types = {event.__name__ for event in events}
    followed = set(evidence.world.followed)
    if group == "notifications.metrics.metric":
        return lambda record: record.type in types and record.key.partition("|")[0] in followed
    return lambda record: record.type in types


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
