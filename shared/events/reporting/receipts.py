"""What a publisher learns of its submissions."""

from shared.events.envelope import Contract, Event
from shared.events.reporting.figures import FindingContract
from shared.fields import UuidText


class ErrorContract(Contract):
    """One fault, with a JSON pointer to its place."""

    code: str
    message: str
    pointer: str = ""


class _Receipt(Event):
    """Goes to `receipts.<orgnr>.v1`, which only that publisher may read."""

    producer = "reporting"
    aggregate = "receipt"

    publisher: str
    origin: str

    @classmethod
    def topic_of(cls, publisher: str) -> str:
        """The receipts topic of one publisher."""
        return f"receipts.{publisher}.v1"


class SubmissionAccepted(_Receipt):
    """A submission was accepted; `vintage` tells how often its place was filled.

    Attributes:
        submission_id: as it was sent, in the case that it was sent in.
    """

    submission_id: UuidText
    vintage: int
    findings: list[FindingContract] = []

    @property
    def key(self) -> str:
        return str(self.submission_id)


class SubmissionRejected(_Receipt):
    """A submission was refused, with every fault that was found. Its id is not used up."""

    submission_id: str | None = None
    code: str
    message: str
    errors: list[ErrorContract] = []
    findings: list[FindingContract] = []

    @property
    def key(self) -> str:
        return self.submission_id or self.origin
