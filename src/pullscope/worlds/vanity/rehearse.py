"""The modelled clients pull through a rule file, in memory.

The registry is the one that the rules lead to, as its row in the table of registries says (`upstreams`), holding the
wanted image under the name to which they lead; one that has no row is played as a lenient Docker Hub, and that is stated.
What a client makes of it is what its model did, and is judged by the caller (`judge`), never from the rule file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

from pullscope.oci.messages import Answerer, Request, Response
from pullscope.oci.reference import Reference
from pullscope.oci.urls import split
from pullscope.oci.verdicts import ClientOutcome
from pullscope.worlds.clients.bearer import SAMPLE_ACCOUNT, sample_login
from pullscope.worlds.clients.client_catalog import EVERY_CLIENT, Client, Trial, login_used
from pullscope.worlds.clients.drive import Ran, pull
from pullscope.worlds.hub.image import sample_image
from pullscope.worlds.hub.registry import REGISTRY_HOST
from pullscope.worlds.hub.sample import sample_hub
from pullscope.worlds.registries.table import DOCKER_HUB
from pullscope.worlds.vanity.following import Landing, follow
from pullscope.worlds.vanity.rules import Decision, RuleFile
from pullscope.worlds.vanity.upstreams import Upstream, is_inside, no_registry, upstream
from pullscope.worlds.vanity.world import vanity_world

TOKENS = urlsplit("https://auth.docker.io/token")
"""Where the small Hub has its own."""

EVERYONE: tuple[Client, ...] = tuple(
    client for client in EVERY_CLIENT.values() if not client.login or client.id == "docker-containerd+vanity-login"
)
"""Who is tried unless clients are named: each without a login, and the login that people ask about."""


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """Some clients against one rule file."""

    rules: RuleFile
    reference: Reference
    landing: Landing
    upstream: Upstream | None
    """The registry to which the rules lead; None where they lead to none."""
    tried: tuple[Trial, ...]
    login: str | None = None
    """What asks for a login on this host, "nginx.conf:35" or the registry behind it: each client is played as logged in."""

    @property
    def redirects(self) -> bool:
        return self.landing.url is not None and not self.landing.fetched

    @property
    def outcomes(self) -> Mapping[str, ClientOutcome]:
        """By the clients' ids."""
        return {one.client.id: one.outcome for one in self.tried}


