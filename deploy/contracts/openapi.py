"""The services' apps, made only to be described; nothing is connected."""

from fastapi import FastAPI

from deploy.services import SERVICES, wiring

NOWHERE = "postgresql://nowhere/described-only"


def apps() -> dict[str, FastAPI]:
    """Return every service's app.

    Raises:
        ImportError: a service cannot be imported.
    """
    made = {}
    for name in SERVICES:
        module = wiring(name)
        made[name] = module.create_app(module.Settings.model_validate({"database_dsn": NOWHERE}))
    return made
