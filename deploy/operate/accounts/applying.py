"""Making the broker's accounts what they must be, and saying in what they differ.

Whose rights are wanted follows from the code (services), from the registry's log (publishers) and
from the accounts themselves (readers). So rights that somebody gave or took by hand show, and can
be put right at any time.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from deploy.operate.accounts.broker import BrokerAccounts, is_let_in, keeping_accounts
from deploy.operate.accounts.rights import (
    OPERATOR,
    Quota,
    Right,
    is_publisher,
    is_reader,
    rights_of_publisher,
    rights_of_reader,
    rights_of_service,
    sentences,
)
from deploy.services import SERVICES
from shared.errors import Unavailable
from shared.kafka.broker import BusSettings

PASSWORD_BYTES = 32
KNOWN_SECONDS = 30.0
KNOWN_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Publishers:
    """Who may publish and who may not any more, as the registry says."""

    live: frozenset[str] = frozenset()
    revoked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Difference:
    """In what the broker is not as it must be.

    Attributes:
        missing: rights that have to be given.
        surplus: rights of our accounts that have to be taken.
        ended: accounts of revoked publishers that can still connect.
        unbounded: accounts whose quota is not as it must be, with the one that they must have.
        foreign: rights of accounts that are not ours; nobody but their maker knows whether they are
            right.
    """

    missing: frozenset[Right] = frozenset()
    surplus: frozenset[Right] = frozenset()
    ended: frozenset[str] = frozenset()
    unbounded: Mapping[str, Quota] = field(default_factory=dict)
    foreign: frozenset[Right] = frozenset()

    def sentences(self) -> list[str]:
        """Return each difference as a sentence that says what to do."""
        return [
            *(f"missing: {right}; run `saman accounts apply`" for right in sentences(self.missing)),
            *(f"surplus: {right}; run `saman accounts apply`" for right in sentences(self.surplus)),
            *(
                f"{account} is revoked and has a password; run `saman accounts apply`"
                for account in sorted(self.ended)
            ),
            *(
                f"{account} has not the quota it must have; run `saman accounts apply`"
                for account in self.unbounded
            ),
            *(
                f"not ours: {right}; take it away if nobody needs it"
                for right in sentences(self.foreign)
            ),
        ]


def difference(bus: BusSettings, publishers: Publishers) -> Difference:
    """Return in what the broker's accounts are not as they must be.

    Raises:
        Unavailable: the broker does not answer.
        NoAccounts: it does not check rights.
    """
    with keeping_accounts(bus) as accounts:
        return _difference(accounts, publishers)


def apply(bus: BusSettings, passwords: Mapping[str, str], publishers: Publishers) -> list[str]:
    """Make accounts, rights and quotas what they must be; return what was done, one sentence each.

    Args:
        passwords: of each service, and of the operator, who is then known on every listener.
    """
    done = []
    with keeping_accounts(bus) as accounts:
        known = accounts.names()
        for account in (*SERVICES, OPERATOR):
            if account in passwords:
                accounts.put_password(account, passwords[account])
                done += [f"made account {account}"] if account not in known else []
        differs = _difference(accounts, publishers)
        if differs.missing:
            accounts.grant(differs.missing)
        if differs.surplus:
            accounts.withdraw(differs.surplus)
        for account in differs.ended:
            accounts.remove(account)
        for account, quota in differs.unbounded.items():
            accounts.put_quota(account, quota)
    done += [f"given: {sentence}" for sentence in sentences(differs.missing)]
    done += [f"taken: {sentence}" for sentence in sentences(differs.surplus)]
    done += [f"bounded {account}" for account in differs.unbounded]
    return done + [f"ended {account}" for account in sorted(differs.ended)]


def admit(
    bus: BusSettings, account: str, *, quota: Quota, new_password: bool = False
) -> str | None:
    """Give a publisher or reader its rights, its quota, and a password if it has none or a new one
    is wanted.

    Returns:
        The password, which is kept nowhere; None where the account had one, which nobody can read.
    """
    password = None
    with keeping_accounts(bus) as accounts:
        wanted = rights_of_reader(account) if is_reader(account) else rights_of_publisher(account)
        accounts.grant(wanted - accounts.rights())
        accounts.put_quota(account, quota)
        if new_password or account not in accounts.names():
            password = secrets.token_urlsafe(PASSWORD_BYTES)
            accounts.put_password(account, password)
        _until(lambda: wanted <= accounts.rights() and account in accounts.names())
    if password is not None and not is_let_in(bus.as_account(account, SecretStr(password))):
        raise Unavailable(
            f"Kafka at {bus.bootstrap} did not take in the password of {account}; make a new one"
        )
    return password


def expel(bus: BusSettings, account: str) -> None:
    """Take an account's rights, which ends open connections' work at once, then its password and
    its bounds.
    """
    with keeping_accounts(bus) as accounts:
        accounts.withdraw(right for right in accounts.rights() if right.account == account)
        accounts.remove(account)
        if account in accounts.quotas():
            accounts.put_quota(account, None)


def _until(fact: Callable[[], bool]) -> None:
    """Wait until the broker, which answers before it has told itself, knows what it was told.

    Raises:
        Unavailable: it does not.
    """
    deadline = time.monotonic() + KNOWN_SECONDS
    while not fact():
        if time.monotonic() > deadline:
            raise Unavailable(
                f"Kafka did not take in an account or its rights within {KNOWN_SECONDS:.0f} s"
            )
        time.sleep(KNOWN_POLL_SECONDS)


def _difference(accounts: BrokerAccounts, publishers: Publishers) -> Difference:
    present, names, quotas = accounts.rights(), accounts.names(), accounts.quotas()
    readers = {name for name in names if is_reader(name)}
    wanted = {right for service in SERVICES for right in rights_of_service(service)}
    wanted |= {right for number in publishers.live for right in rights_of_publisher(number)}
    wanted |= {right for reader in readers for right in rights_of_reader(reader)}
    surplus = {right for right in present - wanted if _is_ours(right.account)}
    unbounded = {
        account: Quota()
        for account in sorted(publishers.live | readers)
        if quotas.get(account, {}) != Quota().values()
    }
    return Difference(
        missing=frozenset(wanted - present),
        surplus=frozenset(surplus),
        ended=frozenset(names & publishers.revoked),
        unbounded=unbounded,
        foreign=frozenset(present - wanted - surplus),
    )


def _is_ours(account: str) -> bool:
    return account in SERVICES or is_publisher(account) or is_reader(account)
