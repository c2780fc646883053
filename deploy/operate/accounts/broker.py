"""Accounts, rights and quotas as the broker keeps them, through kafka-python's admin client.

aiokafka has no requests for any of the three. The client works in threads of its own and blocks, so
asynchronous callers use `asyncio.to_thread`.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from kafka.errors import KafkaError, SecurityDisabledError, for_code
from kafka.protocol.admin import (
    AlterClientQuotasRequest,
    AlterUserScramCredentialsRequest,
    DescribeClientQuotasRequest,
)

from deploy.operate.accounts.rights import Quota, Right
from shared.errors import RuleBroken, Unavailable
from shared.kafka.broker import BusSettings

ANSWER_MILLISECONDS = 20_000
_MECHANISM = ScramMechanism.SCRAM_SHA_512
_MATCH_ANY_NAME = 2
"""Of DescribeClientQuotas: every entity of the type that has a name of its own."""


class NoAccounts(RuleBroken):
    """The broker has no authorizer: whoever reaches it may do everything."""

    default_code = "broker-without-accounts"


@contextmanager
def keeping_accounts(bus: BusSettings) -> Iterator["BrokerAccounts"]:
    """Be the operator while the block runs.

    Raises:
        Unavailable: the broker does not answer, or does not know the operator.
        NoAccounts: in the block; the broker does not check rights.
    """
    try:
        client = _connect(bus)
    except KafkaError as error:
        who = bus.username or "somebody without an account"
        raise Unavailable(
            f"Kafka at {bus.bootstrap} does not answer {who} ({type(error).__name__}); is the"
            " password right?"
        ) from None
    try:
        yield BrokerAccounts(client)
    except SecurityDisabledError:
        raise NoAccounts(
            f"Kafka at {bus.bootstrap} has no authorizer; whoever reaches it may do everything"
            " there"
        ) from None
    except KafkaError as error:
        raise Unavailable(f"Kafka at {bus.bootstrap} refused: {error}") from None
    finally:
        client.close()


def is_let_in(bus: BusSettings) -> bool:
    """Tell whether the broker knows this account with this password, or comes to know it while the
    client tries.
    """
    try:
        _connect(bus).close()
    except KafkaError:
        return False
    return True


def _connect(bus: BusSettings) -> Any:
    return KafkaAdminClient(
        **bus.client_options(),
        request_timeout_ms=ANSWER_MILLISECONDS,
        bootstrap_timeout_ms=ANSWER_MILLISECONDS,
    )


class BrokerAccounts:
    """What the broker keeps about accounts."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def names(self) -> set[str]:
        """Return all accounts that have a password here; the operator's first one is kept in a file
        instead.
        """
        return set(self._client.describe_user_scram_credentials())

    def put_password(self, account: str, password: str) -> None:
        """Make the account, or give it another password; connections that are open stay."""
        salted = UserScramCredentialUpsertion(account, _MECHANISM, password)
        self._alter(
            upsertions=[
                (account, int(_MECHANISM), salted.iterations, salted.salt, salted.salted_password)
            ],
        )

    def remove(self, account: str) -> None:
        """Take the account's password away; nobody can connect with it any more."""
        if account in self.names():
            self._alter(deletions=[(account, int(_MECHANISM))])

    def rights(self) -> set[Right]:
        """Return all rights that were given to accounts, whatever host they are for; denials are
        somebody else's.
        """
        everything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
        found, _ = self._client.describe_acls(
            ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ALLOW, everything)
        )
        return {_right(acl) for acl in found}

    def grant(self, rights: Iterable[Right]) -> None:
        """Give rights; those that are given already stay."""
        outcome = self._client.create_acls([_acl(right) for right in rights])
        for error in outcome["failed"]:
            raise error("a right could not be given")

    def withdraw(self, rights: Iterable[Right]) -> None:
        """Take rights away; it holds at once, for open connections too."""
        for _, _, error in self._client.delete_acls([_filter(right) for right in rights]):
            if error.errno:
                raise error("a right could not be taken away")

    def quotas(self) -> dict[str, dict[str, float]]:
        """Return the bounds of each account that has any, under the broker's names."""
        component = DescribeClientQuotasRequest.ComponentData(
            entity_type="user", match_type=_MATCH_ANY_NAME, match=None
        )
        answer = self._send(DescribeClientQuotasRequest(components=[component], strict=False))
        if answer.error_code:
            raise for_code(answer.error_code)(answer.error_message)
        return {
            entry.entity[0].entity_name: {value.key: value.value for value in entry.values}
            for entry in answer.entries
        }

    def put_quota(self, account: str, quota: Quota | None) -> None:
        """Bound what an account may take; None lifts all bounds."""
        data = AlterClientQuotasRequest.EntryData
        ops = [
            data.OpData(key=key, value=value, remove=quota is None)
            for key, value in (quota or Quota()).values().items()
        ]
        entry = data(entity=[data.EntityData(entity_type="user", entity_name=account)], ops=ops)
        for outcome in self._send(
            AlterClientQuotasRequest(entries=[entry], validate_only=False)
        ).entries:
            if outcome.error_code:
                raise for_code(outcome.error_code)(outcome.error_message)

    def _send(self, request: Any) -> Any:
        """Send a request that the client knows and has no method for, or none that tells of every
        refusal.
        """
        return self._client._manager.run(self._client._manager.send, request)

    def _alter(self, *, deletions: Sequence[Any] = (), upsertions: Sequence[Any] = ()) -> None:
        """Change accounts. The client's own method takes a refusal without a message for
        success.
        """
        request = AlterUserScramCredentialsRequest(
            deletions=list(deletions), upsertions=list(upsertions)
        )
        for outcome in self._send(request).results:
            if outcome.error_code:
                raise for_code(outcome.error_code)(
                    outcome.error_message or f"account {outcome.user} stays as it is"
                )


def _acl(right: Right) -> Any:
    pattern = ACLResourcePatternType.PREFIXED if right.is_prefix else ACLResourcePatternType.LITERAL
    return ACL(
        principal=f"User:{right.account}",
        host="*",
        operation=ACLOperation[right.operation.upper()],
        permission_type=ACLPermissionType.ALLOW,
        resource_pattern=ResourcePattern(ResourceType[right.resource.upper()], right.name, pattern),
    )


def _right(acl: Any) -> Right:
    kept = acl.resource_pattern
    return Right(
        account=acl.principal.removeprefix("User:"),
        resource=kept.resource_type.name.lower(),
        name=kept.resource_name,
        operation=acl.operation.name.lower(),
        is_prefix=kept.pattern_type is ACLResourcePatternType.PREFIXED,
    )


def _filter(right: Right) -> Any:
    acl = _acl(right)
    kept = acl.resource_pattern
    pattern = ResourcePatternFilter(kept.resource_type, kept.resource_name, kept.pattern_type)
    return ACLFilter(acl.principal, None, acl.operation, acl.permission_type, pattern)
