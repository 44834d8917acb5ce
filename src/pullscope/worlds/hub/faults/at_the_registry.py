"""What a registry, its token server or the storage behind it can answer that a pull does not survive, or survives with more work.
One file, because each is an answer with one thing changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlencode

from pullscope.oci.challenge import read_challenges, read_scopes
from pullscope.oci.digest import Digest
from pullscope.oci.documents import read_token_answer
from pullscope.oci.media import OCI_INDEX, SCHEMA1_SIGNED
from pullscope.oci.messages import Answerer, Request, Response, World
from pullscope.oci.routes import Endpoint, Route, route
from pullscope.oci.urls import parameters, path_of, split
from pullscope.worlds.clients.steps import NoAnswerError
from pullscope.worlds.hub.cdn import CDN_HOST
from pullscope.worlds.hub.faults.fault import (
    Lay,
    Sleep,
    around,
    challenge_of,
    changing,
    where_tokens_are,
    with_fields,
)
from pullscope.worlds.hub.held import answer, headless, json_answer, registry_error, storage_error
from pullscope.worlds.hub.registry import PULL_LIMIT, REGISTRY_HOST
from pullscope.worlds.hub.token_server import REALM_HOST

_HOME = "registry.internal"
_LATE = 3.0  # seconds; the rule calls a hop slow from one on, in a pull of two


def _unless(served: Callable[[Request, Route, Response], bool], instead: Response) -> Lay:
    """The registry, with another answer where `served` says so of the one that it gave."""

    def change(request: Request, asked: Route, response: Response) -> Response:
        return headless(request, instead) if served(request, asked, response) else response

    return changing(REGISTRY_HOST, change)


def _manifest(_request: Request, asked: Route, response: Response) -> bool:
    return asked.endpoint is Endpoint.MANIFEST and response.status == 200


def _manifest_by_tag(request: Request, asked: Route, response: Response) -> bool:
    return _manifest(request, asked, response) and asked.digest is None


def _fetched_manifest(request: Request, asked: Route, response: Response) -> bool:
    return _manifest(request, asked, response) and request.method == "GET"


def _refused(error: str) -> Lay:
    """Every token is refused, with the registry's own challenge and this error in it."""

    def refuse(request: Request, before: Answerer) -> Response:
        response = before(request)
        if not _manifest(request, route(request.url), response):
            return response
        bare = before(request.with_header("Authorization", None))
        asked = bare.headers.get("WWW-Authenticate") or ""
        return with_fields(bare, WWW_Authenticate=f'{asked},error="{error}"')

    return where_tokens_are(around(REGISTRY_HOST, refuse))


_spent = [("ratelimit-limit", "100;w=21600"), ("ratelimit-remaining", "0;w=21600")]
_spent += [("docker-ratelimit-source", "203.0.113.7"), ("Retry-After", "5400")]
rate_limited = _unless(_fetched_manifest, registry_error(429, "TOOMANYREQUESTS", PULL_LIMIT, None, _spent))
token_rejected = _refused("invalid_token")
access_denied = _refused("insufficient_scope")
manifest_unknown = _unless(
    _manifest_by_tag, registry_error(404, "MANIFEST_UNKNOWN", "manifest unknown", {"Tag": "latest"})
)
name_unknown = _unless(_manifest, registry_error(404, "NAME_UNKNOWN", "repository name not known to registry"))
blob_unknown = _unless(
    lambda _request, asked, response: asked.endpoint is Endpoint.BLOB and response.status < 400,
    registry_error(404, "BLOB_UNKNOWN", "blob unknown to registry"),
)


def _put(request: Request, asked: Route, _response: Response) -> bool:
    return asked.endpoint is Endpoint.MANIFEST and request.method == "PUT"


upload_refused = _unless(_put, registry_error(400, "MANIFEST_INVALID", "manifest invalid"))
upload_too_large = _unless(_put, answer(413, [("Content-Type", "text/html"), ("Server", "nginx/1.25.3")]))
write_denied = _unless(_put, registry_error(403, "DENIED", "requested access to the resource is denied"))
request_failed = _unless(
    _manifest, registry_error(412, "PROJECTPOLICYVIOLATION", "current image has 3 vulnerabilities")
)
accept_too_narrow = _unless(_manifest, registry_error(406, "UNSUPPORTED", "not acceptable"))
registry_failed = _unless(_manifest, registry_error(503, "UNAVAILABLE", "service unavailable"))
head_not_allowed = _unless(
    lambda request, asked, response: request.method == "HEAD" and _manifest(request, asked, response),
    registry_error(405, "UNSUPPORTED", "The operation is unsupported."),
)
credentials_not_used = _unless(
    lambda _request, asked, _response: asked.endpoint is not Endpoint.NONE,
    registry_error(
        401, "UNAUTHORIZED", "authentication required", None, [("WWW-Authenticate", 'Basic realm="sample"')]
    ),
)


