"""An upstream that speaks HTTP/2 and breaks its streams: the client gets what it gets from bare mitmproxy.

The client is curl, which speaks HTTP/2 as crane and oras do and is in every Debian; its exit code says how a stream ended.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from h2.config import H2Configuration  # type: ignore[import-untyped]  # h2 has no types
from h2.connection import H2Connection  # type: ignore[import-untyped]  # h2 has no types
from h2.errors import ErrorCodes  # type: ignore[import-untyped]  # h2 has no types
from h2.events import RequestReceived  # type: ignore[import-untyped]  # h2 has no types
from h2.exceptions import ProtocolError  # type: ignore[import-untyped]  # h2 has no types
from tests.e2e import chaos, parts
from tests.e2e.parts import Trust
from tests.e2e.standin import REGISTRY

pytestmark = pytest.mark.real

BLOB = bytes(range(256)) * 40  # fits into the first window of a stream
BLOB_URL = f"https://{REGISTRY}/v2/app/blobs/sha256:{hashlib.sha256(BLOB).hexdigest()}"
HALF = len(BLOB) // 2
Break = Callable[[H2Connection, int], None]


def _head(connection: H2Connection, stream: int, *more: tuple[str, str], length: int = len(BLOB)) -> None:
    connection.send_headers(stream, [(":status", "200"), ("content-length", str(length)), *more])


def _half(connection: H2Connection, stream: int) -> None:
    _head(connection, stream)
    connection.send_data(stream, BLOB[:HALF])


def whole(connection: H2Connection, stream: int) -> None:
    _head(connection, stream)
    connection.send_data(stream, BLOB, end_stream=True)


def byte_by_byte(connection: H2Connection, stream: int) -> None:
    _head(connection, stream)
    for at in range(2_000):
        connection.send_data(stream, BLOB[at : at + 1])
    connection.send_data(stream, BLOB[2_000:], end_stream=True)


def trailers(connection: H2Connection, stream: int) -> None:
    _head(connection, stream)
    connection.send_data(stream, BLOB)
    connection.send_headers(stream, [("x-sum", "1")], end_stream=True)


def reset(code: ErrorCodes, *, after: Break = _half) -> Break:
    def act(connection: H2Connection, stream: int) -> None:
        after(connection, stream)
        connection.reset_stream(stream, code)

    return act


def goes_away(connection: H2Connection, stream: int) -> None:
    _half(connection, stream)
    connection.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)


def short(connection: H2Connection, stream: int) -> None:
    _head(connection, stream)
    connection.send_data(stream, BLOB[:HALF], end_stream=True)


def long(connection: H2Connection, stream: int) -> None:
    _head(connection, stream, length=HALF)
    connection.send_data(stream, BLOB, end_stream=True)


BREAKS: dict[str, Break] = {
    "whole": whole,
    "byte by byte": byte_by_byte,
    "trailers": trailers,
    **{f"reset with {code.name}": reset(code) for code in ErrorCodes},
    "reset before the head": reset(ErrorCodes.REFUSED_STREAM, after=lambda _connection, _stream: None),
    "reset after the head": reset(ErrorCodes.INTERNAL_ERROR, after=lambda c, s: _head(c, s)),
    "GOAWAY in the body": goes_away,
    "shorter than it said": short,
    "longer than it said": long,
    "the connection ends in the body": _half,
}


class Upstream:
    """Every host, over TLS and HTTP/2; each stream gets `breaks`, after which the connection ends."""

    def __init__(self, trust: Trust) -> None:
        self.breaks: Break = whole
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(trust.certificate, trust.key)
        self._context.set_alpn_protocols(["h2"])
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                plain, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(plain,), daemon=True).start()

    def _answer(self, plain: socket.socket) -> None:
        config = H2Configuration(client_side=False, header_encoding="utf-8", validate_outbound_headers=False)
        with (
            contextlib.suppress(OSError, ProtocolError),
            plain,
            self._context.wrap_socket(plain, server_side=True) as wire,
        ):
            connection = H2Connection(config)
            connection.initiate_connection()
            wire.sendall(connection.data_to_send())
            while data := wire.recv(65_536):
                for event in connection.receive_data(data):
                    if isinstance(event, RequestReceived):
                        self.breaks(connection, event.stream_id)
                        wire.sendall(connection.data_to_send())
                        if self.breaks is _half:
                            wire.shutdown(socket.SHUT_WR)
                            while wire.recv(65_536):
                                pass  # what is left unread would make a reset of the end
                            return
                wire.sendall(connection.data_to_send())


@pytest.fixture(scope="module")
def upstream(trust: Trust) -> Iterator[Upstream]:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    made = Upstream(trust)
    yield made
    made.close()


@pytest.fixture(scope="module")
def urls(
    tmp_path_factory: pytest.TempPathFactory, trust: Trust, upstream: Upstream
) -> Iterator[tuple[list[str], Path]]:
    """Bare mitmproxy and the tracer, and the recording of the latter."""
    folder = tmp_path_factory.mktemp("h2")
    recording = folder / "out.jsonl"
    ports = [parts.free_port(), parts.free_port()]
    words = [chaos.bare_words("proxy", folder), chaos.traced_words("proxy", recording)]
    with (
        parts.bare_mitmdump(folder / "bare", trust, upstream, ports[0], *words[0]),
        parts.bare_mitmdump(folder / "traced", trust, upstream, ports[1], *words[1]),
    ):
        yield [f"http://127.0.0.1:{port}" for port in ports], recording


def fetched(proxy: str, trust: Trust, target: Path) -> tuple[int, str, int, bool]:
    """Exit code, words, how many bytes, and whether those are the first of the blob."""
    ca = trust.confdir / "mitmproxy-ca-cert.pem"
    words: list[Any] = ["curl", "-sS", "--http2", "-m", "60", "-x", proxy, "--cacert", ca, "-o", target]
    done = subprocess.run([*words, "-w", "%{http_code} %{http_version}", BLOB_URL], capture_output=True, text=True)
    came = target.read_bytes() if target.exists() else b""
    return done.returncode, f"{done.stdout} {done.stderr}", len(came), BLOB.startswith(came)


@pytest.mark.parametrize("name", BREAKS)
def test_a_stream_that_breaks(
    name: str, urls: tuple[list[str], Path], upstream: Upstream, trust: Trust, tmp_path: Path
) -> None:
    """curl's exit code, its words and its bytes are those of bare mitmproxy; and whole is called only what came whole."""
    (bare, traced), recording = urls
    upstream.breaks = BREAKS[name]
    before = recording.stat().st_size
    without = fetched(bare, trust, tmp_path / "bare")
    with_us = fetched(traced, trust, tmp_path / "traced")
    assert with_us == without
    lines = chaos.Lines(recording, traced, since=before).of_whole_exchanges()
    assert json.loads(lines[0])["http_version"] == "HTTP/2.0"
    [pull] = chaos.told(lines).pulls
    assert (pull.steps[-1].verified is True) == (with_us[0] == 0 and with_us[2:] == (len(BLOB), True))
