"""What operators look at: readiness, lag, outbox, dead letters."""

from datetime import datetime
from typing import Any

from shared.clock import seconds_since
from shared.delivery import dead_letters
from shared.outbox import outbox
from shared.service.runtime import Service


async def status_of(service: Service) -> dict[str, Any]:
    """Return a service's state as JSON.

    Raises:
        Unavailable: the database does not answer now.
    """
    async with service.database.connection() as conn:
        waiting = await outbox.state(conn)
        letters = await dead_letters.waiting(conn)
    oldest: datetime | None = letters["oldest_at"]
    relay = service.relay.state
    reasons = service.health.reasons()
    return {
        "service": service.name,
        "ready": not reasons,
        "reasons": reasons,
        "now": service.clock.now().isoformat(),
        "outbox": {
            "waiting_count": waiting["waiting_count"],
            "oldest_seconds": waiting["oldest_seconds"],
            "parked_count": waiting["parked_count"],
            "sent_count": relay.sent_count,
            "last_sent_seconds_ago": seconds_since(relay.last_sent_at),
            "last_error": relay.last_error,
        },
        "dead_letters": {
            "waiting_count": letters["count"],
            "oldest_at": oldest.isoformat() if oldest is not None else None,
        },
        "consumers": _consumers(service),
    }


def _consumers(service: Service) -> list[dict[str, Any]]:
    lags = {**service.consumers.lag(), **service.late_consumers.lag()}
    return [
        {
            "group": group,
            "partitions": len(lags[group]),
            "lag": sum(waiting or 0 for waiting in lags[group].values()),
            "handled_count": delivery.progress.handled_count,
            "repeated_count": delivery.progress.repeated_count,
            "unused_count": delivery.progress.unused_count,
            "buried_count": delivery.progress.buried_count,
            "not_kept_count": delivery.progress.not_kept_count,
            "last_handled_seconds_ago": seconds_since(delivery.progress.last_handled_at),
            "last_error": delivery.progress.last_error,
        }
        for group, delivery in service.deliveries.items()
    ]
