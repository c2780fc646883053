"""Judges what became of each event and record: told once, handled once (I5, I6)."""

from collections import Counter, defaultdict
from collections.abc import Callable

from deploy.services import SERVICES, wiring
from shared.events.envelope import Event
from tests.faults.evidence import Evidence, Logged
from tests.faults.sources import DELIVERIES, METRICS, MILESTONES, REPORTS, Findings, receipts_of


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
        yield from _in_one_place(evidence, service)
    yield from _receipted(evidence)


def _in_one_place(evidence: Evidence, service: str) -> Findings:
    """Judge a service's events: each is in its inbox, or in its dead letters, or of no use."""
    claimed = Counter((row["consumer"], row["event_id"]) for row in evidence.rows(service, "inbox"))
    letters = [row for row in evidence.rows(service, "dead_letter") if row["state"] != "replayed"]
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


def _receipted(evidence: Evidence) -> Findings:
    """Judge the inbound topics: each record has a receipt, and no record that was accepted is
    buried. One that cannot be read has both: a receipt, and a dead letter for the operator.
    """
    receipts = receipts_of(evidence)
    firsts = [
        receipt
        for topic in evidence.log
        if topic.startswith("receipts.")
        for receipt in evidence.firsts(topic)
    ]
    origins = {receipt.content.get("origin") for receipt in firsts}
    accepted = {r.content.get("origin") for r in firsts if r.type == "SubmissionAccepted"}
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
            f"{topic} accepted and buried",
            [
                r.origin
                for r in evidence.log[topic]
                if r.origin in accepted & buried_inbound and not evidence.log_was_cut
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
