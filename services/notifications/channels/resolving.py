"""Looks up the names of receivers, with time-outs of its own.

The system's resolver (`getaddrinfo`) blocks one of a few threads for as long as a name server says
nothing, and then nobody's name is looked up any more. This one asks without threads, gives up after
some seconds, and one silent name server holds up only the names that it is asked for.
"""

import socket
from collections.abc import Sequence

import aiodns
from aiodns.error import ARES_ETIMEOUT, DNSError

TRY_SECONDS = 1.5
TRIES = 2
"""The second try waits twice as long, so a silent name server is left after about 4.5 seconds."""


class Unresolved(Exception):
    """A name has no address, or nobody says which.

    Attributes:
        is_silent: no name server answered in time.
    """

    def __init__(self, host: str, *, is_silent: bool) -> None:
        super().__init__(f"{host} cannot be resolved")
        self.is_silent = is_silent


class Resolver:
    """Looks up names.

    Args:
        name_servers: such as `192.0.2.53` or `127.0.0.1:5353`; the system's where none is given.
    """

    def __init__(self, name_servers: Sequence[str] = ()) -> None:
        self._resolver = aiodns.DNSResolver(
            nameservers=list(name_servers) or None, timeout=TRY_SECONDS, tries=TRIES
        )

    async def addresses(self, host: str, port: int) -> list[str]:
        """Return the IP addresses of a host, in the order in which to try them (RFC 6724).

        Raises:
            Unresolved: it has none, or no name server says.
        """
        try:
            found = await self._resolver.getaddrinfo(host, port=port, type=socket.SOCK_STREAM)
        except DNSError as error:
            raise Unresolved(host, is_silent=error.args[0] == ARES_ETIMEOUT) from error
        return list(dict.fromkeys(_text(node.addr[0]) for node in found.nodes))

    async def close(self) -> None:
        """End the resolver and what it still asks."""
        await self._resolver.close()


def _text(address: bytes | str) -> str:
    return address.decode("ascii") if isinstance(address, bytes) else address
