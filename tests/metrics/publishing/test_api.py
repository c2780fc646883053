"""Series and boards over HTTP: open to all, paged, as JSON and as CSV."""

import csv
import io

import pytest
import pytest_asyncio

from services.metrics.intake import commands
from shared.http import lists
from shared.http.wishes import prefers
from tests.conftest import RunService
from tests.metrics import factories, stored
from tests.metrics.factories import NOW, posted_event
from tests.metrics.posted import DEFINITION, SUBJECT, posted
from tests.metrics.vefsn import source_rows, vefsn_figures
from tests.support.apps import RunningService

SERIES = "/api/metrics/v1/series"


@pytest_asyncio.fixture
async def vefsn(run: RunService) -> RunningService:
    """Metrics with Vefsn's project and all its figures."""
    running = await run("metrics")
    database = running.service.database
    async with database.transaction() as conn:
        await commands.hear_municipalities(conn, [factories.municipality()], now=NOW)
        await commands.hear_projects(
            conn, [factories.project(goals=[factories.goal_contract()])], now=NOW
        )
    await stored.apply(database, [posted_event(one) for one in vefsn_figures()])
    return running


async def test_a_series_lists_reported_and_computed_rates(vefsn: RunningService) -> None:
    answer = await vefsn.client.get(
        SERIES, params={"subject": SUBJECT, "window": "rolling-12", "from": "2013-02"}
    )

    first = answer.json()["items"][0]
    assert first.pop("computed_at").startswith("2013-09-01")
    assert first == {
        "subject": SUBJECT,
        "metric": "absence",
        "definition_key": DEFINITION,
        "grain": "month",
        "period": "2013-02",
        "window": "rolling-12",
        "value": "7.74",
        "reported": "7.70",
        "shown": "7.70",
        "numerator": None,
        "denominator": None,
        "coverage": {"present": 12, "expected": 12},
        "reason": None,
        "suppressed": False,
        "generated": False,
        "version": 1,
    }
    assert [one["period"] for one in answer.json()["items"]] == [
        f"2013-0{month}" for month in range(2, 8)
    ]


async def test_a_span_may_be_named_by_coarser_periods(vefsn: RunningService) -> None:
    wanted = {"subject": SUBJECT, "window": "quarter", "from": "2012-Q2", "to": "2012"}
    answer = await vefsn.client.get(SERIES, params=wanted)
    assert [one["period"] for one in answer.json()["items"]] == ["2012-06", "2012-09", "2012-12"]


async def test_pages_put_together_are_the_whole_list(vefsn: RunningService) -> None:
    whole = (await vefsn.client.get(SERIES, params={"subject": SUBJECT, "limit": 1000})).json()
    assert whole["next"] is None

    pages, cursor = [], ""
    while cursor is not None:
        asked = {"subject": SUBJECT, "limit": "7"} | ({"cursor": cursor} if cursor else {})
        answer = (await vefsn.client.get(SERIES, params=asked)).json()
        pages += answer["items"]
        cursor = answer["next"]

    assert pages == whole["items"]
    assert (
        len(pages) == 20 * 3 + 7 + 4 + 2
    )  # months, of which seven close a quarter, four a half-year, two a year


async def test_csv_is_whole_and_has_the_same_rates(vefsn: RunningService) -> None:
    asked = {"subject": SUBJECT}
    whole = (await vefsn.client.get(SERIES, params={**asked, "limit": "1000"})).json()["items"]
    answer = await vefsn.client.get(SERIES, params=asked, headers={"Accept": "text/csv"})
    named = await vefsn.client.get(SERIES, params={**asked, "format": "csv"})

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert (named.text, named.headers["content-type"]) == (
        answer.text,
        answer.headers["content-type"],
    )
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(whole) > 60
    assert [(line["period"], line["window"], line["value"]) for line in lines] == [
        (one["period"], one["window"], one["value"] or "") for one in whole
    ]
    assert lines[0]["present"] == "0"


async def test_csv_is_read_page_by_page_to_its_end(
    vefsn: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"subject": SUBJECT, "format": "csv"}
    whole = (await vefsn.client.get(SERIES, params=asked)).text
    monkeypatch.setattr(lists, "LIST_MAX", 7)

    assert (await vefsn.client.get(SERIES, params=asked)).text == whole


