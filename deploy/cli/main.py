"""The `saman` command. Each group of commands is a module of its own beside this one."""

import sys

import typer

from deploy.cli import operating, serving
from deploy.local.errors import StackError
from shared.errors import AppError

app = typer.Typer(
    name="saman",
    help="The reporting backbone of a municipal improvement programme.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
serving.add_to(app)
operating.add_to(app)


def main() -> None:
    """Run the command line; what can be foreseen ends in one sentence and exit code 1."""
    try:
        app()
    except (AppError, StackError) as error:
        print(f"saman: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
