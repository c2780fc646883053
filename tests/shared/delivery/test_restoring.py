"""What the log has had, as those who compare a database with it ask."""

from uuid import uuid4

from shared.delivery.restoring import Log
from shared.events.envelope import Event
from tests.notifications.factories import metric_updated, target_lost, target_reached
from tests.support.logs import log_of


def had(log: Log, event: Event) -> bool:
    return log.has_had(event.topic(), event.key, str(event.event_id), event.payload())


async def test_a_state_was_there_when_a_newer_one_is() -> None:
    log = log_of(metric_updated(version=7))

    assert had(log, metric_updated(version=6, event_id=uuid4())), (
        "compaction may have taken it away"
    )
    assert had(log, metric_updated(version=7))
    assert not had(log, metric_updated(version=8))
    assert not had(log, metric_updated(version=6, period="2013-03"))


async def test_what_is_kept_for_ever_was_there_when_it_is() -> None:
    reached = target_reached()
    log = log_of(reached)

    assert had(log, reached)
    assert not had(log, target_lost())
