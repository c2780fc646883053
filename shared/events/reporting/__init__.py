"""What reporting publishes: accepted figures with every vintage, reports that are owed, and
receipts.
"""

from shared.events.reporting.figures import (
    AbsenceFigure,
    AbsenceFigureInForce,
    AbsenceFigurePosted,
    AcceptedFigure,
    FigureEvent,
    FigureInForce,
    FigurePosted,
    FigureWindow,
    FigureWithdrawn,
    FindingContract,
    IndicatorFigure,
    IndicatorFigureInForce,
    IndicatorFigurePosted,
    WeightKind,
    WorkforceFigure,
    WorkforceFigureInForce,
    WorkforceFigurePosted,
)
from shared.events.reporting.receipts import ErrorContract, SubmissionAccepted, SubmissionRejected
from shared.events.reporting.reports import (
    Missing,
    ReportDue,
    ReportEvent,
    ReportOverdue,
    ReportSubmitted,
)
from shared.events.reporting.rounds import (
    ExpectedFigures,
    FormPublished,
    ReminderStep,
    RoundChanged,
    RoundEvent,
    RoundOpened,
)
from shared.events.reporting.topics import TOPICS

__all__ = [
    "TOPICS",
    "AbsenceFigure",
    "AbsenceFigureInForce",
    "AbsenceFigurePosted",
    "AcceptedFigure",
    "ErrorContract",
    "ExpectedFigures",
    "FigureEvent",
    "FigureInForce",
    "FigurePosted",
    "FigureWindow",
    "FigureWithdrawn",
    "FindingContract",
    "FormPublished",
    "IndicatorFigure",
    "IndicatorFigureInForce",
    "IndicatorFigurePosted",
    "Missing",
    "ReminderStep",
    "ReportDue",
    "ReportEvent",
    "ReportOverdue",
    "ReportSubmitted",
    "RoundChanged",
    "RoundEvent",
    "RoundOpened",
    "SubmissionAccepted",
    "SubmissionRejected",
    "WeightKind",
    "WorkforceFigure",
    "WorkforceFigureInForce",
    "WorkforceFigurePosted",
]
