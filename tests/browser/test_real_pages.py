"""The pages of the real services, from figures that came over Kafka to what a reader's browser
shows.
"""

import re
import secrets
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

from httpx2 import AsyncClient
from playwright.async_api import Page, expect

from deploy.containers.gateway import make_gateway
from shared.events.registry import (
    Baseline,
    Cohort,
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
from shared.events.reporting import AbsenceFigurePosted
from tests.browser.conftest import OpenPage
from tests.browser.serving import served
from tests.browser.test_reading import faults
from tests.conftest import RunService
from tests.metrics.vefsn import SourceRow, source_rows
from tests.support.apps import RunningService
from tests.support.bus import Bus

DEFINITION = {
    "certification": "total",
    "denominator": "agreed",
    "holiday": "corrected",
    "source": "municipality-hr",
}
POSTED_AT = datetime(2013, 10, 1, tzinfo=UTC)


class Programme:
    """A programme of its own for each test: Vefsn with its goal, and a municipality that has been
    merged since.
    """

    def __init__(self) -> None:
        token = secrets.token_hex(4)
        self.programme_id = f"saman-{token}"
        self.project_id = f"vefsn-{token}"
        self.vefsn_id = f"vefsn-{token}"
        self.sund_id = f"sund-{token}"
        self.oygarden_id = f"oygarden-{token}"

    def events(self) -> list[MunicipalityRegistered | ProgrammeRegistered | ProjectRegistered]:
        """Return what the registry tells of it."""
        merged_on = date(2020, 1, 1)
        return [
            municipality(self.vefsn_id, "1824", "Vefsn", "Nordland"),
            municipality(self.oygarden_id, "4626", "Øygarden", "Vestland", since=merged_on),
            municipality(
                self.sund_id,
                "1245",
                "Sund",
                "Hordaland",
                Successor(municipality_id=self.oygarden_id, on=merged_on),
            ),
            ProgrammeRegistered(
                programme_id=self.programme_id,
                version=1,
                names=Names(nb="Saman om ein betre kommune"),
                cohorts=[
                    Cohort(
                        id=f"{self.programme_id}-1",
                        names=Names(nb="Pulje 1"),
                        starts_on=date(2012, 1, 1),
                    )
                ],
                themes=[
                    Theme(id="sickness-absence", names=Names(nb="Sykefravær", nn="Sjukefråvær"))
                ],
            ),
            self.project(self.project_id, [self.vefsn_id], [self.goal()]),
            self.project(f"{self.project_id}-other", [self.sund_id], []),
        ]

    def project(self, project_id: str, members: list[str], goals: list[Goal]) -> ProjectRegistered:
        """Return a project of the programme."""
        return ProjectRegistered(
            project_id=project_id,
            version=1,
            programme_id=self.programme_id,
            names=Names(nb=project_id),
            cohort_id=f"{self.programme_id}-1",
            theme_ids=["sickness-absence"],
            members=[Member(municipality_id=municipality_id) for municipality_id in members],
            goals=goals,
        )

    def goal(self) -> Goal:
        """Return Vefsn's goal."""
        return Goal(
            goal_id="naervaer",
            window="year-to-date",
            definition=DEFINITION,
            direction="falling",
            baseline=Baseline(value=Decimal("8.6"), period="2007-2010"),
            target=Decimal("6.9"),
            due_on=date(2013, 12, 31),
            persons_per_point=Decimal(10),
        )

    def figures(self) -> list[AbsenceFigurePosted]:
        """Return the slide's figures, and a generated month of the other municipality."""
        rows = [row for row in source_rows() if not row.is_sum]
        december = figure(self.vefsn_id, "1824", "2011-12", "year-to-date", "8.3")
        other = figure(self.sund_id, "1245", "2013-07", "period", "9.2", generated=True)
        return [december, *(one for row in rows for one in self.row(row)), other]

    def row(self, row: SourceRow) -> list[AbsenceFigurePosted]:
        """Return the figures of a row of the slide."""
        columns = {
            "period": row.month,
            "year-to-date": row.year_to_date,
            "rolling-12": row.rolling_12,
        }
        return [
            figure(self.vefsn_id, "1824", row.period, window, rate)
            for window, rate in columns.items()
            if rate
        ]


def municipality(
    municipality_id: str,
    number: str,
    name: str,
    county: str,
    *successors: Successor,
    since: date = date(1838, 1, 1),
) -> MunicipalityRegistered:
    """Return what the registry tells of a municipality."""
    ended = successors[0].on if successors else None
    version = MunicipalityVersion(
        number=number,
        name=name,
        county_number=number[:2],
        county_name=county,
        valid_from=since,
        valid_to=ended,
    )
    return MunicipalityRegistered(
        municipality_id=municipality_id, version=1, versions=[version], successors=list(successors)
    )


def figure(
    municipality_id: str,
    number: str,
    period: str,
    window: str,
    rate: str,
    *,
    generated: bool = False,
) -> AbsenceFigurePosted:
    """Return a rate as reporting publishes it."""
    return AbsenceFigurePosted(
        figure_id=uuid.uuid4(),
        municipality=number,
        municipality_id=municipality_id,
        municipality_number=number,
        period=period,
        window=window,
        rate_percent=Decimal(rate),
        weight_kind="equal",
        persons=1010,
        definition={
            "certification": "total",
            "denominator": "agreed",
            "holiday": "corrected",
            "source": "municipality-hr",
        },
        definition_key="total.agreed.corrected.municipality-hr",
        generated=generated,
        vintage=1,
        publisher="974760673",
        posted_at=POSTED_AT,
    )


async def publish(bus: Bus, metrics: RunningService, programme: Programme) -> None:
    """Tell of the programme and its figures, and wait until metrics has applied all of it.

    An event of metrics would not show that: figures, municipalities and projects come on topics
    that are read independently, and figures in several batches.
    """
    await bus.publish(*programme.events(), *programme.figures())
    await metrics.service.consumers.catch_up()


async def cells(page: Page) -> list[list[str]]:
    """Return the board's rows: label, smileys, the shown figure of each column."""
    found = []
    for row in await page.locator(".board tbody tr").all():
        label = (await row.locator("th").inner_text()).replace("\u00a0", " ")
        smileys = await row.locator(".smileys .ds-sr-only").inner_text()
        figures = [
            " ".join(await cell.locator(".figure").all_inner_texts())
            for cell in await row.locator("td.rate").all()
        ]
        found.append([label, smileys, *figures])
    return found


async def test_vefsns_board_in_the_browser_is_the_one_on_the_slide(
    run: RunService, bus: Bus, open_page: OpenPage, axe: str
) -> None:
    metrics = await run("metrics")
    programme = Programme()
    await publish(bus, metrics, programme)

    async with served(metrics.app) as address:
        page = await open_page(f"{address}/metrics/boards/{programme.vefsn_id}")
        rows = await cells(page)
        found = await faults(page, axe)
        await expect(page.get_by_text("22 flere på jobb hver dag")).to_be_visible()

    assert found == []
    expected = source_rows()
    assert [row[1] for row in rows] == [f"{row.smileys_by_rule} av 17" for row in expected]
    assert [row[3] for row in rows] == [
        (row.year_to_date or "").replace(".", ",") for row in expected
    ]
    assert [row[2] for row in rows if not row[0].startswith("SUM")] == [
        (row.month or "").replace(".", ",") for row in expected if not row.is_sum
    ]
    reported = [
        (row[4], row_source.rolling_12) for row, row_source in zip(rows, expected, strict=True)
    ]
    assert all(shown == source.replace(".", ",") for shown, source in reported if source)


async def test_the_front_page_finds_participants_on_todays_map(
    run: RunService, bus: Bus, open_page: OpenPage, axe: str
) -> None:
    metrics = await run("metrics")
    programme = Programme()
    await publish(bus, metrics, programme)

    async with served(metrics.app) as address:
        page = await open_page(f"{address}/?programme={programme.programme_id}", width=360)
        listed = [
            " ".join(text.split())
            for text in await page.locator("#participants tbody tr").all_inner_texts()
        ]
        titles = await page.locator(".norway .place title").all_text_contents()
        found = await faults(page, axe)
        await page.get_by_role("link", name="Vefsn").click()
        await expect(page.get_by_role("heading", level=1, name="Vefsn")).to_be_visible()

    assert found == []
    assert listed[0] == "Sund generert Hordaland · nå Øygarden · juli 2013 · av 1 av 12 tall 9,2 –"
    assert re.match(r"Vefsn Nordland · juli 2013 \d,\d [-−]2,2", listed[1])
    assert any(
        "Sund: 9,2\u00a0% (genererte tall)" in title and "I dag: Øygarden" in title
        for title in titles
    )


async def test_an_address_without_a_page_is_a_page_that_says_so(run: RunService) -> None:
    metrics = await run("metrics")

    for address in ("/metrics/boards/nowhere-9999", "/?programme=nowhere", "/metrics/nothing/here"):
        answer = await metrics.client.get(address, headers={"Accept-Language": "nn"})
        assert answer.status_code == 404
        assert "Sida finst ikkje" in answer.text
    for address in ("/?measure=rubbish", f"/?words={'a' * 101}"):
        answer = await metrics.client.get(address, headers={"Accept-Language": "nn"})
        assert answer.status_code == 422
        assert "Adressa kan ikkje lesast" in answer.text


async def test_the_status_page_shows_who_answers(
    run: RunService, open_page: OpenPage, axe: str
) -> None:
    metrics, registry = await run("metrics"), await run("registry", reference=False)
    async with served(make_gateway({"metrics": metrics.app, "registry": registry.app})) as address:
        page = await open_page(f"{address}/status")
        found = await faults(page, axe)
        for service in ("metrics", "registry"):
            await expect(page.get_by_role("region", name=service)).to_contain_text("klar")
        await expect(page.get_by_role("region", name="metrics")).to_contain_text(
            "metrics.reporting.figure"
        )
        await expect(page.get_by_role("region", name="reporting")).to_contain_text("svarer ikke")

    assert found == []


async def test_the_status_page_asks_where_it_is_told_to(run: RunService) -> None:
    metrics = await run("metrics")
    async with served(metrics.app) as told:
        registry = await run(
            "registry", reference=False, status_address=f"{told}/api/{{service}}/v1/status"
        )

        answer = await registry.client.get("/status", headers={"Accept-Language": "en"})

    assert re.search(r"metrics <span[^>]*>ready<", answer.text)
    assert re.search(r"reporting <span[^>]*>does not answer<", answer.text)


async def test_no_reader_can_send_the_status_page_elsewhere(run: RunService) -> None:
    registry = await run("registry", reference=False)
    async with served(make_gateway({"registry": registry.app})) as address, AsyncClient() as reader:
        headers = {"Host": "elsewhere.example", "Accept-Language": "en"}
        answer = await reader.get(f"{address}/status", headers=headers)

    assert re.search(r"registry <span[^>]*>ready<", answer.text)
