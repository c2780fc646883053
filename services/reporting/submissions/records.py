"""Reading a publisher's Kafka records as entries."""

from collections.abc import Sequence

from services.reporting.submissions.reading import Entry
from shared.delivery.submissions import Submission

_TECHNICAL = frozenset({"id", "type", "traceparent", "tracestate"})
"""What is looked at elsewhere, and what traces are told by: random digits, now and then such as
would be a person's.
"""


def runs_of(submissions: Sequence[Submission]) -> list[tuple[str, list[Submission]]]:
    """Cut a batch where the type changes, so that a withdrawal stays behind the figure it takes
    back.
    """
    runs: list[tuple[str, list[Submission]]] = []
    for submission in submissions:
        if not runs or runs[-1][0] != submission.type:
            runs.append((submission.type, []))
        runs[-1][1].append(submission)
    return runs


def entry_of(submission: Submission) -> Entry:
    """Return a record as an entry."""
    return Entry(
        submission.submission_id,
        submission.publisher,
        submission.content,
        submission.origin,
        submission.arrived_at,
        {name: text for name, text in submission.attributes.items() if name not in _TECHNICAL},
    )
