"""Shows people what a stranger sent, so that neither a terminal nor a page does what stands in
it.
"""

_LINE = 16


def printable(text: str) -> str:
    """Return a text with everything written out that is no character to look at: escapes, returns,
    turned directions.

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
