"""Loading rounds, letting projects owe reports, and turning obligations with the calendar."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from services.reporting.forms import store as forms
from services.reporting.heard import commands as heard
from services.reporting.heard import store as heard_store
from services.reporting.heard.rules import Project
from services.reporting.rounds import rules, store
from services.reporting.rounds.rules import Round
from services.reporting.rounds.store import KeptRound, Obligation
from shared.audit import log as audit
from shared.clock import local_date
from shared.errors import RuleBroken
from shared.events import reporting as told
from shared.events.envelope import derived_id
from shared.events.registry import ProjectEvent
from shared.events.reporting import ReportDue, ReportOverdue, RoundChanged, RoundOpened
from shared.http.preconditions import Guard, unguarded
from shared.outbox import outbox
from shared.postgres.database import Connection


async def load_round(
    conn: Connection, round_: Round, *, now: datetime, guard: Guard = unguarded
) -> tuple[KeptRound, bool]:
    """Keep a round and make the obligations that follow from it; return it, and whether it is new.

    A round that is loaded after its time makes overdue obligations marked historical: they are told
    as such, so that completeness can be counted. When its dates are moved, what is not handed in
    begins anew, and everybody is told of the new dates. A project that a changed round does not
    concern any longer goes on owing; taking that back is not built.

    Args:
        guard: told the version that was kept before; raises where the caller's condition is not
            met.

    Raises:
        RuleBroken: `round-form`; the form is not published, or is for something else.
    """
    today = local_date(now)
    await store.lock_programme(conn, round_.programme_id)
    before = await store.find_round(conn, round_.round_id)
    guard(before.version if before is not None else None)
    if before is not None and before.round == round_:
        return before, False
    await _check_form(conn, round_)
    kept = (
        KeptRound(round_, 1, today)
        if before is None
        else KeptRound(round_, before.version + 1, before.loaded_on)
    )
    await store.put_round(conn, kept)
    state = {
        "version": kept.version,
        "opens_on": str(round_.opens_on),
        "due_on": str(round_.due_on),
    }
    await audit.note(conn, audit.Change("round-loaded", f"round/{round_.round_id}", state))
    await outbox.put(conn, [_round_event(kept, now)])
    if before is not None and (before.round.opens_on, before.round.due_on) != (
        round_.opens_on,
        round_.due_on,
    ):
        await store.reopen_obligations(conn, round_.round_id, today=today)
    await _oblige(
        conn, round_, await heard_store.list_projects(conn, round_.programme_id), today=today
    )
    await turn_states(conn, now=now, may_turn_overdue=False)
    return kept, before is None


async def _check_form(conn: Connection, round_: Round) -> None:
    if round_.form is None:
        return
    asked = f"version {round_.form.version} of form {round_.form.form_id}"
    found = await forms.find_version(conn, round_.form.form_id, round_.form.version)
    if found is None:
        raise RuleBroken(f"{asked} is not published", code="round-form")
    form, _ = found
    programme_id = form.valid_for.get("programme_id", round_.programme_id)
    if (form.report_kind, programme_id) != (round_.report_kind, round_.programme_id):
        raise RuleBroken(
            f"{asked} is for {form.report_kind} reports of {programme_id}, the round for"
            f" {round_.report_kind} reports of {round_.programme_id}",
            code="round-form",
        )


async def hear_projects(conn: Connection, events: Sequence[ProjectEvent], *, now: datetime) -> None:
    """Keep what the registry tells of projects, and let them owe what the rounds of their programme
    ask for.
    """
    await _oblige_projects(conn, await heard.keep_projects(conn, events), now=now)


async def _oblige_projects(conn: Connection, projects: Sequence[Project], *, now: datetime) -> None:
    """Let projects owe what the rounds of their programme ask for; those that owe it already are
    left alone.
    """
    for programme_id in sorted({project.programme_id for project in projects}):
        await store.lock_programme(conn, programme_id)
        theirs = [project for project in projects if project.programme_id == programme_id]
        for kept in await store.list_rounds(conn, programme_id):
            await _oblige(conn, kept.round, theirs, today=local_date(now))
    await turn_states(conn, now=now, may_turn_overdue=False)


async def is_anything_overdue(conn: Connection, *, now: datetime) -> bool:
    """Tell whether the due day of something that was not handed in is over."""
    return await store.is_anything_overdue(conn, local_date(now))


async def turn_states(conn: Connection, *, now: datetime, may_turn_overdue: bool = True) -> int:
    """Make due what opens today and overdue what was due yesterday; return how many changes there
    were.

    Each change happens once per obligation, because the update is guarded by the state it leaves.

    Args:
        may_turn_overdue: whether all reports that came before today are read; else one of them
            could be in time, and only what is historical turns.
    """
    today = local_date(now)
    turned: list[ReportDue | ReportOverdue] = []
    count = 0
    for kind, obligations in (
        (ReportDue, await store.turn_due(conn, today)),
        (
            ReportOverdue,
            await store.turn_overdue(conn, today, historical_only=not may_turn_overdue),
        ),
    ):
        count += len(obligations)
        turned += [
            kind(
                event_id=derived_id(
                    kind.__name__,
                    obligation.obligation_id,
                    obligation.round_version,
                    *_extension(obligation),
                ),
                occurred_at=now,
                **told_of(obligation),
            )
            for obligation in obligations
            if kind is ReportOverdue or not obligation.historical
        ]
    await outbox.put(conn, turned)
    return count


async def _oblige(
    conn: Connection, round_: Round, projects: Sequence[Project], *, today: date
) -> None:
    # All begin as not_due, whatever the day: turning them is what tells the others, or not when
    # they are historical.
    await store.add_obligations(
        conn,
        round_.round_id,
        [
            (obligation_id_of(round_.round_id, project.project_id), project.project_id)
            for project in projects
            if round_.concerns(project)
        ],
        historical=rules.state_on(round_.opens_on, round_.due_on, today) == "overdue",
    )


def obligation_id_of(round_id: str, project_id: str) -> UUID:
    """Return the id of what a project owes in a round; it follows from the two, so nobody has to
    look it up.
    """
    return derived_id("obligation", round_id, project_id)


def _extension(obligation: Obligation) -> tuple[date, ...]:
    """Return what tells the events after an extension from those before it."""
    return () if obligation.extended_to is None else (obligation.extended_to,)


def _round_event(kept: KeptRound, now: datetime) -> RoundOpened | RoundChanged:
    """Return what is told of a round that was made or changed."""
    round_ = kept.round
    kind = RoundOpened if kept.version == 1 else RoundChanged
    return kind(
        event_id=derived_id(kind.__name__, round_.round_id, kept.version),
        occurred_at=now,
        round_id=round_.round_id,
        version=kept.version,
        programme_id=round_.programme_id,
        report_kind=round_.report_kind,
        period=round_.period,
        opens_on=round_.opens_on,
        due_on=round_.due_on,
        cohort_ids=list(round_.cohort_ids),
        theme_ids=list(round_.theme_ids),
        reminders=[told.ReminderStep.model_validate(asdict(step)) for step in round_.reminders],
    )


def told_of(obligation: Obligation) -> Mapping[str, object]:
    """Return what every event about an obligation says of it."""
    names = (
        "obligation_id",
        "project_id",
        "round_id",
        "report_kind",
        "period",
        "opens_on",
        "due_on",
        "state",
        "historical",
    )
    missing = [] if obligation.state in ("submitted", "accepted") else [told.Missing(part="report")]
    return {name: getattr(obligation, name) for name in names} | {"missing": missing}
