"""Events that metrics consumes, made from the figures of the rule tests."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from shared.events.registry import (
    Baseline,
    Cohort,
    DefinitionContract,
    Goal,
    Member,
    MunicipalityRegistered,
    MunicipalityVersion,
    Names,
    ProgrammeRegistered,
    ProjectRegistered,
    Successor,
    Theme,
)
from shared.events.reporting import AbsenceFigureInForce, AbsenceFigurePosted, FigureWithdrawn
from shared.values import Definition
from tests.metrics.recomputation import Posted

NOW = datetime(2013, 9, 1, 8, 0, tzinfo=UTC)
_IDS = UUID("5d1c2f0a-6f1c-4a57-9a1e-1f1c9ac2f001")


def figure_id(one: Posted) -> UUID:
    """Return the id of a figure, the same whenever it is asked for."""
    return uuid5(
        _IDS, f"{one.subject}|{one.definition_key}|{one.period}|{one.window}|{one.vintage}"
    )


def definition_values(key: str) -> dict[str, str]:
    """Return what a figure says of its definition."""
    axes = ("certification", "denominator", "holiday", "source")
    return dict(zip(axes, key.split("."), strict=True))


def definition_contract(key: str) -> DefinitionContract:
    held = Definition.from_key(key)
    return DefinitionContract(
        certification=held.certification.value,
        denominator=held.denominator.value,
        holiday_corrected=held.holiday_corrected,
        source=held.source.value,
    )


def goal_definition(key: str) -> dict[str, str]:
    """Return the definition of a goal of absence."""
    axes = ("certification", "denominator", "holiday", "source")
    return dict(zip(axes, key.split("."), strict=True))


def fields(one: Posted) -> dict[str, Any]:
    return {
        "figure_id": figure_id(one),
        "municipality": "1824",
        "municipality_id": one.municipality_id,
        "municipality_number": "1824",
        "unit": one.unit,
        "period": one.period,
        "window": one.window,
        "lost_days": one.lost,
        "agreed_days": one.agreed,
        "rate_percent": one.rate,
        "weight_kind": one.weight_kind,
        "weight": one.weight,
        "persons": one.persons,
        "definition": definition_values(one.definition_key),
        "definition_key": one.definition_key,
        "generated": one.generated,
        "vintage": one.vintage,
        "publisher": "889640782",
        "posted_at": NOW,
    }


def posted_event(one: Posted) -> AbsenceFigurePosted:
    """Return what reporting published when the figure was accepted."""
    return AbsenceFigurePosted(
        event_id=uuid5(figure_id(one), "posted"), occurred_at=NOW, **fields(one)
    )


def withdrawn_event(one: Posted, in_force: Posted | None = None) -> FigureWithdrawn:
    """Return what reporting published when the figure was taken back."""
    return FigureWithdrawn(
        event_id=uuid5(figure_id(one), "withdrawn"),
        occurred_at=NOW,
        figure_id=figure_id(one),
        municipality_id=one.municipality_id,
        unit=one.unit,
        metric="absence",
        period=one.period,
        window=one.window,
        definition=definition_values(one.definition_key),
        definition_key=one.definition_key,
        reason="counted twice",
        publisher="889640782",
        withdrawn_at=NOW,
        in_force=None if in_force is None else AbsenceFigureInForce(**fields(in_force)),
    )


def municipality(
    municipality_id: str = "vefsn-1824",
    *,
    county: str = "18",
    version: int = 1,
    valid_from: date = date(2013, 1, 1),
    valid_to: date | None = None,
) -> MunicipalityRegistered:
    """Return a municipality of Nordland."""
    return MunicipalityRegistered(
        municipality_id=municipality_id,
        version=version,
        versions=[
            MunicipalityVersion(
                number="1824",
                name=municipality_id.split("-")[0].capitalize(),
                county_number=county,
                county_name="Nordland",
                valid_from=valid_from,
                valid_to=valid_to,
            )
        ],
        successors=[]
        if valid_to is None
        else [Successor(municipality_id="alstahaug-1820", on=valid_to)],
    )


def programme() -> ProgrammeRegistered:
    """Return the model programme."""
    return ProgrammeRegistered(
        programme_id="saman-2011",
        version=1,
        names=Names(nb="Saman om ein betre kommune"),
        cohorts=[Cohort(id="pulje-1", names=Names(nb="Pulje 1"), starts_on=date(2012, 1, 1))],
        themes=[Theme(id="naervaer", names=Names(nb="Nærvær"))],
    )


def goal_contract(**changes: Any) -> Goal:
    """Return Vefsn's goal."""
    held: dict[str, Any] = {
        "goal_id": "vefsn-naervaer",
        "window": "year-to-date",
        "definition": goal_definition("total.agreed.corrected.municipality-hr"),
        "direction": "falling",
        "baseline": Baseline(value=Decimal("8.6"), period="2007-2010"),
        "target": Decimal("6.9"),
        "due_on": date(2013, 12, 31),
        "persons_per_point": Decimal("10"),
    }
    return Goal(**(held | changes))


def project(
    project_id: str = "vefsn-prosjektet",
    members: Sequence[str | Member] = ("vefsn-1824",),
    *,
    version: int = 1,
    goals: Sequence[Goal] = (),
    **changes: Any,
) -> ProjectRegistered:
    """Return a project of the first cohort about presence at work."""
    held: dict[str, Any] = {
        "programme_id": "saman-2011",
        "names": Names(nb=project_id),
        "cohort_id": "pulje-1",
        "theme_ids": ["naervaer"],
    }
    return ProjectRegistered(
        project_id=project_id,
        version=version,
        members=[
            one if isinstance(one, Member) else Member(municipality_id=one) for one in members
        ],
        goals=list(goals),
        **(held | changes),
    )
