"""A stand-in for Docker Hub: what stands between a client and a real docker-registry, and writes down what it did.

It answers over TLS for four hosts (facts: docker/docs allow-list.md, token.md of docker/distribution, usage/pulls.md):

- registry-1.docker.io wants a Bearer token, then passes to docker-registry; blobs are answered with a 307 to the CDN
- auth.docker.io gives tokens, a different one each time, in the shape of a JWT
- production.cloudflare.docker.com serves a blob to a client that shows the signature of such a 307
- docker.example.com is a vanity host: 302 to registry-1.docker.io for everything below /v2/, else a web page

It is a server of its own and not an addon in the proxy under test, because an answer that an addon makes takes another
way through mitmproxy than one that comes from the network.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.e2e.faults import Fault, Good, Line

REGISTRY = "registry-1.docker.io"
AUTH = "auth.docker.io"
CDN = "production.cloudflare.docker.com"
VANITY = "docker.example.com"
HOSTS = (REGISTRY, AUTH, CDN, VANITY)

LIMIT = 100
WINDOW = 21600
SOURCE = "203.0.113.7"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One answered request, as the stand-in saw it: what a trace is compared with."""

    method: str
    host: str
    path: str
    """Without query."""
    status: int


@dataclass(kw_only=True)
class Planted:
    """A fault that the next answers to some requests have."""

    fault: Fault
    meets: Callable[[str, str, str], bool]
    """Of method, host and path."""
    left: int
    """How many answers have it."""
    line: Line | None = None
    """The last connection that it went to."""
    met: threading.Event = field(default_factory=threading.Event)


@dataclass(kw_only=True)
class Hold:
    """A blob of which only the first half is sent until `released`."""

    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


