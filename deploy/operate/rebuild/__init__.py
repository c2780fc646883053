"""Rebuilding metrics from the log, live: a second database is filled, compared, and put in the
first one's place.
"""

from deploy.operate.rebuild.run import Outcome, Target, rebuild

__all__ = ["Outcome", "Target", "rebuild"]
