"""What a command that puts something answers, and how it tells of it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.audit import log as audit
from shared.events.envelope import Event
from shared.outbox import outbox
from shared.postgres.database import Connection

State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Put(Generic[State]):
    """The state in force after a command.

    Attributes:
        created: it was not there before.
        changed: this command changed it; false when the same was put again, and then nothing was
            published.
    """

    state: State
    created: bool
    changed: bool


async def tell(conn: Connection, events: Sequence[Event]) -> None:
    """Note events in the audit log and hand them to the outbox, in the caller's transaction."""
    await audit.note_events(conn, events)
    await outbox.put(conn, events)


async def settle(
    conn: Connection,
    present: State | None,
    new: State | None,
    *,
    keep: Callable[[Connection, State], Awaitable[None]],
    event: Callable[[State], Event],
) -> Put[State]:
    """Keep and tell what was judged; nothing where it is as it was.

    Args:
        present: what is kept.
        new: what rules made of the wish; none when nothing changes.
        keep: the store's function.
        event: tells the new state.
    """
    if new is None:
        assert present is not None
        return Put(present, created=False, changed=False)
    await keep(conn, new)
    await tell(conn, [event(new)])
    return Put(new, created=present is None, changed=True)
