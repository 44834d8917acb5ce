"""What is played: a registry, with faults, perhaps behind a vanity host; and what to pull, as whom, to meet it.

What goes wrong at one registry in particular is made from its row: its own statuses, words and challenges.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from pullscope.oci.challenge import read_challenges
from pullscope.oci.messages import Answerer, Headers, Request, Response, World
from pullscope.oci.reference import Reference, registry_name
from pullscope.oci.routes import route
from pullscope.oci.urls import Url, split
from pullscope.worlds.clients.bearer import SAMPLE_ACCOUNT
from pullscope.worlds.clients.client_catalog import LOGGED_IN, Start
from pullscope.worlds.clients.steps import NoAnswerError
from pullscope.worlds.hub.cdn import CDN_HOST
from pullscope.worlds.hub.faults.fault import MET_BY, VANITY_HOST, Fault, Lay, Sleep, with_fields
from pullscope.worlds.hub.faults.table import FAULTS, lay_faults
from pullscope.worlds.hub.held import answer, headless, said
from pullscope.worlds.hub.registry import REGISTRY_HOST
from pullscope.worlds.hub.sample import SAMPLE_REFERENCE, hosts_of, on_the_air, redirect_only, sample_parts
from pullscope.worlds.hub.token_server import REALM_HOST
from pullscope.worlds.registries.row import At, OwnFault, Registry, Scopes
from pullscope.worlds.registries.table import DOCKER_HUB

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Play:
    """Hosts that answer, and the pull that goes with them."""

    world: dict[str, Answerer]
    reference: Reference
    login: bool
    """Whether the one who pulls is logged in to the reference's host."""
    unseen: frozenset[str]
    """Hosts that are asked by another process than the one that is traced."""


_WITHOUT_LOGIN = frozenset({"credentials-not-used", "scope-refused"})
"""Met without a login; a registry that requires one has its own fault for that."""

_OF_THE_HOST_ASKED = frozenset(
    {
        "blob-unknown",
        "credentials-not-used",
        "link-points-elsewhere",
        "plain-http-fallback",
        "upload-refused",
        "upload-too-large",
        "write-denied",
    }
)
"""At the host of the reference, which is only a front where manifests are redirected."""


@cache
def faults_at(registry: Registry) -> dict[str, Fault]:
    """What can go wrong at this registry, by code: its own faults first, then those of every registry that it can have."""
    found = own_faults(registry)
    parts = sample_parts(registry, accounts=SAMPLE_ACCOUNT)
    for code, fault in FAULTS.items():
        try:
            lay_faults(parts, [fault], sleep=lambda _seconds: None)
        except ValueError:
            continue
        if _is_met(fault, registry):
            found[code] = fault
    return found


def _is_met(fault: Fault, registry: Registry) -> bool:
    """Whether the pull that goes with a fault shows it at this registry."""
    hosts = hosts_of(registry)
    if registry.needs_login and (fault.code in _WITHOUT_LOGIN or _logged_in(fault.client) is None):
        return False
    if registry.manifests is not None and (fault.private or fault.code in _OF_THE_HOST_ASKED):
        return False
    if any(hosts.get(part) == registry.host for part in fault.unseen):
        return False  # the rest of the registry would be out of sight with it
    if fault.code == "two-auth-mechanisms":
        return not registry.needs_login and registry.blobs is not None and bool(registry.blobs.value.query)
    if fault.code == "library-prefix-missing":
        return registry is DOCKER_HUB  # the only one with library/
    if fault.code in {"scope-mismatch", "scope-refused"}:
        # A token server that refuses by itself never comes to issue a token for the wrong name.
        named = registry.tokens is not None and registry.tokens.value.named
        lenient = registry.scopes is not None and registry.scopes.value is Scopes.LEFT_OUT
        return named and (lenient or fault.code == "scope-refused")
    return True


def play(
    registry: Registry = DOCKER_HUB,
    codes: Iterable[str] = (),
    *,
    vanity: bool = False,
    clock: Callable[[], float] = time.time,
    sleep: Sleep = time.sleep,
) -> Play:
    """`registry` with the faults of these codes. ValueError, with the list, where there is none of that code."""
    known = faults_at(registry)
    chosen = []
    for code in codes:
        if code not in known:
            what = "is not one of this registry's" if code in FAULTS else "there is none of that name"
            raise ValueError(
                f"There is no fault {code!r} at {registry.name} ({what}): choose from {', '.join(sorted(known))}."
            )
        chosen.append(known[code])
    private = any(fault.private for fault in chosen)
    vanity = vanity or any(fault.vanity for fault in chosen)
    parts = sample_parts(registry, clock=clock, accounts=SAMPLE_ACCOUNT, private=private)
    if vanity:
        parts[VANITY_HOST] = redirect_only()
    parts = lay_faults(parts, chosen, sleep=sleep)
    if vanity:
        parts[VANITY_HOST] = _leading_to(registry.host, parts[VANITY_HOST])
    hosts = hosts_of(registry)
    image = chosen[-1].reference if chosen else SAMPLE_REFERENCE
    return Play(
        world=on_the_air(parts, registry),
        reference=Reference.parse(f"{VANITY_HOST if vanity else registry_name(registry.host)}/{image}"),
        login=not private and (registry.needs_login or any(fault.login for fault in chosen)),
        unseen=frozenset(hosts.get(part, part) for fault in chosen for part in fault.unseen),
    )


def start_of(client: str, *, login: bool) -> Start:
    """A client's pull to begin; ValueError where there is no such client, or it has no logged-in form."""
    if not login:
        if client not in MET_BY:
            raise ValueError(f"There is no client called {client!r}: choose one of {', '.join(MET_BY)}.")
        return MET_BY[client]
    start = _logged_in(client)
    if start is None:
        raise ValueError(f"{client} is not modelled with a login, which this registry needs.")
    return start


def _logged_in(client: str) -> Start | None:
    return LOGGED_IN.get(f"{client}+vanity-login")


def _leading_to(host: str, vanity: Answerer) -> Answerer:
    """A vanity host whose rules name the sample's registry, leading to the one that is played."""
    if host == REGISTRY_HOST:
        return vanity

    def lead(request: Request) -> Response:
        response = vanity(request)
        parts = split(response.headers.get("Location") or "")
        if parts.netloc != REGISTRY_HOST:
            return response
        return with_fields(response, Location=str(parts._replace(authority=host)))

    return lead
