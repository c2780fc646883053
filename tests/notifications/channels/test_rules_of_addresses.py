"""Where notifications may be sent: the rule against server-side request forgery, and mail
addresses.
"""

import pytest

from services.notifications.channels.addresses import (
    mail_address,
    may_be_called,
    reachable_addresses,
    webhook_address,
)
from shared.errors import RuleBroken

REFUSED = [
    "http://example.org/",
    "https://127.1/",
    "https://127.0.0.1/",
    "https://0x7f000001/",
    "https://2130706433/",
    "https://0177.0.0.1/",
    "http://127.1/",
    "http://0x7f000001/",
    "http://[::ffff:10.0.0.1]/",
    "http://169.254.169.254/",
    "http://[fd00::1]/",
    "https://10.0.0.1/",
    "https://0x7f.1/",
    "https://0177.1/",
    "https://017700000001/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b:1::a00:1]/",
    "https://①②⑦.0.0.1/",
    "https://127。0。0。1/",
    "https://10.0.0.1%2f@example.org/",
    "https://example.org%00.evil.example/",
    "https://example.org:443:25/",
    "https://example.org:+443/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://172.16.9.9/",
    "https://192.168.1.1/",
    "https://192.88.99.1/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://0.0.0.0/",
    "https://[::]/",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[::ffff:8.8.8.8]/",
    "https://[64:ff9b::a00:1]/",
    "https://[2002:a00:1::]/",
    "https://[2001:0:53aa:64c::1]/",
    "https://[fd00::1]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[ff02::1]/",
    "https://ok@10.0.0.1/",
    "https://user:secret@example.org/",
    "https://example.org:25/",
    "https://example.org:0/",
    "https://example.org:99999/",
    "https://example.org/#fragment",
    "https://example.org./",
    "https://examplе.org/",  # the last e is Cyrillic
    "https://måneskinn.no/",
    "https://-example.org/",
    "https://a..b/",
    f"https://{'a' * 64}.org/",
    f"https://{'a.' * 130}org/",
    "https://exa mple.org/",
    "https://example.org\\@10.0.0.1/",
    "https://example.org\r\nX: 1/",
    "https://example.org/\x00",
    "https:///path",
    "https://",
    "https://[::1",
    "file:///etc/passwd",
    "gopher://example.org/",
    "ftp://example.org/",
    "javascript:alert(1)",
    "//example.org/",
    "example.org",
    "",
    "https://example.org/" + "a" * 2_000,
]


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_could_lead_inside_is_refused(address: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        webhook_address(address, allow_private=False)
    assert refused.value.code in ("address-malformed", "address-not-allowed")


@pytest.mark.parametrize(
    ("address", "host", "port", "target", "authority"),
    [
        ("https://example.org", "example.org", 443, "/", "example.org"),
        ("https://Example.ORG/Hook?a=1&b=2", "example.org", 443, "/Hook?a=1&b=2", "example.org"),
        (
            "https://hooks.example.org:8443/x",
            "hooks.example.org",
            8443,
            "/x",
            "hooks.example.org:8443",
        ),
        ("https://xn--mneskinn-9za.no/x", "xn--mneskinn-9za.no", 443, "/x", "xn--mneskinn-9za.no"),
        ("https://93.184.215.14/x", "93.184.215.14", 443, "/x", "93.184.215.14"),
        ("https://[2606:2800:21f::1]/x", "2606:2800:21f::1", 443, "/x", "[2606:2800:21f::1]"),
    ],
)
def test_a_public_address_is_taken_apart_once(
    address: str, host: str, port: int, target: str, authority: str
) -> None:
    found = webhook_address(address, allow_private=False)
    assert (found.host, found.port, found.target, found.authority) == (
        host,
        port,
        target,
        authority,
    )


def test_the_url_that_is_called_holds_the_judged_address() -> None:
    found = webhook_address("https://example.org/x?y=1", allow_private=False)
    assert found.url_at("93.184.215.14") == "https://93.184.215.14:443/x?y=1"
    assert found.url_at("2606:2800:21f::1") == "https://[2606:2800:21f::1]:443/x?y=1"


@pytest.mark.parametrize(
    "addresses",
    [[], ["93.184.215.14", "10.0.0.1"], ["127.0.0.1"], ["93.184.215.14", "::1"], ["fe80::1%eth0"]],
)
def test_one_address_inside_is_enough_to_refuse_a_name(addresses: list[str]) -> None:
    with pytest.raises(RuleBroken, match="example"):
        reachable_addresses("rebind.example.org", addresses, allow_private=False)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", "172.18.0.2", "fd00::1"])
def test_where_private_addresses_are_allowed_loopback_and_private_networks_may_be_called(
    address: str,
) -> None:
    assert may_be_called(address, allow_private=True)
    assert not may_be_called(address)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "0.0.0.0",  # noqa: S104 - nothing listens
        "fe80::1",
        "224.0.0.1",
        "::ffff:127.0.0.1",
        "x",
    ],
)
def test_even_where_private_addresses_are_allowed_some_never_are(address: str) -> None:
    assert not may_be_called(address, allow_private=True)


def test_where_private_addresses_are_allowed_http_and_any_port_are_too() -> None:
    found = webhook_address("http://127.0.0.1:9000/x", allow_private=True)
    assert (found.scheme, found.port, found.authority) == ("http", 9000, "127.0.0.1:9000")


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("hr@vefsn.example", "hr@vefsn.example"),
        ("Kari.Nordmann+saman@Vefsn.Kommune.Example", "Kari.Nordmann+saman@vefsn.kommune.example"),
        ("post@måneskinn.no", "post@xn--mneskinn-9za.no"),
    ],
)
def test_a_plain_mail_address_is_taken(address: str, kept: str) -> None:
    assert mail_address(address) == kept


@pytest.mark.parametrize(
    "address",
    [
        "",
        "hr",
        "@vefsn.example",
        "hr@",
        "hr@localhost",
        "Kari <hr@vefsn.example>",
        "hr@vefsn.example, other@vefsn.example",
        "hr@vefsn.example\nBcc: all@vefsn.example",
        "h r@vefsn.example",
        "hr..x@vefsn.example",
        ".hr@vefsn.example",
        "hr@vefsn..example",
        '"hr"@vefsn.example',
        "bjørn@vefsn.example",
        "hr@[127.0.0.1]",
        "hr@127.0.0.1",
        f"{'a' * 65}@vefsn.example",
        f"a@{'b' * 60}.{'b' * 60}.{'b' * 60}.{'b' * 60}.{'b' * 60}.example",
    ],
)
def test_what_is_not_one_plain_mail_address_is_refused(address: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        mail_address(address)
    assert refused.value.code == "address-malformed"
