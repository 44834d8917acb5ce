"""What a vanity domain's rules can do to a pull: paths that lead nowhere, elsewhere, in circles, or half-way."""

from __future__ import annotations

from collections.abc import Mapping

from pullscope.oci.messages import Answerer, Request, Response, World
from pullscope.oci.urls import path_of
from pullscope.worlds.hub.faults.at_the_registry import strict_token_server
from pullscope.worlds.hub.faults.fault import VANITY_HOST, Lay, Sleep, is_ping, moved, where_tokens_are
from pullscope.worlds.hub.held import answer, headless, registry_error
from pullscope.worlds.hub.registry import REGISTRY_HOST
from pullscope.worlds.hub.sample import redirect_only

RENAMED = "app/zephykus:latest"
NOWHERE = "registry.example.invalid"
OTHER_REGISTRY = "registry.example.net"

_PAGE = b"<!DOCTYPE html>\n<html><head><title>A landing page</title></head></html>\n"
_HTML = ("Content-Type", "text/html; charset=utf-8")


def _page(request: Request, status: int) -> Response:
    return headless(request, answer(status, [_HTML], _PAGE))


def _redirect(request: Request, host: str = REGISTRY_HOST, path: str | None = None, scheme: str = "https") -> Response:
    return answer(302, [("Location", moved(request, host, path=path, scheme=scheme).url)])


def _all(vanity: Answerer) -> Lay:
    """The vanity host, made anew in front of a world."""
    return lambda _world, _sleep: {VANITY_HOST: vanity}


def _ping(instead: Answerer) -> Lay:
    """All is redirected; only `/v2/` is answered otherwise."""
    rest = redirect_only()
    return _all(lambda request: instead(request) if is_ping(request) else rest(request))


def _original(request: Request) -> str:
    return path_of(request.url).replace("/v2/app/", "/v2/timonback/")


push_over_redirect = library_prefix_missing = _all(redirect_only())
authorization_dropped = where_tokens_are(push_over_redirect)
redirect_permanent = _all(redirect_only(status=301))
ping_not_redirected = _ping(lambda request: _page(request, 404))
ping_not_a_registry = where_tokens_are(_ping(lambda request: _page(request, 200)))
ping_slash_lost = _ping(lambda request: _redirect(request, path="/v2"))
path_not_redirected = _all(lambda request: _redirect(request) if is_ping(request) else _page(request, 404))
redirect_loop = _all(lambda request: _redirect(request, VANITY_HOST))
redirect_unreadable = _all(lambda _request: answer(302, []))
redirect_downgrade = _all(lambda request: _redirect(request, scheme="http"))
upstream_unreachable = _all(lambda request: _redirect(request, NOWHERE))
query_dropped = _all(lambda request: answer(302, [("Location", moved(request, REGISTRY_HOST).url.partition("?")[0])]))
scope_mismatch = where_tokens_are(_all(lambda request: _redirect(request, path=_original(request))))


def scope_refused(world: World, sleep: Sleep) -> Mapping[str, Answerer]:
    """The same before a token server that refuses what it does not know."""
    return {**scope_mismatch(world, sleep), **strict_token_server(world, sleep)}


def _half_a_proxy(world: World, _sleep: object) -> dict[str, Answerer]:
    """`/v2/` is redirected, so the token is made for the registry; everything else is fetched with it, as a proxy does."""

    def fetch(request: Request) -> Response:
        return _redirect(request) if is_ping(request) else world[REGISTRY_HOST](moved(request, REGISTRY_HOST))

    return {VANITY_HOST: fetch}


authorization_leaked = where_tokens_are(_half_a_proxy)


def _ping_other_host(world: World, _sleep: object) -> dict[str, Answerer]:
    """The domain moved to another registry, and its `/v2/` was forgotten."""

    def old(request: Request) -> Response:
        if not is_ping(request):
            return registry_error(404, "NAME_UNKNOWN", "repository name not known to registry")
        return world[REGISTRY_HOST](moved(request, REGISTRY_HOST))

    rest = redirect_only()
    return {
        OTHER_REGISTRY: old,
        VANITY_HOST: lambda request: _redirect(request, OTHER_REGISTRY) if is_ping(request) else rest(request),
    }


ping_other_host = where_tokens_are(_ping_other_host)
