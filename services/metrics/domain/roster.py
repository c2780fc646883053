"""Who belongs to which group now, and which goals are judged on which series."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.metrics.domain.goals import Goal
from services.metrics.domain.groups import ALWAYS, Life, Membership

SeriesKey = tuple[str, str]
"""Subject and definition key."""

NUMBERS_HELD_BEFORE = date(2013, 1, 1)
"""The registry's municipalities begin on this day; before it those of 2013 hold (CONTRACTS 1), so
it is no birth.
"""


@dataclass(frozen=True, slots=True)
class Roster:
    """Membership as it is now, and goals.

    Attributes:
        groups_of: the groups of each municipality.
        members_of: the municipalities of each group, each once.
        memberships: how many members a group has when.
        goals_of: the goals judged on each series.
        lives: when each municipality existed, where that is known.
    """

    groups_of: Mapping[str, Sequence[str]]
    members_of: Mapping[str, Sequence[str]]
    memberships: Mapping[str, Membership]
    goals_of: Mapping[SeriesKey, Sequence[Goal]]
    lives: Mapping[str, Life]

    @classmethod
    def of(
        cls, members: Iterable[tuple[str, str]], lives: Mapping[str, Life], goals: Iterable[Goal]
    ) -> "Roster":
        """Put a roster together from (group, municipality) pairs, which may repeat, known lives,
        and goals.
        """
        members_of: dict[str, list[str]] = {}
        groups_of: dict[str, list[str]] = {}
        goals_of: dict[SeriesKey, list[Goal]] = {}
        for group, municipality_id in sorted(set(members)):
            members_of.setdefault(group, []).append(municipality_id)
            groups_of.setdefault(municipality_id, []).append(group)
        for goal in sorted(goals, key=lambda goal: (goal.project_id, goal.goal_id)):
            goals_of.setdefault((goal.subject, goal.definition_key), []).append(goal)
        memberships = {
            group: Membership(lives.get(one, ALWAYS) for one in municipalities)
            for group, municipalities in members_of.items()
        }
        return cls(groups_of, members_of, memberships, goals_of, lives)

    def exists(self, municipality_id: str, last_month: int) -> bool:
        """Tell whether a municipality existed in the last month of a period; when a reform is told
        late, it may not.
        """
        return self.lives.get(municipality_id, ALWAYS).holds(last_month)


def life_of(first_day: date, end: date | None) -> Life:
    """Return when a municipality existed, from its first day until the first day no longer so."""
    born = None if first_day <= NUMBERS_HELD_BEFORE else first_day.year * 12 + first_day.month - 1
    ended = None if end is None else end.year * 12 + end.month - 1
    return Life(born, ended)


def is_member(start: date | None, end: date | None, today: date) -> bool:
    """Tell whether a membership from a first to a last day, none means always so far, or still,
    holds today.
    """
    return (start is None or start <= today) and (end is None or end >= today)


def next_turn(memberships: Iterable[tuple[date | None, date | None]], today: date) -> date | None:
    """Return the next day on which one of these begins to hold or holds no more; None when none
    will.

    Args:
        memberships: first and last days, as of `is_member`.
        today: the day from which to look on.
    """
    starts, ends = [], []
    for start, end in memberships:
        starts.append(start)
        ends.append(None if end is None or end == date.max else end + timedelta(days=1))
    return min((day for day in (*starts, *ends) if day is not None and day > today), default=None)
