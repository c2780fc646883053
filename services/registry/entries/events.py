"""What the events of all entries share.

An event's id follows from the thing and its version, so that the same state is never told under two
ids.
"""

from uuid import UUID

from services.registry.entries.rules import Names
from shared.events import registry as told
from shared.events.envelope import Event, derived_id


def event_id_of(kind: type[Event], key: str, version: int) -> UUID:
    """Return the id of a state's event."""
    return derived_id(kind.topic(), key, version)


def tell_names(names: Names) -> told.Names:
    """Return names as contracts carry them."""
    return told.Names(nb=names.nb, nn=names.nn, en=names.en)


def read_names(names: told.Names) -> Names:
    """Return the names that a contract carries."""
    return Names(names.nb, names.nn, names.en)
