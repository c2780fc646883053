"""Counts and times the requests that an app answers, by the route that answered them."""

import time

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram; a request that takes longer than the last was given up."""

NO_ROUTE = "none"
"""The route of an address that nothing answers; strangers choose those, so they share one label."""

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class RequestFigures:
    """What is counted of the requests of one service.

    Args:
        service: the value of the label `service`.
        registry: where a scrape finds the figures.
    """

    def __init__(self, service: str, registry: CollectorRegistry) -> None:
        self._service = service
        self._requests = Counter(
            "saman_http_requests",
            "Requests answered",
            ["service", "method", "route", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "saman_http_request_seconds",
            "Time from the head of a request to the end of its answer",
            ["service", "method", "route"],
            buckets=SECONDS,
            registry=registry,
        )

    def note(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        known = method if method in _METHODS else "other"
        self._requests.labels(self._service, known, route, str(status)).inc()
        self._seconds.labels(self._service, known, route).observe(seconds)


class MeasureRequests:
    """The middleware that notes each request when its answer is out."""

    def __init__(self, app: ASGIApp, figures: RequestFigures) -> None:
        self.app = app
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        begun = time.perf_counter()
        status = 500  # what the server answers when the app raises before it answered

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watch)
        finally:
            self._figures.note(
                method=scope["method"],
                route=_template(scope),
                status=status,
                seconds=time.perf_counter() - begun,
            )


def _template(scope: Scope) -> str:
    """Return the path of the route that answered, with the names of its parameters, or the folder
    that was mounted.
    """
    path: str | None = getattr(scope.get("route"), "path", None)
    return path or scope.get("root_path") or NO_ROUTE
