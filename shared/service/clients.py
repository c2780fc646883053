"""HTTP clients of our own: they go straight to where they are sent, whatever proxy the environment
names.
"""

import ssl
from functools import cache
from typing import Any

import httpx2


@cache
def certificates() -> ssl.SSLContext:
    """Return the authorities that servers' certificates are judged by. Reading them takes 18 ms, so
    it is done once.
    """
    return httpx2.create_ssl_context(trust_env=False)


def new_client(**options: Any) -> httpx2.AsyncClient:
    """Return a client.

    Args:
        options: of httpx, such as `timeout`, `base_url` or `headers`.
    """
    return httpx2.AsyncClient(trust_env=False, verify=certificates(), **options)
