"""The command line finds every command, and imports no more than it needs."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

from deploy.cli import main as command_line

FOLDER = Path(command_line.__file__).parent
SEEN_WHEN_SERVING = "import sys; from deploy.cli.main import app; app(['serve', '--help'], standalone_mode=False); "


def test_every_command_of_every_module_is_found() -> None:
    found: dict[str, str] = {}
    for path in sorted(FOLDER.glob("*.py")):
        if hasattr(import_module(f"deploy.cli.{path.stem}"), "add_to"):
            found |= dict.fromkeys(command_line.commands_of(path.stem), path.stem)
    assert found == command_line.MODULES


def test_a_service_does_not_import_the_operators_tools() -> None:
    shown = "print(*[name for name in sys.modules if name.startswith('deploy.cli.')])"
    done = subprocess.run(
        [sys.executable, "-c", SEEN_WHEN_SERVING + shown], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1].split() == ["deploy.cli.main", "deploy.cli.serving"]


def test_an_unknown_command_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli.main", "srve"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "No such command 'srve'" in done.stderr
