"""How things are called, in every event of the registry."""

from shared.events.envelope import (
    Contract,
)


class Names(Contract):
    """A name in bokmål, nynorsk and English; at least one of them stands."""

    nb: str | None = None
    nn: str | None = None
    en: str | None = None

    @property
    def fallback(self) -> str:
        """The name for readers of a language that it lacks: bokmål's, else nynorsk's, else
        English.
        """
        return self.nb or self.nn or self.en or ""
