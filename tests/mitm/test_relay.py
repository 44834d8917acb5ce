"""Connections to storage that are passed on unread: through a real proxy, and which hosts are relayed at all."""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from mitmproxy.certs import CertStore
from mitmproxy.test import tflow
from mitmproxy.test.taddons import context

from pullscope.mitm import relay as relay_module
from pullscope.mitm.flow_notes import ANSWERED_BY
from pullscope.mitm.proxy_thread import ProxyThread
from pullscope.mitm.relay import MOST, NAMED_FOR, Relay
from pullscope.mitm.watch import Watch
from pullscope.trace.events import Relayed
from pullscope.trace.recording import Reader

BLOB = bytes(range(256)) * 8_000
DIGEST = "sha256:" + "a" * 64


class Parts(NamedTuple):
    registry: str
    storage: str
    ca: Path


class Storage(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(BLOB)))
        self.end_headers()
        self.wfile.write(BLOB)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    """A registry unencrypted that redirects blobs to a storage with a certificate of its own CA."""
    CertStore.create_store(tmp_path, "storage", 2048)
    entry = CertStore.from_store(tmp_path, "storage", 2048).get_cert("localhost", [x509.DNSName("localhost")])
    key = entry.privatekey.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "server.pem").write_bytes(key + entry.cert.to_pem())
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(tmp_path / "server.pem")

    class Registry(Storage):
        def do_GET(self) -> None:
            self.send_response_only(307)
            self.send_header("Location", f"https://{storage_at}/data/{DIGEST}?signature=s3cret")
            self.send_header("Content-Length", "0")
            self.end_headers()

    with (
        ThreadingHTTPServer(("127.0.0.1", 0), Storage) as storage,
        ThreadingHTTPServer(("127.0.0.1", 0), Registry) as registry,
    ):
        storage.socket = served.wrap_socket(storage.socket, server_side=True)
        storage_at = f"localhost:{storage.server_address[1]}"
        threads = [threading.Thread(target=server.serve_forever) for server in (storage, registry)]
        for thread in threads:
            thread.start()
        yield Parts(f"127.0.0.1:{registry.server_address[1]}", storage_at, tmp_path / "storage-ca-cert.pem")
        for server, thread in zip((storage, registry), threads, strict=True):
            server.shutdown()
            thread.join()


def is_sent_on(proxy: ProxyThread, parts: Parts) -> str:
    """Ask the registry for the blob; where it is."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=20)
    url = f"http://{parts.registry}/v2/app/blobs/{DIGEST}"
    connection.request("GET", url, headers={"Host": parts.registry, "User-Agent": "skopeo/1.9.3"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.headers["Location"]


def fetch(proxy: ProxyThread, url: str, ca: Path) -> bytes:
    """A blob by way of the proxy, from a storage whose certificate must be one of that CA's."""
    trust = ssl.create_default_context(cafile=str(ca))
    connection = http.client.HTTPSConnection("127.0.0.1", proxy.port, timeout=20, context=trust)
    name, _, rest = url.removeprefix("https://").partition("/")
    host, _, port = name.partition(":")
    connection.set_tunnel(host, int(port))
    try:
        connection.request("GET", f"/{rest}")
        return connection.getresponse().read()
    finally:
        connection.close()


def test_a_storage_is_passed_on_undecrypted_and_counted(parts: Parts, tmp_path: Path) -> None:
    """The client talks TLS with the storage itself, and the recording has the bytes, and nothing of what was in them."""
    recording = tmp_path / "out.jsonl"
    watch = Watch()
    with ProxyThread(watch, settings=[f"pullscope_out={recording}", "pullscope_blobs=relay"]) as proxy:
        with pytest.raises(ssl.SSLCertVerificationError):  # before a redirect has named it, it is a host like any other
            fetch(proxy, f"https://{parts.storage}/data", parts.ca)
        assert fetch(proxy, is_sent_on(proxy, parts), parts.ca) == BLOB
        assert not proxy.errors
    events = [*Reader("it").read(recording.read_bytes().splitlines())]
    relayed = [event for event in events if isinstance(event, Relayed)]
    assert {event.host for event in relayed} == {parts.storage}
    assert relayed[-1].over
    assert len(BLOB) < (relayed[-1].bytes or 0) < len(BLOB) + 20_000
    assert "s3cret" not in recording.read_text()
    pull = watch.trace.pulls[0]
    assert pull.unread.bytes == {parts.storage: relayed[-1].bytes}
    assert [step.sent_on_to for step in pull.steps] == [parts.storage]


