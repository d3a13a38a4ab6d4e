"""An alert reaches the file, and the web hook when there is one; a hook that fails loses nothing."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from motcua.alerts import ALERTS, raise_alert

taken: list[bytes] = []


class Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        taken.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(500 if self.path == "/broken" else 204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("MOTCUA_WORK", str(tmp_path))
    taken.clear()
    server = HTTPServer(("127.0.0.1", 0), Hook)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_an_alert_goes_to_the_file_and_to_the_web_hook(
    hook: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTCUA_ALERT_WEBHOOK", hook)
    raise_alert({"kind": "reminder", "message_vi": "Nhắc hạn"})
    assert json.loads(taken[0]) == json.loads((tmp_path / ALERTS).read_text(encoding="utf-8"))
    assert json.loads(taken[0])["message_vi"] == "Nhắc hạn"


@pytest.mark.parametrize("path", ["/broken", ":1/nowhere"])
def test_a_web_hook_that_fails_loses_no_alert_and_tells_no_address(
    path: str, hook: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    address = f"{hook}{path}" if path.startswith("/") else f"http://127.0.0.1{path}"
    monkeypatch.setenv("MOTCUA_ALERT_WEBHOOK", address)
    with caplog.at_level(logging.WARNING, logger="motcua"):
        raise_alert({"kind": "watchdog"})
    assert len((tmp_path / ALERTS).read_text(encoding="utf-8").splitlines()) == 1
    assert "did not take an alert" in caplog.text
    assert address not in caplog.text
