"""What the storage behind a registry can do to the bytes, or instead of sending them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pullscope.oci.messages import Answerer, Request, Response, World
from pullscope.oci.routes import Route
from pullscope.worlds.hub.cdn import CDN_HOST
from pullscope.worlds.hub.faults.fault import Lay, Sleep, challenge_of, changing, with_body
from pullscope.worlds.hub.held import storage_error

_LARGE = 20_000  # bytes; the sample image has a layer of 40 kB and one of 120 kB


def _always(response: Response) -> Lay:
    return changing(CDN_HOST, lambda _request, _asked, _response: response)


cdn_failed = _always(storage_error(503, "SlowDown", "Please reduce your request rate."))
signed_url_expired = _always(storage_error(403, "AccessDenied", "Request has expired"))
signed_url_invalid = _always(
    storage_error(
        403, "SignatureDoesNotMatch", "The request signature we calculated does not match the one you provided."
    )
)


def _large_layers(change: Callable[[bytes], bytes]) -> Lay:
    def changed(_request: Request, _asked: Route, response: Response) -> Response:
        large = response.status == 200 and len(response.body) >= _LARGE
        return with_body(response, change(response.body)) if large else response

    return changing(CDN_HOST, changed)


def host_not_traced(world: World, _sleep: Sleep) -> Mapping[str, Answerer]:
    """Nothing is wrong with the storage: it is asked past the proxy."""
    return {CDN_HOST: world[CDN_HOST]}


digest_mismatch = _large_layers(lambda body: body[:-1] + bytes([body[-1] ^ 1]))
size_mismatch = _large_layers(lambda body: body[: len(body) // 2])


def range_ignored(world: World, _sleep: Sleep) -> Mapping[str, Answerer]:
    """The first attempt ends half-way, under the whole length; the rest cannot be had without the beginning."""
    before, cut = world[CDN_HOST], set[str]()

    def once(request: Request) -> Response:
        whole = before(request.with_header("Range", None))
        path = request.url.partition("?")[0]
        if whole.status != 200 or len(whole.body) < _LARGE or path in cut:
            return whole
        cut.add(path)
        headers = whole.headers.replacing("Connection", "close")  # or the client waits for the rest
        return Response(status=200, headers=headers, body=whole.body[: len(whole.body) // 2])

    return {CDN_HOST: once}


def retried(world: World, _sleep: Sleep) -> Mapping[str, Answerer]:
    """One server error for each blob, and all is well when it is asked for again."""
    before, seen = world[CDN_HOST], set[str]()

    def once(request: Request) -> Response:
        path = request.url.partition("?")[0]
        if path in seen:
            return before(request)
        seen.add(path)
        return storage_error(503, "SlowDown", "Please reduce your request rate.")

    return {CDN_HOST: once}


def two_auth_mechanisms(world: World, _sleep: Sleep) -> Mapping[str, Answerer]:
    """It asks for a token as the registry does, and takes none."""
    asked, _ = challenge_of(world), world[CDN_HOST]

    def wants_both(request: Request) -> Response:
        if "Authorization" in request.headers:
            return storage_error(400, "InvalidArgument", "Only one auth mechanism allowed")
        return storage_error(401, "AccessDenied", "Access Denied", ("WWW-Authenticate", asked))

    return {CDN_HOST: wants_both}
