"""What a client asked, from TCP segments: in plain http path and answer, in TLS the name, and how it ended; or from its log.

RFC 8446 (TLS records, the alert that a client ends a handshake with), RFC 9110 (a request line, Host, CONNECT). A connection
is the client's if the kernel says so while it is open. Where it was over too soon to be asked about, it is surely the client's
only if it asks for the image.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from pullscope.host.watched.packets import ACK, RST, SYN, Place, Segment
from pullscope.oci.reference import Reference


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One endpoint that was asked, as far as it was seen."""

    url: str
    """With its path up to `/manifests/` and `/blobs/`; `https://HOST` alone where TLS hides the path."""
    came: str
    """What came of it, in words: `200`, `connection refused`."""
    good: bool = False
    """Whether it answered, so that the pull could go on with it."""
    surely: bool = True
    """Whether it is known to have been this client; else it may be another program of the machine."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pulled:
    """How the one pull ended."""

    by: str
    """What pulled, as sentences name it."""
    asked: tuple[Asked, ...]
    """In the order of the first request to each."""
    error: str = ""
    """The client's own last words; empty where the pull succeeded."""
    left: str = ""
    """What it left on the machine, as a sentence; empty where that is nothing."""
    started: float = 0.0
    """When the daemon was started, in seconds since 1970; 0 where there is no daemon."""
    missed: int = 0
    """Packets that the kernel had to drop, so that something may have been asked unseen."""


_REQUEST = re.compile(rb"(GET|HEAD|POST|CONNECT) (\S{1,2000}) HTTP/1\.[01]\r\n")
_HOST = re.compile(rb"\r\nHost: *([^\r\n]{1,255})", re.IGNORECASE)
_ANSWER = re.compile(rb"HTTP/1\.[01] (\d{3})")
_BASE = re.compile(r"(.*?/v2)/(.+)/(?:manifests|blobs)/[^/]+$")

NO_ANSWER = "no answer was seen"
HANDSHAKE, ALERT, DATA = 22, 21, 23
SEALED_ALERT = 19
"""The length of a record of TLS 1.3 with only an alert in it: 2 bytes, their type, 16 of AEAD."""


@dataclass(slots=True)
class _Request:
    url: str
    came: str = NO_ANSWER
    good: bool = False
    tls: bool = False
    flow: bool = False
    """In TLS: whether the client went on after the handshake."""


@dataclass(slots=True)
class _Connection:
    client: Place
    server: Place
    requests: list[_Request] = field(default_factory=list)
    tunnel: bool = False
    ours: bool | None = None
    opened: bool = False
    refused: bool = False


class Conversations:
    """What is asked in the segments that it is given. `is_ours` says whose a local port is; None where that is not known."""

    def __init__(
        self,
        is_ours: Callable[[Place], bool | None],
        *,
        later: Callable[[Callable[[], None]], object] = lambda job: job(),
    ) -> None:
        """`later` does a job that may take a while, beside the packets."""
        self._is_ours = is_ours
        self._later = later
        self._known: dict[tuple[Place, Place], _Connection] = {}

    def feed(self, segment: Segment) -> None:
        """One more segment, in the order of the wire."""
        found = self._known.get((segment.source, segment.target))
        other = self._known.get((segment.target, segment.source))
        if segment.flags & SYN and not segment.flags & ACK:
            if found is None or found.opened:
                self._known[segment.source, segment.target] = found = _Connection(segment.source, segment.target)
        elif found is None and other is None:
            if not (_REQUEST.match(segment.data) or any(_is_hello(*one) for one in _records(segment.data))):
                return
            self._known[segment.source, segment.target] = found = _Connection(
                segment.source, segment.target, opened=True
            )
        if found is not None:
            self._from_client(found, segment)
        elif other is not None:
            _from_server(other, segment)

    def _from_client(self, connection: _Connection, segment: Segment) -> None:
        if connection.ours is None and (segment.flags & SYN or not connection.requests):
            self._later(partial(self._claim, connection))
        request = _REQUEST.match(segment.data)
        if request and not connection.tunnel:
            host = _HOST.search(segment.data)
            text = request[2].decode("latin-1")
            connection.tunnel = request[1] == b"CONNECT"
            where = host[1].decode("latin-1").strip() if host else "{}:{}".format(*connection.server)
            if connection.tunnel:
                url = f"https://{text.removesuffix(':443')}"
            else:
                url = text if text.startswith("http://") else f"http://{where}{text}"
            connection.requests.append(_Request(url, tls=connection.tunnel))
            return
        for kind, length, body in _records(segment.data):
            if _is_hello(kind, length, body) and not connection.tunnel:
                name = _name_in(body) or connection.server[0]
                port = connection.server[1]
                connection.requests.append(_Request(f"https://{_host(name, port)}", tls=True))
            elif connection.requests and connection.requests[-1].tls:
                _tls_from_client(connection.requests[-1], kind, length)

    def _claim(self, connection: _Connection) -> None:
        if connection.ours is None:
            connection.ours = self._is_ours(connection.client)

    def asked(self, repository: str) -> tuple[Asked, ...]:
        """Each endpoint once, in the order of the first request for `repository`; what came last of it."""
        found: dict[str, Asked] = {}
        for connection in self._known.values():
            if connection.ours is False:
                continue
            for request in connection.requests or _only_opened(connection):
                url = endpoint(request.url, repository)
                if url is None:
                    continue
                whole = f"/{repository}" in url
                surely = connection.ours is True or whole
                if not whole and not request.tls and request.came.isdigit():
                    request.came, request.good = f"{request.came} to the version check", False
                before = found.get(url)
                better = before is None or request.good or not before.good
                came, good = (request.came, request.good) if better or before is None else (before.came, before.good)
                found[url] = Asked(url=url, came=came, good=good, surely=surely or bool(before and before.surely))
        # The version check of a host that was asked for the image too is no endpoint of its own.
        return tuple(item for url, item in found.items() if not any(other.startswith(f"{url}/") for other in found))


