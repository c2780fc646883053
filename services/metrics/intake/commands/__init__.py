"""What can be done to metrics: one function, one use case, one transaction, which the caller
opens.
"""

from services.metrics.intake.commands.figures import apply_figures
from services.metrics.intake.commands.registry import (
    begin_day,
    go_on_from,
    hear_metrics,
    hear_municipalities,
    hear_programmes,
    hear_projects,
)

__all__ = [
    "apply_figures",
    "begin_day",
    "go_on_from",
    "hear_metrics",
    "hear_municipalities",
    "hear_programmes",
    "hear_projects",
]
