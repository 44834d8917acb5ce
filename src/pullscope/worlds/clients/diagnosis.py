"""Why a client's pull ended as it did: the finding, a reason of a few words, the step, and what to change.

It looks at what the model asked and was answered, and at nothing else: the same words come out for rules in memory and for a
live host. The codes are those of the findings. What no rule explains is told in the client's own sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

from pullscope.oci.challenge import read_challenges, read_scopes
from pullscope.oci.messages import Request, Response
from pullscope.oci.routes import Endpoint, route
from pullscope.oci.verdicts import ClientOutcome, ClientVerdict
from pullscope.worlds.clients.drive import Pull
from pullscope.worlds.clients.roster import Client

FIXES = {
    "authorization-dropped": "Proxy (200) instead of redirecting, or redirect to a registry that needs no token.",
    "scope-mismatch": "Keep the path of the registry, or use a proxy that rewrites realm and scope.",
    "scope-refused": "Keep the path of the registry, or use a proxy that rewrites realm and scope.",
    "ping-not-redirected": "Redirect /v2/ too.",
    "ping-not-a-registry": "Let /v2/ lead to the registry's /v2/; a landing page or catch-all shadows it.",
    "ping-slash-lost": "End the target with /v2/.",
    "path-not-redirected": "Add a rule for this path, unless the name is not yours.",
    "redirect-loop": "Point the rule at the registry, not at the host itself.",
    "credentials-not-used": "Log in to the host that asks, or use a proxy, which asks under its own name.",
    "access-denied": "Log in, or check the name: a registry does not say which it is.",
    "rate-limited": "Log in, or wait: the registry's answer says how long.",
    "manifest-unknown": "Check the tag.",
    "name-unknown": "Check the repository's name.",
    "no-matching-platform": "Build for this platform, or name another.",
    "digest-mismatch": "Let nothing on the way change bodies (compression, rewriting).",
    "size-mismatch": "Look at the host that cut it off; most clients go on or try again.",
    "wrong-content-type": "Send the manifest's media type as Content-Type.",
}

_STEPS = {
    Endpoint.PING: "version-check",
    Endpoint.V1_PING: "version-check",
    Endpoint.MANIFEST: "resolve",
    Endpoint.BLOB: "layer",
    Endpoint.REFERRERS: "referrers",
}

# What the clients' own sentences say of bodies that came with a good status.
_SENTENCES = (
    (("unexpected EOF", "size validation"), "size-mismatch", "a body ends before its length"),
    (("igest", "checksum", "verification failed"), "digest-mismatch", "bytes do not match their digest"),
)

Exchange = tuple[Request, Response]
Found = tuple[str | None, str]
"""A finding's code, where one fits, and the reason."""


def verdict_of(client: Client, ran: Pull) -> ClientVerdict:
    """What `client` made of it."""
    if ran.outcome.pulled:
        return ClientVerdict(id=client.id, verdict=ClientOutcome.WORKS)
    code, reason = _why(client, ran)
    return ClientVerdict(
        id=client.id,
        verdict=ClientOutcome.FAILS,
        step=_step(ran),
        finding=code,
        reason=reason,
        fix=FIXES.get(code or ""),
        link=client.link if code in ("authorization-dropped", "credentials-not-used") else None,
    )


def _step(ran: Pull) -> str | None:
    if not ran.exchanges:
        return "version-check"
    request, _ = _last_trouble(ran)
    if _asks_for_token(request, ran.exchanges):
        return "token"
    step = _STEPS.get(route(request.url).endpoint)
    return step or ("layer" if _is_behind_blob(request) else None)


def _why(client: Client, ran: Pull) -> Found:
    exchanges = ran.exchanges
    sentence = ran.outcome.told
    if "stopped after 10 redirects" in sentence:
        return "redirect-loop", "a redirect leads back to itself"
    if "platform" in sentence and not any(route(one.url).endpoint is Endpoint.BLOB for one, _ in exchanges):
        return "no-matching-platform", "no image for this platform"
    if not exchanges:
        return None, sentence
    request, response = _last_trouble(ran)
    endpoint = route(request.url).endpoint
    for rule in (_token, _ping, _limit, _missing, _unauthorized):
        found = rule(client, exchanges, request, response)
        if found is not None:
            return found
    if response.status == 200 and endpoint is Endpoint.MANIFEST and "media type" in sentence.lower():
        return "wrong-content-type", f"Content-Type is {response.headers.get('Content-Type') or 'missing'}"
    if response.status in (200, 206):
        for signs, code, reason in _SENTENCES:
            if any(sign in sentence for sign in signs):
                return code, reason
    if _is_behind_blob(request) and response.status >= 400:
        return "cdn-failed", f"{request.host} answers {response.status}"
    return None, sentence