async def test_a_part_of_a_csv_says_that_it_is_one(vefsn: RunningService) -> None:
    asked = {"subject": SUBJECT, "window": "month", "limit": "5", "format": "csv"}
    answer = await vefsn.client.get(SERIES, params=asked)

    *lines, last = answer.text.splitlines()
    assert len(lines) == 1 + 5
    address = answer.headers["link"][1:].partition(">")[0]
    assert last == f"# not whole: more rows are at {address}"
    following = (await vefsn.client.get(address)).text
    assert next(csv.DictReader(io.StringIO(following)))["period"] == "2012-05"
    rest = await vefsn.client.get(SERIES, params={**asked, "limit": "1000"})
    assert "#" not in rest.text


@pytest.mark.parametrize("window", ["month", None])
async def test_a_municipality_may_be_named_by_a_number_that_only_it_bore(
    vefsn: RunningService, window: str | None
) -> None:
    asked = {} if window is None else {"window": window}
    by_id = await vefsn.client.get(SERIES, params={"subject": SUBJECT, **asked})
    by_number = await vefsn.client.get(SERIES, params={"subject": "municipality/1824", **asked})
    unknown = await vefsn.client.get(SERIES, params={"subject": "municipality/9999"})

    assert by_number.json() == by_id.json()
    assert (unknown.status_code, unknown.json()["code"]) == (422, "municipality-unknown")


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("text/csv;q=0.1, application/json", "application/json"),
        ("application/json, text/csv;q=0.1", "application/json"),
        ("text/csv, application/json;q=0.9", "text/csv"),
        ("application/json; q=0.9, TEXT/CSV; header=present; q=1.0", "text/csv"),
        ("*/*;q=0.8, text/csv", "text/csv"),
        ("text/csv, */*", "text/csv"),
        ("text/*, application/json;q=0.5", "text/csv"),
        ("text/*, text/csv;q=0, application/json;q=0.5", "application/json"),
        ("text/csv;q=0", "application/json"),
        ("text/csv;q=much", "application/json"),
        ("text/csv;q=inf, application/json;q=0.1", "application/json"),
        ("text/csv ; Q=0.9, application/json;q=nan", "text/csv"),
        ("text/csv, application/json", "application/json"),
        ("*/*", "application/json"),
        ("text/html", "application/json"),
    ],
)
def test_rates_come_in_the_form_that_is_liked_best(accept: str, media_type: str) -> None:
    assert prefers(accept, "text/csv", over="application/json") is (media_type == "text/csv")


async def test_csv_that_is_liked_less_is_not_sent(vefsn: RunningService) -> None:
    for accept in ("text/csv;q=0.1, application/json", "application/json, text/csv;q=0.1"):
        answer = await vefsn.client.get(
            SERIES, params={"subject": SUBJECT}, headers={"Accept": accept}
        )

        assert answer.headers["content-type"] == "application/json", accept


async def test_an_unknown_subject_has_an_empty_list(vefsn: RunningService) -> None:
    answer = await vefsn.client.get(SERIES, params={"subject": "municipality/nowhere-0000"})
    assert answer.json() == {"items": [], "next": None}


async def test_faulty_questions_are_told_what_is_wrong(vefsn: RunningService) -> None:
    cases = {
        "subject": {},
        "from": {"subject": SUBJECT, "from": "2013-13"},
        "window": {"subject": SUBJECT, "window": "fortnight"},
        "limit": {"subject": SUBJECT, "limit": "0"},
        "cursor": {"subject": SUBJECT, "cursor": "WzFd"},
        "unknown": {"subject": SUBJECT, "subjekt": "x"},
    }
    for name, asked in cases.items():
        answer = await vefsn.client.get(SERIES, params=asked)
        assert answer.status_code == 422, name
        assert answer.headers["content-type"] == "application/problem+json", name


