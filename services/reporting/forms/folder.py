"""A form as a folder of readable files, which makes one definition.

form.json         form_id, report_kind, valid_for, names, options
schema.json       JSON Schema of the answers
pages/*.json      one page each, in the order of their names
validations.json  rules about single answers; may be left out
texts/nb.json     every text by its key; likewise nn.json and en.json
"""

from collections.abc import Iterator
from pathlib import Path

from services.reporting.forms.rules.form import LANGUAGES
from shared.errors import RuleBroken


def read_form_folder(folder: Path) -> bytes:
    """Return the definition as JSON, made of the files as they are written: numbers stay exact.

    Raises:
        RuleBroken: `form-folder`; a file is missing, or cannot be read.
    """
    pages = ",\n".join(_read(path) for path in page_files(folder))
    texts = ",\n".join(
        f'"{language}": {_read(folder / "texts" / f"{language}.json")}' for language in LANGUAGES
    )
    parts = [
        _within_braces(folder / "form.json"),
        f'"schema": {_read(folder / "schema.json")}',
        f'"pages": [{pages}]',
        f'"texts": {{{texts}}}',
    ]
    if (folder / "validations.json").exists():
        parts.append(f'"validations": {_read(folder / "validations.json")}')
    return ("{" + ",\n".join(parts) + "}").encode()


def page_files(folder: Path) -> list[Path]:
    """Return the files of the pages in their order."""
    return sorted((folder / "pages").glob("*.json"))


def file_of(folder: Path, pointer: str) -> str:
    """Say where in the folder a place in the definition stands: file and pointer within it."""
    _, *steps = pointer.split("/")
    match steps:
        case ["pages", number, *rest] if number.isdigit():
            file = f"pages/{page_files(folder)[int(number)].name}"
        case ["texts", language, *rest]:
            file = f"texts/{language}.json"
        case [("schema" | "validations") as part, *rest]:
            file = f"{part}.json"
        case _:
            file, rest = "form.json", steps
    return f"{file} {''.join(f'/{step}' for step in rest)}".strip()


def files_of(folder: Path) -> Iterator[Path]:
    """Yield every file that the definition is made of."""
    yield from (folder / "form.json", folder / "schema.json", *page_files(folder))
    yield from (folder / "texts" / f"{language}.json" for language in LANGUAGES)
    if (folder / "validations.json").exists():
        yield folder / "validations.json"


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise RuleBroken(f"{path} cannot be read: {error}", code="form-folder") from None
    if not text:
        raise RuleBroken(f"{path} is empty; it is JSON", code="form-folder")
    return text


def _within_braces(path: Path) -> str:
    text = _read(path)
    if not (text.startswith("{") and text.endswith("}")):
        raise RuleBroken(f"{path} must be a JSON object", code="form-folder")
    return text[1:-1].strip()
