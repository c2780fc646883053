"""Ask the service in this container whether it is ready, for the container's health check.

Run it with `python -m deploy.containers.health`.

The standard library is enough, and nothing of Saman is imported, because this runs every few
seconds.
"""

import http.client
import os
import sys

TIMEOUT_SECONDS = 4


def main() -> int:
    """Print what the service says; 0 when it is ready."""
    port = int(os.environ.get("SAMAN_HTTP_PORT", "8000"))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/-/ready")
        answer = connection.getresponse()
        print(answer.read(1_000).decode("utf-8", "replace"))
    except (OSError, http.client.HTTPException) as error:
        print(f"port {port} does not answer: {error}")
        return 1
    return 0 if answer.status == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
