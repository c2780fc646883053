"""Everything that pages and mails say is said in bokmål and nynorsk as well."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
SHARED = ROOT / "shared" / "web"
FOLDERS = (
    SHARED,
    ROOT / "shared" / "mail",
    ROOT / "services" / "metrics",
    ROOT / "services" / "notifications",
    ROOT / "services" / "registry",
    ROOT / "services" / "reporting",
)
TEMPLATES = (".html", ".txt")
METHODS = {".py": "python"} | dict.fromkeys(TEMPLATES, "jinja2.ext:babel_extract")

Message = str | tuple[str, ...]


def said(folder: Path) -> set[Message]:
    return {
        message
        for path in folder.rglob("*")
        if path.suffix in METHODS
        for message in _messages(path)
    }


def _messages(path: Path) -> Iterator[Message]:
    options: dict[str, Any] = (
        {"newstyle_gettext": "true", "silent": "false"} if path.suffix in TEMPLATES else {}
    )
    with path.open("rb") as file:
        for _, message, _, _ in extract(METHODS[path.suffix], file, options=options):
            yield message


def catalogue(folder: Path, language: str) -> Catalog:
    with (folder / "translations" / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


@pytest.mark.parametrize("language", ["nb", "nn"])
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_message_is_translated_and_no_translation_is_left_over(
    folder: Path, language: str
) -> None:
    known = {message.id for message in catalogue(folder, language) if message.id}
    everywhere = {message.id for message in catalogue(SHARED, language) if message.id}

    assert said(folder) - known - everywhere == set()
    assert known - said(folder) == set()


@pytest.mark.parametrize("language", ["nb", "nn"])
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_translations_are_whole_and_fill_in_the_same_values(folder: Path, language: str) -> None:
    for message in catalogue(folder, language):
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(texts), message.id
        assert not message.fuzzy or not message.id
        assert not [error for error in message.check() if message.id], message.id
