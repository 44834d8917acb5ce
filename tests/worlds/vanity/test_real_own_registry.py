"""What lint says of a proxy before a registry of one's own, against real servers: it is said where it happens and only there."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.e2e import parts
from tests.worlds.vanity.real_servers import apache, caddy, free_port, installed, nginx

from pullscope.worlds.vanity.lint import lint
from pullscope.worlds.vanity.reading import parse_rules

pytestmark = pytest.mark.real

HOST = "docker.example.com"
INDEX = "application/vnd.oci.image.index.v1+json"


def named(text: str, name: str, platform: str) -> set[str]:
    """The codes that lint gives as more than a note."""
    return {one.code for one in lint(parse_rules(text, name, platform), HOST) if str(one.severity) != "info"}


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> parts.Trust:
    return parts.certify(tmp_path_factory.mktemp("keys") / "trust")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    if not installed("docker-registry"):
        pytest.skip("docker-registry is not installed")
    with parts.docker_registry(tmp_path_factory.mktemp("behind") / "registry") as port:
        yield port


def upload_address(port: int) -> tuple[str, str]:
    """Scheme and host of the address at which a begun upload goes on."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=20)
    try:
        connection.request("POST", "/v2/org/img/blobs/uploads/", headers={"Host": HOST, "Content-Length": "0"})
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    assert answer.status == 202
    where = urlsplit(answer.getheader("Location") or "")
    return where.scheme, where.hostname or ""


NGINX = {
    "nothing": "proxy_pass $U;",
    "nothing, by an upstream": "proxy_pass http://behind;",
    "host only": "proxy_pass $U; proxy_set_header Host $http_host;",
    "scheme only": "proxy_pass http://behind; proxy_set_header X-Forwarded-Proto $scheme;",
    "both": "proxy_pass $U; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto $scheme;",
    "forwarded host": "proxy_pass $U; proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Forwarded-Proto https;",
    "nothing, and off": "proxy_pass http://behind; proxy_redirect off;",
    "made right on the way back": "proxy_pass $U; proxy_set_header Host $http_host; proxy_redirect http:// https://;",
}


@pytest.mark.parametrize("name", NGINX)
def test_nginx_sends_uploads_where_lint_says(name: str, registry: int, trust: parts.Trust, tmp_path: Path) -> None:
    """`upload-location-elsewhere` is there exactly where a real registry behind a real nginx names another address."""
    if not installed("nginx"):
        pytest.skip("nginx is not installed")
    port = free_port()
    body = NGINX[name].replace("$U", f"http://127.0.0.1:{registry}")
    group = f"upstream behind {{ server 127.0.0.1:{registry}; }}"
    inside = f"server_name {HOST}; client_max_body_size 0; location / {{ {body} }} }}"
    own = f"ssl_certificate {trust.certificate}; ssl_certificate_key {trust.key};"
    with nginx(f"{group}\nserver {{ listen 127.0.0.1:{port} ssl; {own} {inside}", tmp_path):
        address = upload_address(port)

    told = named(f"{group}\nserver {{ listen 443 ssl; {inside}", "a.conf", "nginx")
    assert ("upload-location-elsewhere" in told) is (address != ("https", HOST)), address


APACHE = {
    "nothing": "",
    "the host kept": "ProxyPreserveHost On",
    "the way back": "ProxyPassReverse / $U/",
    "the scheme": 'RequestHeader set X-Forwarded-Proto "https"',
    "the host kept, and the way back": "ProxyPreserveHost On\nProxyPassReverse / $U/",
    "the way back from its own name": "ProxyPassReverse / http://docker.example.com/",
    "both": 'ProxyPreserveHost On\nRequestHeader set X-Forwarded-Proto "https"',
    "no headers, and the way back": "ProxyAddHeaders Off\nProxyPassReverse / $U/",
}


@pytest.mark.parametrize("name", APACHE)
def test_apache_sends_uploads_where_lint_says(name: str, registry: int, trust: parts.Trust, tmp_path: Path) -> None:
    """The same for a real Apache."""
    if not installed("apache2"):
        pytest.skip("Apache is not installed")
    port, there = free_port(), f"http://127.0.0.1:{registry}"
    body = f"ServerName {HOST}\nProxyPass / {there}/\n{APACHE[name].replace('$U', there)}\n</VirtualHost>"
    module = "LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so"
    own = f"SSLEngine on\nSSLCertificateFile {trust.certificate}\nSSLCertificateKeyFile {trust.key}"
    with apache(f"{module}\n<VirtualHost *:{port}>\n{own}\n{body}", port, tmp_path):
        address = upload_address(port)

    told = named(f"<VirtualHost *:443>\n{body}", "a.conf", "apache")
    assert ("upload-location-elsewhere" in told) is (address != ("https", HOST)), address


