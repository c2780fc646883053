"""Groups of municipalities - project, cohort, theme, county, programme: who belongs to which now,
and what their members bring in together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.metrics.goals.rules import Goal
from services.metrics.heard.rules import ALWAYS, Life, Membership
from services.metrics.series.rules.figures import Figure, SeriesKey, Weighing
from services.metrics.series.rules.formulas import Formula
from services.metrics.series.rules.stretch import Part
from shared.values import Metric


@dataclass(frozen=True, slots=True)
class Roster:
    """Membership as it is now, and goals.

    Attributes:
        groups_of: the groups of each municipality.
        members_of: the municipalities of each group, each once.
        memberships: how many members a group has when.
        goals_of: the goals judged on each series.
        lives: when each municipality existed, where that is known.
        formulas: how values of each metric are worked out that was heard of.
    """

    groups_of: Mapping[str, Sequence[str]]
    members_of: Mapping[str, Sequence[str]]
    memberships: Mapping[str, Membership]
    goals_of: Mapping[SeriesKey, Sequence[Goal]]
    lives: Mapping[str, Life]
    formulas: Mapping[str, Formula]

    @classmethod
    def of(
        cls,
        members: Iterable[tuple[str, str]],
        lives: Mapping[str, Life],
        goals: Iterable[Goal],
        metrics: Iterable[Metric],
    ) -> "Roster":
        """Put a roster together.

        Args:
            members: (group, municipality) pairs, which may repeat.
        """
        members_of: dict[str, list[str]] = {}
        groups_of: dict[str, list[str]] = {}
        goals_of: dict[SeriesKey, list[Goal]] = {}
        for group, municipality_id in sorted(set(members)):
            members_of.setdefault(group, []).append(municipality_id)
            groups_of.setdefault(municipality_id, []).append(group)
        for goal in sorted(goals, key=lambda goal: (goal.project_id, goal.goal_id)):
            goals_of.setdefault(goal.series, []).append(goal)
        memberships = {
            group: Membership(lives.get(one, ALWAYS) for one in municipalities)
            for group, municipalities in members_of.items()
        }
        formulas = {metric.metric_id: Formula.of(metric) for metric in metrics}
        return cls(groups_of, members_of, memberships, goals_of, lives, formulas)

    def exists(self, municipality_id: str, last_month: int) -> bool:
        """Tell whether a municipality existed in the last month of a period; when a reform is told
        late, it may not.
        """
        return self.lives.get(municipality_id, ALWAYS).holds(last_month)


def group_parts(
    members: Mapping[str, Sequence[str]], figures: Mapping[str, Figure], formula: Formula
) -> dict[str, Part]:
    """Return what each group's members bring in together in one period.

    Sums of numerators over sums of denominators (FORMULAS 1.1, "Aggregation"), scores by their
    weights, counts added up. Members with other weights, or without a figure, are missing, which
    the coverage shows. A group with a withheld member is withheld: whoever has its total in
    several versions, windows or definitions could subtract (docs/decisions/0031).

    Args:
        members: the municipalities of each group.
        figures: the figures in force in the period, by municipality.
        formula: of the metric.
    """
    adding = {one: figure for one, figure in figures.items() if figure.joins_groups}
    terms = {one: figure.terms(formula.scale) for one, figure in adding.items()}
    small = {
        one
        for one, f in adding.items()
        if f.withheld or formula.is_small(f.persons, unknown_is_small=False)
    }
    generated = {one for one, figure in adding.items() if figure.generated}
    values = {one for one, figure in adding.items() if figure.weighing != Weighing.PARTS}
    parts = {}
    for group, ids in members.items():
        present = [one for one in ids if one in terms]
        numerator = denominator = 0
        for one in present:
            added, weight = terms[one]
            numerator += added
            denominator += weight
        if formula.is_count and present:
            denominator = 1
        weighing = Weighing.PARTS if values.isdisjoint(present) else Weighing.WEIGHTED
        hidden, made_up = not small.isdisjoint(present), not generated.isdisjoint(present)
        parts[group] = Part(numerator, denominator, weighing, len(present), hidden, made_up)
    return parts
