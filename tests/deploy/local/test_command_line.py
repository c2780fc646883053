"""The command line finds every command, and imports no more than it needs."""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click

from deploy.cli import main as command_line

FOLDER = Path(command_line.__file__).parent
SEEN_WHEN_SERVING = (
    "import sys; from deploy.cli.main import app; app(['serve', '--help'], standalone_mode=False); "
)


def test_every_command_of_every_module_is_found() -> None:
    found: dict[str, str] = {}
    for path in sorted(FOLDER.glob("*.py")):
        if hasattr(import_module(f"deploy.cli.{path.stem}"), "add_to"):
            found |= dict.fromkeys(command_line.commands_of(path.stem), path.stem)
    assert found == command_line.MODULES


def test_a_service_does_not_import_the_operators_tools() -> None:
    shown = "print(*[name for name in sys.modules if name.startswith('deploy.cli.')])"
    done = subprocess.run(
        [sys.executable, "-c", SEEN_WHEN_SERVING + shown],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1].split() == [
        "deploy.cli.main",
        "deploy.cli.connections",
        "deploy.cli.serving",
    ]


def test_every_command_that_ends_writes_machine_readable_output_if_asked() -> None:
    without = {
        path
        for path, command in commands()
        if not any("--json" in option.opts for option in command.params)
    }
    assert without == {"serve", "forms preview"}, "one never ends, the other writes a page"


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with its whole name."""
    for module in set(command_line.MODULES.values()):
        for name, command in command_line.commands_of(module).items():
            below = getattr(command, "commands", {})
            yield from (
                ((f"{name} {each}", one) for each, one in below.items())
                if below
                else [(name, command)]
            )


def test_machines_are_told_that_nothing_ran(tmp_path: Path) -> None:
    argv = [
        sys.executable,
        "-m",
        "deploy.cli.main",
        "stack",
        "stop",
        "--dir",
        str(tmp_path),
        "--json",
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == {"stopped": []}


def test_an_unknown_command_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli.main", "srve"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "No such command 'srve'" in done.stderr