class Hub:
    """The stand-in on a free port of 127.0.0.1; `with` ends it."""

    def __init__(self, *, registry: int, certificate: Path, key: Path) -> None:
        self.registry = registry
        self.secrets: list[str] = []
        """Every token and signature that was given out."""
        self.remaining = LIMIT
        self.closed: set[str] = set()
        """Repositories for which a token needs a login."""
        self.sends_blobs_itself = False
        """Whether blobs come from the registry, without a 307 to the CDN."""
        self._seen: list[Seen] = []
        self._grants: dict[str, dict[str, set[str]]] = {}
        self._signed: dict[str, tuple[str, str]] = {}
        self._holds: dict[str, Hold] = {}
        self._planted: Planted | None = None
        self._corrupted: set[str] = set()
        self._lock = threading.Lock()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server = _Server(self, context)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for hold in self._holds.values():
            hold.released.set()
        self.plant(None)
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def seen(self) -> tuple[Seen, ...]:
        with self._lock:
            return tuple(self._seen)

    def hold(self, digest: str) -> Hold:
        """Stops in the middle of `digest`, once, for the next request."""
        with self._lock:
            return self._holds.setdefault(digest, Hold())

    def corrupt(self, digest: str) -> None:
        """Serves `digest` with its last byte changed from now on."""
        self._corrupted.add(digest)

    def plant(self, planted: Planted | None) -> None:
        """Misbehave like this from now on, and no more as before."""
        with self._lock:
            before, self._planted = self._planted, planted
        if before is not None and before.line is not None:
            before.line.goes_on.set()

    def takes(self, seen: Seen, connection: socket.socket) -> tuple[Fault, Line] | None:
        """The fault that this answer has, if any."""
        with self._lock:
            planted = self._planted
            if planted is None or planted.left == 0 or not planted.meets(seen.method, seen.host, seen.path):
                return None
            planted.left -= 1
            planted.line = Line(connection=connection)
            planted.met.set()
            return planted.fault, planted.line

    def note(self, seen: Seen) -> None:
        with self._lock:
            self._seen.append(seen)

    def issue(self, scopes: list[str], *, logged_in: bool = False) -> str:
        """A token for `scopes`, shaped like the JWT that the real one gives, with a signature that cannot be checked."""
        grants: dict[str, set[str]] = {}
        for scope in scopes:
            kind, _, rest = scope.partition(":")
            name, _, actions = rest.rpartition(":")
            if kind == "repository" and (logged_in or name not in self.closed):
                grants.setdefault(name, set()).update(actions.split(","))
        access = [{"type": "repository", "name": name, "actions": sorted(actions)} for name, actions in grants.items()]
        parts = ({"alg": "RS256", "typ": "JWT"}, {"access": access, "iss": AUTH, "jti": secrets.token_hex(8)})
        head = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        signature = secrets.token_urlsafe(48)
        token = f"{head}.{signature}"
        with self._lock:
            self._grants[token] = grants
            self.secrets += [token, signature]
        return token

    def allows(self, authorization: str | None, repository: str | None, action: str) -> bool:
        token = (authorization or "").removeprefix("Bearer ")
        grants = self._grants.get(token)
        return grants is not None and (repository is None or action in grants.get(repository, ()))

    def sign(self, repository: str, digest: str) -> str:
        """The query that opens `digest` at the CDN."""
        signature = f"{int(time.time()) + 3600}-{secrets.token_urlsafe(24)}"
        with self._lock:
            self._signed[signature] = (repository, digest)
            self.secrets.append(signature)
        return f"verify={signature}"

    def signed(self, signature: str) -> tuple[str, str] | None:
        return self._signed.get(signature)

    def count_pull(self, method: str) -> int:
        """Manifests that are left; the real one counts GET and not HEAD."""
        with self._lock:
            self.remaining -= method == "GET"
            return self.remaining

    def spoil(self, digest: str, body: bytes) -> Iterator[bytes]:
        """The body of a blob in two halves, with what was asked to go wrong with it."""
        if digest in self._corrupted:
            body = body[:-1] + bytes([body[-1] ^ 1])
        with self._lock:
            hold = self._holds.pop(digest, None)
        half = len(body) // 2
        yield body[:half]
        if hold is not None:
            hold.reached.set()
            hold.released.wait(60)
        yield body[half:]


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def __init__(self, hub: Hub, context: ssl.SSLContext) -> None:
        self.hub = hub
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)
        # The handshake happens in the connection's own thread, at its first read.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def shutdown(self) -> None:
        super().shutdown()
        for kept_alive in list(self._open):
            with contextlib.suppress(OSError):  # it may have gone by itself in the meantime
                kept_alive.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def answer(self) -> None:
        host = (self.headers.get("Host") or "").partition(":")[0]
        self._host = host
        role: dict[str, Callable[[], None]] = {
            REGISTRY: self._as_registry,
            AUTH: self._as_auth,
            CDN: self._as_cdn,
            VANITY: self._as_vanity,
        }
        self._body = b"".join(self._read_body())
        role.get(host, self._as_no_host)()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the names http.server looks for

    def _as_registry(self) -> None:
        hub = self.server.hub
        path = urlsplit(self.path).path
        repository, kind, digest = _v2(path)
        action = "pull" if self.command in ("GET", "HEAD") else "push"
        if not hub.allows(self.headers.get("Authorization"), repository, action):
            self._challenge(repository, action)
        elif repository and kind == "blobs" and digest and self.command == "GET" and hub.sends_blobs_itself:
            self._send(*self._ask_registry(self.command, self.path, b"", {}), digest=digest)
        elif repository and kind == "blobs" and digest and self.command == "GET":
            encoded = digest.removeprefix("sha256:")
            where = f"https://{CDN}/registry-v2/docker/registry/v2/blobs/sha256/{encoded[:2]}/{encoded}/data"
            self._send(307, {"Location": f"{where}?{hub.sign(repository, digest)}"}, b"")
        else:
            headers: dict[str, str] = {}
            if kind == "manifests" and action == "pull":
                headers = {
                    "ratelimit-limit": f"{LIMIT};w={WINDOW}",
                    "ratelimit-remaining": f"{hub.count_pull(self.command)};w={WINDOW}",
                    "docker-ratelimit-source": SOURCE,
                }
            self._send(*self._ask_registry(self.command, self.path, self._body, headers))

    def _challenge(self, repository: str | None, action: str) -> None:
        challenge = f'Bearer realm="https://{AUTH}/token",service="registry.docker.io"'
        if repository:
            actions = "pull" if action == "pull" else "pull,push"
            challenge += f',scope="repository:{repository}:{actions}"'
        if "Authorization" in self.headers:
            challenge += ',error="insufficient_scope"'
        error = {"code": "UNAUTHORIZED", "message": "authentication required", "detail": None}
        headers = {"WWW-Authenticate": challenge, "Content-Type": "application/json"}
        self._send(401, headers, json.dumps({"errors": [error]}).encode())

    def _as_auth(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        form = parse_qs(self._body.decode()) if self.command == "POST" else {}  # containerd with a login
        logged_in = "password" in form or (self.headers.get("Authorization") or "").startswith("Basic ")
        scopes = [scope for text in (*query.get("scope", []), *form.get("scope", [])) for scope in text.split()]
        token = self.server.hub.issue(scopes, logged_in=logged_in)
        issued = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        answer = {"token": token, "access_token": token, "expires_in": 300, "issued_at": issued}
        self._send(200, {"Content-Type": "application/json"}, json.dumps(answer).encode())

    def _as_cdn(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        signed = self.server.hub.signed(query.get("verify", [""])[0])
        if signed is None:
            self._send(403, {"Content-Type": "text/plain"}, b"signature does not match")
            return
        repository, digest = signed
        status, headers, body = self._ask_registry(self.command, f"/v2/{repository}/blobs/{digest}", b"", {})
        self._send(status, {**headers, "Server": "cloudflare", "cf-ray": "8b0d1c2f3a4b5c6d-FRA"}, body, digest=digest)

    def _as_vanity(self) -> None:
        if self.path.startswith("/v2/"):
            self._send(302, {"Location": f"https://{REGISTRY}{self.path}"}, b"")
        else:
            self._send(404, {"Content-Type": "text/html"}, b"<!DOCTYPE html>\n<html><body>Not here</body></html>")

    def _as_no_host(self) -> None:
        self._send(502, {"Content-Type": "text/plain"}, f"no such host: {self._host}".encode())

    def _ask_registry(
        self, method: str, path: str, body: bytes, extra: dict[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        """What docker-registry says, with absolute Locations that lead back to the name it was asked by."""
        passed = {
            name: self.headers[name]
            for name in ("Accept", "Content-Type", "Content-Range", "Range")
            if name in self.headers
        }
        if accepts := self.headers.get_all("Accept"):
            passed["Accept"] = ", ".join(accepts)
        connection = http.client.HTTPConnection("127.0.0.1", self.server.hub.registry, timeout=60)
        try:
            connection.request(method, path, body or None, {**passed, "Host": REGISTRY, "X-Forwarded-Proto": "https"})
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        headers = {name: value for name, value in response.getheaders() if name.lower() not in ("connection", "date")}
        return response.status, {**headers, **extra}, content

    def _send(self, status: int, headers: dict[str, str], body: bytes, *, digest: str = "") -> None:
        # Noted before it is sent: a test that has the answer may look into the notes at once.
        seen = Seen(method=self.command, host=self._host, path=urlsplit(self.path).path, status=status)
        self.server.hub.note(seen)
        if taken := self.server.hub.takes(seen, self.connection):
            fault, line = taken
            self.close_connection = True
            others = {name: value for name, value in headers.items() if name.lower() != "content-length"}
            fault(line, Good(status=status, headers=others, body=body if self.command != "HEAD" else b""))
            return
        self.send_response(status)
        named = {name.lower() for name in headers}
        for name, value in headers.items():
            self.send_header(name, value)
        if "content-length" not in named and status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            for part in self.server.hub.spoil(digest, body) if digest else (body,):
                self.wfile.write(part)
                self.wfile.flush()

    def _read_body(self) -> Iterator[bytes]:
        if "chunked" in (self.headers.get("Transfer-Encoding") or ""):
            while size := int(self.rfile.readline().partition(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            yield self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name http.server gives it
        """Quiet: `Hub.seen` is the log."""


def _v2(path: str) -> tuple[str | None, str | None, str | None]:
    """Repository, kind and last word of a path below /v2/; a name may hold slashes, so from the right."""
    words = path.removeprefix("/v2/").split("/")
    for kind in ("manifests", "blobs", "tags"):
        if kind in words[1:]:
            at = len(words) - 1 - words[::-1].index(kind)
            last = words[-1]
            return "/".join(words[:at]), kind, last if last.startswith("sha256:") else None
    return None, None, None
