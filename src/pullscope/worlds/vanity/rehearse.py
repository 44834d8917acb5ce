"""Who will be able to pull through a rule file, and where the others break: the modelled clients run against it in memory.

The registry is the sample hub, holding the wanted image under the name to which the rules lead; whether it wants tokens,
and how strict its token server is, is taken from the rule's target (`upstreams`) and stated. A verdict comes from what the
client model did, never from the rule file.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

from pullscope.oci.challenge import Scope, read_scopes
from pullscope.oci.messages import Answerer, Request, Response
from pullscope.oci.reference import Reference
from pullscope.oci.routes import Endpoint, route
from pullscope.oci.verdicts import ClientOutcome, ClientVerdict
from pullscope.worlds.clients.diagnosis import verdict_of
from pullscope.worlds.clients.drive import Pull, pull
from pullscope.worlds.clients.logins import SAMPLE_ACCOUNT, members_only
from pullscope.worlds.clients.roster import CLIENTS, LOGGED_IN, ROSTER
from pullscope.worlds.hub.image import sample_image
from pullscope.worlds.hub.registry import REGISTRY_HOST
from pullscope.worlds.hub.sample import sample_hub
from pullscope.worlds.hub.token_server import REALM_HOST
from pullscope.worlds.vanity.following import Landing, follow
from pullscope.worlds.vanity.forwarding import TOKEN_PATH
from pullscope.worlds.vanity.rules import RuleFile
from pullscope.worlds.vanity.upstreams import Upstream, upstream
from pullscope.worlds.vanity.world import vanity_world


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A line of the table: which model, under which name, and what it was compared with."""

    id: str
    label: str
    evidence: str
    """run: compared with the real client; read: from its source."""
    inset: bool = False


