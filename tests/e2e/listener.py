"""Registries that have nothing: loopback listeners that write down who was asked for what, in order, and answer 404.

A client goes on to its next endpoint after a 404, so what is written down is the order of all of them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote


class Listeners:
    """Several ports of 127.0.0.1, and one list of all requests: `port path`."""

    def __init__(self, count: int) -> None:
        self.asked: list[tuple[int, str]] = []
        lock = threading.Lock()
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with lock:
                    asked.append((self.request.getsockname()[1], self.path))
                ping = self.path.rstrip("/") == "/v2"
                self.send_response(200 if ping else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_HEAD = do_GET  # noqa: N815 - http.server asks for it by this name

            def log_message(self, *_: object) -> None:
                """Nothing: the list is the log."""

        self.servers = [ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(count)]
        self.ports = [server.server_port for server in self.servers]

    def manifests(self) -> list[str]:
        """`http://HOST:PORT/PATH` up to `/manifests/` in the order of the first request for each, with its ns."""
        found = (f"http://127.0.0.1:{port}{path}" for port, path in self.asked if "/manifests/" in path)
        return list(dict.fromkeys(_shortened(url) for url in found))


def _shortened(url: str) -> str:
    before, _, after = url.partition("/manifests/")
    namespace = unquote(after.partition("?ns=")[2])
    return f"{before} {namespace}".rstrip()


@contextmanager
def listening(count: int) -> Iterator[Listeners]:
    made = Listeners(count)
    threads = [threading.Thread(target=server.serve_forever, daemon=True) for server in made.servers]
    for thread in threads:
        thread.start()
    try:
        yield made
    finally:
        for server in made.servers:
            server.shutdown()
            server.server_close()
