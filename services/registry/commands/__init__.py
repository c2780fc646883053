"""What the registry can do; one function is one use case in the caller's transaction."""

from services.registry.commands.municipalities import (
    change_municipalities,
    load_reference,
    put_municipality,
)
from services.registry.commands.programmes import put_programme, put_project
from services.registry.commands.publishers import (
    add_key,
    put_publisher,
    reinstate_publisher,
    revoke_key,
    revoke_publisher,
)

__all__ = [
    "add_key",
    "change_municipalities",
    "load_reference",
    "put_municipality",
    "put_programme",
    "put_project",
    "put_publisher",
    "reinstate_publisher",
    "revoke_key",
    "revoke_publisher",
]