def _last_trouble(ran: Pull) -> Exchange:
    """Where the client gave up, else the last refusal; the ping of the old protocol comes afterwards and says nothing."""
    gave_up = [one for one in ran.exchanges if one[0] == ran.outcome.failed_at]
    if gave_up:
        return gave_up[-1]
    asked = [one for one in ran.exchanges if route(one[0].url).endpoint is not Endpoint.V1_PING] or list(ran.exchanges)
    refused = [one for one in asked if one[1].status >= 400]
    return refused[-1] if refused else asked[-1]


def _realms(exchanges: Sequence[Exchange]) -> set[tuple[str, str]]:
    """Host and path of every realm that was named."""
    found = set()
    for _, response in exchanges:
        for challenge in read_challenges(response.headers.get_all("WWW-Authenticate")):
            split = urlsplit(challenge.realm or "")
            found.add((split.netloc.lower(), split.path))
    return found


def _asks_for_token(request: Request, exchanges: Sequence[Exchange]) -> bool:
    return (request.host, urlsplit(request.url).path) in _realms(exchanges)


def _is_behind_blob(request: Request) -> bool:
    return "/blobs/" in (request.headers.get("Referer") or "") or route(request.url).endpoint is Endpoint.BLOB


def _first_host(exchanges: Sequence[Exchange]) -> str:
    return exchanges[0][0].host


def _token(client: Client, exchanges: Sequence[Exchange], request: Request, response: Response) -> Found | None:
    # A token server's no may come before the last refusal: a client may then go on bare.
    refused = [one for one in exchanges if one[1].status >= 400 and _asks_for_token(one[0], exchanges)]
    if not refused:
        return None
    request, response = refused[-1]
    if response.status in (401, 403) and client.login:
        return "access-denied", "the realm refuses the login"
    if response.status in (400, 401, 403):
        return "scope-refused", "token server refuses the scope"
    return "token-server-failed", f"{request.host} answers {response.status}"


def _ping(client: Client, exchanges: Sequence[Exchange], request: Request, response: Response) -> Found | None:
    del client
    if route(request.url).endpoint is Endpoint.PING and response.status not in (200, 401):
        return "ping-not-redirected", f"/v2/ answers {response.status}"
    if request.host == _first_host(exchanges) and response.status == 404 and not _is_registry(response):
        return "path-not-redirected", "no rule for its path"
    return None


def _limit(client: Client, exchanges: Sequence[Exchange], request: Request, response: Response) -> Found | None:
    del client, exchanges
    return ("rate-limited", f"{request.host} answers 429") if response.status == 429 else None


def _missing(client: Client, exchanges: Sequence[Exchange], request: Request, response: Response) -> Found | None:
    del client, exchanges
    if response.status != 404 or route(request.url).endpoint is not Endpoint.MANIFEST:
        return None
    if b"NAME_UNKNOWN" in response.body:
        return "name-unknown", "the registry does not know the name"
    return "manifest-unknown", "the registry does not know the tag"


def _unauthorized(client: Client, exchanges: Sequence[Exchange], request: Request, response: Response) -> Found | None:
    if response.status not in (401, 403) or (_is_behind_blob(request) and response.status == 403):
        return None
    repository = route(request.url).repository
    pings = [one for one in exchanges if route(one[0].url).endpoint is Endpoint.PING]
    if "Authorization" not in request.headers:
        if any("Authorization" in one.headers for one, _ in exchanges if one.host == _first_host(exchanges)):
            return "authorization-dropped", "token dropped at the redirect"
        if pings and urlsplit(pings[-1][0].url).path == "/v2":
            return "ping-slash-lost", "no token: /v2/ lost its slash"
        if pings and pings[-1][1].status != 401:
            status = pings[-1][1].status
            code = "ping-not-redirected" if status >= 400 else "ping-not-a-registry"
            return code, f"no token: /v2/ answers {status}"
        if any(item.scheme == "basic" for item in read_challenges(response.headers.get_all("WWW-Authenticate"))):
            return "credentials-not-used", "the login stays with your host" if client.login else "it asks for a login"
        return None
    named = [
        scope.name
        for one, _ in exchanges
        if _asks_for_token(one, exchanges)
        for text in parse_qs(urlsplit(one.url).query).get("scope", [])
        for scope in read_scopes(text)
    ]
    if repository and named and repository not in named:
        return "scope-mismatch", f"token is for {named[-1]}"
    if client.login and request.host != _first_host(exchanges):
        return "credentials-not-used", "the login stays with your host"
    wanted = [
        scope.name
        for item in read_challenges(response.headers.get_all("WWW-Authenticate"))
        for scope in read_scopes(item.scope or "")
    ]
    if wanted and named and wanted[0] not in named:
        # A proxy hides from the client that the registry was asked for another name.
        return "scope-mismatch", f"token is for {named[-1]}"
    return "access-denied", "the registry refuses the token"


def _is_registry(response: Response) -> bool:
    return "json" in (response.headers.get("Content-Type") or "")
