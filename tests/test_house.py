"""The rules of the house that imports cannot show. A test names all files that break its rule."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
SERVICES = ("registry", "reporting", "metrics", "notifications")
BESIDE_SUBJECTS = {"__init__", "app", "handlers", "restoring"}
"""Modules of a service itself: its wiring, its Kafka doors, and what `saman restore` asks it."""

FURNITURE = {"migrations", "templates", "static", "translations", "__pycache__"}
"""Folders of a service that are no subjects."""

FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "manager", "base_service", "data", "info"}


def files(kind: str, *folders: str) -> list[Path]:
    """Return the files of a kind that are our own."""
    foreign = {"node_modules", "vendor", ".venv"}
    return [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob(f"*.{kind}"))
        if not foreign & set(path.parts)
    ]


OUR_CODE = files("py", "services", "shared", "deploy", "tests")
OUR_TEXTS = [each for kind in ("sql", "html") for each in files(kind, "services", "shared")]


@cache
def text_of(path: Path) -> str:
    return path.read_text()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each function's name and how many lines it has."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - node.lineno + 1


def subjects() -> list[Path]:
    """Return the folders that are subjects of a service."""
    return [
        path
        for service in SERVICES
        for path in sorted((ROOT / "services" / service).iterdir())
        if path.is_dir() and path.name not in FURNITURE
    ]


def test_files_are_small_whatever_they_are_written_in() -> None:
    lengths = {name_of(path): len(text_of(path).splitlines()) for path in [*OUR_CODE, *OUR_TEXTS]}
    assert {name: count for name, count in lengths.items() if count > FILE_LINES_MAX} == {}


def test_functions_are_small() -> None:
    assert {
        f"{name_of(path)}: {function}": lines
        for path in OUR_CODE
        for function, lines in functions(path)
        if lines > FUNCTION_LINES_MAX
    } == {}


def test_files_are_named_after_what_they_hold() -> None:
    assert [name_of(path) for path in OUR_CODE if path.stem in FORBIDDEN_NAMES] == []


def test_a_service_has_only_its_wiring_beside_its_subjects() -> None:
    for service in SERVICES:
        found = {path.stem for path in (ROOT / "services" / service).glob("*.py")}
        assert {"__init__", "app"} <= found <= BESIDE_SUBJECTS


def test_every_package_begins_with_its_card() -> None:
    cards = [path for path in OUR_CODE if path.name == "__init__.py" and "tests" not in path.parts]
    assert [name_of(card) for card in cards if not ast.get_docstring(tree_of(card))] == []


def test_the_card_of_a_subject_holds_no_code() -> None:
    cards = [path / "__init__.py" for path in subjects()]
    assert [name_of(card) for card in cards if len(tree_of(card).body) != 1] == []


def test_a_card_in_shared_or_deploy_may_at_most_pass_names_on() -> None:
    def is_passing_on(node: ast.stmt) -> bool:
        if isinstance(node, ast.Assign):
            return [ast.unparse(target) for target in node.targets] == ["__all__"]
        return isinstance(node, ast.Import | ast.ImportFrom)

    cards = [path for path in files("py", "shared", "deploy") if path.name == "__init__.py"]
    assert [
        name_of(card) for card in cards if not all(map(is_passing_on, tree_of(card).body[1:]))
    ] == []


def test_only_the_store_of_a_subject_has_queries() -> None:
    loading = [path for path in files("py", "services") if "load_queries(" in text_of(path)]
    assert [name_of(path) for path in loading if path.name != "store.py"] == []


def test_only_the_doors_catch_everything() -> None:
    catching = re.compile(r"except (Base)?Exception")
    assert [
        name_of(path) for path in files("py", "services") if catching.search(text_of(path))
    ] == []


def test_nothing_publishes_past_the_outbox() -> None:
    past = re.compile(r"AIOKafkaProducer|broker\.publish\(")
    assert [name_of(path) for path in files("py", "services") if past.search(text_of(path))] == []


def test_migrations_are_numbered_apart_from_the_mechanisms() -> None:
    mechanisms = sorted((ROOT / "shared" / "migrations").glob("*.sql"))
    assert all(int(path.name[:4]) < 100 for path in mechanisms)
    for service in SERVICES:
        own = sorted((ROOT / "services" / service / "migrations").glob("*.sql"))
        assert all(int(path.name[:4]) >= 100 for path in own)
        numbers = [path.name[:4] for path in (*mechanisms, *own)]
        assert len(numbers) == len(set(numbers))


def test_migrations_say_both_ways() -> None:
    migrations = [path for path in files("sql", "services", "shared") if path.name[:4].isdigit()]
    for path in migrations:
        assert "-- migrate:up" in text_of(path), name_of(path)
        assert "-- migrate:down" in text_of(path), name_of(path)


def test_sql_lists_its_columns() -> None:
    everything = re.compile(r"select \*", re.IGNORECASE)
    code = [*files("py", "services", "shared"), *files("sql", "services", "shared")]
    assert [name_of(path) for path in code if everything.search(text_of(path))] == []
