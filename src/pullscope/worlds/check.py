"""A live address, walked by every client model: what each asked and was answered, and what else the registry serves.

It is handed the wire, and does no I/O of its own. Layers are not downloaded by the models: each fetches the config, which
goes the same way. Where a manifest's content is known already it is asked for with HEAD, which a rate limit does not count:
all clients cost as many pulls as one.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Protocol

from pullscope.oci.digest import Digest
from pullscope.oci.documents import Manifest, read_manifest
from pullscope.oci.messages import Headers, Request, Response
from pullscope.oci.reference import Reference
from pullscope.oci.routes import Endpoint, route
from pullscope.oci.urls import joined, path_of, split
from pullscope.oci.verdicts import ClientOutcome, Problem, warning
from pullscope.worlds.clients.bearer import Login
from pullscope.worlds.clients.client_catalog import Client, LoginAt, Trial, login_used
from pullscope.worlds.clients.drive import Answer, Clock, Observer, Ran, run_with_threads
from pullscope.worlds.clients.steps import NoAnswerError

_MOST_REDIRECTS = 10
_BIGGEST_LAYER = 64 * 1024**3


class Wire(Protocol):
    """What answers: the network, or a world in memory."""

    def __call__(self, request: Request) -> Response: ...

    def first_bytes(self, request: Request, count: int) -> Response: ...

    def digest(self, request: Request, most_bytes: int) -> tuple[Response, Digest, int]: ...


def looked_at(ran: Ran, wire: Wire, clock: Clock) -> tuple[Ran | None, tuple[Problem, ...]]:
    """HEAD and GET of the first manifest, as a client that looks would ask them; and where the two differ."""
    got = next(
        (
            one
            for one in ran.seen
            if one.request.method == "GET"
            and isinstance(one.answer, Response)
            and one.answer.status == 200
            and route(one.request.url).endpoint is Endpoint.MANIFEST
        ),
        None,
    )
    if got is None or not isinstance(got.answer, Response):
        return None, ()
    head = Request(method="HEAD", url=got.request.url, headers=got.request.headers)
    observer = Observer(answer=wire, clock=clock)
    with contextlib.suppress(NoAnswerError):
        observer(head)
    [asked] = observer.ran(ran.outcome).seen
    # No User-Agent: what each client would make of it is told elsewhere.
    seen = tuple(
        replace(one, request=replace(one.request, headers=one.request.headers.replacing("User-Agent", None)))
        for one in (asked, replace(got, asked=asked.answered, answered=asked.answered))
    )
    return Ran(outcome=ran.outcome, seen=seen), tuple(_differences(got.request, asked.answer, got.answer))


def _differences(request: Request, head: Response | str, got: Response) -> Iterator[Problem]:
    if isinstance(head, str) or head.status != 200:
        return
    said = [name for name in _AGREED if head.headers.get(name) != got.headers.get(name)]
    if head.headers.get("Content-Length") not in (None, str(len(got.body))):
        said.append("Content-Length")
    if said:
        message = f"HEAD and GET of a manifest differ in {', '.join(said)}."
        yield warning(
            "head-differs", message, "answer HEAD as GET, without the body", f"{request.host}{path_of(request.url)}"
        )


_AGREED = ("Docker-Content-Digest", "Content-Type")


def layer_problems(ran: Ran, layers: Mapping[Digest, int], wire: Wire, *, deep: bool) -> tuple[list[Problem], int]:
    """The first bytes of the first layer; or every byte of all of them, each hashed and none kept."""
    blob = next((one for one, _ in ran.exchanges if route(one.url).endpoint is Endpoint.BLOB), None)
    if blob is None or not layers:
        return [], 0
    # What the client gave for blobs and manifests; a realm may be on the same host, and got something else.
    asked = [one for one, _ in ran.exchanges if route(one.url).endpoint in (Endpoint.BLOB, Endpoint.MANIFEST)]
    given = {one.host: value for one in asked if (value := one.headers.get("Authorization"))}
    problems: list[Problem] = []
    read = 0
    for digest in list(layers) if deep else list(layers)[:1]:
        url = blob.url.replace(str(route(blob.url).digest), digest)
        try:
            final, response = _followed(url, blob.headers, given, wire)
            got = wire.digest(final, _BIGGEST_LAYER)[1] if deep and response.status in (200, 206) else digest
        except NoAnswerError as failed:
            problems.append(_layer("cdn-failed", digest, f"cannot be had: {failed.reason}", url))
            continue
        if response.status not in (200, 206):
            problems.append(_layer("cdn-failed", digest, f"cannot be had: {final.host} answers {response.status}", url))
        elif got != digest:
            problems.append(_layer("digest-mismatch", digest, f"comes as bytes that hash to {got.short}", url))
        else:
            read += 1
    return problems, read


def _layer(code: str, digest: Digest, what: str, url: str) -> Problem:
    return Problem(code, f"Layer {digest.short} {what}.", where=split(url).netloc)


def _followed(url: str, headers: Headers, given: Mapping[str, str], wire: Wire) -> tuple[Request, Response]:
    """Where the way to a blob ends, with each host given what the client gave it; the first bytes are read."""
    for _ in range(_MOST_REDIRECTS):
        host = split(url).netloc
        request = Request(method="GET", url=url, headers=headers.replacing("Authorization", given.get(host)))
        response = wire.first_bytes(
            Request(method="GET", url=url, headers=request.headers.replacing("Range", "bytes=0-1023")), 1024
        )
        location = response.headers.get("Location")
        if response.status not in (301, 302, 303, 307, 308) or not location:
            return request, response
        url = joined(url, location)
    raise NoAnswerError("stopped after 10 redirects")


_SIDE_BY_SIDE = 5  # clients at once, after the first


@dataclass(frozen=True, kw_only=True, slots=True)
class RateLimit:
    """As a registry's headers tell it."""

    limit: str
    remaining: str | None
    source: str | None
    host: str
    """Who said so."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Everything that was found."""

    reference: Reference
    walked: tuple[Trial, ...]
    hosts: Mapping[str, int]
    """Host to the number of requests that the clients made to it."""
    problems: tuple[Problem, ...]
    digest: Digest | None
    rate_limit: RateLimit | None
    looked: Ran | None = None
    """HEAD and GET of a manifest beside each other, where a client could pull."""
    layers_read: int = 0

    @property
    def failed(self) -> bool:
        return any(one.outcome is ClientOutcome.FAILS for one in self.walked)


