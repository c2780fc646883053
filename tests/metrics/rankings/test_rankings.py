"""The ranking of 2012, "Norges friskeste byer", comes out exactly, over the API and on the page."""

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from services.metrics.intake import commands
from services.metrics.rankings.commands import Asked, get_ranking
from services.metrics.series.rules.figures import Window
from shared.postgres.database import Database
from shared.values import Period
from tests.conftest import MakeDatabase, RunService
from tests.metrics import factories, stored
from tests.metrics.factories import NOW, posted_event
from tests.metrics.posted import posted
from tests.metrics.recomputation import Posted
from tests.support.apps import RunningService

GOLDEN = Path(__file__).parents[2] / "golden" / "ranking_2012.csv"
DEFINITION = "doctor.agreed.corrected.ssb"
RANKINGS = "/api/metrics/v1/rankings"
ASKED = {
    "metric": "absence",
    "definition_key": DEFINITION,
    "window": "year",
    "period": "2012",
    "limit": "1000",
}

TOWNS = {
    "Sandvika": "Bærum",
    "Ulsteinvik": "Ulstein",
    "Jørpeland": "Strand",
    "Bryne": "Time",
    "Egersund": "Eigersund",
    "Brønnøysund": "Brønnøy",
    "Florø": "Flora",
    "Åndalsnes": "Rauma",
}
"""The list names towns; each stands for its municipality (FORMULAS 1.6)."""


def golden() -> list[tuple[int, str, str]]:
    with GOLDEN.open(encoding="utf-8") as lines:
        return [
            (int(row["rank"]), TOWNS.get(row["town"], row["town"]), row["pct"])
            for row in csv.DictReader(lines)
        ]


def id_of(name: str) -> str:
    plain = name.lower().translate(str.maketrans("æøå", "aoa"))
    return f"{plain}-{1000 + [one for _, one, _ in golden()].index(name)}"


def year(name: str, percent: str) -> list[Posted]:
    """The year as it was reported."""
    return [rate("2012", name, percent)]


def quarters(name: str, percent: str) -> list[Posted]:
    """Four rates of one decimal whose plain mean rounds to the figure."""
    tenths = int(4 * 10 * Decimal(percent))
    if Decimal(tenths) / 40 != Decimal(percent):
        tenths = int((4 * 10 * (Decimal(percent) - Decimal("0.005"))).to_integral_value())
    low, more = divmod(tenths, 4)
    rates = [low + 1] * more + [low] * (4 - more)
    return [rate(f"2012-Q{n}", name, f"{one / 10}") for n, one in enumerate(rates, start=1)]


def rate(period: str, name: str, percent: str) -> Posted:
    return posted(period, municipality_id=id_of(name), definition_key=DEFINITION, rate=percent)


async def fill(database: Database, figures: Any) -> None:
    names = [name for _, name, _ in golden()]
    async with database.transaction() as conn:
        told = [named(name) for name in names]
        await commands.hear_municipalities(conn, told, now=NOW)
    posted_ones = [one for _, name, percent in golden() for one in figures(name, percent)]
    await stored.apply(database, [posted_event(one) for one in posted_ones])


def named(name: str) -> Any:
    told = factories.municipality(id_of(name), county="11")
    versions = [version.model_copy(update={"name": name}) for version in told.versions]
    return told.model_copy(update={"versions": versions})


async def ranked(running: RunningService, **changes: str) -> Any:
    answer = await running.client.get(RANKINGS, params={**ASKED, **changes})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("figures", [year, quarters])
async def test_the_ranking_of_2012_equals_its_list(run: RunService, figures: Any) -> None:
    running = await run("metrics")
    await fill(running.service.database, figures)

    answer = await ranked(running)

    found = [(one["rank"], one["name"], one["value"]) for one in answer["items"]]
    assert sorted(found) == sorted(golden())
    assert [one["rank"] for one in answer["items"]] == [place for place, _, _ in golden()]
    assert (answer["beside"], answer["next"], answer["lowest_first"]) == ([], None, True)


