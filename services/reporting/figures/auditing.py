"""Whether the figures that are kept are those that were accepted: the audit log has the hash of
each accepted body.
"""

from pydantic import ValidationError

from services.reporting.figures import events as written
from services.reporting.figures import store
from services.reporting.figures.kinds.known import KINDS
from services.reporting.figures.places import KeptFigure, Unlike
from services.reporting.submissions.reading import hash_of
from shared.events.envelope import Event
from shared.postgres.database import Connection

SENTENCES_MAX = 20
"""Disagreements of one kind that are named; one is enough to begin to search."""


async def unlike_the_log(conn: Connection) -> list[str]:
    """Return in what the figures and the audit log disagree, one sentence each.

    A figure that is kept without an entry, an entry without its figure, a withdrawal that only one
    of them knows, and a content that is not the one whose hash was noted. Every figure is read,
    which takes a minute for a million.
    """
    unlike = await store.list_unlike_audit(conn, count=SENTENCES_MAX)
    withdrawals = await store.list_withdrawals_unlike_audit(conn, count=SENTENCES_MAX)
    sentences = [_said_of_figure(each) for each in unlike]
    sentences += [_said_of_withdrawal(*each) for each in withdrawals]
    changed = 0
    async for figure, body_hash in store.list_kept(conn):
        if not _has_hash(figure, body_hash):
            sentences.append(
                f"figure {figure.figure_id} of publisher/{figure.publisher} was changed after it"
                " had been accepted"
            )
            changed += 1
        if changed == SENTENCES_MAX:
            break
    return sentences


def body_hash_of(event: Event) -> bytes:
    """Return the hash of the body that the publisher sent, so that it gets its first answer when it
    sends it again.
    """
    kind = next(kind for kind in KINDS if isinstance(event, kind.posted))
    sent = {name: getattr(event, name) for name in kind.contract.model_fields}
    return hash_of(kind.contract.model_validate(sent))


def _said_of_figure(unlike: Unlike) -> str:
    name = f"figure {unlike.figure_id} of {unlike.publisher}"
    if not unlike.held:
        return f"{name} was accepted and is not kept"
    if unlike.claims != 1:
        return f"{name} is kept and was accepted {unlike.claims} times"
    return f"{name} has another content than the one accepted"


def _said_of_withdrawal(publisher: str, figure_id: str, is_withdrawn: bool) -> str:
    said = "is withdrawn, and nobody withdrew it" if is_withdrawn else "was withdrawn, and is not"
    return f"figure {figure_id} of publisher/{publisher} {said}"


def _has_hash(figure: KeptFigure, body_hash: bytes) -> bool:
    try:
        return body_hash_of(written.posted(figure)) == body_hash
    except ValidationError:  # nothing like it would have been accepted
        return False
