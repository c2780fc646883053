"""Each import contract in pyproject.toml bites: a tree that breaks it is found out."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.support.import_violations import Contract, Imports, violations_of, write_tree

ROOT = Path(__file__).parent.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS: list[Contract] = SETTINGS["contracts"]


def kept(trees: list[tuple[Contract, Imports]], folder: Path) -> list[bool]:
    """Tell which trees keep their contract. They are checked in a process of its own, because they
    bear the names of our packages.
    """
    folders = [folder / str(number) for number in range(len(trees))]
    for place, (contract, imports) in zip(folders, trees, strict=True):
        write_tree(place, SETTINGS["root_packages"], contract, imports)
    command = [sys.executable, "-m", "tests.support.import_violations", *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    results = json.loads(done.stdout.splitlines()[-1])
    return [results[str(place)] for place in folders]


def test_each_import_that_a_contract_forbids_is_found_out(tmp_path: Path) -> None:
    trees = [(contract, each) for contract in CONTRACTS for each in violations_of(contract)]
    assert {contract["name"] for contract, _ in trees} == {each["name"] for each in CONTRACTS}
    results = zip(trees, kept(trees, tmp_path), strict=True)
    assert [(contract["name"], each) for (contract, each), passed in results if passed] == []


def test_a_tree_without_such_an_import_keeps_every_contract(tmp_path: Path) -> None:
    trees: list[tuple[Contract, Imports]] = [(contract, {}) for contract in CONTRACTS]
    assert kept(trees, tmp_path) == [True] * len(CONTRACTS)


def test_a_room_of_shared_without_a_place_in_the_order_is_found_out(tmp_path: Path) -> None:
    (contract,) = (each for each in CONTRACTS if each.get("containers") == ["shared"])
    assert kept([(contract, {"shared.cellar": set()})], tmp_path) == [False]


def test_imports_for_the_checker_of_types_count_as_well() -> None:
    assert "exclude_type_checking_imports" not in SETTINGS
