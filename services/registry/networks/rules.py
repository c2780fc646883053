"""What a network must be."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from services.registry.entries.rules import (
    Names,
    check_distinct,
    check_forward,
    check_id,
    check_names,
    revised,
)
from services.registry.programmes.rules import Programme
from shared.errors import RuleBroken


@dataclass(frozen=True, slots=True)
class NetworkMember:
    """A project's part in a network, from a first to a last day; none means always, or still."""

    project_id: str
    from_: date | None = None
    to: date | None = None

    def overlaps(self, other: "NetworkMember") -> bool:
        """Tell whether both hold for the same project on some day."""
        return (
            self.project_id == other.project_id
            and (self.from_ or date.min) <= (other.to or date.max)
            and (other.from_ or date.min) <= (self.to or date.max)
        )

    def holds(self, on: date) -> bool:
        """Tell whether the project is in the network on a day."""
        return (self.from_ or date.min) <= on <= (self.to or date.max)


@dataclass(frozen=True, slots=True)
class Network:
    """A network as it is registered.

    Attributes:
        cohort_ids, theme_ids: what its projects have in common.
        goals: what it wants to reach, in words.
        version: rises by one with every change of this state, from 1.
    """

    network_id: str
    programme_id: str
    names: Names
    cohort_ids: tuple[str, ...] = ()
    theme_ids: tuple[str, ...] = ()
    members: tuple[NetworkMember, ...] = ()
    goals: tuple[Names, ...] = ()
    version: int = 1


def revised_network(
    present: Network | None,
    wanted: Network,
    programme: Programme,
    programme_of_project: Mapping[str, str],
) -> Network | None:
    """Judge a network that was put; none when it is as it was.

    Args:
        programme_of_project: the programme of each project that is registered, by project id.

    Raises:
        RuleBroken: `id-malformed`, `id-repeated`, `name-malformed`, `cohort-unknown`,
            `theme-unknown`, `project-unknown`, `project-of-another-programme`, `member-repeated`,
            `days-reversed` or `programme-fixed`.
    """
    check_id(wanted.network_id, "network")
    check_names(wanted.names, "network")
    for goal in wanted.goals:
        check_names(goal, "goal of a network")
    _check_parts(wanted, programme)
    _check_members(wanted, programme_of_project)
    if present is not None and present.programme_id != wanted.programme_id:
        raise RuleBroken(
            f"network {wanted.network_id} belongs to programme {present.programme_id} and stays"
            f" there, got {wanted.programme_id}",
            code="programme-fixed",
        )
    return revised(present, wanted)


def _check_parts(network: Network, programme: Programme) -> None:
    known = {
        "cohort": (network.cohort_ids, [cohort.cohort_id for cohort in programme.cohorts]),
        "theme": (network.theme_ids, [theme.theme_id for theme in programme.themes]),
    }
    for what, (wanted, there) in known.items():
        check_distinct(wanted, what)
        for each in wanted:
            if each not in there:
                raise RuleBroken(
                    f"programme {programme.programme_id} has no {what} {each[:80]!r}",
                    code=f"{what}-unknown",
                )


def _check_members(network: Network, programme_of_project: Mapping[str, str]) -> None:
    seen: list[NetworkMember] = []
    for member in network.members:
        programme_id = programme_of_project.get(member.project_id)
        if programme_id is None:
            raise RuleBroken(
                f"no project {member.project_id[:80]!r} is registered", code="project-unknown"
            )
        if programme_id != network.programme_id:
            raise RuleBroken(
                f"project {member.project_id} belongs to programme {programme_id} and cannot be in"
                f" a network of {network.programme_id}",
                code="project-of-another-programme",
            )
        check_forward(member.from_, member.to, f"the membership of {member.project_id}")
        if any(member.overlaps(other) for other in seen):
            raise RuleBroken(
                f"{member.project_id} stands twice for the same days; end the first before the"
                " second begins",
                code="member-repeated",
            )
        seen.append(member)