def check(
    reference: Reference,
    clients: Sequence[Client],
    wire: Wire,
    *,
    logins: Mapping[str, Login] | None = None,
    deep: bool = False,
) -> Checked:
    """Walk `reference` with each of `clients`. `logins` are those at hand, by the host that they are for."""
    walk = _Walk(reference, wire, logins or {})
    first, *others = clients
    walked = [walk.run(first)]
    with ThreadPoolExecutor(max_workers=_SIDE_BY_SIDE, thread_name_prefix="pullscope-check") as pool:
        walked += pool.map(walk.run, others)
    runs = [one.ran for one in walked if isinstance(one.ran, Ran)]
    exchanges = [exchange for ran in runs for exchange in ran.exchanges]
    hosts: dict[str, int] = {}
    for request, _ in exchanges:
        hosts[request.host] = hosts.get(request.host, 0) + 1
    good = next((ran for ran in runs if ran.outcome.pulled), None)
    problems: list[Problem] = []
    looked: Ran | None = None
    read = 0
    if good is not None:
        looked, differences = looked_at(good, wire, time.time)
        problems += differences
        more, read = layer_problems(good, walk.layers, wire, deep=deep)
        problems += more
    return Checked(
        reference=reference,
        walked=tuple(walked),
        hosts=hosts,
        problems=tuple(problems),
        digest=good.outcome.digest if good else None,
        rate_limit=_rate_limit(exchanges),
        looked=looked,
        layers_read=read,
    )


def walk(client: Client, reference: Reference, wire: Answer) -> Ran:
    """One client without a login, over the network; its layers are not downloaded."""
    return _Walk(reference, wire, {}).observed(client, None)


@dataclass
class _Walk:
    """What the clients' walks share: contents that are known, and which blobs are layers."""

    reference: Reference
    wire: Answer
    logins: Mapping[str, Login]
    layers: dict[Digest, int] = field(default_factory=dict)
    """Every layer that was named so far: what a client is told that it has."""
    _known: dict[str, Response] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, client: Client) -> Trial:
        login = self._login(client)
        if client.login and login is None:
            return Trial(client=client, ran="no login of this kind is at hand, or the client would not use it")
        return Trial(client=client, ran=self.observed(client, login))

    def observed(self, client: Client, login: Login | None) -> Ran:
        observer = Observer(answer=self._ask, clock=time.time)
        return observer.ran(run_with_threads(client.model(self.reference, login, self.layers), observer))

    def _login(self, client: Client) -> Login | None:
        if client.login is LoginAt.NOWHERE:
            return None
        own = self.logins.get(self.reference.api_host)
        upstream = next((login for host, login in self.logins.items() if host != self.reference.api_host), None)
        return login_used(client, own, upstream)

    def _ask(self, request: Request) -> Response:
        if request.method != "GET" or route(request.url).endpoint is not Endpoint.MANIFEST:
            return self.wire(request)
        with self._lock:
            known = self._known.get(request.url)
        if known is not None:
            head = self.wire(Request(method="HEAD", url=request.url, headers=request.headers))
            if head.status == 200 and head.headers.get("Docker-Content-Digest") == Digest.of(known.body):
                return known
        response = self.wire(request)
        if response.status == 200:
            document = read_manifest(response.body, response.headers.get("Content-Type"))
            with self._lock:
                # A type that the client did not ask for would be another answer; digests have one content.
                self._known.setdefault(request.url, response)
                if isinstance(document, Manifest):
                    self.layers.update({one.digest: one.size or 0 for one in document.layers if one.digest})
        return response


def _rate_limit(exchanges: Iterable[tuple[Request, Response]]) -> RateLimit | None:
    found = None
    for request, response in exchanges:
        limit = response.headers.get("ratelimit-limit")
        if limit:
            found = RateLimit(
                limit=limit[:40],
                remaining=(response.headers.get("ratelimit-remaining") or "")[:40] or None,
                source=(response.headers.get("docker-ratelimit-source") or "")[:60] or None,
                host=request.host,
            )
    return found
