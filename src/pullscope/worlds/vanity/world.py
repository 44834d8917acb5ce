"""A vanity host in a world: rules in front, any other world behind. Pure apart from the realms it has learnt.

A proxying host has two halves: `outgoing` goes on to the registry, `incoming` comes back. They are the whole difference between a
plain rewrite, a token-aware proxy and a redirect; the memory world and mitmproxy both put the fetching between them. A
token-aware proxy names only itself (docs/sources.md, the designs of chainguard-dev/registry-redirect and
howardjohn/registry-redirector): the challenge's realm, service and scope, Location and Link, and the name in a tags list are
rewritten; manifests and blobs are never touched, so digests hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

from pullscope.oci.challenge import read_challenges, read_scopes
from pullscope.oci.messages import Answerer, Headers, Request, Response, World
from pullscope.oci.routes import Endpoint, route
from pullscope.oci.urls import Url, joined, pairs, path_of, query, split
from pullscope.worlds.vanity.decide import decide
from pullscope.worlds.vanity.following import follow
from pullscope.worlds.vanity.rules import Auth, Decision, Rule, RuleFile, told

TOKEN_PATH = "/token"
MAX_TAGS = 1024 * 1024


Realms = dict[str, tuple[str, str | None]]
"""Where each registry's tokens come from, and for which service, learnt from its challenges."""


def is_token_request(rule: Rule, request: Request) -> bool:
    """True where a token-aware proxy is asked for a token."""
    return rule.auth is Auth.TOKEN_AWARE and path_of(request.url) == TOKEN_PATH


def outgoing(rule: Rule, asked: Request, forward: Request, realms: Realms) -> Request | None:
    """What is sent on for `asked`, which the rule leads to `forward`; None for a token that no challenge has asked for yet."""
    if rule.auth is not Auth.TOKEN_AWARE:
        return forward
    if is_token_request(rule, asked):
        return _token_request(rule, asked, forward, realms)
    if route(forward.url).endpoint in {Endpoint.TAGS, Endpoint.CATALOG}:
        # Its body is rewritten, so it must come as it is.
        return replace(forward, headers=forward.headers.replacing("Accept-Encoding", "identity"))
    return forward


def incoming(rule: Rule, asked: Request, sent: Request, response: Response, realms: Realms) -> Response:
    """What the client is told; `response` answered `sent`."""
    if rule.auth is not Auth.TOKEN_AWARE or is_token_request(rule, asked):
        return response
    vanity, registry = split(asked.url), split(sent.url)
    headers = _challenged(rule, response.headers, vanity, registry, realms)
    for name in ("Location", "Link"):
        value = headers.get(name)
        if value is not None:
            headers = headers.replacing(name, _moved(rule, name, value, vanity, registry, sent.url))
    body = response.body
    if response.status == 200 and route(sent.url).endpoint is Endpoint.TAGS:
        body = _renamed(rule, body)
        headers = headers.replacing("Content-Length", str(len(body))) if "Content-Length" in headers else headers
    return replace(response, headers=headers, body=body)


def _token_request(rule: Rule, asked: Request, forward: Request, realms: Realms) -> Request | None:
    registry = split(forward.url).netloc
    known = realms.get(registry)
    if known is None:
        return None
    realm, service = known
    there = split(realm)

    def translated(given: list[tuple[str, str]]) -> list[tuple[str, str]]:
        mapped = []
        for name, value in given:
            if name == "scope":
                mapped.append((name, _scoped(value, add=rule.prefix)))
            elif name != "service":
                mapped.append((name, value))
        return [*mapped, ("service", service)] if service else mapped

    own = pairs(there.query)
    more, body = pairs(query(asked.url)), asked.body
    if asked.method == "POST":
        form = pairs(body.decode("utf-8", "replace"))
        body = urlencode(translated(form)).encode()
        more = []
    else:
        more = translated(more)
    headers = forward.headers.replacing("Host", there.netloc) if "Host" in forward.headers else forward.headers
    if "Content-Length" in headers:
        headers = headers.replacing("Content-Length", str(len(body)))
    url = str(there._replace(path=there.path or "/", query=urlencode([*own, *more]), fragment=""))
    return replace(forward, url=url, headers=headers, body=body)


def _scoped(scopes: str, *, add: str = "", remove: str = "") -> str:
    words = []
    for scope in read_scopes(scopes):
        name = scope.name
        if scope.type == "repository":
            name = name.removeprefix(remove) if remove else name
            name = f"{add}{name}" if add and not name.startswith(add) else name
        words.append(f"{scope.type}:{name}:{','.join(scope.actions)}")
    return " ".join(words)


