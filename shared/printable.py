"""Shows people what a stranger sent without letting it act on a terminal or page, and finds the
characters that would act, so that a door can refuse them.
"""

import unicodedata

_LINE = 16

_DOES_SOMETHING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode's categories of control characters, format characters (which turn the direction or have
no width), half pairs, and the separators of lines and paragraphs.
"""

_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
"""Letters and marks by their category that nobody can see (Default_Ignorable_Code_Point)."""

_LINE_ENDS = frozenset("\r\n")


def first_unseen(text: str, *, has_lines: bool) -> str | None:
    """Return the first character of a text that cannot be seen and does something: ends a line,
    turns the direction, stands there without width; None when there is none.

    Args:
        has_lines: whether the text may have several lines; line ends are then left alone.
    """
    if text.isascii() and text.isprintable():
        return None
    for char in text:
        if has_lines and char in _LINE_ENDS:
            continue
        if unicodedata.category(char) in _DOES_SOMETHING or char in _FILLERS:
            return char
    return None


def printable(text: str) -> str:
    """Return a text in which every character that cannot be seen is written as an escape: control
    characters, carriage returns, marks that turn the direction.

    Line ends stay, because a traceback has them.
    """
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode()
        for char in text
    )


def readable(content: bytes) -> str:
    """Return bytes as text where they are text, else as offsets, hexadecimal and ASCII."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return hex_dump(content)
    return (
        printable(text)
        if all(char.isprintable() or char in "\n\r\t" for char in text)
        else hex_dump(content)
    )


def hex_dump(content: bytes) -> str:
    """Return bytes as `hexdump -C` writes them."""
    lines = []
    for start in range(0, len(content), _LINE):
        part = content[start : start + _LINE]
        ascii_ = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
        lines.append(f"{start:08x}  {part.hex(' '):<{3 * _LINE}} |{ascii_}|")
    return "\n".join(lines)
