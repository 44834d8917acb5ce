"""Routing by name past our own /etc/hosts block."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from mitmproxy.certs import CertStore

from pullscope.host import hosts_file
from pullscope.mitm.proxy_thread import ProxyThread
from pullscope.mitm.sni_routing import BEGIN, END, SniRouting, foreign_entries, read_rule


def test_our_block_is_not_believed(tmp_path: Path) -> None:
    """The block that sends a name here is passed over; what an administrator wrote counts."""
    content = hosts_file.add_block(
        b"10.0.0.7 registry.lan\n", dict.fromkeys(("docker.example.com", "registry.lan"), "127.0.0.1")
    )
    path = tmp_path / "hosts"
    path.write_bytes(content + b"10.0.0.8 late.lan\n")
    assert foreign_entries(path) == {"registry.lan": "10.0.0.7", "late.lan": "10.0.0.8"}


def test_the_marks_are_those_that_are_written() -> None:
    """This room does not import the host room, so the two spellings are held together here."""
    assert hosts_file.BEGIN.startswith(BEGIN)
    assert hosts_file.END == END


def test_a_rule_names_two_places() -> None:
    """HOST:PORT=ADDRESS:PORT, and nothing less."""
    assert read_rule("Docker.example.com:443=127.0.0.1:5443") == (("docker.example.com", 443), ("127.0.0.1", 5443))
    for wrong in ("a=b", "a:1", "a:x=b:1", ""):
        with pytest.raises(ValueError, match="has to be HOST:PORT=ADDRESS:PORT"):
            read_rule(wrong)


class Upstream(BaseHTTPRequestHandler):
    """Says by which connection it was asked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = str(self.client_address[1]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[int]:
    CertStore.create_store(tmp_path, "upstream", 2048)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "upstream-ca.pem")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_client_that_keeps_its_connection_is_answered_for_ever(upstream: int) -> None:
    """One connection of its own, one upstream: mitmproxy opens five for one client, and lets the sixth wait without end."""
    rule = f"pullscope_resolve=registry.test:8080=127.0.0.1:{upstream}"
    settings = ["mode=reverse:https://registry.test:443", "keep_host_header=true", "ssl_insecure=true", rule]
    with ProxyThread(SniRouting(), settings=settings) as proxy:
        context = ssl.create_default_context(cafile=proxy.ca_file)
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=30) as plain:
            client = http.client.HTTPSConnection("registry.test", timeout=30)
            client.sock = context.wrap_socket(plain, server_hostname="registry.test")
            said = []
            for _ in range(7):
                client.request("GET", "/v2/")
                said.append(client.getresponse().read())
            client.close()
    assert len(said) == 7
    assert len(set(said)) == 1
