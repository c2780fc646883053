"""Small trees of packages that break one import contract each, made from the contract itself.

`python -m tests.support.import_violations FOLDER...` checks each folder against the contract in it,
and prints which are kept, as JSON.
"""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

from importlinter.application import use_cases
from importlinter.configuration import configure

Contract = Mapping[str, Any]
Imports = dict[str, set[str]]
"""What each module of a tree imports."""

CONFIG = "contract.ini"
_OPTIONAL_OR_NOT = re.compile(r"\(?\s*([\w.]+)\s*\)?")


def _layer(written: str) -> list[str]:
    """Return the modules of a layer; in parentheses stands what may be missing."""
    return _OPTIONAL_OR_NOT.findall(written)


def _named(expression: str) -> str:
    """Return a module that an expression with wildcards matches."""
    return expression.replace("**", "any").replace("*", "any")


def modules_of(contract: Contract) -> set[str]:
    """Return the modules that a contract speaks of."""
    if contract["type"] == "layers":
        containers = contract.get("containers", [""])
        return {
            f"{container}.{module}".strip(".")
            for container in containers
            for layer in contract["layers"]
            for module in _layer(layer)
        }
    keys = ("modules", "source_modules", "forbidden_modules", "ancestors")
    return {_named(module) for key in keys for module in contract.get(key, [])}


def violations_of(contract: Contract) -> list[Imports]:
    """Return what the contract forbids, each violation with the imports that make it."""
    kind = contract["type"]
    if kind == "layers":
        pairs = list(_upward(contract))
    elif kind == "independence":
        pairs = list(pairwise(contract["modules"]))
    elif kind == "forbidden":
        sources = [_named(source) for source in contract["source_modules"]]
        forbidden = [_named(module) for module in contract["forbidden_modules"]]
        pairs = [(source, forbidden[0]) for source in sources]
        pairs += [(sources[0], module) for module in forbidden[1:]]
    elif kind == "acyclic_siblings":
        rooms = [(f"{each}.one", f"{each}.other") for each in contract["ancestors"]]
        return [{one: {other}, other: {one}} for one, other in rooms]
    else:
        raise ValueError(f"no violation is known of a contract of type {kind!r}; write one here")
    return [{importer: {imported}} for importer, imported in pairs]


def _upward(contract: Contract) -> Iterator[tuple[str, str]]:
    """Yield an import of each layer from the one below it, and between what is independent."""
    for container in contract.get("containers", [""]):
        layers = [
            ([f"{container}.{module}".strip(".") for module in _layer(layer)], "|" in layer)
            for layer in contract["layers"]
        ]
        for (higher, _), (lower, _) in pairwise(layers):
            yield from ((low, high) for low in lower for high in higher)
        for modules, are_independent in layers:
            if are_independent:
                yield from pairwise(modules)


def write_tree(folder: Path, roots: list[str], contract: Contract, imports: Imports) -> None:
    """Write packages with these imports, and the contract beside them."""
    ours = {*roots, *imports, *(m for m in modules_of(contract) if m.partition(".")[0] in roots)}
    ours |= {to for each in imports.values() for to in each if to.partition(".")[0] in roots}
    for module in ours:
        parts = module.split(".")
        for depth in range(1, len(parts) + 1):
            package = folder.joinpath(*parts[:depth])
            package.mkdir(parents=True, exist_ok=True)
            (package / "__init__.py").touch()
        lines = [f"import {name}\n" for name in sorted(imports.get(module, ()))]
        (folder.joinpath(*parts) / "__init__.py").write_text("".join(lines))
    (folder / CONFIG).write_text(_ini(roots, contract))


def _ini(roots: list[str], contract: Contract) -> str:
    def written(value: Any) -> str:
        return "\n    ".join(["", *value]) if isinstance(value, list) else str(value)

    settings = "\n".join(f"{key} = {written(value)}" for key, value in contract.items())
    return (
        f"[importlinter]\nroot_packages = {written(roots)}\ninclude_external_packages = True\n\n"
        f"[importlinter:contract:one]\n{settings}\n"
    )


def is_kept(folder: Path) -> bool:
    """Tell whether the tree in a folder keeps the contract beside it."""
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    with redirect_stdout(StringIO()):
        kept = use_cases.lint_imports(config_filename=CONFIG, cache_dir=None, is_debug_mode=True)
    sys.path.remove(str(folder))
    return kept


if __name__ == "__main__":
    configure()
    print(json.dumps({name: is_kept(Path(name)) for name in sys.argv[1:]}))