def _challenged(rule: Rule, headers: Headers, vanity: Url, registry: Url, realms: Realms) -> Headers:
    values = headers.get_all("WWW-Authenticate")
    if not values:
        return headers
    kept = [(name, value) for name, value in headers if name.lower() != "www-authenticate"]
    for challenge in read_challenges(values):
        if challenge.scheme != "bearer":
            # Basic has no realm to move: the client's answer comes back here anyway.
            kept.append(("WWW-Authenticate", f'{challenge.scheme.title()} realm="{_quoted(challenge.realm or "")}"'))
            continue
        if split(challenge.realm or "").scheme in {"https", "http"} and len(challenge.realm or "") < 2000:
            realms[registry.netloc] = (challenge.realm or "", challenge.service)
        parts = [f'realm="{vanity.scheme}://{vanity.netloc}{TOKEN_PATH}"', f'service="{vanity.netloc}"']
        if challenge.scope:
            parts.append(f'scope="{_quoted(_scoped(challenge.scope, remove=rule.prefix))}"')
        if challenge.error:
            parts.append(f'error="{_quoted(challenge.error)}"')
        kept.append(("WWW-Authenticate", f"Bearer {','.join(parts)}"))
    return Headers(kept)


def _quoted(text: str) -> str:
    return re.sub(r'["\\\r\n]', "", text)


def _moved(rule: Rule, name: str, value: str, vanity: Url, registry: Url, base: str) -> str:
    """A Location or Link that points to the registry, pointed to the vanity host; others (a CDN) are left alone."""

    def moved(url: str) -> str:
        target = split(joined(base, url))
        if target.netloc != registry.netloc:
            return url
        path = target.path
        if rule.prefix and path.startswith(f"/v2/{rule.prefix}"):
            path = f"/v2/{path.removeprefix(f'/v2/{rule.prefix}')}"
        return str(target._replace(scheme=vanity.scheme, authority=vanity.netloc, path=path))

    if name == "Location":
        return moved(value)
    return re.sub(r"<([^<>]*)>", lambda found: f"<{moved(found[1])}>", value)


def _renamed(rule: Rule, body: bytes) -> bytes:
    if not rule.prefix or len(body) > MAX_TAGS:
        return body
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(document, dict) or not isinstance(document.get("name"), str):
        return body
    document["name"] = document["name"].removeprefix(rule.prefix)
    return json.dumps(document).encode()


MOST_FETCHES = 10
"""For one request: nginx follows no more than ten error pages."""


def vanity_world(
    host: str, rules: RuleFile, upstream_world: World, *, decided: Callable[[Request, Decision], None] | None = None
) -> dict[str, Answerer]:
    """`upstream_world` with `host` in front of it, answered as `rules` say. `decided` is told of each decision."""
    realms: Realms = {}

    def answer(request: Request) -> Response:
        decision = decide(rules, request)
        for _ in range(MOST_FETCHES):
            if decided is not None:
                decided(request, decision)
            if decision.login is not None and "Authorization" not in request.headers:
                # A server that asks for a login of its own.
                fields = [("WWW-Authenticate", 'Basic realm="login"'), ("Content-Length", "0")]
                return Response(status=401, headers=Headers(fields))
            own = loop_of(rules, request, decision) or decision.response
            if own is not None:
                return own if request.method != "HEAD" else without_body(own)
            if decision.forward is None or decision.rule is None:  # pragma: no cover - a decision is one or the other
                return upstream_missing(host)
            sent = outgoing(decision.rule, request, decision.forward, realms)
            if sent is None:
                return realm_unknown()
            to = split(sent.url).netloc
            if to in {host, request.host}:
                return loop_detected(to)
            fetched = upstream_world.get(to)
            if fetched is None:
                return upstream_missing(to)
            response = fetched(sent)
            if decision.after is None:
                return incoming(decision.rule, request, sent, response, realms)
            # What it makes of that answer may be to ask again, somewhere else.
            decision = decision.after(response)
        return loop_detected(host)

    # A file may hold the token server and the storage of its registry as sites of their own.
    named = {
        name for name in rules.hosts if name and not name.startswith((".", "~", "*")) and not {"{", "$"} & set(name)
    }
    return {**upstream_world, **dict.fromkeys(named - upstream_world.keys(), answer), host: answer}


def loop_of(rules: RuleFile, request: Request, decision: Decision) -> Response | None:
    """The answer in the place of a redirect that would lead back to its own host without end; None for any other."""
    if decision.response is None or not 300 <= decision.response.status < 400:
        return None
    asked, location = split(request.url), split(decision.response.headers.get("Location") or "")
    if location.netloc and location.netloc != asked.netloc:
        return None
    path = f"{asked.path}?{asked.query}" if asked.query else asked.path
    return loop_detected(request.host) if follow(rules, request.host, path, request.method).loops else None


def without_body(response: Response) -> Response:
    """The answer to a HEAD: the same head."""
    return Response(status=response.status, headers=response.headers)


def loop_detected(host: str) -> Response:
    """A rule that fetches from the vanity host itself would never end."""
    return told(508, f"this rule leads back to {host} itself.")


def upstream_missing(host: str) -> Response:
    """What a platform says where the target does not answer."""
    return told(502, f"no server answers for {host}.")


def realm_unknown() -> Response:
    """A token was asked for before the registry had said where tokens come from."""
    return told(503, "ask /v2/ first; the registry has not yet said where its tokens come from.")
