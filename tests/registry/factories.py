"""Valid objects of the registry's tests; a test changes only what it is about."""

import secrets
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from services.registry.entries.rules import Names
from services.registry.metrics.builtin.files import read_builtin
from services.registry.metrics.commands import load_builtin
from services.registry.municipalities.commands import put_municipality
from services.registry.municipalities.rules.county import County
from services.registry.municipalities.rules.membership import Membership
from services.registry.municipalities.rules.municipality import DatedVersion, Municipality, founded
from services.registry.programmes.commands import put_programme
from services.registry.programmes.rules import Cohort, Option, Programme, Theme
from services.registry.projects.commands import put_project
from services.registry.projects.rules import (
    Baseline,
    Direction,
    Goal,
    InterimTarget,
    JointUnit,
    Mark,
    Measure,
    MeasureStatus,
    Project,
    ThemeProfile,
)
from services.registry.publishers.rules import Publisher
from shared.errors import Conflict
from shared.postgres.database import Database
from shared.values import Metric

NOW = datetime(2013, 5, 1, 12, tzinfo=UTC)
METRICS = {built_in.metric_id: built_in for built_in in read_builtin().values()}
NORDLAND = County("18", "Nordland")

GOAL = Goal(
    "vefsn-naervaer",
    "absence",
    "year-to-date",
    {
        "certification": "total",
        "denominator": "agreed",
        "holiday": "corrected",
        "source": "municipality-hr",
    },
    Direction.FALLING,
    Baseline(Decimal("8.6"), "2007-2010"),
    Decimal("6.9"),
    date(2013, 12, 31),
    Decimal(10),
)


def municipality(number: str = "1824", name: str = "Vefsn", **changes: Any) -> Municipality:
    """Return a municipality of 2013."""
    return replace(founded(DatedVersion(number, name, NORDLAND, date(2013, 1, 1))), **changes)


def metric(metric_id: str = "absence", **changes: Any) -> Metric:
    """Return the metric of sickness absence, under any id."""
    return replace(METRICS["absence"], metric_id=metric_id, **changes)


def programme(programme_id: str = "saman", **changes: Any) -> Programme:
    """Return a programme with one cohort and one theme."""
    cohort = Cohort(
        f"{programme_id}-cohort-1", Names("Pulje 1"), date(2012, 1, 1), {"municipalities": 51}
    )
    return replace(
        Programme(
            programme_id,
            Names("Saman"),
            (cohort,),
            (Theme("reputation", Names("Omdømme"), (Option("open_house", Names("Åpent hus")),)),),
        ),
        **changes,
    )


def project(project_id: str = "vefsn", programme_id: str = "saman", **changes: Any) -> Project:
    """Return Vefsn's project with its goal."""
    return replace(
        Project(
            project_id,
            programme_id,
            Names("Vefsn"),
            f"{programme_id}-cohort-1",
            ("reputation",),
            (Membership("vefsn-1824"),),
            (GOAL,),
        ),
        **changes,
    )


def full_project() -> Project:
    """Return Vefsn's project with everything that a project can have."""
    measure = Measure(
        "rota-by-wish",
        "rota",
        Names("Ønsketurnus", en="Rota by wish"),
        ("vefsn-1824",),
        date(2012, 2, 1),
        date(2013, 1, 31),
        MeasureStatus.FINISHED,
    )
    return project(
        goals=(replace(GOAL, interim_targets=(InterimTarget(2012, Decimal("8.00")),)),),
        planned_end_year=2014,
        joint_unit=JointUnit("helgeland", Names("Helgeland regionråd")),
        profile={"reputation": ThemeProfile({"open_house": Mark(4, "hver 4.")}, ("ungdom",), True)},
        measures=(measure,),
        success_factors={"leaders-take-part": True, "staff-involved": False},
        handed_over_on=date(2014, 12, 1),
        follow_up_on=date(2015, 6, 1),
    )


def publisher(organisation_number: str | None = None, **changes: Any) -> Publisher:
    """Return a publisher that may speak for Vefsn."""
    number = organisation_number or organisation_number_of_nobody()
    return replace(Publisher(number, "Vefsn HR", (Membership("vefsn-1824"),)), **changes)


def organisation_number_of_nobody() -> str:
    """Return a random number with a right last digit."""
    while True:
        digits = [9, *(secrets.randbelow(10) for _ in range(7))]
        rest = sum(d * w for d, w in zip(digits, (3, 2, 7, 6, 5, 4, 3, 2), strict=True)) % 11
        if rest != 1:
            return "".join(map(str, digits)) + str((11 - rest) % 11)


async def register(database: Database, *numbered: tuple[str, str]) -> None:
    """Register municipalities of 2013 and forget what was told of it."""
    async with database.transaction() as conn:
        for number, name in numbered or [("1824", "Vefsn")]:
            await put_municipality(conn, municipality(number, name), now=NOW)
    await told(database)


async def put_programme_and_project(database: Database) -> None:
    """Put Vefsn, the built-in metrics, a programme and a project."""
    await register(database)
    async with database.transaction() as conn:
        await load_builtin(conn, read_builtin(), now=NOW)
        await put_programme(conn, programme(), now=NOW)
        await put_project(conn, project(), now=NOW)
    await told(database)


def stale(_version: int | None) -> None:
    """Refuse whatever is in force, as a lost update is refused."""
    raise Conflict("changed meanwhile", code="lost-update")


async def told(database: Database) -> list[tuple[str, str, int]]:
    """Return what stands in the outbox: class of the event, key, version; and empty it."""
    async with database.transaction() as conn:
        rows = await conn.fetch(
            "DELETE FROM outbox RETURNING id, key, headers->>'ce_type' AS type,"
            " (convert_from(payload, 'utf8')::jsonb->>'version')::integer AS version"
        )
    return [
        (row["type"].split(".")[3], row["key"], row["version"])
        for row in sorted(rows, key=lambda row: row["id"])
    ]
