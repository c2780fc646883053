"""What a broker is told so that it knows accounts: listeners, authorizer, and the two accounts that
come first.

Three doors. INTERNAL is for the services, with TLS where it crosses a network; PUBLISHERS is for
everybody else, always with TLS; CONTROLLER never leaves the machine.
All other accounts are kept by the broker itself, as SCRAM credentials that the operator makes. The
operator's own and the brokers' stand in a file, for somebody has to come first.
"""

from collections.abc import Sequence

from deploy.operate.accounts.rights import BROKER, OPERATOR

INTERNAL = "INTERNAL"
PUBLISHERS = "PUBLISHERS"
CONTROLLER = "CONTROLLER"
CONNECTIONS_MAX = 1_000
"""On the listener for publishers, so that they cannot take all of the broker's."""

CONNECTIONS_PER_SECOND = 50
"""New ones on that listener; each costs a TLS handshake and thousands of hashes for the password.
"""

_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"


def properties(
    *, certificate: str, authority: str, superusers: Sequence[str] = ()
) -> dict[str, str]:
    """Return the broker's settings.

    Args:
        certificate: path of a PEM file with the private key and the chain.
        authority: path of a PEM file with the authority's certificate. Where brokers speak TLS
            among themselves, one does not start that would not trust itself.
        superusers: accounts that may do everything, beside the brokers and the operator.
    """
    internal, publishers, controller = (
        f"listener.name.{n.lower()}." for n in (INTERNAL, PUBLISHERS, CONTROLLER)
    )
    return {
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": ";".join(f"User:{account}" for account in (BROKER, OPERATOR, *superusers)),
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "sasl.mechanism.controller.protocol": "PLAIN",
        f"{internal}sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
        f"{controller}sasl.enabled.mechanisms": "PLAIN",
        f"{publishers}sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": certificate,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": authority,
        "ssl.enabled.protocols": "TLSv1.3,TLSv1.2",
        f"{publishers}max.connections": str(CONNECTIONS_MAX),
        f"{publishers}max.connection.creation.rate": str(CONNECTIONS_PER_SECOND),
    }


def login(*, broker_password: str, operator_password: str) -> str:
    """Return the content of the broker's JAAS file; it holds both passwords."""
    plain = (
        f'{_PLAIN} required username="{BROKER}" password="{broker_password}" '
        f'user_{BROKER}="{broker_password}" user_{OPERATOR}="{operator_password}";'
    )
    scram = f"{_SCRAM} required;"
    sections = {INTERNAL: (plain, scram), CONTROLLER: (plain,), PUBLISHERS: (scram,)}
    return "".join(
        "\n    ".join([f"{listener.lower()}.KafkaServer {{", *modules]) + "\n};\n"
        for listener, modules in sections.items()
    )
