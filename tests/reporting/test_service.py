"""The whole of reporting on the real broker, seen from outside."""

from shared.events.inbound import AbsenceFigurePosted as Inbound
from shared.events.reporting import AbsenceFigurePosted, SubmissionAccepted, SubmissionRejected
from shared.messaging.topics import apply, topics_of_publisher
from tests.conftest import RunService
from tests.reporting import factories
from tests.support.bus import Bus
from tests.support.infrastructure import Infra


async def test_a_figure_on_an_inbound_topic_is_published_with_a_receipt(
    infra: Infra, bus: Bus, run: RunService
) -> None:
    publisher = factories.publisher()
    orgnr = publisher.organisation_number
    await apply(infra.bus, topics_of_publisher(orgnr))
    await bus.publish(factories.municipality(), publisher)
    await run("reporting")
    await bus.follow(AbsenceFigurePosted.topic())
    await bus.follow(SubmissionAccepted.topic_of(orgnr))

    bad = await bus.submit(
        f"inbound.{orgnr}.absence-figures.v1", factories.figure(lost_days="99999"), type_=Inbound.type
    )
    good = await bus.submit(f"inbound.{orgnr}.absence-figures.v1", factories.figure(), type_=Inbound.type)

    posted = await bus.receive(AbsenceFigurePosted, where=lambda e: str(e.figure_id) == good)
    assert (posted.municipality_id, posted.vintage, str(posted.lost_days)) == ("vefsn-1824", 1, "1387.20")
    receipt = await bus.receive(SubmissionAccepted, topic=f"receipts.{orgnr}.v1")
    assert str(receipt.submission_id) == good
    rejection = await bus.receive(SubmissionRejected, topic=f"receipts.{orgnr}.v1")
    assert (rejection.submission_id, rejection.code) == (bad, "lost-above-agreed")
