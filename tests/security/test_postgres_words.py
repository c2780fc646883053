"""PostgreSQL's own words hold rows and the names of tables; nobody outside reads them.

An error that nothing foresaw leaves as "internal" (`tests/shared/http`, `tests/shared/delivery`).
Where code foresees one, it may look at which rule was broken, and says the rest itself.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path
    for folder in ("services", "shared")
    for path in (ROOT / folder).rglob("*.py")
    if "asyncpg" in path.read_text() or "DRIVER_FAILURES" in path.read_text()
)
WITHOUT_WORDS = frozenset({"constraint_name", "sqlstate", "__cause__", "__context__"})
TOLD_BY = frozenset(
    {"is_transient", "in_short", "isinstance", "type", "_drop_connection_if_broken"}
)
"""Calls that make of an error what may be said of it."""


def uses_of_words(code: str) -> Iterator[int]:
    """Yield the lines where a handler of the driver's errors uses more of one than its kind and its
    rule.
    """
    tree = ast.parse(code)
    for handler in (node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)):
        caught = ast.unparse(handler.type) if handler.type is not None else ""
        if handler.name is None or not ("asyncpg" in caught or "DRIVER_FAILURES" in caught):
            continue
        allowed = {id(name) for node in ast.walk(handler) for name in _without_words(node)}
        for name in ast.walk(handler):
            if isinstance(name, ast.Name) and name.id == handler.name and id(name) not in allowed:
                yield name.lineno


def _without_words(node: ast.AST) -> list[ast.AST]:
    """Return the names in a node that say nothing of an error's words; logs are for operators."""
    match node:
        case ast.Attribute(value=ast.Name() as name, attr=attribute) if attribute in WITHOUT_WORDS:
            return [name]
        case ast.Raise(cause=ast.Name() as name):
            return [name]
        case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)) if called in TOLD_BY:
            return list(node.args)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="LOG"))):
            return list(ast.walk(node))
    return []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_handler_says_more_of_a_driver_s_error_than_its_kind_and_its_rule(path: Path) -> None:
    assert list(uses_of_words(path.read_text())) == []


def test_a_handler_that_does_is_found() -> None:
    careless = """
try:
    pass
except asyncpg.UniqueViolationError as error:
    raise Broken(f"{error}") from error
"""
    assert list(uses_of_words(careless)) == [5]
