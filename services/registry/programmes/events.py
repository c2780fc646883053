"""What is told of programmes: values to events, and back after a restore."""

from datetime import datetime
from typing import Any

from services.registry.entries.events import event_id_of, read_names, tell_names
from services.registry.programmes.rules import (
    ClaimedTable,
    Cohort,
    Option,
    Programme,
    ReportKind,
    Theme,
)
from shared.events import registry as told


def programme_event(programme: Programme, now: datetime) -> told.ProgrammeEvent:
    """Tell a programme's new state."""
    kind = told.ProgrammeRegistered if programme.version == 1 else told.ProgrammeChanged
    return kind(
        event_id=event_id_of(kind, programme.programme_id, programme.version),
        occurred_at=now,
        **programme_fields(programme),
    )


def programme_fields(programme: Programme) -> dict[str, Any]:
    """Return a programme's state as contracts carry it."""
    return {
        "programme_id": programme.programme_id,
        "version": programme.version,
        "names": tell_names(programme.names),
        "cohorts": [
            told.Cohort(
                id=cohort.cohort_id,
                names=tell_names(cohort.names),
                starts_on=cohort.starts_on,
                claimed=dict(cohort.claimed),
            )
            for cohort in programme.cohorts
        ],
        "themes": [
            told.Theme(
                id=theme.theme_id,
                names=tell_names(theme.names),
                options=[
                    told.Option(id=option.option_id, names=tell_names(option.names))
                    for option in theme.options
                ],
            )
            for theme in programme.themes
        ],
        "report_kinds": [
            told.ReportKind(id=kind.report_kind_id, names=tell_names(kind.names))
            for kind in programme.report_kinds
        ],
        "claimed": dict(programme.claimed),
        "claimed_tables": [claimed_table_fields(table) for table in programme.claimed_tables],
    }


def claimed_table_fields(table: ClaimedTable) -> told.ClaimedTable:
    """Return a claimed table as contracts carry it."""
    return told.ClaimedTable(
        table_id=table.table_id,
        cohort_id=table.cohort_id,
        rows=list(table.rows),
        columns=list(table.columns),
        cells=[list(row) for row in table.cells],
        source=table.source,
    )


def programme_of(event: told.ProgrammeEvent) -> Programme:
    """Return the programme as it was told."""
    return Programme(
        event.programme_id,
        read_names(event.names),
        tuple(
            Cohort(c.id, read_names(c.names), c.starts_on, dict(c.claimed)) for c in event.cohorts
        ),
        tuple(
            Theme(
                theme.id,
                read_names(theme.names),
                tuple(Option(option.id, read_names(option.names)) for option in theme.options),
            )
            for theme in event.themes
        ),
        tuple(ReportKind(kind.id, read_names(kind.names)) for kind in event.report_kinds),
        dict(event.claimed),
        tuple(_read_table(table) for table in event.claimed_tables),
        event.version,
    )


def _read_table(table: told.ClaimedTable) -> ClaimedTable:
    return ClaimedTable(
        table.table_id,
        table.cohort_id,
        tuple(table.rows),
        tuple(table.columns),
        tuple(tuple(row) for row in table.cells),
        table.source,
    )