def test_bytes_that_cannot_be_counted_are_not_known(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where mitmproxy has no reader of that kind, the connection is passed on all the same."""
    monkeypatch.setattr(relay_module, "_reader_of", lambda *_: None)
    watch = Watch()
    with ProxyThread(watch, settings=["pullscope_blobs=relay"]) as proxy:
        assert fetch(proxy, is_sent_on(proxy, parts), parts.ca) == BLOB
    assert watch.trace.pulls[0].unread.bytes == {parts.storage: None}


def test_without_the_option_storage_is_decrypted(parts: Parts) -> None:
    """`verify` is what is done if nothing is said."""
    with ProxyThread(Watch()) as proxy, pytest.raises(ssl.SSLCertVerificationError):
        fetch(proxy, is_sent_on(proxy, parts), parts.ca)


def redirected(relay: Relay, location: str | None, path: str = f"/v2/app/blobs/{DIGEST}", **metadata: str) -> None:
    """A registry redirects its client."""
    flow = tflow.tflow(resp=True)
    flow.request.scheme, flow.request.port = "https", 443
    flow.request.host = flow.request.headers["Host"] = "registry.example"
    flow.request.path, flow.metadata = path, dict(metadata)
    assert flow.response is not None
    flow.response.status_code = 307
    if location is not None:
        flow.response.headers["Location"] = location
    relay.answered(flow)


@pytest.mark.parametrize(
    ("location", "path", "metadata"),
    [
        (f"https://registry-1.docker.io/v2/app/blobs/{DIGEST}", f"/v2/app/blobs/{DIGEST}", {}),
        ("http://storage.example/data", f"/v2/app/blobs/{DIGEST}", {}),
        ("https://storage.example/data", "/v2/app/manifests/latest", {}),
        ("https://known.example/data", f"/v2/app/blobs/{DIGEST}", {}),
        ("https://storage.example/data", f"/v2/app/blobs/{DIGEST}", {ANSWERED_BY: "a rule"}),
        ("https://[x/", f"/v2/app/blobs/{DIGEST}", {}),
        ("", f"/v2/app/blobs/{DIGEST}", {}),
        (None, f"/v2/app/blobs/{DIGEST}", {}),
    ],
    ids=[
        "a registry's address",
        "no TLS",
        "no blob",
        "a known registry",
        "a played registry",
        "no address",
        "an empty one",
        "none",
    ],
)
def test_what_is_no_storage_is_not_relayed(location: str | None, path: str, metadata: dict[str, str]) -> None:
    """What could be a registry, or is played by an addon, has to be decrypted."""
    relay = Relay(lambda *_: None)
    asked = tflow.tflow()
    asked.request.path = "/v2/"
    asked.request.scheme, asked.request.port = "https", 443
    asked.request.host = asked.request.headers["Host"] = "known.example"
    relay.asked(asked)
    redirected(relay, location, path, **metadata)
    assert not relay._named


def hello(client: str, host: str, sni: str | None = None) -> object:
    from types import SimpleNamespace

    mode = SimpleNamespace(type_name="regular")
    return SimpleNamespace(
        context=SimpleNamespace(
            client=SimpleNamespace(id=f"{client} {host}", peername=(client, 5000), proxy_mode=mode),
            server=SimpleNamespace(address=(host, 443), timestamp_tcp_setup=None),
        ),
        client_hello=SimpleNamespace(sni=sni or host),
    )


def test_a_name_is_for_its_client_and_for_a_while() -> None:
    """Another client is decrypted, and so is this one a minute later."""
    now = [1000.0]
    told: list[tuple[object, ...]] = []
    relay = Relay(lambda *noted: told.append(noted), clock=lambda: now[0])
    with context():
        redirected(relay, "https://storage.example/data")
        assert not relay.passes(hello("10.0.0.9", "storage.example"))  # type: ignore[arg-type]
        (client, _), *_ = relay._named
        assert relay.passes(hello(client, "storage.example"))  # type: ignore[arg-type]
        now[0] += NAMED_FOR + 1
        assert not relay.passes(hello(client, "storage.example"))  # type: ignore[arg-type]
    assert [(number, host) for number, _, host, *_ in told] == [(1, "storage.example")]


def test_what_is_remembered_is_bounded() -> None:
    """A registry that names a new host each time fills no memory."""
    relay = Relay(lambda *_: None)
    for number in range(MOST + 100):
        redirected(relay, f"https://storage-{number}.example/data")
    assert len(relay._named) == MOST
