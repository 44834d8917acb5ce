"""A vanity host in a world: rules in front, any other world behind. Pure apart from the realms it has learnt."""

from __future__ import annotations

from collections.abc import Callable

from pullscope.oci.messages import Answerer, Headers, Request, Response, World
from pullscope.oci.urls import split
from pullscope.worlds.vanity.decide import decide
from pullscope.worlds.vanity.decision import Decision
from pullscope.worlds.vanity.dialects import told
from pullscope.worlds.vanity.following import follow
from pullscope.worlds.vanity.forwarding import Realms, incoming, outgoing
from pullscope.worlds.vanity.rules import RuleFile

MOST_FETCHES = 10
"""For one request: nginx follows no more than ten error pages."""


def vanity_world(
    host: str, rules: RuleFile, upstream_world: World, *, decided: Callable[[Request, Decision], None] | None = None
) -> dict[str, Answerer]:
    """`upstream_world` with `host` in front of it, answered as `rules` say. `decided` is told of each decision."""
    realms = Realms()

    def answer(request: Request) -> Response:
        decision = decide(rules, request)
        for _ in range(MOST_FETCHES):
            if decided is not None:
                decided(request, decision)
            if decision.login is not None and "Authorization" not in request.headers:
                return login_wanted()
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


def login_wanted() -> Response:
    """What a server answers where it asks for a login of its own."""
    fields = [("WWW-Authenticate", 'Basic realm="login"'), ("Content-Length", "0")]
    return Response(status=401, headers=Headers(fields))


def loop_detected(host: str) -> Response:
    """A rule that fetches from the vanity host itself would never end."""
    return told(508, f"this rule leads back to {host} itself.")


def upstream_missing(host: str) -> Response:
    """What a platform says where the target does not answer."""
    return told(502, f"no server answers for {host}.")


def realm_unknown() -> Response:
    """A token was asked for before the registry had said where tokens come from."""
    return told(503, "ask /v2/ first; the registry has not yet said where its tokens come from.")
