"""Posting figures: one gate, every vintage kept, each told once."""

from decimal import Decimal

from shared.errors import Conflict
from shared.events.reporting import AbsenceFigurePosted, SubmissionAccepted, SubmissionRejected
from tests.reporting import factories
from tests.reporting.desk import Desk, codes
from tests.reporting.factories import (
    ORGNR,
    OTHER_ORGNR,
    VEFSN,
    entry,
    figure,
    posted,
    rate_figure,
)


async def test_a_posted_figure_is_kept_and_told_with_a_receipt(desk: Desk) -> None:
    body = posted(note="etter influensaen", unit="helse")

    (judged,) = await desk.post(body)

    assert (judged.result, judged.vintage, judged.findings) == ("accepted", 1, ())
    (kept,) = await desk.figures()
    assert (kept["municipality_id"], kept["municipality_number"], kept["unit"]) == (
        VEFSN,
        "9824",
        "helse",
    )
    assert (kept["numerator"], kept["denominator"], kept["persons"]) == (
        Decimal("1387.20"),
        Decimal("20104.00"),
        1010,
    )
    (event,) = await desk.told(AbsenceFigurePosted)
    assert (str(event.figure_id), event.municipality_id, event.vintage) == (
        body["figure_id"],
        VEFSN,
        1,
    )
    assert event.municipality == event.municipality_number == body["municipality"]
    assert (str(event.lost_days), event.note, event.publisher) == (
        "1387.20",
        "etter influensaen",
        ORGNR,
    )
    assert event.posted_at == event.occurred_at == desk.now
    (receipt,) = await desk.told(SubmissionAccepted)
    assert (str(receipt.submission_id), receipt.vintage, receipt.origin) == (
        body["figure_id"],
        1,
        "http",
    )


async def test_the_same_figure_again_gives_the_first_answer_and_changes_nothing(desk: Desk) -> None:
    body = posted(agreed_days="4000")
    await desk.post(posted(period="2013-01"))

    (first,) = await desk.post(body)
    before = await desk.figures()
    (again, at_once) = await desk.post(body, body)

    assert [again.result, at_once.result] == ["repeated", "repeated"]
    assert first.findings
    assert (again.vintage, again.findings) == (first.vintage, first.findings)
    assert await desk.figures() == before
    assert len(await desk.told(AbsenceFigurePosted)) == 2


async def test_the_same_number_written_otherwise_is_the_same_content(desk: Desk) -> None:
    body = posted(lost_days="1387.20", unit=None)

    outcomes = await desk.post(
        body, body | {"lost_days": Decimal("1387.2")}, {k: body[k] for k in body if k != "unit"}
    )

    assert codes(outcomes) == ["accepted", "repeated", "repeated"]


async def test_the_same_id_with_other_content_is_refused_in_the_batch_and_after_it(
    desk: Desk,
) -> None:
    body = posted()

    outcomes = await desk.post(body, body | {"lost_days": "1"})
    (later,) = await desk.post(body | {"period": "2013-01"})

    assert codes([*outcomes, later]) == ["accepted", "id-reused", "id-reused"]
    assert isinstance(later.error, Conflict)
    assert body["figure_id"] in later.error.message
    assert len(await desk.figures()) == 1


async def test_ids_are_unique_per_publisher_only(desk: Desk) -> None:
    body = posted()
    harstad = figure(municipality="9903", figure_id=body["figure_id"])

    outcomes = await desk.post(body, entry(harstad, publisher=OTHER_ORGNR))

    assert codes(outcomes) == ["accepted", "accepted"]
    assert len({event.event_id for event in await desk.told(AbsenceFigurePosted)}) == 2


async def test_a_rejected_id_is_not_used_up(desk: Desk) -> None:
    body = posted(lost_days="99999")

    assert codes(await desk.post(body)) == ["lost-above-agreed"]
    assert codes(await desk.post(body | {"lost_days": "999"})) == ["accepted"]