ROWS: tuple[Row, ...] = (
    Row(id="docker-classic", label="docker 20.10", evidence="run"),
    Row(id="docker-classic", label="docker 23 to 28", evidence="read"),
    Row(id="docker-containerd", label="docker 29", evidence="run"),
    Row(id="docker-containerd+vanity-login", label="logged in to your host", evidence="read", inset=True),
    Row(id="skopeo", label="skopeo", evidence="run"),
    Row(id="podman", label="podman, buildah", evidence="run"),
    Row(id="crane-0.21.7", label="crane up to 0.21.7", evidence="run"),
    Row(id="crane", label="crane from 0.21.8", evidence="run"),
    Row(id="regctl", label="regctl", evidence="read"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """What one client made of it."""

    row: Row
    verdict: ClientVerdict


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """All clients against one rule file."""

    rules: RuleFile
    reference: Reference
    landing: Landing
    upstream: Upstream | None
    """The registry to which the rules lead; None where they lead to none."""
    tried: tuple[Tried, ...]

    @property
    def redirects(self) -> bool:
        return self.landing.url is not None and not self.landing.fetched


EVERYONE: Container[str] = frozenset(one.id for one in ROWS)


def rehearse(rules: RuleFile, host: str, reference: Reference, clients: Container[str] = EVERYONE) -> Rehearsal:
    """Each of these clients of `ROWS` pulls `reference`, whose registry is the vanity host."""
    rows = [row for row in ROWS if row.id in clients]
    wanted = reference.tag or "latest"
    landing = follow(rules, host, f"/v2/{reference.repository}/manifests/{wanted}")
    ping = follow(rules, host, "/v2/")
    known = upstream(landing.host) if landing.host else None
    verdicts: dict[str, ClientVerdict] = {}
    for row in rows:
        if row.id not in verdicts:
            verdicts[row.id] = _try(
                row.id, rules, host, replace(reference, digest=None, tag=wanted), landing, ping, known
            )
    tried = tuple(Tried(row=row, verdict=verdicts[row.id]) for row in rows)
    return Rehearsal(rules=rules, reference=reference, landing=landing, upstream=known, tried=tried)


def as_proxy(rules: RuleFile) -> RuleFile:
    """The same rules with 200 for every redirect to another host: what a proxy at the same place would do."""
    changed = tuple(
        replace(rule, status=200) if rule.is_redirect and rule.target_host else rule for rule in rules.rules
    )
    return replace(rules, rules=changed)


def _try(
    client: str,
    rules: RuleFile,
    host: str,
    reference: Reference,
    landing: Landing,
    ping: Landing,
    known: Upstream | None,
) -> ClientVerdict:
    if client in LOGGED_IN:
        # What a login is for: an image that only its account may pull. A public one is pulled without it.
        hub = members_only(_registries(reference, landing, ping, known), REALM_HOST)
        verdict = verdict_of(ROSTER[client], pull(LOGGED_IN[client](reference), vanity_world(host, rules, hub)))
        return replace(verdict, reason=f"private: {verdict.reason.removeprefix('the ')}") if verdict.reason else verdict
    model = CLIENTS.get(client)
    if model is None:
        login = client.endswith("-login")
        reason = "not known yet: the login stays with your host" if login and not landing.fetched else "not known yet"
        return ClientVerdict(id=client, verdict=ClientOutcome.UNKNOWN, reason=reason)
    world = vanity_world(host, rules, _registries(reference, landing, ping, known))
    done = pull(model(reference), world)
    if done.outcome.pulled:
        return ClientVerdict(id=client, verdict=ClientOutcome.WORKS)
    finding, reason, step = _why(done, host, landing)
    fix = _FIXES.get(finding) if finding else None
    return ClientVerdict(id=client, verdict=ClientOutcome.FAILS, step=step, finding=finding, reason=reason, fix=fix)


def _registries(reference: Reference, landing: Landing, ping: Landing, known: Upstream | None) -> dict[str, Answerer]:
    """The world behind the vanity host: the sample hub under the names to which the rules lead."""
    image = sample_image(landing.repository or reference.repository, tag=reference.tag or "latest")
    hub = sample_hub(
        repositories=[image],
        strict=bool(known and known.strict),
        auth=known is None or known.tokens is not False,
        pull_limit=None,
        accounts=SAMPLE_ACCOUNT,
    )
    registry = hub.pop(REGISTRY_HOST)
    names = {name for name in (landing.host, ping.host) if name}
    return {**hub, **dict.fromkeys(names, registry)}


_FIXES = {
    "authorization-dropped": "Proxy (200) instead of redirecting, or redirect to a registry that needs no token.",
    "scope-mismatch": "Keep the path of the registry, or use a proxy that rewrites realm and scope.",
    "scope-refused": "Keep the path of the registry, or use a proxy that rewrites realm and scope.",
    "ping-not-redirected": "Add a rule for /v2/.",
    "ping-not-a-registry": "Give /v2/ a rule that leads to the registry's /v2/.",
    "ping-slash-lost": "End the target with /v2/.",
    "path-not-redirected": "Add a rule for this path, unless the name is not yours.",
    "redirect-loop": "Point the rule at the registry, not at the vanity host.",
}


def _why(done: Pull, host: str, landing: Landing) -> tuple[str | None, str, str | None]:
    """Finding, a reason of a few words, and the step at which it broke: from what was asked and answered."""
    refused = [(request, response) for request, response in done.exchanges if response.status >= 400]
    token = [
        one
        for one, _ in refused
        if one.host == REALM_HOST or (one.host == host and urlsplit(one.url).path == TOKEN_PATH)
    ]
    if token:
        return "scope-refused", "token server refuses the scope", "token"
    if not done.exchanges:
        return None, done.outcome.told, None
    request, response = refused[-1] if refused else done.exchanges[-1]
    asked = route(request.url)
    step = {Endpoint.PING: "version-check", Endpoint.MANIFEST: "resolve", Endpoint.BLOB: "layer"}.get(asked.endpoint)
    if response.status == 508:
        return "redirect-loop", "the rules lead back to themselves", step
    pings = [one for one in done.exchanges if route(one[0].url).endpoint is Endpoint.PING]
    if request.host == host:
        if asked.endpoint in {Endpoint.PING, Endpoint.V1_PING}:
            status = next((answer.status for one, answer in pings if one.host == host), response.status)
            return "ping-not-redirected", f"/v2/ answers {status}", "version-check"
        if response.status == 404:
            return "path-not-redirected", "no rule for its path", step
    if response.status == 401:
        return _why_unauthorized(done, request, host, pings, step, landing)
    if response.status == 404:
        return "name-unknown", "the registry does not know the name", step
    return None, done.outcome.told, step


def _why_unauthorized(
    done: Pull,
    request: Request,
    host: str,
    pings: Sequence[tuple[Request, Response]],
    step: str | None,
    landing: Landing,
) -> tuple[str | None, str, str | None]:
    # A proxy hides from the client that the registry was asked for another name.
    repository = landing.repository if landing.fetched else route(request.url).repository
    if "Authorization" not in request.headers:
        if any("Authorization" in one.headers for one, _ in done.exchanges if one.host == host):
            return "authorization-dropped", "token dropped at the redirect", step
        ended = pings[-1] if pings else None
        if ended is not None and urlsplit(ended[0].url).path == "/v2":
            return "ping-slash-lost", "no token: /v2/ lost its slash", step
        if ended is not None and ended[1].status != 401:
            finding = "ping-not-redirected" if ended[1].status >= 400 else "ping-not-a-registry"
            return finding, f"no token: /v2/ answers {ended[1].status}", step
        return None, "no token for where it ended", step
    scopes = [scope for one, _ in done.exchanges if one.host == REALM_HOST for scope in _asked_scopes(one)]
    named = [scope.name for scope in scopes]
    if repository and named and repository not in named:
        return "scope-mismatch", f"token is for {named[-1]}", step
    return "access-denied", "the registry refuses the token", step


def _asked_scopes(request: Request) -> list[Scope]:
    return [scope for text in parse_qs(urlsplit(request.url).query).get("scope", []) for scope in read_scopes(text)]
