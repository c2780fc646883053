"""Finds free loopback ports at the first start and keeps them afterwards, so that addresses stay
true.

Ports come from below the range out of which the kernel gives ports to clients. Inside that range a
client that tries again and again to reach a stopped server can be given the server's own port,
connect to itself, and keep the server from coming back.
"""

import json
import random
import socket
from pathlib import Path

from deploy.local.errors import StackError

HOST = "127.0.0.1"
_FIRST = 15_000
CLIENT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_TRIES = 200


class Ports:
    """The ports of one stack folder, kept in `ports.json`."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "ports.json"

    def take(self, name: str, *, wanted: int | None = None) -> int:
        """Return the port of that name: the wanted one, else the one it had before, else a free
        one; and keep it.
        """
        kept = self._read()
        port = wanted or kept.get(name) or _free_port(taken=set(kept.values()))
        if kept.get(name) != port:
            part = self._file.with_suffix(".part")
            part.write_text(json.dumps({**kept, name: port}, indent=1))
            part.replace(self._file)
        return port

    def require_free(self, name: str, port: int) -> None:
        """Raise StackError if a stranger listens there."""
        if not _is_free(port):
            raise StackError(
                f"Port {port} on {HOST}, which {name} needs, is held by another program: end that"
                f" program, or delete {self._file} to let Saman take other ports."
            )

    def _read(self) -> dict[str, int]:
        try:
            kept: dict[str, int] = json.loads(self._file.read_text())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise StackError(
                f"{self._file} is damaged: delete it to let Saman take other ports."
            ) from error
        return kept


def _free_port(*, taken: set[int]) -> int:
    try:
        last = int(CLIENT_RANGE.read_text().split()[0]) - 1
    except FileNotFoundError:
        last = 32_767
    if (
        last - _FIRST < _TRIES
    ):  # someone widened the clients' range; then there is nothing better than it
        last = 60_999
    for _ in range(_TRIES):
        port = random.randint(_FIRST, last)  # noqa: S311 - this is no secret
        if port not in taken and _is_free(port):
            return port
    raise StackError(
        f"No free port was found on {HOST} between {_FIRST} and {last}: end some of the programs"
        " that listen there."
    )


def _is_free(port: int) -> bool:
    """Try to listen the way servers do: connections of an earlier server that linger do not
    count.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen(1)
        except OSError:
            return False
    return True
