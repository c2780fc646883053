"""The whole of metrics on the real broker, seen from outside."""

import secrets
from dataclasses import replace
from decimal import Decimal

from shared.delivery import dead_letters
from shared.events.metrics import MetricUpdated, TargetReached
from shared.events.reporting import AbsenceFigurePosted
from tests.conftest import RunService
from tests.metrics import factories
from tests.metrics.factories import posted_event, withdrawn_event
from tests.metrics.posted import posted
from tests.metrics.vefsn import vefsn_figures
from tests.support.bus import Bus


def somebody() -> str:
    """Return a municipality that no other test knows."""
    return f"kommune-{secrets.token_hex(4)}"


async def test_a_posted_figure_becomes_a_metric(bus: Bus, run: RunService) -> None:
    running = await run("metrics")
    await bus.follow(MetricUpdated.topic())
    one = somebody()

    await bus.publish(
        posted_event(posted("2013-02", municipality_id=one, lost="86", agreed="1000"))
    )

    metric = await bus.receive(
        MetricUpdated, where=lambda event: event.subject == f"municipality/{one}"
    )
    assert metric.windows["month"].value == Decimal("8.60")
    answer = await running.client.get(
        "/api/metrics/v1/series", params={"subject": metric.subject, "window": "month"}
    )
    assert answer.json()["items"][-1]["value"] == "8.60"


async def test_a_withdrawn_figure_is_told_about(bus: Bus, run: RunService) -> None:
    await run("metrics")
    await bus.follow(MetricUpdated.topic())
    figure = posted("2013-02", municipality_id=somebody())

    await bus.publish(posted_event(figure), withdrawn_event(figure))

    def is_gone(event: MetricUpdated) -> bool:
        return event.subject == figure.subject and event.windows["month"].value is None

    assert (await bus.receive(MetricUpdated, where=is_gone)).windows["month"].reason == "no-data"


async def test_a_municipality_that_reaches_its_target_is_told_about_once(
    bus: Bus, run: RunService
) -> None:
    one = somebody()
    running = await run("metrics")
    await bus.follow(TargetReached.topic())
    await bus.follow(MetricUpdated.topic())
    await bus.publish(factories.municipality(one))
    await bus.publish(
        factories.project(f"prosjekt-{one}", [one], goals=[factories.goal_contract()])
    )
    figures = [replace(figure, municipality_id=one) for figure in vefsn_figures()]

    await bus.publish(*(posted_event(figure) for figure in figures))

    reached = await bus.receive(
        TargetReached, where=lambda event: event.subject == f"municipality/{one}"
    )
    assert (reached.period, reached.value) == ("2013-04", Decimal("6.90"))
    last = figures[-1]
    await bus.receive(
        MetricUpdated,
        where=lambda event: event.subject == last.subject and event.period == "2013-07",
    )
    board = (await running.client.get(f"/api/metrics/v1/boards/{one}")).json()
    assert [row["smileys"] for row in board["rows"] if row["is_sum"]] == [3, 5, 17]


async def test_an_unreadable_record_does_not_touch_its_neighbours(
    bus: Bus, run: RunService
) -> None:
    running = await run("metrics")
    await bus.follow(MetricUpdated.topic())
    one = somebody()
    months = [posted_event(posted(f"2013-0{month}", municipality_id=one)) for month in (1, 2)]
    incomplete = posted_event(posted("2013-03", municipality_id=one)).model_copy(
        update={"lost_days": None}
    )
    headers = [(name, value.encode()) for name, value in months[0].headers().items()]

    await bus.publish(months[0])
    torn = await bus.send_raw(
        AbsenceFigurePosted.topic(), b'{"figure_id": ', key=one.encode(), headers=headers
    )
    await bus.publish(incomplete, months[1])

    def is_second(event: MetricUpdated) -> bool:
        return event.subject == f"municipality/{one}" and event.period == "2013-02"

    assert (await bus.receive(MetricUpdated, where=is_second)).windows[
        "year-to-date"
    ].coverage.present == 2
    async with running.service.database.connection() as conn:
        letters = await dead_letters.list_(conn, count=1_000)
    behind = f"{torn.topic}/{torn.partition}/"
    codes = {one.origin: one.code for one in letters}
    assert codes[f"{behind}{torn.offset}"] == "json-malformed"
    assert codes[f"{behind}{torn.offset + 1}"] == "figure-incomplete"
