"""What a stranger sent is looked at and never obeyed."""

import pytest

from shared.printable import hex_dump, printable, readable


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("blåbær – 12 %", "blåbær – 12 %"),
        ("two\nlines", "two\nlines"),
        ("\x1b[2J\x1b]0;owned\x07", "\\x1b[2J\\x1b]0;owned\\x07"),
        ("fine\rforged", "fine\\rforged"),
        ("abc\u202edcba", "abc\\u202edcba"),
        ("half \ud800 and zero \x00", "half \\ud800 and zero \\x00"),
    ],
)
def test_characters_that_do_something_are_written_out(sent: str, shown: str) -> None:
    assert printable(sent) == shown


def test_bytes_that_are_text_are_shown_as_text_and_others_in_hexadecimal() -> None:
    assert readable(b'{"period": "2013-02"}\r\n') == '{"period": "2013-02"}\\r\n'
    assert readable(b"") == ""
    assert (
        readable(b"\xff\x00ab")
        == "00000000  ff 00 61 62                                      |..ab|"
    )
    assert readable(b"\x1b[31m").startswith("00000000  1b 5b 33 31 6d")
    assert hex_dump(bytes(range(17))).splitlines()[1].startswith("00000010  10")
