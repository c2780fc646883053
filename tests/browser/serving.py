"""Serves an app over real HTTP on a free port, because a browser asks for addresses and not for
functions.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from starlette.types import ASGIApp


@asynccontextmanager
async def served(app: ASGIApp, **options: Any) -> AsyncIterator[str]:
    """Serve the app until the block ends; its address is given. The app's own lifespan is left to
    the caller.

    Args:
        options: of uvicorn, where its defaults are not meant.

    The socket listens before the server runs, so whoever asks early waits in its queue. It says
    that it is TCP's, or asyncio would let small writes wait for 40 ms.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(
            uvicorn.Config(app, lifespan="off", **({"log_level": "warning"} | options))
        )
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        host, port = listening.getsockname()
        try:
            yield f"http://{host}:{port}"
        finally:
            server.should_exit = True
            await serving