def rehearse(rules: RuleFile, host: str, reference: Reference, clients: Iterable[Client] = EVERYONE) -> Rehearsal:
    """Each of these clients pulls `reference`, whose registry is the vanity host."""
    wanted = replace(reference, digest=None, tag=reference.tag or "latest")
    landing = follow(rules, host, f"/v2/{reference.repository}/manifests/{wanted.tag}")
    ping = follow(rules, host, "/v2/")
    known = upstream(landing.host) if landing.host else None

    # The login that the vanity host itself asks for is the only one before a registry of one's own.
    asking = ping.login or landing.login
    guessed = known is not None and known.tokens is None and asking is None
    # A client has one Authorization, and both want it.
    of_its_own = asking is not None and not landing.own_login and known is not None and known.row is not None
    between = known.host if of_its_own and known is not None and known.tokens else None
    tokens = not landing.own_login and (known is None or known.tokens is True or guessed)
    # A registry that gives nothing without a login is asked through this host: so is the login.
    behind = known is not None and known.row is not None and known.row.needs_login and landing.fetched
    assumed = known.label if behind and known is not None and asking is None and not landing.own_login else asking

    def run(client: Client, *, tokens: bool) -> Ran | str:
        met: list[str] = []
        # What a login is for: an image that only its account may pull. A public one is pulled without it.
        hub = _registries(wanted, landing, ping, known, tokens=tokens, private=bool(client.login))
        login = login_used(client, sample_login(host), sample_login(landing.host or REGISTRY_HOST))
        login = login or (sample_login(host) if assumed else None)
        model = client.model(wanted, login, frozenset())

        def decided(asked: Request, made: Decision) -> None:
            to = split(made.forward.url).netloc if made.forward is not None else ""
            if made.not_played:
                met.append(made.not_played)
            elif to and is_inside(to) and not {to} & (hub.keys() | rules.hosts) and "/v1/" not in asked.url:
                met.append(f"{made.answered_by}: it is led to {to}, of which nothing is known")

        ran = pull(model, vanity_world(host, rules, hub, decided=decided))
        return f"no verdict: {met[0]}" if met else ran

    def tried(client: Client) -> Trial:
        if landing.own_login and (
            client.login
            or (landing.own_login == "basic" and known is not None and known.row is not None and known.scoped)
        ):
            why = f"no verdict: {landing.where} shows the registry a login of its own"
            return Trial(client=client, ran=why)
        if asking is not None and between is not None:
            why = f"no verdict: {asking} asks for a login in front of {between}, which asks for one of its own"
            return Trial(client=client, ran=why)
        ran = run(client, tokens=tokens)
        if not isinstance(ran, str) and not ran.outcome.pulled and tokens and guessed and known is not None:
            free = run(client, tokens=False)
            if landing.fetched and is_inside(known.host):
                # Who renames before a registry of their own has one that asks for no token for a name.
                return Trial(client=client, ran=free)
            if not isinstance(free, str) and free.outcome.pulled:
                ran = f"no verdict: it fails if {known.host} asks for a token, which is not known"
        return Trial(client=client, ran=ran)

    return Rehearsal(
        rules=rules,
        reference=reference,
        landing=landing,
        upstream=known,
        tried=tuple(tried(one) for one in clients),
        login=None if between is not None else assumed,
    )


def as_proxy(rules: RuleFile) -> RuleFile:
    """The same rules with 200 for every redirect to another host: what a proxy at the same place would do."""
    return replace(rules, as_proxy=True)


def _registries(
    reference: Reference, landing: Landing, ping: Landing, known: Upstream | None, *, tokens: bool, private: bool
) -> dict[str, Answerer]:
    """The world behind the vanity host: the registry of the rules' target, and where that is not known, a small Hub."""
    image = sample_image(landing.repository or reference.repository, tag=reference.tag or "latest")
    row = known.row if known is not None else None
    played = row or DOCKER_HUB
    hub = sample_hub(
        registry=played,
        repositories=[image],
        strict=None if row is not None else False,
        auth=tokens or (row is not None and not landing.own_login),
        private=private,
        pull_limit=None,
        accounts=SAMPLE_ACCOUNT,
    )
    registry = hub[played.host] if row is not None else hub.pop(played.host)
    led: dict[str, set[str]] = {}
    for one in (landing, ping):
        if one.host and not no_registry(one.host):
            led.setdefault(one.host, set()).add(one.mount)
    # What stands behind a path of its own knows how it is asked for its /v2/.
    own_ping = ping.path if row is None and ping.host is not None and is_inside(ping.host) and not ping.strips else ""
    tokens_too = hub[TOKENS.netloc] if row is None else None
    return {**hub, **{host: _mounted(registry, mounts, own_ping, tokens_too) for host, mounts in led.items()}}


def _mounted(registry: Answerer, mounts: set[str], ping: str, tokens: Answerer | None) -> Answerer:
    """The registry where its /v2/ stands under longer paths, or answers at `ping`; `tokens`: and at any path for a token."""

    def answer(request: Request) -> Response:
        split = urlsplit(request.url)
        if tokens is not None and "scope" in parse_qs(split.query):
            return tokens(replace(request, url=TOKENS._replace(query=split.query).geturl()))
        mount = next((one for one in mounts if split.path.startswith(f"{one}/v2/")), "")
        path = "/v2/" if ping and split.path == ping else split.path.removeprefix(mount)
        return registry(replace(request, url=split._replace(path=path).geturl()))

    return answer
