"""Why a service is not ready."""

from dataclasses import dataclass, field


@dataclass
class Health:
    """The reasons that keep a service from being ready, by part; without any it is ready.

    Attributes:
        waiting: what is still missing, such as migrations, and what to do about it.
        failures: with which error a part ended that is started again.
    """

    waiting: dict[str, str] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def note(self, part: str, missing: str | None) -> None:
        """Note what is missing for a part; None when nothing is."""
        if missing is None:
            self.waiting.pop(part, None)
        else:
            self.waiting[part] = missing

    def reasons(self) -> list[str]:
        """Return why the service is not ready, one sentence each; none when it is."""
        reasons = self.waiting.items(), self.failures.items()
        return [f"{part}: {why}" for group in reasons for part, why in group]