async def test_pages_put_together_are_the_whole_ranking(run: RunService) -> None:
    running = await run("metrics")
    await fill(running.service.database, year)
    whole = (await ranked(running))["items"]

    first = await ranked(running, limit="7")
    rest = await ranked(running, cursor=first["next"])

    assert first["items"] + rest["items"] == whole


async def test_who_lacks_a_quarter_or_has_too_few_persons_stands_beside(run: RunService) -> None:
    running = await run("metrics")
    await fill(running.service.database, quarters)
    lacking = rate("2012-Q1", "Oslo", "4.0")
    others = [
        posted("2012-Q1", municipality_id="ny-0001", definition_key=DEFINITION, rate="3"),
        posted(
            "2012", municipality_id="liten-0002", definition_key=DEFINITION, rate="3", persons=3
        ),
    ]
    await stored.apply(running.service.database, [posted_event(one) for one in others])
    await stored.apply(running.service.database, [factories.withdrawn_event(lacking)])

    beside = {one["subject"]: one for one in (await ranked(running))["beside"]}

    oslo = beside[f"municipality/{id_of('Oslo')}"]
    assert oslo["coverage"] == {"present": 3, "expected": 4}
    assert beside["municipality/liten-0002"]["suppressed"]
    assert beside["municipality/liten-0002"]["value"] is None


async def test_a_ranking_within_a_county_has_its_members_only(run: RunService) -> None:
    running = await run("metrics")
    await fill(running.service.database, year)

    assert len((await ranked(running, within="county/11"))["items"]) == len(golden())
    assert (await ranked(running, within="county/03"))["items"] == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"metric": "no-such-metric"}, "metric-unknown"),
        ({"definition_key": "doctor.agreed"}, "definition-unknown"),
    ],
)
async def test_what_cannot_be_ranked_is_refused(
    run: RunService, changes: dict[str, str], code: str
) -> None:
    running = await run("metrics")

    answer = await running.client.get(RANKINGS, params={**ASKED, **changes})
    without = await running.client.get(
        RANKINGS, params={name: held for name, held in ASKED.items() if name != "definition_key"}
    )

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert without.json()["code"] == "definition-needed"


async def test_the_page_shows_ranks_and_what_they_mean(run: RunService) -> None:
    running = await run("metrics")
    await fill(running.service.database, year)
    asked = {"metric": "absence", "definition": DEFINITION, "window": "year", "period": "2012"}

    page = await running.client.get("/metrics/rankings", params={**asked, "lang": "en"})

    assert page.status_code == 200, page.text
    assert "Sickness absence in 2012, ranked" in page.text
    assert "The lowest figure has rank 1." in page.text
    assert page.text.count("<td>11</td>") == 2
    other = await running.client.get(
        "/metrics/rankings", params={**asked, "metric": "position-size", "lang": "en"}
    )
    assert "Nobody has a figure of all of that period." in other.text
    empty = await running.client.get("/metrics/rankings")
    assert empty.status_code == 200


async def test_the_store_lists_figures_of_any_grain(make_database: MakeDatabase) -> None:
    database = await make_database("metrics")
    months = [f"2012-{n:02}" for n in range(1, 13)]
    figures = [
        *(posted(month, municipality_id="a-0001", definition_key=DEFINITION) for month in months),
        posted("2012", municipality_id="b-0002", definition_key=DEFINITION),
    ]
    await stored.apply(database, [posted_event(one) for one in figures])
    async with database.connection() as conn:
        asked = Asked("absence", DEFINITION, Window.YEAR, Period.of_year(2012))
        ranking = await get_ranking(conn, asked)

    assert [(one.rank, one.contender.subject) for one in ranking.ranked] == [
        (1, "municipality/a-0001"),
        (1, "municipality/b-0002"),
    ]
