"""What can be done to come in: ask for a link, and use it up."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from services.registry.people import store as people
from services.registry.people.rules import Person, read_address
from services.registry.sign_in import store
from services.registry.sign_in.rules import (
    ANY_BROWSER,
    LINK_LASTS,
    LINKS_KEPT,
    LINKS_PER_HOUR,
    Link,
    NewLink,
    hash_of,
    make_link,
)
from shared.audit import log as audit
from shared.errors import NotAllowed, RuleBroken
from shared.postgres.database import Connection

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A link that is to be mailed, and to whom."""

    link: NewLink
    person: Person


async def ask_link(conn: Connection, address: str, *, browser: str, now: datetime) -> Wanted | None:
    """Make a link for who reads mail at an address.

    Returns:
        None where nothing is to be mailed: nobody is known there, or too many links were asked
        for. Whoever asks is told the same in all cases.

    Raises:
        RuleBroken: `address-malformed`.
    """
    await store.remove_links(conn, before=now - LINKS_KEPT)
    person = await people.find_by_address(conn, read_address(address))
    if person is None:
        return None
    if await store.count_links(conn, person.person_id, since=now - _HOUR) >= LINKS_PER_HOUR:
        return None
    made = make_link()
    await _add(conn, made, person, browser, now)
    return Wanted(made, person)


async def make_open_link(
    conn: Connection, person_id: UUID, *, now: datetime
) -> tuple[NewLink, datetime]:
    """Make a link that opens in any browser; only the operator may ask for one.

    Returns:
        The link, and when it is over.

    Raises:
        NotFound: `person-unknown`.
    """
    person = await people.get_person(conn, person_id)
    made = make_link()
    await _add(conn, made, person, ANY_BROWSER, now)
    await audit.note(conn, audit.Change("sign-in-link-made", f"person/{person.person_id}"))
    return made, now + LINK_LASTS


async def use_link(conn: Connection, token: str, *, browser: str, now: datetime) -> Person:
    """Use up a link; who has it may come in.

    Raises:
        RuleBroken: `link-over`; it is not known, was used, or is too old.
        NotAllowed: `link-elsewhere`; another browser asked for it.
    """
    link = await store.hold_link(conn, hash_of(token))
    if link is None or not link.is_good(now):
        raise _over()
    if not link.is_of(browser):
        raise NotAllowed(
            "the link opens in the browser that asked for it; type the code of the mail there",
            code="link-elsewhere",
        )
    return await _come_in(conn, link, now)


async def use_code(conn: Connection, code: str, *, browser: str, now: datetime) -> Person | None:
    """Use up the code of the last link that this browser asked for; None of a wrong one.

    Raises:
        RuleBroken: `link-over`; there is none, or it was used, guessed at too often, or is too old.
    """
    link = await store.hold_last_link(conn, hash_of(browser))
    if link is None or not link.is_good(now):
        raise _over()
    if not link.has_code(browser, code.replace(" ", "")):
        await store.count_try(conn, link)
        return None
    return await _come_in(conn, link, now)


async def come_in_by_provider(conn: Connection, address: str | None) -> Person | None:
    """Return whom a provider let in; None of who has no role here, or shows no address.

    People are known by their address: whoever is invited comes in by a mail or by the provider.
    """
    try:
        person = address and await people.find_by_address(conn, read_address(address))
    except RuleBroken:
        return None
    if not person:
        return None
    await audit.note(
        conn, audit.Change("signed-in", f"person/{person.person_id}", reason="provider")
    )
    return person


async def _add(
    conn: Connection, made: NewLink, person: Person, browser: str, now: datetime
) -> None:
    link = Link(
        made.token_hash,
        made.code_hash(browser),
        hash_of(browser),
        person.person_id,
        now + LINK_LASTS,
        None,
        0,
    )
    await store.add_link(conn, link, asked_at=now)


async def _come_in(conn: Connection, link: Link, now: datetime) -> Person:
    await store.use_link(conn, link, now=now)
    person = await people.find_person(conn, link.person_id)
    if person is None:
        raise _over()
    await audit.note(conn, audit.Change("signed-in", f"person/{person.person_id}"))
    return person


def _over() -> RuleBroken:
    return RuleBroken("the link is over; ask for a new one", code="link-over")
