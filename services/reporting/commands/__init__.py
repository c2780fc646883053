"""What reporting can do; one function is one use case in the caller's transaction."""

from services.reporting.commands.figures import post_figures
from services.reporting.commands.heard import hear_municipalities, hear_projects
from services.reporting.commands.judging import Judged, refuse_record, reject_unknown_type, withhold
from services.reporting.commands.reports import load_round, submit_reports, turn_states
from services.reporting.commands.withdrawals import withdraw_figures

__all__ = [
    "Judged",
    "hear_municipalities",
    "hear_projects",
    "load_round",
    "post_figures",
    "refuse_record",
    "reject_unknown_type",
    "submit_reports",
    "turn_states",
    "withdraw_figures",
    "withhold",
]
