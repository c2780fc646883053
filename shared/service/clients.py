"""HTTP clients of our own: they go straight to where they are sent, whatever proxy the environment
names.
"""

import asyncio
import ssl
from functools import cache
from typing import Any

import httpx2

from shared.errors import Unavailable


@cache
def certificates() -> ssl.SSLContext:
    """Return the authorities that servers' certificates are judged by. Reading them takes 18 ms, so
    it is done once.
    """
    return httpx2.create_ssl_context(trust_env=False)


FETCH_SECONDS = 5.0
FETCH_BYTES_MAX = 256 * 1024


async def fetch(address: str) -> bytes:
    """Return what stands at an address; redirects are not followed.

    Raises:
        Unavailable: it does not answer in time, not with 200, or with too much.
    """
    try:
        async with (
            asyncio.timeout(FETCH_SECONDS),
            new_client(timeout=FETCH_SECONDS, follow_redirects=False) as client,
            client.stream("GET", address, headers={"Accept": "application/json"}) as answer,
        ):
            if answer.status_code != 200:
                raise Unavailable(f"{address} answers {answer.status_code}")
            content = b""
            async for part in answer.aiter_bytes():
                content += part
                if len(content) > FETCH_BYTES_MAX:
                    raise Unavailable(f"{address} answers with more than {FETCH_BYTES_MAX} bytes")
            return content
    except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise Unavailable(f"{address} does not answer ({type(error).__name__})") from None


def new_client(**options: Any) -> httpx2.AsyncClient:
    """Return a client.

    Args:
        options: of httpx, such as `timeout`, `base_url` or `headers`.
    """
    return httpx2.AsyncClient(trust_env=False, verify=certificates(), **options)
