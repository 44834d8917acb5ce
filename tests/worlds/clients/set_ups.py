"""The vanity hosts and the bad days that clients are tried against, as worlds: in memory, and played to real clients.

The same functions serve the table in memory, the comparison with real clients and the tests of `check`, so that a verdict
means the same everywhere. The sample hub is behind all of them; its clock does not move.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from pullscope.oci.challenge import read_challenges
from pullscope.oci.documents import Platform
from pullscope.oci.messages import Answerer, Headers, Request, Response
from pullscope.worlds.clients.image_pull import LINUX_AMD64
from pullscope.worlds.hub.cdn import CDN_HOST
from pullscope.worlds.hub.registry import REGISTRY_HOST
from pullscope.worlds.hub.sample import redirect_only, sample_hub
from pullscope.worlds.hub.token_server import REALM_HOST

VANITY = "docker.example.com"
OWN = "timonback/zephykus"
RENAMED = "app/zephykus"
NOON = 1795424400.0

World = dict[str, Answerer]
Setup = Callable[[World], Answerer]
Change = Callable[[Request, Response], Response]


# What a vanity host does.


def original(request: Request) -> str:
    """The URL on the registry: the vanity's own name of the repository is replaced."""
    split = urlsplit(request.url)
    return split._replace(netloc=REGISTRY_HOST, path=split.path.replace(RENAMED, OWN)).geturl()


def redirect(_hub: World) -> Answerer:
    return lambda request: Response(status=302, headers=Headers([("Location", original(request))]))


def proxy(hub: World) -> Answerer:
    def fetch(request: Request) -> Response:
        forwarded = Request(method=request.method, url=original(request), headers=request.headers, body=request.body)
        return hub[REGISTRY_HOST](forwarded)

    return fetch


def token_aware_proxy(hub: World) -> Answerer:
    """Names only itself: realm and scope are its own, and its /token asks the registry's realm."""
    fetch = proxy(hub)

    def answer(request: Request) -> Response:
        split = urlsplit(request.url)
        if split.path == "/token":
            query = [(name, value.replace(RENAMED, OWN)) for name, value in parse_qsl(split.query)]
            url = f"https://{REALM_HOST}/token?{urlencode(query)}"
            return hub[REALM_HOST](Request(method="GET", url=url, headers=request.headers))
        response = fetch(request)
        headers = response.headers
        for challenge in read_challenges(headers.get_all("WWW-Authenticate")):
            text = f'Bearer realm="https://{VANITY}/token",service="{VANITY}"'
            if challenge.scope:
                text += f',scope="{challenge.scope.replace(OWN, RENAMED)}"'
            headers = headers.replacing("WWW-Authenticate", text)
        return Response(status=response.status, headers=headers, body=response.body)

    return answer


def ping_says(status: int, body: bytes = b"", location: str = "") -> Setup:
    def setup(hub: World) -> Answerer:
        rest = redirect(hub)
        headers = Headers([("Location", location)] if location else [("Content-Type", "text/html")])

        def answer(request: Request) -> Response:
            if urlsplit(request.url).path == "/v2/":
                return Response(status=status, headers=headers, body=b"" if request.method == "HEAD" else body)
            return rest(request)

        return answer

    return setup


def loop(_hub: World) -> Answerer:
    return lambda request: Response(status=302, headers=Headers([("Location", request.url)]))


# Bad days: what one host of the hub answers, changed.


def no_change(_request: Request, response: Response) -> Response:
    return response


def without_digest(_request: Request, response: Response) -> Response:
    headers = response.headers.replacing("Docker-Content-Digest", None)
    return Response(status=response.status, headers=headers, body=response.body)


def head_refused(request: Request, response: Response) -> Response:
    return Response(status=405) if request.method == "HEAD" and response.status == 200 else response


def rate_limited(request: Request, response: Response) -> Response:
    """Every manifest, also for HEAD. Retry-After is 0, so that no client waits."""
    if "/manifests/" not in request.url or response.status != 200:
        return response
    body = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}'
    headers = Headers([("Content-Type", "application/json"), ("Retry-After", "0")])
    return Response(status=429, headers=headers, body=b"" if request.method == "HEAD" else body)


def refused_by_cdn(_request: Request, _response: Response) -> Response:
    return Response(status=403, headers=Headers([("Content-Type", "application/xml")]), body=b"<Error/>")


