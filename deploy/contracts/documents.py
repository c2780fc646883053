"""All documents together: written to `docs/contracts`, or compared with what is there."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from deploy.contracts import asyncapi, events, index, openapi

FOLDER = Path(__file__).parents[2] / "docs" / "contracts"


def documents() -> dict[str, str]:
    """Return the text of every document by its path below `docs/contracts`.

    Raises:
        ImportError: a service cannot be imported; none is left out in silence.
    """
    apps = openapi.apps()
    written = {
        f"{events.PLACE}/{event.file}": events.text_of(event.schema())
        for event in events.all_events()
    }
    written |= {f"openapi-{name}.json": events.text_of(app.openapi()) for name, app in apps.items()}
    written["asyncapi.json"] = events.text_of(asyncapi.document(apps))
    written["README.md"] = index.text(apps)
    return dict(sorted(written.items()))


def differences(wanted: Mapping[str, str], folder: Path = FOLDER) -> Iterator[str]:
    """Yield in what the folder differs from the documents, one sentence each."""
    kept = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    for name, text in wanted.items():
        if name not in kept:
            yield f"{name} is missing"
        elif (folder / name).read_text() != text:
            yield f"{name} is not what the code says"
    yield from (f"{name} belongs to nothing in the code" for name in sorted(kept - wanted.keys()))


def write(wanted: Mapping[str, str], folder: Path = FOLDER) -> list[str]:
    """Make the folder hold the documents and nothing else; return what was done, one sentence
    each.
    """
    done = list(differences(wanted, folder))
    for path in folder.rglob("*"):
        if path.is_file() and str(path.relative_to(folder)) not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return done
