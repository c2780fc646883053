"""Who may hold which role, who may give it, and what an address is."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from services.registry.people.rules import (
    Person,
    check_grant,
    deputised,
    may_give,
    read_address,
    with_grant,
    with_grant_ended,
)
from shared.access.roles import Grant, Party, Role, Scope
from shared.errors import Conflict, NotFound, RuleBroken

PROGRAMME = Scope("saman")
VEFSN = Scope("saman", "vefsn")
SOLA = Scope("saman", "sola")
MANAGER = Grant(Role.PROJECT_MANAGER, VEFSN)
SECRETARIAT = Grant(Role.SECRETARIAT, PROGRAMME)
KARI = Person(
    UUID(int=1), "Kari", "kari@vefsn.example", "nn", (MANAGER,), datetime(2026, 1, 1, tzinfo=UTC)
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("kari@vefsn.kommune.no", "kari@vefsn.kommune.no"),
        (" Kari.Nordmann@Vefsn.Example ", "kari.nordmann@vefsn.example"),
    ],
)
def test_an_address_has_one_form_by_which_it_is_compared(text: str, address: str) -> None:
    assert read_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kari",
        "kari@",
        "@vefsn.no",
        "kari@vefsn",
        "a@b.no\r\nBcc: x@y.no",
        "å@b.no",
        "a@b..no",
        "a" * 250 + "@b.no",
        "kari nordmann@vefsn.no",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        read_address(text)
    assert refused.value.code == "address-malformed"


@pytest.mark.parametrize(
    "grant",
    [
        Grant(Role.PROJECT_MANAGER, PROGRAMME),
        Grant(Role.SECRETARIAT, VEFSN),
        Grant(Role.NETWORK_LEAD, PROGRAMME),
        Grant(Role.PARTY_REPRESENTATIVE, VEFSN),
        Grant(Role.PROJECT_OWNER, VEFSN, Party.ELECTED),
        Grant(Role.READER, Scope("saman", cohort_ids=frozenset({"cohort-1"}))),
        Grant(Role.READER, PROGRAMME, None, date(2026, 2, 2), date(2026, 2, 1)),
    ],
)
def test_a_role_that_does_not_fit_its_place_is_refused(grant: Grant) -> None:
    with pytest.raises(RuleBroken) as refused:
        check_grant(grant)
    assert refused.value.code == "role-scope"
    assert str(grant.role) in refused.value.message


@pytest.mark.parametrize(
    ("giver", "given", "may"),
    [
        (SECRETARIAT, Grant(Role.SECRETARIAT, PROGRAMME), True),
        (SECRETARIAT, Grant(Role.PROJECT_OWNER, SOLA), True),
        (SECRETARIAT, Grant(Role.READER, Scope("other")), False),
        (MANAGER, Grant(Role.PARTY_REPRESENTATIVE, VEFSN, Party.ELECTED), True),
        (MANAGER, Grant(Role.PROJECT_OWNER, SOLA), False),
        (MANAGER, Grant(Role.SECRETARIAT, PROGRAMME), False),
        (MANAGER, Grant(Role.REVIEWER, PROGRAMME), False),
    ],
)
def test_who_may_give_which_role(giver: Grant, given: Grant, may: bool) -> None:
    assert may_give(giver, given) is may


def test_the_same_role_in_the_same_place_is_held_once_with_the_new_days() -> None:
    later = Grant(Role.PROJECT_MANAGER, VEFSN, None, None, date(2026, 12, 31))
    assert with_grant(KARI, later).grants == (later,)
    assert len(with_grant(KARI, Grant(Role.PROJECT_MANAGER, SOLA)).grants) == 2


def test_a_role_holds_to_the_end_of_its_last_day() -> None:
    (ended,) = with_grant_ended(KARI, MANAGER, date(2026, 3, 1)).grants
    assert (ended.holds(date(2026, 3, 1)), ended.holds(date(2026, 3, 2))) == (True, False)


def test_a_role_that_is_not_held_or_ended_earlier_cannot_end() -> None:
    with pytest.raises(NotFound):
        with_grant_ended(KARI, SECRETARIAT, date(2026, 3, 1))
    ended = with_grant_ended(KARI, MANAGER, date(2026, 3, 1))
    with pytest.raises(Conflict):
        with_grant_ended(ended, MANAGER, date(2026, 4, 1))


def test_a_deputy_holds_what_is_held_for_the_time_that_is_named() -> None:
    (grant,) = deputised(KARI, from_=date(2026, 7, 1), to=date(2026, 7, 31))
    assert (grant.role, grant.from_, grant.to) == (
        Role.PROJECT_MANAGER,
        date(2026, 7, 1),
        date(2026, 7, 31),
    )


@pytest.mark.parametrize("to", [date(2026, 6, 30), date(2028, 1, 1)])
def test_a_deputy_is_named_for_a_time_of_at_most_a_year(to: date) -> None:
    with pytest.raises(RuleBroken) as refused:
        deputised(KARI, from_=date(2026, 7, 1), to=to)
    assert refused.value.code == "deputy-time"
