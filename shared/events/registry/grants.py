"""What is told of grants: money that the programme gives to projects."""

from shared.events.envelope import Contract, Event, Exact, Slug


class GrantContract(Contract):
    """A grant of one year, in kroner. `letter`: the letter that awards it."""

    grant_id: Slug
    version: int
    project_id: Slug
    year: int
    amount: Exact
    conditional: bool
    letter: str | None = None


class _GrantEvent(GrantContract, Event):
    producer = "registry"
    aggregate = "grant"

    @property
    def key(self) -> str:
        return self.grant_id


class GrantAwarded(_GrantEvent):
    """A project is given a grant."""


class GrantChanged(_GrantEvent):
    """A grant's amount, condition or letter changed."""


GrantEvent = GrantAwarded | GrantChanged
