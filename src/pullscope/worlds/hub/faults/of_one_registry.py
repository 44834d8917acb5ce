"""What goes wrong at one registry in particular, made from its row: its own statuses, words and challenges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pullscope.oci.challenge import read_challenges
from pullscope.oci.messages import Answerer, Headers, Request, Response, World
from pullscope.oci.routes import route
from pullscope.oci.urls import Url, split
from pullscope.worlds.clients.steps import NoAnswerError
from pullscope.worlds.hub.answers import answer, headless, said
from pullscope.worlds.hub.cdn import CDN_HOST
from pullscope.worlds.hub.faults.fault import Fault, Lay, Sleep
from pullscope.worlds.hub.registry import REGISTRY_HOST
from pullscope.worlds.hub.sample import hosts_of
from pullscope.worlds.hub.token_server import REALM_HOST
from pullscope.worlds.registries.row import At, OwnFault, Registry

_PARTS = {At.REGISTRY: REGISTRY_HOST, At.TOKENS: REALM_HOST, At.STORAGE: CDN_HOST}


def own_faults(registry: Registry) -> dict[str, Fault]:
    """The faults of this registry's row, by code."""
    hosts = frozenset(hosts_of(registry).values())
    return {
        own.code: Fault(
            code=own.code,
            title=own.title,
            lay=_lay(own, hosts),
            client=own.client,
            private=own.private,
            login=own.login,
            unseen=_elsewhere(own, hosts),
        )
        for own in (fault.value for fault in registry.faults)
    }


def _realms(own: OwnFault) -> list[Url]:
    return [split(one.realm or "") for one in read_challenges(own.challenges or ())]


def _elsewhere(own: OwnFault, hosts: frozenset[str]) -> frozenset[str]:
    """The hosts in challenges that are not the registry's.

    The one that is known is localhost, which clients ask past the proxy (Go: x/net/http/httpproxy, `useProxy`); the sample
    does not answer it, so that servers on this machine are left alone.
    """
    return frozenset(realm.netloc for realm in _realms(own) if realm.scheme) - hosts


def _lay(own: OwnFault, hosts: frozenset[str]) -> Lay:
    part, elsewhere = _PARTS[own.at], _elsewhere(own, hosts)

    def lay(world: World, _sleep: Sleep) -> Mapping[str, Answerer]:
        before = world[part]
        changed: dict[str, Answerer] = {part: lambda request: _changed(own, request, before)}
        if any(realm.scheme == "http" and realm.netloc in hosts for realm in _realms(own)):
            changed[REALM_HOST] = _to_https(world[REALM_HOST])
        return {**changed, **dict.fromkeys(elsewhere, _no_host)}

    return lay


def _changed(own: OwnFault, request: Request, before: Answerer) -> Response:
    if own.at is At.REGISTRY and route(request.url).endpoint not in own.endpoints:
        return before(request)
    with_login = "Authorization" in request.headers or request.method == "POST"
    lines = [("WWW-Authenticate", line) for line in own.challenges or ()]
    if own.says is not None:
        if own.login and not with_login:
            return before(request)
        response = said(own.says, fields=lines)
    else:
        response = before(request)
        if lines and response.status == 401:
            kept = response.headers.replacing("WWW-Authenticate", None)
            response = replace(response, headers=Headers([*kept, *lines]))
    return headless(request, response)


def _no_host(request: Request) -> Response:
    raise NoAnswerError(f"dial tcp: {request.host}: connect: connection refused")


def _to_https(issue: Answerer) -> Answerer:
    """What is asked in the clear is redirected, as a proxy in front does."""

    def secure(request: Request) -> Response:
        parts = split(request.url)
        if parts.scheme == "https":
            return issue(request)
        return answer(301, [("Location", str(parts._replace(scheme="https")))])

    return secure
