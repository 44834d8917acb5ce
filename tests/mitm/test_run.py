"""Tests of a mitmdump in this process: how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import json
import logging
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.systemd.terminal import terminal

from pullscope.mitm import run

BLOB = f"/v2/org/img/blobs/sha256:{'a' * 64}"


class NeverEnding(http.server.BaseHTTPRequestHandler):
    """A registry that begins to send a layer and never comes to its end."""

    protocol_version = "HTTP/1.1"
    over = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        self.wfile.write(b"x" * 1000)
        self.over.wait(60)

    def log_message(self, *_words: object) -> None: ...


@pytest.fixture
def registry() -> Iterator[int]:
    """Its port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), NeverEnding)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    NeverEnding.over.set()
    server.shutdown()
    server.server_close()


def test_ctrl_c_in_a_download_ends_with_the_story(registry: int, tmp_path: Path) -> None:
    """No traceback follows it, and the exit code is that of a good end."""
    with subprocess.Popen(
        [sys.executable, "-m", "pullscope.cli.main", "trace", "-p", "0", "--", "--set", f"confdir={tmp_path}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as proxy:
        assert proxy.stdout is not None
        try:
            line = next(line for line in proxy.stdout if "listening at" in line)
            port = int(line.rstrip(".\n").rpartition(":")[2])
            with contextlib.closing(socket.create_connection(("127.0.0.1", port), 10)) as client:
                host = f"127.0.0.1:{registry}"
                client.sendall(f"GET http://{host}{BLOB} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                assert client.recv(100).startswith(b"HTTP/1.1 200")
                proxy.send_signal(signal.SIGINT)
                said = proxy.stdout.read()
                assert proxy.wait(30) == 0
        finally:
            proxy.kill()
    assert "org/img" in said
    assert "Traceback" not in said
    assert "CancelledError" not in said


def test_other_errors_of_asyncio_are_shown(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Only what was cancelled is kept out of the log, and only while the proxy runs."""
    log = logging.getLogger("asyncio")

    def mitmdump(_words: list[str]) -> None:
        for error in (asyncio.CancelledError(), RuntimeError("a bug")):
            log.error("in a callback", exc_info=error)

    monkeypatch.setattr(run, "mitmdump", mitmdump)
    assert run.run_mitmdump([]) == 0
    assert [str(record.exc_info and record.exc_info[1]) for record in caplog.records] == ["a bug"]
    assert not log.filters


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a terminal is lost in other ways elsewhere")
def test_a_closed_terminal_is_an_end_like_ctrl_c(tmp_path: Path) -> None:
    """The recording says that it is whole, and the exit code is that of Ctrl-C."""
    out = tmp_path / "out.jsonl"
    words = ["trace", "--port", "0", "-o", str(out)]
    with terminal([sys.executable, "-c", "from pullscope.cli.main import main; main()", *words]) as seen:
        seen.until("listening at")
        seen.hang_up()
        assert seen.process.wait(60) == 0
    assert [json.loads(line)["event"] for line in out.read_text().splitlines()] == ["recording", "end"]
