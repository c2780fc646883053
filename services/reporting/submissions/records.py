"""Reading a publisher's Kafka records as entries."""

from collections.abc import Sequence

from services.reporting.submissions.reading import Entry
from shared import strict_json
from shared.delivery.records import Submission


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
        _attributes(submission),
        submission.record.timestamp,
    )


_TECHNICAL = frozenset({"id", "type", "data", "traceparent", "tracestate"})
"""What is looked at elsewhere, and what traces are told by: random digits, now and then such as
would be a person's.
"""


def _attributes(submission: Submission) -> dict[str, object]:
    """Return the attributes of the envelope that say something, in CloudEvents' binary or
    structured mode.
    """
    record = submission.record
    attributes: dict[str, object] = {
        name.removeprefix("ce_"): (value or b"").decode(errors="replace")
        for name, value in record.headers
        if name.startswith("ce_")
    }
    if record.is_structured:
        attributes |= strict_json.loads(submission.body)
    return {name: value for name, value in attributes.items() if name not in _TECHNICAL}
