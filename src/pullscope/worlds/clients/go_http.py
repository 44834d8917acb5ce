"""What Go's net/http client does by itself: redirects, and which headers survive them. Every client modelled is in Go.

Source: golang/go src/net/http/client.go (redirectBehavior, shouldCopyHeaderOnRedirect, refererForURL) at go1.19 to
go1.25. Nothing here knows registries. What a program adds to each hop (a transport's or a CheckRedirect's doing) is
handed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pullscope.oci.messages import Headers, Request, Response
from pullscope.oci.urls import joined, split
from pullscope.worlds.clients.steps import NoAnswerError, PullFailedError, Steps, ask

_MOST_REQUESTS = 10  # defaultCheckRedirect: "stopped after 10 redirects"; containerd repeats the number

# redirectBehavior: the method changes to GET, or method and body are kept.
_TO_GET = frozenset({301, 302, 303})
_KEPT = frozenset({307, 308})

# shouldCopyHeaderOnRedirect: these go no further than the first request's host and its sub-domains.
_SENSITIVE = ("Authorization", "Www-Authenticate", "Cookie", "Cookie2")

EachHop = Callable[[Request], Steps[Request]]
"""What a program does to a hop before it is sent; it may make requests of its own. What it adds is not carried on."""

RoundTrip = Callable[[Request], Steps[tuple[Request, Response]]]
"""A program's own transport: sends one hop, maybe more than once, and says what was sent last and its result."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """The last answer of a chain, and the request that it answers."""

    request: Request
    response: Response

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def body(self) -> bytes:
        return self.response.body

    @property
    def length(self) -> int:
        """Content-Length; 0 where it is not a number."""
        said = self.header("Content-Length")
        return int(said) if said.isascii() and said.isdecimal() and len(said) < 20 else 0

    def header(self, name: str) -> str:
        return self.response.headers.get(name) or ""


class GoError(Exception):
    """What Go's client calls a *url.Error: `Get "https://…": why`."""

    def __init__(self, method: str, url: str, why: str) -> None:
        super().__init__(f'{method.capitalize()} "{url}": {why}')
        self.why = why


def as_it_is(request: Request) -> Steps[tuple[Request, Response]]:
    """Go's own transport."""
    return request, (yield from ask(request))


def send(first: Request, each_hop: EachHop | None = None, round_trip: RoundTrip = as_it_is) -> Steps[Reply]:
    """Send `first`, follow where it leads, and return what was found there."""
    hop = first
    count = 0
    while True:
        try:
            changed = hop if each_hop is None else (yield from each_hop(hop))
            sent, response = yield from round_trip(changed)
        except PullFailedError as failed:
            raise GoError(hop.method, hop.url, failed.sentence) from failed
        except NoAnswerError as failed:
            raise GoError(hop.method, hop.url, failed.reason) from failed
        count += 1
        following = _redirected(first, hop, response)
        if following is None:
            return Reply(request=sent, response=response)
        if count >= _MOST_REQUESTS:
            raise GoError(following.method, following.url, f"stopped after {_MOST_REQUESTS} redirects")
        hop = following


def _redirected(first: Request, hop: Request, response: Response) -> Request | None:
    location = response.headers.get("Location")
    # A redirect without Location is an answer like any other (golang/go#17773, #49281).
    if not location or response.status not in _TO_GET | _KEPT:
        return None
    url = joined(hop.url, location)
    method, body, headers = hop.method, hop.body, hop.headers
    if response.status in _TO_GET and method not in ("GET", "HEAD"):
        method, body = "GET", b""
        headers = headers.replacing("Content-Type", None).replacing("Content-Length", None)
    # Go 1.23.5 and later never give back what a hop has lost (CVE-2024-45336); before, the first host counted.
    # isDomainOrSubdomain, of hosts without their ports.
    sub, parent = split(url).host, split(first.url).host
    if sub != parent and not sub.endswith(f".{parent}"):
        for name in _SENSITIVE:
            headers = headers.replacing(name, None)
    return Request(method=method, url=url, headers=_with_referer(headers, hop.url, url), body=body)


def _with_referer(headers: Headers, previous: str, url: str) -> Headers:
    """refererForURL: the previous URL, query and all, but no user info, and nothing from https to http."""
    before, after = split(previous), split(url)
    if before.scheme == "https" and after.scheme == "http":
        return headers.replacing("Referer", None)
    return headers.replacing("Referer", str(before._replace(authority=before.netloc)))