def _manifest_with(**fields: str | None) -> Lay:
    """A registry whose manifests come with these header fields."""

    def change(request: Request, asked: Route, response: Response) -> Response:
        return with_fields(response, **fields) if _manifest(request, asked, response) else response

    return changing(REGISTRY_HOST, change)


rate_limit_low = _manifest_with(ratelimit_limit="100;w=21600", ratelimit_remaining="4;w=21600")
missing_content_digest = _manifest_with(Docker_Content_Digest=None)
wrong_content_type = _manifest_with(Content_Type="application/octet-stream")


def _without_realm(_request: Request, _asked: Route, response: Response) -> Response:
    return with_fields(response, WWW_Authenticate="Bearer") if response.status == 401 else response


challenge_unreadable = where_tokens_are(changing(REGISTRY_HOST, _without_realm))


def slow_hop(world: World, sleep: Sleep) -> Mapping[str, Answerer]:
    """The registry thinks for a while before it says what the tag means."""

    def late(request: Request, _asked: Route, response: Response) -> Response:
        if request.url.endswith("/manifests/latest") and response.status == 200:
            sleep(_LATE)
        return response

    return changing(REGISTRY_HOST, late)(world, sleep)


def link_points_elsewhere(world: World, _sleep: Sleep) -> Mapping[str, Answerer]:
    """A registry that does not know the names of the proxy in front: the next page is at its own host."""

    def change(_request: Request, asked: Route, response: Response) -> Response:
        if asked.endpoint is not Endpoint.TAGS or response.status != 200:
            return response
        return with_fields(response, Link=f'<https://{_HOME}/v2/team/app/tags/list?last=a&n=1>; rel="next"')

    def at_home(_request: Request) -> Response:
        return json_answer(200, {"name": "team/app", "tags": ["of-team-app"]})

    return {**changing(REGISTRY_HOST, change)(world, _sleep), _HOME: at_home}


def _in_the_clear(request: Request, before: Answerer) -> Response:
    """The handshake fails, and only the port of plain http answers."""
    if split(request.url).scheme == "https":
        raise NoAnswerError("tls: first record does not look like a TLS handshake")
    return before(request)


plain_http_fallback = around(REGISTRY_HOST, _in_the_clear)


def token_request_elsewhere(world: World, _sleep: Sleep) -> Mapping[str, Answerer]:
    """A registry that takes any token, so that one of the real token server is as good as one of the sample's."""
    before, issue = world[REGISTRY_HOST], world[REALM_HOST]

    def take(request: Request) -> Response:
        response = before(request)
        carried = (request.headers.get("Authorization") or "").lower().startswith("bearer ")
        if response.status != 401 or not carried:
            return response
        for challenge in read_challenges(response.headers.get_all("WWW-Authenticate")):
            query = urlencode({"service": challenge.service or "", "scope": challenge.scope or ""})
            own = read_token_answer(issue(Request(method="GET", url=f"{challenge.realm}?{query}")).body)
            if own is not None:
                return before(request.with_header("Authorization", f"Bearer {own.token}"))
        return response

    return {REGISTRY_HOST: take}


# Another document behind the tag, found by the tag and by its own digest.


def _tagged(media_type: str, document: Callable[[Mapping[str, object]], bytes]) -> Lay:
    def lay(world: World, _sleep: Sleep) -> Mapping[str, Answerer]:
        before = world[REGISTRY_HOST]
        made: dict[str, bytes] = {}

        def answer_instead(request: Request) -> Response:
            response = before(request)
            name, colon, reference = path_of(request.url).rpartition("/manifests/")
            if not colon or response.status not in (200, 404):
                return response
            if reference == "latest" and "body" not in made:
                made["body"] = document(json.loads(before(replace(request, method="GET")).body))
            body = made.get("body")
            if body is None or reference not in ("latest", Digest.of(body)) or not name:
                return response
            fields = [("Content-Type", media_type), ("Docker-Content-Digest", str(Digest.of(body)))]
            version = ("Docker-Distribution-Api-Version", "registry/2.0")
            return headless(request, answer(200, [*fields, version], body))

        return {REGISTRY_HOST: answer_instead}

    return lay


