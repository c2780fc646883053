"""What the registry tells of people, and what its audit log keeps of that."""

import hashlib
from datetime import datetime
from uuid import UUID

from services.registry.entries.events import event_id_of
from services.registry.people.rules import Person
from shared.access.persons import role_object
from shared.audit import log as audit
from shared.events import registry as told
from shared.events.envelope import derived_id
from shared.outbox import outbox
from shared.postgres.database import Connection


def person_event(person: Person, *, now: datetime) -> told.PersonRegistered | told.PersonChanged:
    """Return the event of a person's state."""
    cls = told.PersonRegistered if person.version == 1 else told.PersonChanged
    return cls(
        event_id=event_id_of(cls, str(person.person_id), person.version),
        occurred_at=now,
        person_id=person.person_id,
        version=person.version,
        display_name=person.display_name,
        email=person.email,
        language=person.language,
        roles=[told.RoleContract.model_validate(role_object(grant)) for grant in person.grants],
        sessions_valid_from=person.sessions_valid_from,
    )


async def tell(conn: Connection, person: Person, *, reason: str, now: datetime) -> None:
    """Tell of a person's state. The audit log gets the id and a hash, so that it can forget too."""
    event = person_event(person, now=now)
    digest = hashlib.sha256(event.payload()).hexdigest()
    after = {"version": person.version, "sha256": digest}
    kind = type(event).__name__
    await audit.note(conn, audit.Change(kind, f"person/{person.person_id}", after, reason))
    await outbox.put(conn, [event])


async def tell_erased(conn: Connection, person_id: UUID, *, reason: str, now: datetime) -> None:
    """Tell that a person is to be forgotten: by a record without a value."""
    event = told.PersonErased(
        event_id=derived_id("PersonErased", person_id), occurred_at=now, person_id=person_id
    )
    await audit.note(conn, audit.Change("PersonErased", f"person/{person_id}", None, reason))
    await outbox.put(conn, [event])
