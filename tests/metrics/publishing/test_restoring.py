"""How the states of metrics and what the log holds of them are compared after a restore."""

from services.metrics.restoring import Compared, compare
from shared.events.metrics import MetricUpdated
from tests.conftest import MakeDatabase
from tests.metrics import stored
from tests.metrics.factories import posted_event
from tests.metrics.posted import SUBJECT, posted
from tests.support.logs import log_of


async def test_a_state_is_in_the_log_when_its_newest_version_is_the_last_there(
    make_database: MakeDatabase,
) -> None:
    database = await make_database("metrics")
    for vintage, lost in ((1, "80"), (2, "90")):
        await stored.apply(database, [posted_event(posted("2013-03", vintage=vintage, lost=lost))])
    first, second = await stored.metrics_of(database, SUBJECT)
    newer = second.model_copy(update={"version": 3})

    async def compared(*told: MetricUpdated) -> Compared:
        async with database.connection() as conn:
            return await compare(conn, log_of(*told))

    assert await compared(first, second) == Compared()
    assert await compared(first) == Compared(lost_in_log=1)
    assert await compared(first, second, first) == Compared(lost_in_log=1), (
        "compaction would keep the first"
    )
    assert await compared(first, second, newer) == Compared(newer_in_log=1)