@dataclass
class Behind:
    """A registry of one manifest that notes when an upload reaches it."""

    port: int = 0
    upload_begun: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def behind() -> Iterator[Behind]:
    stand = Behind()
    manifest = b'{"schemaVersion":2}' + b" " * 4000

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", INDEX)
            self.send_header("Content-Length", str(len(manifest)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(manifest)

        do_HEAD = do_GET  # noqa: N815 - the name that http.server wants

        def do_PATCH(self) -> None:
            stand.upload_begun.set()
            self.close_connection = True
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its parent's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stand.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield stand
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def length_of_head(port: int) -> str | None:
    """Content-Length of HEAD of the manifest, for who takes gzip."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("HEAD", "/v2/org/img/manifests/latest", headers={"Host": HOST, "Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        answer.read()
        return answer.getheader("Content-Length")
    finally:
        connection.close()


@contextmanager
def running(platform: str, body: str, port: int, folder: Path) -> Iterator[None]:
    """A real nginx or Caddy with this before the registry."""
    if not installed(str(platform)):
        pytest.skip(f"{platform} is not installed")
    if platform == "nginx":
        with nginx(f"server {{ listen 127.0.0.1:{port}; {body} }}", folder):
            yield
    else:
        with caddy(f"http://{HOST}:{port} {{\n{body}\n}}", folder):
            yield


X, Y = "nginx", "caddy"
COMPRESSED = [
    ("every type", X, "gzip on; gzip_types *;"),
    ("the manifest's type", X, f"gzip on; gzip_types text/css {INDEX};"),
    ("types of pages", X, "gzip on; gzip_types application/json text/css;"),
    ("no types", X, "gzip on;"),
    ("off", X, "gzip off; gzip_types *;"),
    ("encode", Y, "encode gzip"),
    ("encode with a match", Y, "encode {\ngzip\nmatch {\nheader Content-Type application/*\n}\n}"),
    ("encode with another match", Y, "encode {\ngzip\nmatch {\nheader Content-Type text/*\n}\n}"),
]


@pytest.mark.parametrize(("platform", "body"), [pytest.param(*row[1:], id=f"{row[1]}: {row[0]}") for row in COMPRESSED])
def test_head_loses_its_length_where_lint_says(platform: str, body: str, behind: Behind, tmp_path: Path) -> None:
    """`head-unusable` is there exactly where HEAD of a manifest no longer says the manifest's length."""
    port = free_port()
    there = f"127.0.0.1:{behind.port}"
    proxy = f"location / {{ proxy_pass http://{there}; }}" if platform is X else f"reverse_proxy {there}"
    with running(platform, f"{body}\n{proxy}", port, tmp_path):
        length = length_of_head(port)

    name, text = (
        ("a.conf", f"server {{ {body}\n{proxy} }}")
        if platform is X
        else ("Caddyfile", f"{HOST} {{\n{body}\n{proxy}\n}}")
    )
    assert ("head-unusable" in named(text, name, platform)) is (length != "4019"), length


@pytest.mark.parametrize(
    "body",
    [
        "proxy_request_buffering off; proxy_http_version 1.1;",
        "proxy_request_buffering off; proxy_http_version 1.0;",
        "proxy_request_buffering off;",
    ],
)
def test_uploads_are_spooled_where_lint_says(body: str, behind: Behind, tmp_path: Path) -> None:
    """`upload-cut-off` is there exactly where nginx keeps the chunks of an upload to itself until the last has come."""
    if not installed("nginx"):
        pytest.skip("nginx is not installed")
    port = free_port()
    inside = f"client_max_body_size 0; location / {{ proxy_pass http://127.0.0.1:{behind.port}; {body} }}"
    warned = "upload-cut-off" in named(f"server {{ {inside} }}", "a.conf", X)
    with (
        nginx(f"server {{ listen 127.0.0.1:{port}; {inside} }}", tmp_path),
        socket.create_connection(("127.0.0.1", port), timeout=20) as client,
    ):
        head = f"PATCH /v2/org/img/blobs/uploads/1 HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.sendall(head.encode() + b"5\r\nlayer\r\n")
        if not warned:
            assert behind.upload_begun.wait(20)
        # Another request is answered meanwhile: nginx had its turn with the chunk.
        assert length_of_head(port) == "4019"
        assert behind.upload_begun.is_set() is not warned
        client.sendall(b"0\r\n\r\n")
        assert re.match(rb"HTTP/1\.1 202 ", client.recv(4096))
        assert behind.upload_begun.is_set()
