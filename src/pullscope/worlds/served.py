"""What a registry serves besides a pull that works: HEAD as GET, the headers of manifests, and the bytes of layers.

It goes the way that a client went which could pull, with what that client gave to whom, and asks the wire for the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol
from urllib.parse import urljoin, urlsplit

from pullscope.oci.digest import Digest, as_digest
from pullscope.oci.media import MediaClass, media_class
from pullscope.oci.messages import Headers, Request, Response
from pullscope.oci.routes import Endpoint, route
from pullscope.oci.verdicts import Problem, Severity
from pullscope.worlds.clients.drive import Ran
from pullscope.worlds.clients.steps import NoAnswerError

_MOST_REDIRECTS = 10
_BIGGEST_LAYER = 64 * 1024**3


class Wire(Protocol):
    """What answers: the network, or a world in memory."""

    def __call__(self, request: Request) -> Response: ...

    def first_bytes(self, request: Request, count: int) -> Response: ...

    def digest(self, request: Request, most_bytes: int) -> tuple[Response, Digest, int]: ...


def manifest_problems(ran: Ran, wire: Wire) -> Iterator[Problem]:
    """Whether HEAD and GET agree on the first manifest, and what either leaves out."""
    manifests = [
        (request, response)
        for request, response in ran.exchanges
        if request.method == "GET" and response.status == 200 and route(request.url).endpoint is Endpoint.MANIFEST
    ]
    if not manifests:
        return
    request, got = manifests[0]
    where = f"{request.host}{urlsplit(request.url).path}"
    if as_digest(got.headers.get("Docker-Content-Digest") or "") is None:
        yield Problem(
            code="missing-content-digest",
            severity=Severity.WARNING,
            message="GET of a manifest answers without Docker-Content-Digest; docker then asks twice for each tag.",
            fix="Send Docker-Content-Digest with manifests.",
            where=where,
        )
    if media_class(got.headers.get("Content-Type")) not in (MediaClass.INDEX, MediaClass.MANIFEST, MediaClass.SCHEMA1):
        yield Problem(
            code="wrong-content-type",
            severity=Severity.WARNING,
            message=f"A manifest comes as {(got.headers.get('Content-Type') or 'nothing')[:80]}.",
            fix="Send the manifest's own media type.",
            where=where,
        )
    try:
        head = wire(Request(method="HEAD", url=request.url, headers=request.headers))
    except NoAnswerError as failed:
        head = Response(status=0)
        yield _head(f"HEAD of a manifest has no answer ({failed.reason}), GET has.", where)
    if head.status not in (0, 200):
        yield _head(f"HEAD of a manifest answers {head.status}, GET answers 200.", where)
    elif head.status == 200:
        said = [name for name in _AGREED if head.headers.get(name) != got.headers.get(name)]
        if head.headers.get("Content-Length") not in (None, str(len(got.body))):
            said.append("Content-Length")
        if said:
            yield _head(f"HEAD and GET of a manifest differ in {', '.join(said)}.", where)


_AGREED = ("Docker-Content-Digest", "Content-Type")


def _head(message: str, where: str) -> Problem:
    return Problem(
        code="head-not-allowed",
        severity=Severity.WARNING,
        message=message,
        fix="Answer HEAD as GET, without the body.",
        where=where,
    )


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
    return Problem(code=code, message=f"Layer {digest.short} {what}.", where=urlsplit(url).netloc)


def _followed(url: str, headers: Headers, given: Mapping[str, str], wire: Wire) -> tuple[Request, Response]:
    """Where the way to a blob ends, with each host given what the client gave it; the first bytes are read."""
    for _ in range(_MOST_REDIRECTS):
        host = urlsplit(url).netloc.lower()
        request = Request(method="GET", url=url, headers=headers.replacing("Authorization", given.get(host)))
        response = wire.first_bytes(
            Request(method="GET", url=url, headers=request.headers.replacing("Range", "bytes=0-1023")), 1024
        )
        location = response.headers.get("Location")
        if response.status not in (301, 302, 303, 307, 308) or not location:
            return request, response
        url = urljoin(url, location)
    raise NoAnswerError("stopped after 10 redirects")
