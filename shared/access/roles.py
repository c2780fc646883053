"""What people may do: roles with a scope and dates, and the table of what each role is for.

The table is the whole of it (CONTRACTS 3, "Who sees what"). `auth.require` reads it and nothing
else decides; a test walks every route, role and object by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Role(StrEnum):
    """What somebody is in a programme."""

    SECRETARIAT = "secretariat"
    NETWORK_LEAD = "network-lead"
    PROJECT_OWNER = "project-owner"
    PROJECT_MANAGER = "project-manager"
    PARTY_REPRESENTATIVE = "party-representative"
    REVIEWER = "reviewer"
    READER = "reader"


class Party(StrEnum):
    """The three parties of the cooperation (trepartssamarbeid)."""

    ELECTED = "elected"
    ADMINISTRATION = "administration"
    UNION_AND_STAFF = "union_and_staff"


OF_PROJECTS = frozenset({Role.PROJECT_OWNER, Role.PROJECT_MANAGER, Role.PARTY_REPRESENTATIVE})
"""Roles that are held in one project."""


class Action(StrEnum):
    """What can be asked for beyond the open reading of published things."""

    OPERATE = "operate"
    PUBLISH = "publish"
    READ_SUBMISSIONS = "read-submissions"
    READ_PUBLISHER = "read-publisher"
    SEE_OWN_ACCESS = "see-own-access"
    INVITE = "invite"
    EDIT_PROGRAMME = "edit-programme"
    EDIT_PROJECT = "edit-project"
    EDIT_NETWORK = "edit-network"
    READ_CONCERNED = "read-concerned"
    WRITE_REPORT = "write-report"
    SIGN_REPORT = "sign-report"
    DECIDE_REPORT = "decide-report"
    REVIEW = "review"


_EVERYBODY = frozenset(Role)
_PROJECT_LEADERS = frozenset({Role.PROJECT_OWNER, Role.PROJECT_MANAGER})
_SECRETARIAT = frozenset({Role.SECRETARIAT})

ROLES_FOR: Mapping[Action, frozenset[Role]] = {
    Action.SEE_OWN_ACCESS: _EVERYBODY,
    Action.INVITE: _SECRETARIAT | _PROJECT_LEADERS,
    Action.EDIT_PROGRAMME: _SECRETARIAT,
    Action.EDIT_PROJECT: _SECRETARIAT | _PROJECT_LEADERS,
    Action.EDIT_NETWORK: _SECRETARIAT | {Role.NETWORK_LEAD},
    Action.READ_CONCERNED: _EVERYBODY - {Role.READER},
    Action.WRITE_REPORT: _SECRETARIAT | _PROJECT_LEADERS,
    Action.SIGN_REPORT: frozenset({Role.PROJECT_OWNER, Role.PARTY_REPRESENTATIVE}),
    Action.DECIDE_REPORT: _SECRETARIAT,
    Action.REVIEW: frozenset({Role.REVIEWER}),
}
"""Which roles an action is for. What is not named here is for the operator or publishers only."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a role is held, or where an object stands that somebody wants to touch.

    Attributes:
        programme_id: of both, always.
        project_id: of a project's role; of an object that belongs to a project.
        network_ids: of a network lead one; of an object the networks that its project is in.
        cohort_ids, report_kinds: of a reviewer those that are judged, none for all; of an object
            its own.
    """

    programme_id: str
    project_id: str | None = None
    network_ids: frozenset[str] = frozenset()
    cohort_ids: frozenset[str] = frozenset()
    report_kinds: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that a person holds from a first to a last day.

    Attributes:
        party: of a party's representative.
        from_, to: local dates in Europe/Oslo; the role holds to the end of its last day.
    """

    role: Role
    scope: Scope
    party: Party | None = None
    from_: date | None = None
    to: date | None = None

    def holds(self, on: date) -> bool:
        """Tell whether it holds on a day."""
        return (self.from_ is None or self.from_ <= on) and (self.to is None or on <= self.to)

    def reaches(self, place: Scope) -> bool:
        """Tell whether an object lies within the role's scope."""
        own = self.scope
        if own.programme_id != place.programme_id:
            return False
        if self.role in OF_PROJECTS:
            return own.project_id == place.project_id
        if self.role is Role.NETWORK_LEAD:
            return bool(own.network_ids & place.network_ids)
        if self.role is Role.REVIEWER:
            return _is_among(place.cohort_ids, own.cohort_ids) and _is_among(
                place.report_kinds, own.report_kinds
            )
        return True


def _is_among(found: frozenset[str], wanted: frozenset[str]) -> bool:
    return not wanted or bool(found & wanted)
