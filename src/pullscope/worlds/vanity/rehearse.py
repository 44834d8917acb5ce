"""The modelled clients pull through a rule file, in memory.

The registry is the sample hub, holding the wanted image under the name to which the rules lead; whether it wants tokens,
and how strict its token server is, is taken from the rule's target (`upstreams`) and stated. What a client makes of it is
what its model did, and is judged by whoever asked (`judge`), never from the rule file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pullscope.oci.messages import Answerer
from pullscope.oci.reference import Reference
from pullscope.oci.verdicts import ClientOutcome
from pullscope.worlds.clients.drive import pull
from pullscope.worlds.clients.logins import SAMPLE_ACCOUNT, members_only, sample_login
from pullscope.worlds.clients.roster import ROSTER, Client, Trial, login_used
from pullscope.worlds.hub.image import sample_image
from pullscope.worlds.hub.registry import REGISTRY_HOST
from pullscope.worlds.hub.sample import sample_hub
from pullscope.worlds.hub.token_server import REALM_HOST
from pullscope.worlds.vanity.following import Landing, follow
from pullscope.worlds.vanity.rules import RuleFile
from pullscope.worlds.vanity.upstreams import Upstream, upstream
from pullscope.worlds.vanity.world import vanity_world

EVERYONE: tuple[Client, ...] = tuple(
    client for client in ROSTER.values() if not client.login or client.id == "docker-containerd+vanity-login"
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

    def tried(client: Client) -> Trial:
        hub = _registries(wanted, landing, ping, known)
        if client.login:
            # What a login is for: an image that only its account may pull. A public one is pulled without it.
            hub = members_only(hub, REALM_HOST)
        login = login_used(client, sample_login(host), sample_login(landing.host or REGISTRY_HOST))
        model = client.model(wanted, login, frozenset())
        return Trial(client=client, ran=pull(model, vanity_world(host, rules, hub)))

    return Rehearsal(
        rules=rules, reference=reference, landing=landing, upstream=known, tried=tuple(tried(one) for one in clients)
    )


def as_proxy(rules: RuleFile) -> RuleFile:
    """The same rules with 200 for every redirect to another host: what a proxy at the same place would do."""
    changed = tuple(
        replace(rule, status=200) if rule.is_redirect and rule.target_host else rule for rule in rules.rules
    )
    return replace(rules, rules=changed)


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
