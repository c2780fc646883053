"""A message as bytes for the mail server.

Python's own writer folds a header at 78 characters, and where a word is longer it wraps it into an
RFC 2047 encoded word. Machines read `List-Id`, `List-Unsubscribe`, `Message-ID` and addresses
literally, so for them the encoded form is another value or none. RFC 5322 asks for 78 characters
and allows 998: what is ASCII goes out as it is, on one line.
"""

from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any

LINE_BYTES_MAX = 998
"""RFC 5322 §2.1.1, without the line's end."""

_ENCODED_WORD_MAX = 75


def wire(message: EmailMessage) -> bytes:
    """Return a message as it goes to the mail server.

    Raises:
        ValueError: a header is ASCII and longer than a line may be.
    """
    return message.as_bytes(policy=_LITERAL)


class _Literal(EmailPolicy):
    """Writes ASCII headers literally, and others as encoded words; of addresses only the names."""

    def fold(self, name: str, value: Any) -> str:
        text = str(value)
        if not text.isascii():
            addresses = getattr(value, "addresses", None)
            if addresses is None:
                text = _encoded(text, header_name=name)
            else:
                text = ",\r\n ".join(_mailbox(address) for address in addresses)
        line = f"{name}: {text}"
        if max(map(len, line.split("\r\n"))) > LINE_BYTES_MAX:
            raise ValueError(f"the header {name} has {len(line)} bytes, at most {LINE_BYTES_MAX}")
        return f"{line}\r\n"

    def fold_binary(self, name: str, value: Any) -> bytes:
        return self.fold(name, value).encode("ascii")


_LITERAL = _Literal(linesep="\r\n")


def _mailbox(address: Address) -> str:
    name = address.display_name
    if not name or name.isascii():
        return str(address)
    return f"{_encoded(name)}\r\n <{address.addr_spec}>"


def _encoded(text: str, *, header_name: str | None = None) -> str:
    """Write a text as encoded words, each at most 75 characters long (RFC 2047 §2)."""
    header = Header(text, "utf-8", maxlinelen=_ENCODED_WORD_MAX, header_name=header_name)
    return header.encode(linesep="\r\n")
