"""The rules of the house that imports cannot show."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
SERVICES = ("registry", "reporting", "metrics", "notifications")
ROOMS = {
    "__init__",
    "domain",
    "store",
    "commands",
    "handlers",
    "api",
    "api_models",
    "pages",
    "app",
    "programme_folder",
    "restoring",
}
"""What stands beside the subjects. `programme_folder` reads a programme for whoever loads it, and
`restoring` is what `saman restore` asks a service after a restore.
"""

FURNITURE = {"migrations", "templates", "static", "translations", "reference", "__pycache__"}
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "manager", "base_service", "data", "info"}


def python_files(*folders: str) -> list[Path]:
    return [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "node_modules" not in path.parts and "vendor" not in path.parts
    ]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


OWN_CODE = python_files("services", "shared", "deploy", "tests")


@pytest.mark.parametrize("path", OWN_CODE, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_are_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= FILE_LINES_MAX
    for function in functions(path):
        assert function.end_lineno is not None
        assert function.end_lineno - function.lineno + 1 <= FUNCTION_LINES_MAX, function.name


@pytest.mark.parametrize("path", OWN_CODE, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_are_named_after_what_they_hold(path: Path) -> None:
    assert path.stem not in FORBIDDEN_NAMES


def subjects() -> list[Path]:
    return [
        path
        for service in SERVICES
        for path in sorted((ROOT / "services" / service).iterdir())
        if path.is_dir() and path.name not in ROOMS | FURNITURE
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_only_the_rooms_of_the_house(service: str) -> None:
    entries = (ROOT / "services" / service).glob("*.py")
    found = {path.stem for path in entries}
    assert found <= ROOMS
    assert "__init__" in found


@pytest.mark.parametrize("path", subjects(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_subject_begins_with_its_card(path: Path) -> None:
    card = ast.parse((path / "__init__.py").read_text())
    assert ast.get_docstring(card)
    assert len(card.body) == 1, "the card holds no code"


@pytest.mark.parametrize("path", python_files("services"), ids=lambda p: str(p.relative_to(ROOT)))
def test_only_the_doors_catch_everything_and_nothing_publishes_past_the_outbox(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"except (Base)?Exception", text)
    assert "AIOKafkaProducer" not in text
    assert "broker.publish(" not in text


@pytest.mark.parametrize("service", SERVICES)
def test_migrations_are_numbered_apart_from_the_mechanisms(service: str) -> None:
    mechanisms = sorted((ROOT / "shared" / "migrations").glob("*.sql"))
    own = sorted((ROOT / "services" / service / "migrations").glob("*.sql"))
    assert all(int(path.name[:4]) < 100 for path in mechanisms)
    assert all(int(path.name[:4]) >= 100 for path in own)
    for path in (*mechanisms, *own):
        assert "-- migrate:up" in path.read_text()
        assert "-- migrate:down" in path.read_text()
    numbers = [path.name[:4] for path in (*mechanisms, *own)]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize(
    "path", python_files("services", "shared"), ids=lambda p: str(p.relative_to(ROOT))
)
def test_sql_lists_its_columns(path: Path) -> None:
    assert not re.search(r"select \*", path.read_text(), re.IGNORECASE)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "services").rglob("*.sql")), ids=lambda p: str(p.relative_to(ROOT))
)
def test_queries_list_their_columns(path: Path) -> None:
    assert not re.search(r"select \*", path.read_text(), re.IGNORECASE)
