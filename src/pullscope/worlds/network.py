"""The only HTTP client that goes out: one request, one answer, nothing followed, everything bounded.
One file, because every limit of a request is kept in one place.

On http.client, and not on a library that follows, retries, decodes and pools: a client model decides all of that itself,
and header fields must go out as it says, repeated ones too. http.client refuses 100 header fields and lines of 64 KiB,
which is the bound wanted here. A watchdog ends an exchange that drips; a host that hung once is not waited for again.

Proxies come from the environment as Go reads it (HTTPS_PROXY, NO_PROXY; docs/sources.md). Trust is the system's, or a CA file on
top of it. Nothing here logs, and no exception carries a header or a query.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import os
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from pullscope.oci.digest import Digest
from pullscope.oci.messages import Headers, Request, Response
from pullscope.oci.whereabouts import is_this_machine
from pullscope.worlds.clients.steps import NoAnswerError

DOCUMENT = 4 * 1024 * 1024
"""Bytes of a body that are kept: what registries accept as a manifest."""
_CHUNK = 64 * 1024

# Python's words for what is wrong with a certificate, in Go's (crypto/x509), which users know from docker.
_GO_TLS = (
    ("certificate has expired", "tls: failed to verify certificate: x509: certificate has expired or is not yet valid"),
    ("hostname mismatch", "tls: failed to verify certificate: x509: certificate is not valid for this name"),
    ("certificate verify failed", "tls: failed to verify certificate: x509: certificate signed by unknown authority"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """How to reach hosts. `resolve` has host, or host:port, to address and port; it goes around any proxy."""

    ca: Path | None = None
    insecure: bool = False
    resolve: Mapping[str, tuple[str, int | None]] = field(default_factory=dict)
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    """`https` and `http` to a proxy's URL, which may hold a password."""
    no_proxy: str = ""
    patience: float = 10.0
    """Seconds for one exchange, from connecting to the last byte."""
    most_bytes: int = DOCUMENT
    """Of one body."""
    total_seconds: float = 120.0
    total_bytes: int = 64 * 1024 * 1024
    """Of all bodies that are kept."""


def proxies_from_environment() -> tuple[Mapping[str, str], str]:
    """What Go reads: HTTPS_PROXY before https_proxy, and NO_PROXY; empty is unset."""
    found = {}
    for scheme in ("https", "http"):
        value = os.environ.get(f"{scheme.upper()}_PROXY") or os.environ.get(f"{scheme}_proxy")
        if value:
            found[scheme] = value if "://" in value else f"http://{value}"
    return found, os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""


class Network:
    """Answers requests by asking the network. May be called from several threads; each call is a connection."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._context = _context(reach)
        self._lock = threading.Lock()
        self._hung: dict[str, str] = {}
        self._ends = time.monotonic() + reach.total_seconds
        self._bytes = 0

    def __call__(self, request: Request) -> Response:
        """The answer, its body cut at the reach's bound. NoAnswerError where there is none, in words like Go's."""
        response, _ = self._exchange(request, None)
        return response

    def first_bytes(self, request: Request, count: int) -> Response:
        """The answer with the beginning of its body, however long it is."""
        hashed = _Hashed(count, cut=True)
        response, _ = self._exchange(request, hashed)
        return response

    def digest(self, request: Request, most_bytes: int) -> tuple[Response, Digest, int]:
        """The answer without its body, the body's digest and size: read through, never kept."""
        hashed = _Hashed(most_bytes)
        response, size = self._exchange(request, hashed)
        return response, Digest(f"sha256:{hashed.sha256.hexdigest()}"), size

    def _exchange(self, request: Request, hashed: _Hashed | None) -> tuple[Response, int]:
        split = urlsplit(request.url)
        host = request.host
        if split.scheme not in ("https", "http") or not split.hostname:
            raise NoAnswerError(f'unsupported protocol scheme "{split.scheme}"')
        with self._lock:
            if host in self._hung:
                raise NoAnswerError(self._hung[host])
            if time.monotonic() > self._ends:
                raise NoAnswerError(f"not asked: {self._reach.total_seconds:g} s are over")
            if self._bytes > self._reach.total_bytes:
                raise NoAnswerError(f"not asked: {self._reach.total_bytes} bytes came already")
        watch = _Watchdog(self._reach.patience)
        try:
            response, size = self._ask(request, split, hashed, watch)
        except ssl.SSLError as error:
            said, other = str(error).lower(), f"tls: {error.reason or 'handshake failure'}"
            raise NoAnswerError(next((words for sign, words in _GO_TLS if sign in said), other)) from error
        except socket.gaierror as error:
            raise NoAnswerError(f"dial tcp: lookup {split.hostname}: no such host") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            why = watch.words or _words(error)
            if watch.words or isinstance(error, TimeoutError):
                why = watch.words or f"no answer within {self._reach.patience:g} s"
                with self._lock:
                    self._hung[host] = why
            raise NoAnswerError(why) from error
        finally:
            watch.stop()
        with self._lock:
            self._bytes += len(response.body)
        return response, size

    def _ask(
        self, request: Request, split: SplitResult, hashed: _Hashed | None, watch: _Watchdog
    ) -> tuple[Response, int]:
        connection = self._connection(split)
        connection.timeout = self._reach.patience
        try:
            connection.connect()
            watch.guard(connection.sock)
            target = split._replace(scheme="", netloc="", fragment="").geturl() or "/"
            connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", request.host)
            for name, value in request.headers:
                if name.lower() not in ("host", "connection", "content-length"):
                    connection.putheader(name, value)
            connection.putheader("Connection", "close")
            if request.body or request.method in ("POST", "PUT", "PATCH"):
                connection.putheader("Content-Length", str(len(request.body)))
            connection.endheaders(request.body or None)
            answer = connection.getresponse()
            body, size = _read(answer, hashed, self._reach.most_bytes, watch)
            return Response(status=answer.status, headers=Headers(answer.getheaders()), body=body), size
        finally:
            connection.close()

    def _connection(self, split: SplitResult) -> http.client.HTTPConnection:
        host, port = split.hostname or "", split.port or (443 if split.scheme == "https" else 80)
        secure = self._context if split.scheme == "https" else None
        resolve = self._reach.resolve
        known = resolve.get(f"{host}:{port}") or resolve.get(host)
        if known is not None:
            return _Direct(host, port, secure, known[0], known[1] or port)
        proxy = self._reach.proxies.get(split.scheme)
        if proxy is None or not _goes_through_proxy(host, self._reach.no_proxy):
            return _Direct(host, port, secure, host, port)
        return _proxied(host, port, secure, urlsplit(proxy))


