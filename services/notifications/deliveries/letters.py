"""What a notification says: an event put into words for people, in their language.

Whole sentences are translated, never put together from words. Figures in a letter are the published
ones, which are open to all; names of persons and figures of small groups never come this far.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from services.notifications.deliveries.store import ToldEvent
from services.notifications.heard.rules import HeardMetric, Name, name_of
from shared.clock import local_date
from shared.events.envelope import Event
from shared.events.metrics import MilestoneEvent, TargetLost, TargetReached
from shared.events.reporting import ReportDue, ReportEvent, ReportOverdue, ReportSubmitted
from shared.mail.letter import Letter
from shared.values import Period, rounded
from shared.values.metrics import NO_AXES
from shared.web import languages, wording
from shared.web.languages import Language, Texts

TRANSLATIONS = Path(__file__).parent.parent / "translations"

_UNHEARD = HeardMetric(unit="", decimals=2, axes=())
"""A metric that the registry has not told of yet; its figures stand without a unit."""

_YEARS = re.compile(r"(\d{4})\s*-\s*(\d{4})\Z")

Told = MilestoneEvent | ReportEvent
"""The events that are written about; `MetricUpdated` goes to machines only."""


_WRITTEN_ABOUT: dict[str, type[Event]] = {
    cls.type(): cls
    for cls in (TargetReached, TargetLost, ReportDue, ReportOverdue, ReportSubmitted)
}


def load_texts() -> dict[Language, Texts]:
    """Read the translations; once, when the service starts."""
    return languages.load([TRANSLATIONS, wording.TRANSLATIONS])


def read_event(told: ToldEvent) -> Told:
    """Read an event that was kept for a mail.

    Raises:
        ValueError: it is none of those that mails are written about, or does not fit its contract.
    """
    cls = _WRITTEN_ABOUT.get(told.type)
    if cls is None:
        raise ValueError(f"no letter is written about {told.type}")
    event = cls.from_wire(str(told.event_id), told.occurred_at.isoformat(), told.payload)
    assert isinstance(event, Told)
    return event


def write(
    event: Told,
    texts: Texts,
    names: Mapping[str, Name],
    metrics: Mapping[str, HeardMetric],
) -> Letter:
    """Put an event into words.

    Args:
        event: what happened.
        texts: the reader's language.
        names: by subject, for what the event speaks of.
        metrics: by id, for what the event measures.
    """
    if isinstance(event, TargetReached | TargetLost):
        return _milestone(event, texts, names, metrics.get(event.metric, _UNHEARD))
    return _report(event, texts, names)


def subjects_of(event: Told) -> list[str]:
    """Return the subjects whose names a letter about this event needs."""
    if isinstance(event, TargetReached | TargetLost):
        kind, _, rest = event.subject.partition("/")
        above = [f"municipality/{rest.partition('/')[0]}"] if kind == "unit" else []
        return [event.subject, f"project/{event.project_id}", f"metric/{event.metric}", *above]
    return [f"project/{event.project_id}", f"report-kind/{event.report_kind}"]


def metrics_of(event: Told) -> list[str]:
    """Return the ids of the metrics that a letter about this event needs."""
    return [event.metric] if isinstance(event, TargetReached | TargetLost) else []


def _milestone(
    event: MilestoneEvent, texts: Texts, names: Mapping[str, Name], metric: HeardMetric
) -> Letter:
    headline = _milestone_headline(event, texts, names)
    period = Period.parse(event.period)
    values = {
        "headline": headline,
        "metric": texts.named(name_of(f"metric/{event.metric}", names)),
        "value": wording.amount(
            event.value, metric.unit, texts, _telling_places(event.value, event.target)
        ),
        "bound": _bound(event, metric, texts),
        "baseline": texts.gettext("%(value)s (%(period)s)")
        % {
            "value": _as_given(event.baseline.value, metric, texts),
            "period": _YEARS.sub(r"\1–\2", event.baseline.period),
        },
        "window": wording.window_of(event.window, period, texts),
        "short": wording.window_of(
            event.window, period, texts, today=local_date(event.occurred_at)
        ),
    }
    subject = texts.gettext("%(headline)s: %(value)s %(short)s (%(metric)s)") % values
    sentence = texts.gettext(
        "%(metric)s %(window)s: %(value)s. The target is %(bound)s, and the starting point was"
        " %(baseline)s."
    )
    return Letter(
        language=texts.language,
        subject=_marked(subject, event.generated, texts),
        headline=headline,
        sentences=(sentence % values, _cause(event, texts)),
        facts=(
            (texts.gettext("Result"), values["value"]),
            (texts.gettext("Target"), values["bound"]),
            (texts.gettext("Starting point"), values["baseline"]),
            (texts.gettext("Project"), texts.named(name_of(f"project/{event.project_id}", names))),
            (texts.gettext("What is counted"), _counted(event, values["metric"], metric, texts)),
        ),
        path=_board(event.subject),
        action=texts.gettext("See it in Saman"),
        is_generated=event.generated,
    )


def _milestone_headline(event: MilestoneEvent, texts: Texts, names: Mapping[str, Name]) -> str:
    name = texts.named(name_of(event.subject, names))
    if isinstance(event, TargetReached):
        return texts.gettext("%(name)s reached its target") % {"name": name}
    return texts.gettext("%(name)s no longer meets its target") % {"name": name}


def _bound(event: MilestoneEvent, metric: HeardMetric, texts: Texts) -> str:
    is_falling = event.target < event.baseline.value
    bound = (
        texts.gettext("%(target)s or lower")
        if is_falling
        else texts.gettext("%(target)s or higher")
    )
    return bound % {"target": _as_given(event.target, metric, texts)}


def _counted(event: MilestoneEvent, name: str, metric: HeardMetric, texts: Texts) -> str:
    """Say what a figure counts: the metric and its definition, by its key where it is not known."""
    definition = metric.definition(event.definition_key)
    said = wording.definition(definition, texts) if definition else event.definition_key
    return name if said == NO_AXES else f"{name}: {said}"


def _report(event: ReportEvent, texts: Texts, names: Mapping[str, Name]) -> Letter:
    values = {
        "kind": texts.named(name_of(f"report-kind/{event.report_kind}", names)),
        "period": wording.period_name(Period.parse(event.period), texts),
        "project": texts.named(name_of(f"project/{event.project_id}", names)),
        "opens": texts.day(event.opens_on),
        "day": texts.day(event.due_on),
    }
    facts = [
        (texts.gettext("Project"), values["project"]),
        (texts.gettext("Report"), values["kind"]),
        (texts.gettext("Period"), values["period"]),
        (texts.gettext("Deadline"), values["day"]),
    ]
    match event:
        case ReportDue():
            headline = texts.gettext("%(kind)s for %(period)s from %(project)s: due %(day)s")
            sentence = texts.gettext(
                "The report can be handed in from %(opens)s. The deadline is %(day)s."
            )
        case ReportOverdue():
            headline = texts.gettext(
                "%(kind)s for %(period)s from %(project)s is overdue: it was due %(day)s"
            )
            sentence = texts.gettext("The deadline was %(day)s, and no report has come in.")
        case ReportSubmitted():
            headline = texts.gettext("%(kind)s for %(period)s from %(project)s has been handed in")
            sentence = _punctuality(event, texts)
            values["days"] = texts.number(event.days_late, 0)
            facts.append((texts.gettext("Handed in"), texts.day(local_date(event.submitted_at))))
            if event.version > 1:
                facts.append((texts.gettext("Version"), texts.number(event.version, 0)))
    headline = headline % values
    return Letter(
        texts.language,
        headline,
        headline,
        (sentence % values,),
        tuple(facts),
        path="/",
        action=texts.gettext("See it in Saman"),
    )


def _punctuality(event: ReportSubmitted, texts: Texts) -> str:
    if event.days_late <= 0:
        return texts.gettext("It came in time; the deadline was %(day)s.")
    return texts.ngettext(
        "It came %(days)s day after the deadline, which was %(day)s.",
        "It came %(days)s days after the deadline, which was %(day)s.",
        event.days_late,
    )


def _cause(event: MilestoneEvent, texts: Texts) -> str:
    match event.cause:
        case "figure":
            return texts.gettext("This follows from a new figure.")
        case "correction":
            return texts.gettext("This follows from the correction of an earlier figure.")
        case (
            "goal-changed"
        ):  # also where the members of a group are others now; the event does not tell them apart
            return texts.gettext(
                "This follows from a new or changed goal, or from a change of who takes part."
            )


def _telling_places(value: Decimal, target: Decimal) -> int:
    """Return how many decimals a result needs so that it lies on the same side of the target as it
    is told.

    Goals are judged unrounded: 6.93 misses a target of 6.9, and `6,9 %` would hide that.
    """
    return 1 if rounded(value, 1).compare(target) == value.compare(target) else 2


def _as_given(number: Decimal, metric: HeardMetric, texts: Texts) -> str:
    """Write a number that was agreed on, a target or a starting point, with all its decimals."""
    exponent = number.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return wording.amount(number, metric.unit, texts, max(1, -exponent))


def _board(subject: str) -> str:
    kind, _, rest = subject.partition("/")
    return f"/metrics/boards/{rest.partition('/')[0]}" if kind in ("municipality", "unit") else "/"


def _marked(subject: str, is_generated: bool, texts: Texts) -> str:
    return (
        texts.gettext("[Generated] %(subject)s") % {"subject": subject} if is_generated else subject
    )
