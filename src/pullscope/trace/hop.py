"""A hop: one exchange, a request and what became of it. `trace` fills it in, other rooms only read it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from pullscope.oci.bounds import count
from pullscope.oci.challenge import Challenge, read_challenges
from pullscope.oci.documents import RegistryError
from pullscope.oci.media import essence
from pullscope.oci.reference import registry_name
from pullscope.oci.routes import Route
from pullscope.oci.urls import host_of, is_host, joined, split
from pullscope.trace.events import Failed, Finished, Requested, Responded, Uploaded
from pullscope.trace.source_gaps import lacking

if TYPE_CHECKING:
    from pullscope.trace.model import Step

REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""Statuses whose Location a client follows (RFC 9110, 15.4)."""

_challenges_in = lru_cache(maxsize=256)(read_challenges)  # a registry says the same with each 401


# mitmproxy's words for a client that went away (proxy/layers/http), and ours for a proxy that did (mitm.flow_pipeline). A
# user who presses Ctrl-C is not a fault of a server.
_CLIENT_LEFT = re.compile(
    r"client (?:disconnected|closed)|connection killed|proxy was stopped|cancel(?!.*Client\.Timeout)", re.IGNORECASE
)

AT_ONCE = 0.001
"""Seconds by which a connection may be older than the request that it was opened for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reached:
    """How the proxy came to the server: over a connection that stood already, or in this time."""

    open_already: bool = False
    tcp: float | None = None
    """Seconds until TCP stood, with the look-up of the name: mitmproxy does both in one."""
    tls: float | None = None

    @property
    def seconds(self) -> float:
        return (self.tcp or 0.0) + (self.tls or 0.0)


@dataclass(kw_only=True, slots=True, eq=False)
class Hop:
    """One exchange: a request and what became of it."""

    request: Requested
    route: Route
    step: Step
    uploaded: Uploaded | None = None
    response: Responded | None = None
    status: int | None = None
    finished: Finished | None = None
    failed: Failed | None = None
    follows: Hop | None = None
    """The hop whose redirect led here."""
    followed: bool = False
    errors: tuple[RegistryError, ...] = ()
    said: str | None = None  # how an error body that is not a registry's begins
    host: str = field(init=False)
    agent: str = field(init=False)

    def __post_init__(self) -> None:
        self.host = host_of(self.request.url)
        self.agent = self.request.headers.get("user-agent") or ""

    @property
    def done(self) -> bool:
        return self.finished is not None or self.failed is not None

    @property
    def hung_up(self) -> bool:
        """Whether the client went away in the middle of it (mitmproxy's words for that).

        Over HTTP/1 the same is said of a body that the client did not send to its end and of one that the server did not
        (proxy/layers/http/_http1.py, `read_body`); the server's comes after a status. dockerd ends its other uploads so, once
        one of them has failed (20.10: run).
        """
        gone = ("Client disconnected", "stream reset by client")
        reason = self.failed.reason if self.failed is not None else ""
        unsent = self.response is None and "without sending complete message body" in reason
        return unsent or reason.startswith(gone)

    @property
    def malformed(self) -> bool:
        """Whether what the server sent is not HTTP: the client is told 502, and asking again brings the same."""
        reason = self.failed.reason if self.failed is not None else ""
        # mitmproxy calls a body that was cut off a protocol error, too.
        return ("protocol error" in reason or "Cannot parse HTTP" in reason) and "peer closed" not in reason

    @property
    def ended(self) -> float | None:
        """The time of the last thing that is known of this hop, once it is done."""
        if self.failed:
            return self.failed.time
        return self.finished.time if self.finished else None

    @property
    def bytes(self) -> int | None:
        """Body bytes received; a HEAD has none, whatever its Content-Length says (RFC 9110, 9.3.2)."""
        if self.request.method == "HEAD":
            return 0
        if self.failed:
            return self.failed.bytes
        return self.finished.bytes if self.finished else None

    @property
    def refuses_head(self) -> bool:
        """Whether a storage refused HEAD of an address that is signed for GET, by which a lazy pull then asks there
        (containerd/stargz-snapshotter#167)."""
        return self.follows is not None and self.request.method == "HEAD" and self.status in (400, 403, 405)

    @property
    def redirects(self) -> bool:
        return self.status in REDIRECTS and self.location is not None

    @property
    def target(self) -> str | None:
        """The host that a redirect names."""
        return host_of(self.location or "") or None if self.redirects else None

    @property
    def names_address(self) -> bool:
        """Whether a redirect names what a client can ask for."""
        target = split(self.location or "")
        return target.scheme in ("http", "https") and is_host(target.netloc)

    @property
    def part(self) -> tuple[int, int, int] | None:
        """The first byte, the last, and the length of the whole, as Content-Range tells them (RFC 9110, 14.4)."""
        span, _, total = (self.header("content-range") or "").removeprefix("bytes").strip().partition("/")
        first, last, length = count(span.partition("-")[0]), count(span.partition("-")[2]), count(total)
        return None if first is None or last is None or length is None else (first, last, length)

    @property
    def unasked_part(self) -> bool:
        """Whether 206 answers a request without Range: docker and containerd take it for the whole, containers/image stops."""
        return self.status == 206 and "range" not in self.request.headers and not lacking(self.request, "headers")

    @property
    def short_part(self) -> bool:
        """Whether a part has fewer bytes than it says."""
        part = self.part if self.status == 206 else None
        return part is not None and self.bytes is not None and self.bytes < part[1] - part[0] + 1

    @property
    def challenges(self) -> tuple[Challenge, ...]:
        return _challenges_in(self.response.headers.get_all("www-authenticate")) if self.response else ()

    @property
    def ok(self) -> bool:
        return self.failed is None and self.status is not None and 200 <= self.status < 300

    @property
    def timed(self) -> bool:
        """Whether the source says how long things took."""
        return not lacking(self.request, "times", "durations")

    @property
    def dated(self) -> bool:
        """Whether the source says when."""
        return not lacking(self.request, "times")

    @property
    def seconds(self) -> float | None:
        return None if self.ended is None or not self.timed else max(0.0, self.ended - self.request.time)

    @property
    def reached(self) -> Reached | None:
        """How the connection to the server came about that this was asked on; None where the source does not say."""
        seen = self.response
        if seen is None or seen.dialed is None or seen.reached is None or seen.answered_by or not self.timed:
            return None
        if seen.reached < self.request.time - AT_ONCE:
            return Reached(open_already=True)
        return Reached(
            tcp=max(0.0, seen.reached - seen.dialed),
            tls=max(0.0, seen.secured - seen.reached) if seen.secured is not None else None,
        )

    @property
    def first_byte_seconds(self) -> float | None:
        """From the request to the head of the answer (curl's starttransfer, without the connection)."""
        return max(0.0, self.response.time - self.request.time) if self.response and self.timed else None

    # -- what an answer is --------------------------------------------------------------------------------------------

    def header(self, name: str) -> str | None:
        """The first field of that name in its answer."""
        return self.response.headers.get(name) if self.response else None

    @property
    def location(self) -> str | None:
        return self.response.location if self.response else None

    @property
    def next_page(self) -> str | None:
        """Where a list goes on, by its Link (distribution-spec 1.1, "Listing Tags")."""
        link = self.header("link")
        return joined(self.request.url, link.partition(">")[0].strip().lstrip("<")) if link and self.ok else None

    @property
    def content_type(self) -> str:
        """The media type of an answer, without parameters; empty where it names none."""
        return essence(self.header("content-type"))

    @property
    def codes(self) -> set[str]:
        """The error codes in an answer."""
        return {error.code for error in self.errors}

    @property
    def crosses(self) -> bool:
        """Whether it is a redirect to another host."""
        return self.target not in (None, self.host)

    @property
    def is_page(self) -> bool:
        """Whether an answer is a web page, which no registry sends."""
        return self.content_type in ("text/html", "application/xhtml+xml") or (self.said or "").startswith("<HTML>")

    @property
    def is_registrys(self) -> bool:
        """Whether an answer shows that a registry gave it (distribution-spec 1.1 asks for neither; most do both)."""
        return bool(self.errors) or self.header("docker-distribution-api-version") is not None

    @property
    def client_left(self) -> bool:
        """Whether it ended because its client, or the proxy, went away."""
        return self.hung_up or (self.failed is not None and bool(_CLIENT_LEFT.search(self.failed.reason)))

    @property
    def mirror_of(self) -> str | None:
        """The registry in place of which its host was asked; None where that was asked for itself."""
        ns = self.route.ns
        return ns if ns is not None and registry_name(ns) != registry_name(self.host) else None
