"""What working out an expression gives: a value, and the answers that were missing on the way."""

from dataclasses import dataclass

from services.reporting.forms.rules.values import Value


@dataclass(frozen=True, slots=True)
class Outcome:
    """A value and why it is not certain.

    Attributes:
        missing: the paths of answers that were looked up and are not there yet. While there are
            any, the value may become another: it is not yet decidable.
    """

    value: Value
    missing: frozenset[str] = frozenset()

    @property
    def is_decided(self) -> bool:
        """Whether no answer that is still missing can change the value."""
        return not self.missing
