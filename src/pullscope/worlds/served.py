"""What a registry serves besides a pull that works: HEAD as GET, and the bytes of layers.

It goes the way that a client went which could pull, with what that client gave to whom, and asks the wire for the rest.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from pullscope.oci.digest import Digest
from pullscope.oci.messages import Headers, Request, Response
from pullscope.oci.routes import Endpoint, route
from pullscope.oci.urls import joined, path_of, split
from pullscope.oci.verdicts import Problem, Severity
from pullscope.worlds.clients.drive import Clock, Observer, Ran
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
        yield Problem(
            code="head-differs",
            severity=Severity.WARNING,
            message=f"HEAD and GET of a manifest differ in {', '.join(said)}.",
            fix="Answer HEAD as GET, without the body.",
            where=f"{request.host}{path_of(request.url)}",
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
    return Problem(code=code, message=f"Layer {digest.short} {what}.", where=split(url).netloc)


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