class _Direct(http.client.HTTPConnection):
    """A connection to an address under the name of a host: as with curl's --resolve."""

    def __init__(self, host: str, port: int, secure: ssl.SSLContext | None, address: str, at: int) -> None:
        super().__init__(host, port)
        self._secure = secure
        self._address = (address, at)

    def connect(self) -> None:
        self.sock = socket.create_connection(self._address, self.timeout)
        if self._secure is not None:
            self.sock = self._secure.wrap_socket(self.sock, server_hostname=self.host)


def _proxied(host: str, port: int, secure: ssl.SSLContext | None, proxy: SplitResult) -> http.client.HTTPConnection:
    """The same through an HTTP proxy, always by CONNECT, as Go does for https."""
    if proxy.scheme != "http" or not proxy.hostname:
        raise NoAnswerError(f"the proxy's URL begins with {proxy.scheme}://, only http:// is spoken to proxies here")
    at = proxy.hostname, proxy.port or 80
    connection = http.client.HTTPSConnection(*at, context=secure) if secure else http.client.HTTPConnection(*at)
    headers = {"User-Agent": "Go-http-client/1.1"}
    if proxy.username:
        account = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        headers["Proxy-Authorization"] = "Basic " + base64.b64encode(account.encode()).decode()
    connection.set_tunnel(host, port, headers=headers)
    return connection


class _Watchdog:
    """Ends a connection whose exchange takes too long as a whole: a server may drip one byte at a time."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(patience, self._bite)
        self._timer.daemon = True
        self.words = ""
        self.deadline = time.monotonic() + patience

    def guard(self, connected: socket.socket) -> None:
        self._socket = connected
        self._timer.start()

    def stop(self) -> None:
        self._timer.cancel()

    def _bite(self) -> None:
        self.words = f"no whole answer within {self._patience:g} s"
        if self._socket is not None:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                self._socket.close()


class _Hashed:
    """A body that is only hashed, up to a bound; at which it is an error to go on, or enough."""

    def __init__(self, most_bytes: int, *, cut: bool = False) -> None:
        self.sha256 = hashlib.sha256()
        self.most_bytes = most_bytes
        self.cut = cut


def _read(
    answer: http.client.HTTPResponse, hashed: _Hashed | None, most_bytes: int, watch: _Watchdog
) -> tuple[bytes, int]:
    """The body as far as it came, and how much that was. What is missing is told by Content-Length, as to any client."""
    kept = bytearray()
    size = 0
    limit = hashed.most_bytes if hashed else most_bytes
    while size <= limit:
        try:
            chunk = answer.read1(min(_CHUNK, limit + 1 - size))
        except http.client.IncompleteRead as cut:
            chunk = cut.partial
        except OSError:
            if watch.words:
                raise
            break  # reset in the middle of a body
        if not chunk:
            if watch.words:
                raise TimeoutError
            break
        size += len(chunk)
        if hashed:
            hashed.sha256.update(chunk)
        else:
            kept += chunk
    if size > limit and not (hashed and hashed.cut):
        raise ValueError(f"an answer of more than {limit} bytes")
    return bytes(kept), size


def _context(reach: Reach) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if reach.ca is not None:
        context.load_verify_locations(cafile=reach.ca)
    if reach.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _goes_through_proxy(host: str, no_proxy: str) -> bool:
    return not is_this_machine(host) and not urllib.request.proxy_bypass_environment(host, {"no": no_proxy})  # type: ignore[attr-defined] # in every CPython, not in typeshed


def _words(error: Exception) -> str:
    if isinstance(error, http.client.RemoteDisconnected):
        return "EOF"
    if isinstance(error, ConnectionRefusedError):
        return "connect: connection refused"
    if isinstance(error, ConnectionResetError):
        return "connection reset by peer"
    if isinstance(error, http.client.LineTooLong):
        return "a header line of more than 64 KiB"
    if isinstance(error, http.client.HTTPException) and "headers" in str(error):
        return "more than 100 header fields"
    if isinstance(error, http.client.BadStatusLine | UnicodeError):
        return "malformed HTTP response"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error)[:200] or type(error).__name__