async def test_the_board_equals_the_slide(vefsn: RunningService) -> None:
    board = (await vefsn.client.get("/api/metrics/v1/boards/vefsn-1824")).json()

    assert board["name"] == "Vefsn"
    assert (
        board["goal"]["baseline"]["value"],
        board["goal"]["target"],
        board["goal"]["places"],
    ) == ("8.6", "6.9", 17)
    assert board["goal"]["state"] == "reached"
    rows = source_rows()
    assert [(row["period"], row["is_sum"]) for row in board["rows"]] == [
        (row.period, row.is_sum) for row in rows
    ]
    for row, source in zip(board["rows"], rows, strict=True):
        assert row["smileys"] == row["persons_at_work_clamped"] == source.smileys_by_rule
        assert row["windows"]["year-to-date"]["reported"] == f"{source.year_to_date}0"
        if not row["is_sum"]:
            assert row["windows"]["month"]["shown"] == f"{source.month}0"
    february = next(row for row in board["rows"] if row["period"] == "2013-02")
    assert february["windows"]["year-to-date"] == {
        "reported": "7.50", "computed": "7.35", "shown": "7.50", "differs": True,
        "coverage": {"present": 2, "expected": 2}, "reason": None,
    }  # fmt: skip
    assert board["rows"][-1]["persons_at_work"] == "22.0"


async def test_a_board_that_did_not_change_is_not_sent_again(vefsn: RunningService) -> None:
    first = await vefsn.client.get("/api/metrics/v1/boards/vefsn-1824")
    again = await vefsn.client.get(
        "/api/metrics/v1/boards/vefsn-1824", headers={"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


async def test_a_board_of_nobody_is_not_found(vefsn: RunningService) -> None:
    answer = await vefsn.client.get("/api/metrics/v1/boards/nowhere-0000")
    assert (answer.status_code, answer.json()["code"]) == (404, "municipality-unknown")


async def test_a_definition_without_figures_has_nothing_yet(vefsn: RunningService) -> None:
    other = "doctor.agreed.corrected.ssb"

    series = await vefsn.client.get(SERIES, params={"subject": SUBJECT, "definition_key": other})
    board = await vefsn.client.get(
        "/api/metrics/v1/boards/vefsn-1824", params={"definition_key": other}
    )
    page = await vefsn.client.get("/metrics/boards/vefsn-1824", params={"definition": other})

    assert (series.status_code, series.json()["items"]) == (200, [])
    assert (board.status_code, board.json()["rows"], board.json()["goal"]) == (200, [], None)
    assert page.status_code == 404


async def test_a_definition_that_cannot_be_is_refused(vefsn: RunningService) -> None:
    odd = {"definition_key": "total.agreed.corrected"}
    for path, asked in (
        (SERIES, {"subject": SUBJECT, **odd}),
        ("/api/metrics/v1/boards/vefsn-1824", odd),
    ):
        answer = await vefsn.client.get(path, params=asked)

        assert (answer.status_code, answer.json()["code"]) == (422, "definition-unknown"), path
        assert "total.agreed.corrected" in answer.json()["detail"]

        unknown = await vefsn.client.get(path, params={**asked, "metric": "no-such-metric"})
        assert (unknown.status_code, unknown.json()["code"]) == (422, "metric-unknown"), path


async def test_a_definition_of_a_goal_has_a_board_before_its_first_figure(
    vefsn: RunningService,
) -> None:
    doctor = factories.goal_definition("doctor.agreed.corrected.ssb")
    goals = [
        factories.goal_contract(),
        factories.goal_contract(goal_id="legemeldt", definition=doctor),
    ]
    async with vefsn.service.database.transaction() as conn:
        await commands.hear_projects(conn, [factories.project(goals=goals, version=2)], now=NOW)
    asked = {"definition_key": "doctor.agreed.corrected.ssb"}

    answer = await vefsn.client.get("/api/metrics/v1/boards/vefsn-1824", params=asked)

    assert (answer.status_code, answer.json()["goal"]["goal_id"], answer.json()["rows"]) == (
        200,
        "legemeldt",
        [],
    )


async def test_suppressed_rates_are_not_in_any_answer(vefsn: RunningService) -> None:
    small = posted("2013-02", municipality_id="utvaer-9999", persons=3, lost="3.21")
    await stored.apply(vefsn.service.database, [posted_event(small)])

    answer = await vefsn.client.get(
        SERIES, params={"subject": "municipality/utvaer-9999", "window": "month"}
    )
    board = await vefsn.client.get("/api/metrics/v1/boards/utvaer-9999")

    assert answer.json()["items"][0]["suppressed"]
    assert "0.32" not in answer.text + board.text
    assert board.json()["suppressed"]