def _only_opened(connection: _Connection) -> list[_Request]:
    """A connection that never came to a request: refused, or without an answer."""
    if connection.opened and not connection.refused:
        return []
    came = "connection refused" if connection.refused else "no connection"
    return [_Request(f"//{_host(*connection.server, usual=())}", came=came)]


def _from_server(connection: _Connection, segment: Segment) -> None:
    if segment.flags & RST and not connection.opened:
        connection.refused = True
    elif segment.flags & SYN:
        connection.opened = True
    answer = _ANSWER.match(segment.data)
    waiting = next((item for item in connection.requests if item.came == NO_ANSWER), None)
    if answer and waiting is not None:
        status = int(answer[1])
        if connection.tunnel:
            waiting.came = NO_ANSWER if status == 200 else f"the proxy {_host(*connection.server)} says {status}"
            return
        waiting.came, waiting.good = str(status), status < 400
    elif waiting is not None and waiting.tls and any(kind == ALERT for kind, _, _ in _records(segment.data)):
        waiting.came = "the server ended the TLS handshake with an alert"


def _tls_from_client(request: _Request, kind: int, length: int) -> None:
    if request.good:
        return
    if kind == ALERT or (kind == DATA and length == SEALED_ALERT):
        request.came = (
            "TLS: the client ended the handshake with an alert, as it does where it does not trust the certificate"
        )
    elif kind == DATA:
        request.came, request.good = "answered, in TLS", True


def endpoint(url: str, repository: str) -> str | None:
    """A request's endpoint: up to the repository; the host alone for a version check; None for another image's."""
    plain = url.partition("?")[0]
    found = _BASE.match(plain)
    if found is not None:
        return f"{found[1]}/{found[2]}" if f"/{found[2]}".endswith(f"/{repository}") else None
    scheme, _, rest = plain.partition("//")
    host, _, path = rest.partition("/")
    return f"{scheme}//{host}" if path.rstrip("/") in {"", "v2"} else plain


def _records(data: bytes) -> list[tuple[int, int, bytes]]:
    """TLS records that begin in a segment: type, length, and as much of each as is there."""
    found = []
    at = 0
    while at + 5 <= len(data) and data[at] in range(20, 24) and data[at + 1] == 3:
        length = int.from_bytes(data[at + 3 : at + 5])
        found.append((data[at], length, data[at + 5 : at + 5 + length]))
        at += 5 + length
    return found


def _is_hello(kind: int, _length: int, body: bytes) -> bool:
    return kind == HANDSHAKE and body[:1] == b"\x01"


def _name_in(hello: bytes) -> str:
    """server_name (RFC 6066, 3) of a ClientHello, of which the end may be missing."""
    at = 4 + 2 + 32
    for size in (1, 2, 1):  # session id, cipher suites, compression
        at += size + int.from_bytes(hello[at : at + size])
    at += 2
    while at + 4 <= len(hello):
        kind, length = int.from_bytes(hello[at : at + 2]), int.from_bytes(hello[at + 2 : at + 4])
        if kind == 0:
            name = hello[at + 9 : at + 4 + length]
            return name.decode("latin-1").lower() if name.isascii() else ""
        at += 4 + length
    return ""


def _host(name: str, port: int, usual: tuple[int, ...] = (443,)) -> str:
    name = f"[{name}]" if ":" in name else name
    return name if port in usual else f"{name}:{port}"


_LOGGED = re.compile(r'level=debug msg="(Trying to access|Accessing) \\"([^"\\ ]{1,500})\\"(?: failed: (.*))?"$')


def asked_in_log(lines: Iterable[str]) -> tuple[Asked, ...]:
    """What the debug log of podman and skopeo shows: each source once, as tried; the last that did not fail answered.

    containers/image docker/docker_image_src.go: `Trying to access "SOURCE"` before each, `Accessing "SOURCE" failed: WHY` after.
    """
    found: dict[str, Asked] = {}
    for line in lines:
        match = _LOGGED.search(line.rstrip())
        if match is None:
            continue
        try:
            reference = Reference.parse(match[2])
            url = f"https://{reference.api_host}/v2/{reference.repository}"
        except ValueError:
            url = f"https://{match[2]}"
        if match[1] == "Trying to access":
            found.setdefault(url, Asked(url=url, came="answered", good=True))
        elif match[3] is not None:
            found[url] = Asked(url=url, came=match[3].replace('\\"', '"'))
    return tuple(found.values())
