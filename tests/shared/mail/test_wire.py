"""The bytes of a mail: what machines read in its headers stands there literally."""

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTP, default

import pytest

from shared.mail.composing import Composer
from shared.mail.letter import Letter
from shared.mail.settings import MailSettings
from shared.mail.wire import LINE_BYTES_MAX, wire
from shared.web.languages import Language

DOMAIN = ".".join(["et-langt-navn-paa-en-kommune"] * 7) + ".example"
SENDER = f"varsel@{DOMAIN}"
LIST = "a" * 64
HEADERS = {
    "List-Id": f"<{LIST}.{DOMAIN}>",
    "List-Unsubscribe": f"<https://{DOMAIN}/{'u' * 300}>, <mailto:{SENDER}?subject={LIST}>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}
"""The longest values that ids and settings allow."""


def letter(subject: str) -> Letter:
    return Letter(
        language=Language.NB,
        subject=subject,
        headline=subject,
        sentences=("Sykefraværet er 6,9 %. " * 20,),
        facts=(("Mål", "6,9 %"),),
        path="/",
        action="Se det i Saman",
    )


def composed(
    subject: str = "Vefsn nådde målet",
    sender_name: str = "Saman",
    recipient: str = "hr@vefsn.example",
) -> EmailMessage:
    settings = MailSettings(sender=SENDER, sender_name=sender_name, contact=SENDER)
    return Composer(settings, "https://saman.example").message(
        letter(subject),
        recipient,
        message_id=f"{'0' * 36}.{LIST}",
        now=datetime(2013, 5, 7, tzinfo=UTC),
        headers=HEADERS,
    )


def raw_headers(message: EmailMessage) -> dict[str, str]:
    """The headers as they stand in the bytes, unfolded and not decoded."""
    head = wire(message).split(b"\r\n\r\n")[0].decode("ascii")
    lines = re.sub(r"\r\n(?=[ \t])", "", head).split("\r\n")
    return dict(line.split(": ", 1) for line in lines)


LITERAL = [
    "From",
    "To",
    "Reply-To",
    "Message-ID",
    "Date",
    "Auto-Submitted",
    "Content-Language",
    "MIME-Version",
    "Content-Type",
    *HEADERS,
]


@pytest.mark.parametrize("name", LITERAL)
def test_a_header_for_machines_is_written_literally_however_long(name: str) -> None:
    recipient = f"{'r' * 64}@{DOMAIN[:180].rstrip('.-')}.example"[:254]
    message = composed(recipient=recipient)
    assert "=?" not in raw_headers(message)[name]
    assert raw_headers(message)[name] == str(message[name])


def test_every_header_of_ours_is_among_those_that_are_judged() -> None:
    assert set(raw_headers(composed())) == {*LITERAL, "Subject"}


def test_a_name_beside_an_address_is_encoded_and_the_address_is_not() -> None:
    name = "Sámi giellaguovddáš – språksenteret i Kåfjord " * 4
    raw = raw_headers(composed(sender_name=name.strip()))["From"]
    assert raw.startswith("=?utf-8?")
    assert raw.endswith(f"<{SENDER}>")
    encoded = raw.removesuffix(f" <{SENDER}>")
    assert str(make_header(decode_header(encoded))) == name.strip()


@pytest.mark.parametrize(
    "subject", ["Vefsn nådde målet", "Kåfjord " * 60, "Ålesund" * 100, "x" * 500]
)
def test_a_subject_of_any_length_comes_back_as_it_was(subject: str) -> None:
    read = message_from_bytes(wire(composed(subject)), policy=default)
    assert read["Subject"] == " ".join(subject.split())


@pytest.mark.parametrize("subject", ["Kåfjord " * 60, "Ålesund" * 100])
def test_lines_are_as_short_as_the_standard_wants_where_nothing_is_literal(subject: str) -> None:
    content = wire(composed(subject))
    assert max(map(len, content.split(b"\r\n"))) <= LINE_BYTES_MAX
    assert max(map(len, re.findall(rb"=\?[^ \r\n]*\?=", content))) <= 75
    assert b"\n" not in content.replace(b"\r\n", b"")


def test_a_header_that_no_line_can_hold_is_refused() -> None:
    message = EmailMessage(policy=SMTP)
    message["List-Id"] = "x" * LINE_BYTES_MAX
    with pytest.raises(ValueError, match="List-Id has 1007 bytes, at most 998"):
        wire(message)
