"""A name server on a real socket that answers as a test wants, or says nothing."""

import asyncio
import ipaddress
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import EllipsisType
from typing import cast

_HEADER = struct.Struct(">HHHHHH")
_A = 1
_ANSWERED = 0x8180
"""A response, recursion desired and available, no error."""

_NO_SUCH_NAME = 0x8183


@dataclass
class NameServer(asyncio.DatagramProtocol):
    """Answers questions for IPv4 addresses, for none to be cached.

    Attributes:
        answer: addresses of a name; an empty list for a name that does not exist, `...` to say
            nothing.
        asked: names asked for, each question of a look-up for IPv4 once.
    """

    answer: Callable[[str], list[str] | EllipsisType]
    asked: list[str] = field(default_factory=list)
    address: str = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where to answer."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one question."""
        name, kind, question = _question(data)
        if kind == _A:
            self.asked.append(name)
        addresses = self.answer(name)
        if isinstance(addresses, EllipsisType):
            return
        records = [_record(each) for each in addresses] if kind == _A else []
        flags = _ANSWERED if addresses else _NO_SUCH_NAME
        (number,) = struct.unpack_from(">H", data)
        head = _HEADER.pack(number, flags, 1, len(records), 0, 0)
        self._transport.sendto(head + question + b"".join(records), addr)


@asynccontextmanager
async def name_server(
    answer: Callable[[str], list[str] | EllipsisType],
) -> AsyncIterator[NameServer]:
    """Run a name server while the block runs."""
    server = NameServer(answer)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: server, local_addr=("127.0.0.1", 0)
    )
    host, port = transport.get_extra_info("sockname")
    server.address = f"{host}:{port}"
    try:
        yield server
    finally:
        transport.close()


def _question(data: bytes) -> tuple[str, int, bytes]:
    labels, at = [], _HEADER.size
    while length := data[at]:
        labels.append(data[at + 1 : at + 1 + length].decode().lower())
        at += 1 + length
    (kind,) = struct.unpack_from(">H", data, at + 1)
    return ".".join(labels), kind, data[_HEADER.size : at + 5]


def _record(address: str) -> bytes:
    """Write an A record of the name that was asked for, which may not be cached."""
    return struct.pack(">HHHIH", 0xC00C, _A, 1, 0, 4) + ipaddress.IPv4Address(address).packed
