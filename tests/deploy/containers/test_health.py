"""The health check of a container, against something that answers as a service does."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from deploy.containers import health


class _Answers(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        body = b'{"ready": true}' if self.path == "/-/ready" else b"?"
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    """Something that answers on the port that the settings name."""
    with HTTPServer(("127.0.0.1", 0), _Answers) as running:
        monkeypatch.setenv("SAMAN_HTTP_PORT", str(running.server_port))
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_a_container_is_healthy_when_its_service_is_ready(
    server: HTTPServer,
    status: int,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(_Answers, "status", status)
    assert health.main() == code
    assert "ready" in capsys.readouterr().out


def test_a_container_whose_service_does_not_answer_is_not_healthy(
    server: HTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.shutdown()
    server.server_close()
    assert health.main() == 1
    assert "does not answer" in capsys.readouterr().out
