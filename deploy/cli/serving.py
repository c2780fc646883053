"""`saman serve`, `saman migrate`: running services and bringing their databases up to date."""

import gc
import json
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn
from dotenv import load_dotenv
from fastapi import FastAPI
from pydantic import ValidationError
from starlette.types import ASGIApp

from deploy.cli.connections import WatchedConnection, allow_many_files
from deploy.containers.gateway import make_gateway
from deploy.services import SERVICES, migration_folders, wiring
from shared import faults
from shared.errors import RuleBroken
from shared.postgres.database import migrate as migrate_database
from shared.service.logs import configure_logging

STOP_SECONDS = 15
"""Time for running requests and batches; container and stack wait 20 s before they kill."""

ServiceName = Annotated[
    str, typer.Argument(help=f"One of {', '.join(SERVICES)}, or all.", metavar="SERVICE")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(serve)
    app.command()(migrate)


def serve(
    service: ServiceName,
    host: Annotated[
        str, typer.Option(envvar="SAMAN_HTTP_HOST", help="Address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="SAMAN_HTTP_PORT", help="Port to listen on.")] = 8000,
    env_file: Annotated[
        Path | None,
        typer.Option(help="File of SAMAN_… settings, one NAME=value a line; the environment wins."),
    ] = None,
    trusted_proxies: Annotated[
        str,
        typer.Option(
            envvar="SAMAN_TRUSTED_PROXIES",
            help=(
                "Addresses, comma-separated or *, whose X-Forwarded-For and -Proto are believed;"
                " nobody's else."
            ),
        ),
    ] = "",
    log_level: Annotated[
        str, typer.Option(envvar="SAMAN_LOG_LEVEL", help="DEBUG, INFO, WARNING or ERROR.")
    ] = "INFO",
) -> None:
    """Run one service, or all four in one process behind one port. Settings come from SAMAN_…
    variables.
    """
    if env_file is not None:
        load_dotenv(env_file)
    configure_logging(log_level)
    # The server stops in order and hands the signal on; without this an orderly end would look like
    # a death.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    faults.arm(os.environ.get(faults.VARIABLE, ""))
    apps = {name: _app(name) for name in _names(service)}
    _spare_the_collector()
    allow_many_files()
    one: ASGIApp = next(iter(apps.values())) if service != "all" else make_gateway(apps)
    uvicorn.run(
        one, host=host, port=port, loop="uvloop", lifespan="on", **server_options(trusted_proxies)
    )


def server_options(trusted_proxies: str) -> dict[str, Any]:
    """Return how uvicorn serves.

    It would believe whoever connects from this machine where a request comes from. Bad keys are
    counted by that address and the audit log holds it, so nobody is believed but the proxies that
    are named.
    """
    return {
        "http": WatchedConnection,
        "log_level": "warning",
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": STOP_SECONDS,
        "proxy_headers": bool(trusted_proxies),
        "forwarded_allow_ips": trusted_proxies or None,
    }


def _spare_the_collector() -> None:
    """Let the garbage collector leave alone what lives for ever; with the defaults it took a sixth
    of metrics' time.
    """
    gc.collect()
    gc.freeze()


def migrate(
    service: ServiceName,
    as_json: Annotated[bool, typer.Option("--json", help="Write machine-readable output.")] = False,
) -> None:
    """Bring the database of a service to the newest schema, with its owner role.

    The owner's address is read from SAMAN_<SERVICE>_OWNER_DSN.
    """
    for name in _names(service):
        variable = f"SAMAN_{name.upper()}_OWNER_DSN"
        dsn = os.environ.get(variable)
        if not dsn:
            raise RuleBroken(
                f"set {variable} to the address of {name}'s database with its owner role"
            )
        migrate_database(dsn, migration_folders(name))
        if not as_json:
            typer.echo(f"{name}: up to date")
    if as_json:
        typer.echo(json.dumps({"up_to_date": _names(service)}))


def _app(name: str) -> FastAPI:
    module = wiring(name)
    try:
        return module.create_app(module.Settings())
    except ValidationError as error:
        fields = ", ".join(
            f"SAMAN_{name.upper()}_{'_'.join(map(str, e['loc'])).upper()}" for e in error.errors()
        )
        raise RuleBroken(f"{name} cannot start: check {fields}") from None


def _names(service: str) -> list[str]:
    if service == "all":
        return list(SERVICES)
    if service not in SERVICES:
        raise RuleBroken(
            f"there is no service {service!r}; choose one of {', '.join(SERVICES)}, or all"
        )
    return [service]
