"""What a project is: its members and themes, goals, profile and measures."""

from services.registry.projects.rules.goals import Baseline, Direction, Goal, InterimTarget
from services.registry.projects.rules.measures import Measure, MeasureStatus
from services.registry.projects.rules.profiles import Mark, Profile, ThemeProfile
from services.registry.projects.rules.project import (
    JointUnit,
    Project,
    has_just_ended,
    revised_project,
)

__all__ = [
    "Baseline",
    "Direction",
    "Goal",
    "InterimTarget",
    "JointUnit",
    "Mark",
    "Measure",
    "MeasureStatus",
    "Profile",
    "Project",
    "ThemeProfile",
    "has_just_ended",
    "revised_project",
]