async def test_a_correction_is_the_second_vintage_and_names_what_it_replaces(desk: Desk) -> None:
    first, second = posted(), posted(lost_days="1400")

    await desk.post(first)
    (judged,) = await desk.post(second)

    assert judged.vintage == 2
    kept = [
        (row["vintage"], row["in_force"], row["replaces"] and str(row["replaces"]))
        for row in await desk.figures()
    ]
    assert kept == [(1, False, None), (2, True, first["figure_id"])]
    told = [
        (event.vintage, event.replaces and str(event.replaces))
        for event in await desk.told(AbsenceFigurePosted)
    ]
    assert told == [(1, None), (2, first["figure_id"])]


async def test_corrections_within_one_batch_replace_each_other_in_order(desk: Desk) -> None:
    kept_before = posted()
    await desk.post(kept_before)
    batch = [posted(lost_days=str(lost)) for lost in (1400, 1500, 1600)]

    outcomes = await desk.post(*batch)

    assert [judged.vintage for judged in outcomes] == [2, 3, 4]
    rows = await desk.figures()
    assert [row["in_force"] for row in rows] == [False, False, False, True]
    replaced = [str(row["replaces"]) for row in rows[1:]]
    assert replaced == [each["figure_id"] for each in (kept_before, batch[0], batch[1])]


async def test_a_correction_replaces_across_publishers_and_doors(desk: Desk) -> None:
    await desk.hear(factories.publisher(organisation_number=OTHER_ORGNR, version=2))
    first, second = posted(), posted(lost_days="1400")

    await desk.post(entry(first, origin="inbound.974760673.figures.v1/3/17"))
    (judged,) = await desk.post(entry(second, publisher=OTHER_ORGNR))

    assert judged.vintage == 2
    assert [(row["publisher"], row["in_force"]) for row in await desk.figures()] == [
        (ORGNR, False),
        (OTHER_ORGNR, True),
    ]


async def test_figures_of_different_places_stand_beside_each_other(desk: Desk) -> None:
    elsewhere: list[dict[str, object]] = [
        {},
        {"unit": "helse"},
        {"period": "2013-01"},
        {"period": "2012-Q4"},
        {"window": "rolling-12"},
        {"definition": factories.DEFINITION | {"holiday": "uncorrected"}},
        {"definition": factories.DEFINITION | {"source": "ks-pai"}},
    ]

    outcomes = await desk.post(*(posted(**changes) for changes in elsewhere))

    assert {judged.vintage for judged in outcomes} == {1}
    assert [row["in_force"] for row in await desk.figures()] == [True] * len(elsewhere)


async def test_one_bad_figure_does_not_touch_its_neighbours(desk: Desk) -> None:
    outcomes = await desk.post(
        posted(period="2013-01"),
        posted(period="2013-13"),
        posted(municipality="9999"),
        posted(period="2013-02"),
    )

    assert codes(outcomes) == ["accepted", "period-malformed", "municipality-unknown", "accepted"]
    assert [row["period"] for row in await desk.figures()] == ["2013-01", "2013-02"]
    assert [receipt.code for receipt in await desk.told(SubmissionRejected)] == [
        "period-malformed",
        "municipality-unknown",
    ]


async def test_a_place_that_a_restored_log_gives_out_anew_gets_receipts_of_its_own(
    desk: Desk,
) -> None:
    place = f"inbound.{ORGNR}.figures.v1/10/1"
    lost, other = posted(period="2013-01"), posted(period="2013-02")
    bad = [posted(period="2013-13"), posted(period="2013-13")]

    await desk.post(*(entry(body, origin=place) for body in (lost, lost, other, *bad)))

    accepted = [receipt.event_id for receipt in await desk.told(SubmissionAccepted)]
    assert (accepted[0] == accepted[1], accepted[0] == accepted[2]) == (True, False)
    refused = [receipt.event_id for receipt in await desk.told(SubmissionRejected)]
    assert len(set(refused)) == len(bad)


async def test_every_fault_of_a_figure_is_named_at_once(desk: Desk) -> None:
    (judged,) = await desk.post(
        posted(figure_id="5", municipality="18", period="2013-13", lost_days="much", extra=1)
    )

    assert judged.error is not None
    assert {(fault.code, fault.pointer) for fault in judged.error.errors} == {
        ("id-malformed", "/figure_id"),
        ("schema-mismatch", "/municipality"),
        ("period-malformed", "/period"),
        ("decimal-malformed", "/lost_days"),
        ("unknown-field", "/extra"),
    }


