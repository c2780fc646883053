"""The topics that reporting writes to."""

from shared.events.reporting.figures import AbsenceFigurePosted
from shared.events.reporting.reports import ReportDue
from shared.events.reporting.rounds import FormPublished, RoundOpened
from shared.events.topics import Topic

TOPICS = (
    Topic(AbsenceFigurePosted.topic()),
    Topic(ReportDue.topic()),
    Topic(FormPublished.topic(), cleanup="compact"),
    Topic(RoundOpened.topic(), cleanup="compact"),
)
"""Figures and reports are kept for ever; of a form and a round
the last event says all.
"""
