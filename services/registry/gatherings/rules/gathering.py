"""A gathering and its life: scheduled, then held or cancelled."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.registry.entries.rules import (
    Names,
    check_distinct,
    check_id,
    check_line,
    check_names,
    revised,
)
from shared.errors import Conflict, RuleBroken

TEXT_LENGTH_MAX = 200
PERSONS_MAX = 1_000
"""Of one municipality's party; more is a slip of the keys."""


class GatheringKind(StrEnum):
    """The kinds of gatherings."""

    NETWORK = "network"
    PROJECT_MANAGERS = "project-managers"
    LOCAL_THEME_DAY = "local-theme-day"
    THEME_WORKSHOP = "theme-workshop"
    OTHER = "other"


class GatheringState(StrEnum):
    """Where a gathering is in its life."""

    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"
    HELD = "held"


class Party(StrEnum):
    """The three parties of the cooperation."""

    ELECTED = "elected"
    ADMINISTRATION = "administration"
    UNION_AND_STAFF = "union_and_staff"


class ItemKind(StrEnum):
    """What an item of the agenda is."""

    TALK = "talk"
    WORK = "work"
    BREAK = "break"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class AgendaItem:
    """Something on the agenda."""

    starts_at: datetime
    ends_at: datetime
    title: str
    kind: ItemKind
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Attendance:
    """How many persons of a municipality's party."""

    municipality_id: str
    party: Party
    count: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A question of the evaluation, and how many chose each answer."""

    question: str
    answers: Mapping[str, int]

    def shares(self) -> dict[str, float]:
        """Return the share of those who answered, by answer, from 0 to 1; empty without any."""
        total = sum(self.answers.values())
        return {answer: count / total for answer, count in self.answers.items()} if total else {}


@dataclass(frozen=True, slots=True)
class Gathering:
    """A gathering as it is.

    Attributes:
        network_id: of a network's gathering.
        expected_municipality_ids: who is to come; none stands for all of the network or programme.
        observers: persons who belong to no municipality.
        panel: municipalities that have one member in the panel.
        tables: the seating plan in force, one group of persons per municipality and party; none
            while there is no plan.
        questions: what the groups talk about.
        reason: why it was cancelled.
        version: rises by one with every change of this state, from 1.
    """

    gathering_id: str
    programme_id: str
    kind: GatheringKind
    names: Names
    starts_at: datetime
    ends_at: datetime
    place: str
    network_id: str | None = None
    agenda: tuple[AgendaItem, ...] = ()
    expected_municipality_ids: tuple[str, ...] = ()
    expected_parties: tuple[Party, ...] = ()
    signed_up: tuple[Attendance, ...] = ()
    attended: tuple[Attendance, ...] = ()
    observers: int = 0
    panel: tuple[str, ...] = ()
    tables: tuple[tuple[Attendance, ...], ...] | None = None
    questions: tuple[str, ...] = ()
    evaluation: tuple[Evaluation, ...] = ()
    state: GatheringState = GatheringState.SCHEDULED
    reason: str | None = None
    version: int = 1

    @property
    def municipality_ids(self) -> tuple[str, ...]:
        """All municipalities that it names, each once."""
        named = [each.municipality_id for each in (*self.signed_up, *self.attended)]
        return tuple(dict.fromkeys((*self.expected_municipality_ids, *self.panel, *named)))


def revised_gathering(present: Gathering | None, wanted: Gathering) -> Gathering | None:
    """Judge a gathering that was put; none when it is as it was.

    Sign-ups, attendance, tables and state are kept: they have commands of their own.

    Raises:
        RuleBroken: `id-malformed`, `name-malformed`, `text-malformed`, `id-repeated`,
            `times-reversed`, `agenda-outside`, `count-negative`, `network-missing` or
            `programme-fixed`.
    """
    _check(wanted)
    if present is None:
        return revised(None, wanted)
    if present.programme_id != wanted.programme_id:
        raise RuleBroken(
            f"gathering {wanted.gathering_id} belongs to programme {present.programme_id} and stays"
            f" there, got {wanted.programme_id}",
            code="programme-fixed",
        )
    kept = replace(
        wanted,
        signed_up=present.signed_up,
        attended=present.attended,
        tables=present.tables,
        state=present.state,
        reason=present.reason,
    )
    return revised(present, kept)


def with_sign_up(
    present: Gathering, municipality_id: str, counts: Mapping[Party, int]
) -> Gathering | None:
    """Return the gathering with a municipality's sign-up in place of its earlier one; none when it
    is as it was. A plan of tables that was made before no longer holds and goes.

    Raises:
        Conflict: `gathering-over`; it was held or cancelled.
        RuleBroken: `count-negative` or `count-too-large`.
    """
    _check_scheduled(present, "nobody can sign up any more")
    signed_up = _placed(present.signed_up, municipality_id, counts)
    if signed_up == present.signed_up:
        return None
    return revised(present, replace(present, signed_up=signed_up, tables=None))


def seated(present: Gathering, tables: Sequence[Sequence[Attendance]]) -> Gathering | None:
    """Return the gathering with a seating plan; none when it has just that.

    Raises:
        Conflict: `gathering-over`.
    """
    _check_scheduled(present, "its tables are as they were")
    plan = tuple(tuple(table) for table in tables)
    return revised(present, replace(present, tables=plan))


def held(present: Gathering, attended: Iterable[Attendance], *, now: datetime) -> Gathering | None:
    """Return the gathering as held, with who came; said again with other numbers it is corrected.

    Raises:
        Conflict: `gathering-over`; it was cancelled.
        RuleBroken: `gathering-ahead`; it has not begun. `count-negative`, `count-too-large` or
            `id-repeated`.
    """
    if present.state is GatheringState.CANCELLED:
        raise _over(present, "it cannot have been held")
    if now < present.starts_at:
        raise RuleBroken(
            f"{present.gathering_id} begins at {present.starts_at.isoformat()} and cannot have been"
            f" held at {now.isoformat()}",
            code="gathering-ahead",
        )
    who = tuple(attended)
    _check_attendance(who)
    return revised(present, replace(present, state=GatheringState.HELD, attended=who))


def cancelled(present: Gathering, reason: str) -> Gathering | None:
    """Return the gathering as cancelled; none when it is already, for that reason.

    Raises:
        Conflict: `gathering-over`; it was held.
        RuleBroken: `text-malformed`.
    """
    if present.state is GatheringState.HELD:
        raise _over(present, "it cannot be cancelled")
    check_line(reason, "the reason", length_max=TEXT_LENGTH_MAX)
    return revised(present, replace(present, state=GatheringState.CANCELLED, reason=reason))


def _placed(
    signed_up: tuple[Attendance, ...], municipality_id: str, counts: Mapping[Party, int]
) -> tuple[Attendance, ...]:
    own = tuple(
        Attendance(municipality_id, party, counts[party])
        for party in Party
        if counts.get(party, 0) != 0
    )
    _check_attendance(own)
    others = [each for each in signed_up if each.municipality_id != municipality_id]
    return tuple(sorted((*others, *own), key=lambda each: each.municipality_id))


def _check_scheduled(gathering: Gathering, so: str) -> None:
    if gathering.state is not GatheringState.SCHEDULED:
        raise _over(gathering, so)


def _over(gathering: Gathering, so: str) -> Conflict:
    return Conflict(f"{gathering.gathering_id} is {gathering.state}; {so}", code="gathering-over")


def _check(gathering: Gathering) -> None:
    check_id(gathering.gathering_id, "gathering")
    check_names(gathering.names, "gathering")
    check_line(gathering.place, "the place", length_max=TEXT_LENGTH_MAX)
    check_distinct(gathering.expected_municipality_ids, "expected municipality")
    check_distinct(gathering.expected_parties, "expected party")
    check_distinct(gathering.panel, "municipality of the panel")
    if (gathering.kind is GatheringKind.NETWORK) != (gathering.network_id is not None):
        raise RuleBroken(
            "a gathering of the kind network names its network, and no other kind does; got kind"
            f" {gathering.kind} and network {gathering.network_id}",
            code="network-missing",
        )
    if gathering.ends_at <= gathering.starts_at:
        raise RuleBroken(
            f"ends_at must be after {gathering.starts_at.isoformat()} (starts_at), got"
            f" {gathering.ends_at.isoformat()}",
            code="times-reversed",
        )
    for item in gathering.agenda:
        _check_item(item, gathering)
    if gathering.observers < 0:
        raise RuleBroken(
            f"observers must be 0 or more, got {gathering.observers}", code="count-negative"
        )
    for asked in gathering.evaluation:
        _check_counts(asked.answers)


def _check_item(item: AgendaItem, gathering: Gathering) -> None:
    check_line(item.title, "a title of the agenda", length_max=TEXT_LENGTH_MAX)
    if item.ends_at <= item.starts_at:
        raise RuleBroken(
            f"{item.title!r} must end after {item.starts_at.isoformat()}, got"
            f" {item.ends_at.isoformat()}",
            code="times-reversed",
        )
    if item.starts_at < gathering.starts_at or item.ends_at > gathering.ends_at:
        raise RuleBroken(
            f"{item.title!r} must lie within the gathering, {gathering.starts_at.isoformat()} to"
            f" {gathering.ends_at.isoformat()}",
            code="agenda-outside",
        )


def _check_attendance(attendance: Sequence[Attendance]) -> None:
    keys = [f"{each.municipality_id} {each.party}" for each in attendance]
    check_distinct(keys, "party of a municipality")
    _check_counts({key: each.count for key, each in zip(keys, attendance, strict=True)})


def _check_counts(counts: Mapping[str, int]) -> None:
    for what, count in counts.items():
        if count < 0:
            raise RuleBroken(
                f"{what[:100]}: persons must be 0 or more, got {count}", code="count-negative"
            )
        if count > PERSONS_MAX:
            raise RuleBroken(
                f"{what[:100]}: persons must be at most {PERSONS_MAX}, got {count}",
                code="count-too-large",
            )