def corrupt(_request: Request, response: Response) -> Response:
    body = response.body[:-1] + bytes([response.body[-1] ^ 1]) if response.body else b""
    return Response(status=response.status, headers=response.headers, body=body)


@dataclass
class CutOnce:
    """The first answer to a large blob ends in the middle; what is asked for again is whole."""

    after: int = 1000
    seen: set[str] = field(default_factory=set)

    def __call__(self, request: Request, response: Response) -> Response:
        path = urlsplit(request.url).path
        if response.status != 200 or len(response.body) < 100_000 or path in self.seen:
            return response
        self.seen.add(path)
        # The announced length stays, and the connection ends: that is how a cut looks on the wire.
        headers = response.headers.replacing("Connection", "close")
        return Response(status=200, headers=headers, body=response.body[: self.after])


def changed(answerer: Answerer, change: Change) -> Answerer:
    return lambda request: change(request, answerer(request))


@dataclass(frozen=True, kw_only=True)
class Row:
    """One world, the reference to pull in it, and for which platform."""

    name: str
    reference: str
    vanity: Setup | None = None
    hub: Mapping[str, Any] = field(default_factory=dict)
    changes: Mapping[str, Callable[[], Change]] = field(default_factory=dict)
    platform: Platform = LINUX_AMD64

    def world(self, clock: Callable[[], float] = lambda: NOON, seed: int = 0) -> World:
        """Made anew for each pull: one client's run does not change the next. Real clients mind a wrong clock."""
        hub = dict(sample_hub(clock=clock, seed=seed, **self.hub))
        for host, make in self.changes.items():
            hub[host] = changed(hub[host], make())
        return {**hub, VANITY: self.vanity(hub)} if self.vanity else hub


_STRICT, _OPEN = {"strict": True}, {"auth": False}
_THERE, _ELSEWHERE = f"{VANITY}/{OWN}", f"{VANITY}/{RENAMED}"

ROWS = (
    Row(name="Hub directly", reference=OWN),
    Row(name="302, same path", reference=_THERE, vanity=redirect),
    Row(name="308, same path", reference=_THERE, vanity=lambda _hub: redirect_only(status=308)),
    Row(name="302, renamed, lenient", reference=_ELSEWHERE, vanity=redirect),
    Row(name="302, renamed, strict", reference=_ELSEWHERE, vanity=redirect, hub=_STRICT),
    Row(name="ping 404", reference=_THERE, vanity=ping_says(404, b"<!DOCTYPE html>")),
    Row(name="ping 200", reference=_THERE, vanity=ping_says(200, b"<html>")),
    Row(name="slash lost", reference=_THERE, vanity=ping_says(302, location=f"https://{REGISTRY_HOST}/v2")),
    Row(name="proxy, same path", reference=_THERE, vanity=proxy),
    Row(name="proxy, renamed, lenient", reference=_ELSEWHERE, vanity=proxy),
    Row(name="proxy, renamed, strict", reference=_ELSEWHERE, vanity=proxy, hub=_STRICT),
    Row(name="token-aware proxy, renamed", reference=_ELSEWHERE, vanity=token_aware_proxy, hub=_STRICT),
    Row(name="302 to an open registry", reference=_THERE, vanity=redirect, hub=_OPEN),
    Row(name="302 to an open registry, renamed", reference=_ELSEWHERE, vanity=redirect, hub=_OPEN),
    Row(name="ping 404 before an open registry", reference=_THERE, vanity=ping_says(404, b"<html>"), hub=_OPEN),
    Row(name="missing tag", reference=f"{OWN}:nope"),
    Row(name="missing repository", reference="timonback/nothing"),
    Row(name="wrong platform", reference=OWN, platform=Platform(os="linux", architecture="mips")),
    Row(name="loop", reference=_THERE, vanity=loop),
    Row(name="HEAD refused", reference=OWN, changes={REGISTRY_HOST: lambda: head_refused}),
    Row(name="no digest header", reference=OWN, changes={REGISTRY_HOST: lambda: without_digest}),
    Row(name="429", reference=OWN, changes={REGISTRY_HOST: lambda: rate_limited}),
    Row(name="CDN refuses", reference=OWN, changes={CDN_HOST: lambda: refused_by_cdn}),
    Row(name="layer cut once", reference=OWN, changes={CDN_HOST: CutOnce}),
    Row(name="layer corrupt", reference=OWN, changes={CDN_HOST: lambda: corrupt}),
)
"""Everything that is played to the real clients."""