async def test_number_period_and_bounds_are_judged_together(desk: Desk) -> None:
    (judged,) = await desk.post(posted(municipality="9999", period="2014-03", lost_days="-1"))

    assert judged.error is not None
    assert [fault.code for fault in judged.error.errors] == [
        "period-not-ended",
        "number-negative",
        "municipality-unknown",
    ]


async def test_a_body_with_thousands_of_faults_gets_an_answer_of_bounded_size(desk: Desk) -> None:
    (judged,) = await desk.post(posted(**{f"{'x' * 500}-{number}": 1 for number in range(2_000)}))

    assert judged.error is not None
    assert len(judged.error.errors) == 20
    assert "and 1995 more" in judged.error.message
    (receipt,) = await desk.told(SubmissionRejected)
    assert len(receipt.payload()) < 20_000


async def test_a_jump_against_the_period_before_is_accepted_with_a_warning(desk: Desk) -> None:
    outcomes = await desk.post(
        posted(period="2013-01"), posted(period="2013-02", lost_days="13872.00")
    )

    assert [finding.code for finding in outcomes[1].findings] == ["jump"]
    told = await desk.told(AbsenceFigurePosted)
    assert [finding.code for event in told for finding in event.findings] == ["jump"]
    (later,) = await desk.post(posted(period="2013-03"))
    assert "69.00 % of 2013-02" in later.findings[0].message


async def test_a_jump_is_seen_against_the_year_before_when_the_period_before_is_missing(
    desk: Desk,
) -> None:
    await desk.post(posted(period="2012-02"))

    (judged,) = await desk.post(posted(period="2013-02", lost_days="13872.00"))

    assert "6.90 % of 2012-02" in judged.findings[0].message


async def test_a_corrected_or_withdrawn_rate_is_not_compared_with(desk: Desk) -> None:
    slip, wrong = (
        posted(period="2013-01", lost_days="13872"),
        posted(period="2013-02", lost_days="13872"),
    )
    await desk.post(slip, posted(period="2013-01"), wrong)
    await desk.withdraw(wrong["figure_id"])

    outcomes = await desk.post(posted(period="2013-02"), posted(period="2013-03"))

    assert [judged.findings for judged in outcomes] == [(), ()]


async def test_a_series_takes_one_kind_of_weight(desk: Desk) -> None:
    weighed = rate_figure(period="2013-01", weight_kind="agreed-days", weight="20000")

    outcomes = await desk.post(rate_figure(), weighed, rate_figure(period="2012-12"))
    (later,) = await desk.post(weighed)
    elsewhere = await desk.post(
        weighed | {"unit": "helse"}, weighed | {"window": "rolling-12"}, posted(period="2013-01")
    )

    assert codes([*outcomes, later]) == [
        "accepted",
        "weight-kind-mixed",
        "accepted",
        "weight-kind-mixed",
    ]
    assert codes(elsewhere) == ["accepted", "accepted", "accepted"]


async def test_a_wrong_kind_of_weight_can_be_corrected_or_withdrawn(desk: Desk) -> None:
    wrong = posted(**rate_figure(weight_kind="working-days", weight="20"))
    right = rate_figure(weight_kind="agreed-days", weight="20000")
    await desk.post(wrong)

    outcomes = await desk.post(right, right | {"period": "2013-01"})
    assert codes(outcomes) == ["accepted", "accepted"]

    other = {"unit": "helse"}
    await desk.post(
        mistaken := posted(**rate_figure(weight_kind="working-days", weight="20", **other))
    )
    await desk.withdraw(mistaken["figure_id"])
    assert codes(await desk.post(right | other | {"period": "2013-01"})) == ["accepted"]


async def test_day_counts_may_replace_the_rate_that_fixed_the_kind(desk: Desk) -> None:
    await desk.post(rate_figure(weight_kind="working-days", weight="20"))

    outcomes = await desk.post(posted(), rate_figure(period="2013-01"))

    assert codes(outcomes) == ["accepted", "accepted"]
