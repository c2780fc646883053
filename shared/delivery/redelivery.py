"""Replaying dead letters: handing their records once more to the consumers that failed on them."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from shared.delivery import dead_letters
from shared.delivery.dead_letters import DeadLetter, Failure, LetterFilter
from shared.delivery.delivery import Delivery
from shared.errors import Conflict, NotFound, RuleBroken
from shared.postgres.database import Database

REPLAY_SECONDS = 5.0
"""A replay of many begins no letter after this, and returns where to go on; an HTTP request is
given up after 10 s.
"""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a replay of many.

    Attributes:
        replayed: the letters that had their effect now.
        failed: those that failed again and wait on, and why.
        last_id: the last letter that was tried, if there may be more after it.
    """

    replayed: list[int]
    failed: dict[int, Failure]
    last_id: int | None


async def replay(
    deliveries: Mapping[str, Delivery], database: Database, letter_id: int
) -> DeadLetter:
    """Hand a letter's record once more to the consumer that could not handle it; see
    `Delivery.replay`.

    A letter that was replayed before is returned as it is, so that a request can be repeated when
    its answer was lost.

    Args:
        deliveries: the service's, by consumer.
        database: the service's.
        letter_id: which.

    Raises:
        NotFound: no letter has this id, or its consumer is gone from the code.
        Conflict: `dead-letter-settled`; it was discarded before. `dead-letter-empty`; as
            `Delivery.replay`.
        RuleBroken, Unavailable: likewise.
    """
    async with database.connection() as conn:
        consumer = (await dead_letters.get(conn, letter_id)).consumer
    delivery = deliveries.get(consumer)
    if delivery is None:
        raise NotFound(
            f"dead letter {letter_id} belongs to {consumer}, which nobody consumes any more;"
            " discard it"
        )
    try:
        return await delivery.replay(letter_id)
    except Conflict:
        async with database.connection() as conn:
            letter = await dead_letters.get(conn, letter_id)
        if letter.state != "replayed":
            raise
        return letter


async def replay_all(
    deliveries: Mapping[str, Delivery],
    database: Database,
    wanted: LetterFilter,
    *,
    after: int,
    count: int,
) -> Replayed:
    """Replay the waiting letters that are meant, in the order they came, each on its own.

    Args:
        wanted: which; its state is not looked at.
        after: the id after which to begin.
        count: at most so many; a batch also ends after `REPLAY_SECONDS`.

    Raises:
        Unavailable: the database does not answer now; what was replayed until then stays replayed.
    """
    deadline = time.monotonic() + REPLAY_SECONDS
    done = Replayed([], {}, None)
    async with database.connection() as conn:
        letters = await dead_letters.list_(
            conn, replace(wanted, state="waiting"), after=after, count=count + 1
        )
    for place, letter in enumerate(letters):
        if place == count or (place and time.monotonic() > deadline):
            return replace(done, last_id=letters[place - 1].id)
        try:
            await replay(deliveries, database, letter.id)
        except (RuleBroken, NotFound, Conflict) as error:
            done.failed[letter.id] = Failure.of(error)
        else:
            done.replayed.append(letter.id)
    return done
