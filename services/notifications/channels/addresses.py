"""Where a notification may be sent. A webhook's address comes from outside and our server calls it,
so it must not reach what only our server can reach (server-side request forgery, OWASP API7:2023).

The text is read once, here, and the caller connects to an address that `reachable_addresses` has
let through, so that no second reader and no second name lookup can come to another answer.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from shared.errors import RuleBroken

WEBHOOK_ADDRESS_LENGTH_MAX = 2_000
MAIL_ADDRESS_LENGTH_MAX = 254
"""RFC 5321 allows a path of 256 octets, which includes the angle brackets."""

PUBLIC_PORTS = (443, 8443)
"""Other ports are where mail servers, databases and consoles listen, which would take our request
for theirs.
"""

_HOST = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z"
)
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")
_VISIBLE = re.compile(r"[\x21-\x7e]+\Z")
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z")

_NEVER = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",  # link local: here clouds answer with the machine's own credentials
        "192.88.99.0/24",  # relays for 6to4
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_PRIVATE_V4 = tuple(
    IPv4Network(text)
    for text in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "198.18.0.0/15",
    )
)
_PRIVATE_V6 = (IPv6Network("::1/128"), IPv6Network("fc00::/7"))
_GLOBAL_V6 = IPv6Network("2000::/3")
_NOT_GLOBAL_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments; Teredo, which holds an IPv4 address, is among them
        "2001:db8::/32",
        "2002::/16",  # 6to4 holds an IPv4 address too
        "3fff::/20",
    )
)


@dataclass(frozen=True, slots=True)
class WebhookAddress:
    """A webhook's address, taken apart once.

    Attributes:
        scheme: `https`; `http` only where private addresses are allowed.
        host: lower case name, or an IP address without brackets.
        port: 443 or 8443; any where private addresses are allowed.
        target: path and query as they stand in the request, from the first `/`.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and port as the `Host` header has them; the scheme's own port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (
            host if self.port == {"https": 443, "http": 80}[self.scheme] else f"{host}:{self.port}"
        )

    @property
    def receiver(self) -> str:
        """Who answers there, whatever the path: host and port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def url_at(self, address: str) -> str:
        """Return the URL that goes to one of the host's IP addresses, whatever its name resolves to
        by then.
        """
        host = f"[{address}]" if ":" in address else address
        return f"{self.scheme}://{host}:{self.port}{self.target}"


def webhook_address(text: str, *, allow_private: bool) -> WebhookAddress:
    """Read a webhook's address.

    Args:
        text: as the subscriber gave it.
        allow_private: for tests and demonstrations: also http, any port, loopback and private
            networks.

    Raises:
        RuleBroken: `address-malformed`, or `address-not-allowed` for what is well written but may
            not be called.
    """
    parts = _split(text)
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise RuleBroken(
            f"a webhook's address must begin with https://, got {_shown(text)}", code=_NOT_ALLOWED
        )
    host = _host(parts, text)
    port = parts.port or {"https": 443, "http": 80}[parts.scheme]
    if port not in PUBLIC_PORTS and not allow_private:
        raise RuleBroken(
            f"a webhook's port must be one of {PUBLIC_PORTS}, got {port}", code=_NOT_ALLOWED
        )
    if _is_address(host):
        reachable_addresses(host, [host], allow_private=allow_private)
    query = f"?{parts.query}" if parts.query else ""
    return WebhookAddress(parts.scheme, host, port, f"{parts.path or '/'}{query}")


def reachable_addresses(host: str, addresses: Sequence[str], *, allow_private: bool) -> list[str]:
    """Return the IP addresses of a host, if every one of them may be called.

    One that may not be is enough to refuse, because which of them answers is not ours to choose.

    Args:
        host: for the message.
        addresses: what the name resolves to.
        allow_private: see `webhook_address`.

    Raises:
        RuleBroken: `address-not-allowed`; there is none, or one of them lies in a network of our
            own.
    """
    if not addresses:
        raise RuleBroken(f"{host} has no address", code=_NOT_ALLOWED)
    for address in addresses:
        if not may_be_called(address, allow_private=allow_private):
            raise RuleBroken(
                f"{host} resolves to {address}, which is not a public address", code=_NOT_ALLOWED
            )
    return list(addresses)


def may_be_called(address: str, *, allow_private: bool = False) -> bool:
    """Tell whether our server may connect to an IP address that somebody outside chose.

    Addresses that carry another (IPv4-mapped, 6to4, Teredo, NAT64) are refused whatever they carry.
    Link-local ones are refused even where private ones are allowed.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv4Address):
        return _v4_may_be_called(ip, allow_private)
    return _v6_may_be_called(ip, allow_private)


def mail_address(text: str) -> str:
    """Read a mail address and return it with its domain in the form that every mail server takes.

    Raises:
        RuleBroken: `address-malformed`; not one plain address such as `hr@vefsn.example`.
    """
    local, at, domain = text.rpartition("@")
    host = _ascii_domain(domain.lower())
    is_named = _HOST.match(host) and "." in host and not _NUMBER.match(host.rpartition(".")[2])
    if not at or len(local) > 64 or not _LOCAL_PART.match(local) or not is_named:
        raise RuleBroken(
            "a mail address must be one plain address such as hr@vefsn.example, got"
            f" {_shown(text)}",
            code="address-malformed",
        )
    if len(local) + 1 + len(host) > MAIL_ADDRESS_LENGTH_MAX:
        raise RuleBroken(
            f"a mail address must have at most {MAIL_ADDRESS_LENGTH_MAX} characters, got"
            f" {len(text)}",
            code="address-malformed",
        )
    return f"{local}@{host}"


_NOT_ALLOWED = "address-not-allowed"


def _split(text: str) -> SplitResult:
    malformed = RuleBroken(
        f"a webhook's address must be written like https://host/path, got {_shown(text)}",
        code="address-malformed",
    )
    if len(text) > WEBHOOK_ADDRESS_LENGTH_MAX or not _VISIBLE.match(text) or "\\" in text:
        raise malformed
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise malformed from None
    if not parts.scheme or not parts.hostname or port == 0:
        raise malformed
    if "@" in parts.netloc or "#" in text:
        raise RuleBroken(
            "a webhook's address must have neither a user name nor a fragment",
            code="address-malformed",
        )
    return parts


def _host(parts: SplitResult, text: str) -> str:
    """Return the host of a split address: a name of letters, digits and hyphens, or a whole IP
    address.

    Numbers such as `127.1` or `0x7f000001` are refused: some resolvers take them for addresses.
    """
    host = parts.hostname or ""
    if "[" in parts.netloc or _is_address(host):
        if _is_address(host) and "%" not in host:
            return host
    elif _HOST.match(host) and not _NUMBER.match(host.rpartition(".")[2]):
        return host
    raise RuleBroken(
        "the host must be a name of ASCII letters, digits and hyphens (xn-- for others), got"
        f" {_shown(text)}",
        code="address-malformed",
    )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _v4_may_be_called(ip: IPv4Address, allow_private: bool) -> bool:
    if any(ip in network for network in _NEVER):
        return False
    if any(ip in network for network in _PRIVATE_V4):
        return allow_private
    return ip.is_global


def _v6_may_be_called(ip: IPv6Address, allow_private: bool) -> bool:
    if any(ip in network for network in _PRIVATE_V6):
        return allow_private
    return (
        ip in _GLOBAL_V6 and ip.is_global and not any(ip in network for network in _NOT_GLOBAL_V6)
    )


def _ascii_domain(domain: str) -> str:
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return ""


def _shown(text: str) -> str:
    return repr(text[:80])