def _for_mainframes(index: Mapping[str, object]) -> bytes:
    entries = index["manifests"]
    assert isinstance(entries, list)  # noqa: S101 - it is the sample image's
    images = [entry for entry in entries if entry["platform"]["os"] == "linux"]
    for entry, architecture in zip(images, ("s390x", "ppc64le"), strict=False):
        entry["platform"] = {"os": "linux", "architecture": architecture}
    return json.dumps({**index, "manifests": images[:2]}).encode()


def _too_much(index: Mapping[str, object]) -> bytes:
    return json.dumps({**index, "annotations": {"org.example.notes": "x" * (4 * 1024 * 1024 + 1)}}).encode()


def _schema1(_index: Mapping[str, object]) -> bytes:
    layer = {"blobSum": Digest.of(b"a layer of 2014")}
    history = {"v1Compatibility": json.dumps({"id": "1" * 64, "architecture": "amd64", "os": "linux"})}
    document = {"schemaVersion": 1, "name": "timonback/zephykus", "tag": "latest", "architecture": "amd64"}
    return json.dumps({**document, "fsLayers": [layer], "history": [history], "signatures": []}).encode()


manifest_unreadable = _tagged(OCI_INDEX, lambda _index: b'{"status": "ok"}')
no_matching_platform = _tagged(OCI_INDEX, _for_mainframes)
manifest_too_large = _tagged(OCI_INDEX, _too_much)
schema1_only = _tagged(SCHEMA1_SIGNED, _schema1)


# The token server.

_WEB_PAGE = answer(500, [("Content-Type", "text/html")], b"<html><title>500</title></html>")
token_server_failed = where_tokens_are(changing(REALM_HOST, lambda *_: _WEB_PAGE))


def _strict(request: Request, _asked: Route, response: Response) -> Response:
    """403 where a scope is not known, as ghcr.io, Harbor and Google's registries do (containerd#9648, #8415, #4358)."""
    wanted = [scope for text in parameters(split(request.url).query).get("scope", []) for scope in read_scopes(text)]
    given = read_token_answer(response.body)
    if response.status != 200 or (given is not None and given.access is not None and len(given.access) >= len(wanted)):
        return response
    return registry_error(403, "DENIED", "requested access to the resource is denied")


strict_token_server = where_tokens_are(changing(REALM_HOST, _strict))


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
        body = change(response.body) if large else response.body
        return with_fields(replace(response, body=body), Content_Length=str(len(body))) if large else response

    return changing(CDN_HOST, changed)


def host_not_traced(world: World, _sleep: Sleep) -> Mapping[str, Answerer]:
    """Nothing is wrong with the storage: it is asked past the proxy."""
    return {CDN_HOST: world[CDN_HOST]}


digest_mismatch = _large_layers(lambda body: body[:-1] + bytes([body[-1] ^ 1]))
size_mismatch = _large_layers(lambda body: body[: len(body) // 2])


def _at_first(change: Callable[[Response], Response]) -> Lay:
    """The storage, with another answer to the first request for each blob; ranges are ignored."""

    def lay(world: World, _sleep: Sleep) -> Mapping[str, Answerer]:
        before, seen = world[CDN_HOST], set[str]()

        def once(request: Request) -> Response:
            whole = before(request.with_header("Range", None))
            path = request.url.partition("?")[0]
            changed = whole if path in seen else change(whole)
            if changed is not whole:
                seen.add(path)
            return changed

        return {CDN_HOST: once}

    return lay


def _cut(whole: Response) -> Response:
    """Half of a large layer, under the whole length; the rest cannot be had without the beginning."""
    if whole.status != 200 or len(whole.body) < _LARGE:
        return whole
    headers = whole.headers.replacing("Connection", "close")  # or the client waits for the rest
    return Response(status=200, headers=headers, body=whole.body[: len(whole.body) // 2])


range_ignored = _at_first(_cut)
retried = _at_first(lambda _whole: storage_error(503, "SlowDown", "Please reduce your request rate."))


def two_auth_mechanisms(world: World, _sleep: Sleep) -> Mapping[str, Answerer]:
    """It asks for a token as the registry does, and takes none."""
    asked, _ = challenge_of(world), world[CDN_HOST]

    def wants_both(request: Request) -> Response:
        if "Authorization" in request.headers:
            return storage_error(400, "InvalidArgument", "Only one auth mechanism allowed")
        return storage_error(401, "AccessDenied", "Access Denied", ("WWW-Authenticate", asked))

    return {CDN_HOST: wants_both}
