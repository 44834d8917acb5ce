"""A token that a registry asks for, and that no request was seen for: who should have asked where."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from pullscope.oci.agents import UNKNOWN
from pullscope.oci.reference import registry_name
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import bare, host_of
from pullscope.oci.whereabouts import is_address, is_local, where_it_is
from pullscope.trace.findings.answers import Answer
from pullscope.trace.findings.asked import LOOKERS
from pullscope.trace.findings.case import in_storage
from pullscope.trace.findings.causes import cause_of, causes
from pullscope.trace.findings.compared import lost
from pullscope.trace.findings.grants import is_answerable, is_basic_for_token
from pullscope.trace.findings.login_commands import ONE_NAME, own_address
from pullscope.trace.findings.media_types import is_before
from pullscope.trace.findings.row import Case, Fact, Found, Severity, row
from pullscope.trace.findings.said import MOST
from pullscope.trace.model import Hop, Step
from pullscope.trace.source_gaps import lacking

NO_FOLLOWERS = frozenset({"oras", "helm"})
"""Families that answer a challenge only at the host that they asked (oras-go registry/remote/auth: by the request's host)."""

# helm/helm#12423, #12439, #12455, mended by #12424
_ASKS_FOR_NONE = {("helm", "3.13.0"): "3.13.1"}
"""Releases of clients that ask for no token where they have no login, and the first after them that does."""


@row(
    needs=Fact.TROUBLE,
    suffers="all that cannot reach the realm; oras and helm behind a redirect; scripts that know Basic only",
    remedy="set the registry's public address in its configuration and in the proxy in front of it",
    recording="field/wire/gitea-realm-localhost.mitm",
)
def token_not_requested(case: Case) -> Iterator[Found]:
    """A 401 names a token server, and no request for a token was seen after it.

    Gitea, docker_auth and others write the address that they know of themselves into the realm: go-gitea/gitea#37418, #31002,
    #28039, #29591, #31907, cesanta/docker_auth#390. Go sends nothing for a loopback address through a proxy, so the
    attempt itself is not seen. oras and helm do not answer the challenge of a host that they were redirected to (run with
    oras 1.3.3). Nexus puts together what proxies say of the host, to two ports or two hosts: sonatype/nexus-public#651, #582,
    #565. A challenge without a scope: containerd/containerd#3556. Scripts and small clients show a login as Basic where a token
    is asked for: CodesWhat/drydock#415, argoproj-labs/argocd-image-updater#303; so do proxies that write Authorization themselves
    (rpardini/docker-registry-proxy#180). Where the same host took Basic before, it is the right that is missing.
    """
    for step in _unanswered(case):
        severity = Severity.WARNING if step in case.pings and _only_looks(case, step) else Severity.ERROR
        yield Found([step], *cause_of(Unasked(case, step), UNASKED), severity=severity)


class Unasked(Answer):
    """A challenge that names a token server which was not asked, and what it says of that server."""

    def __init__(self, case: Case, step: Step) -> None:
        super().__init__(case, step)
        challenge = next(one for one in self.hop.challenges if one.scheme == "bearer" and one.realm)
        self.realm, self.client, self.by, self.to = challenge.realm or "", case.client, step.first.host, self.hop.host
        self.at = host_of(self.realm) or self.realm
        self.shown = self.realm[:MOST]
        self.wanted = quote(f"{self.shown}?service={challenge.service or ''}&scope={challenge.scope or ''}")
        self.moved = self.by != self.to and any(hop.redirects and hop.host != self.to for hop in step.hops)
        self.gone, self.bare = lost(self.hop.request.url, self.realm), bare(self.realm)
        self.no_address, self.local = not is_address(self.realm), is_local(self.at)
        self.has_scheme = "://" in self.realm
        of_old = is_before(case, "docker-cli", 25, 0) and not lacking(self.hop.request, "headers")
        self.no_version = of_old and self.hop.header("docker-distribution-api-version") is None
        self.null = self.realm.startswith("null:")  # sonatype/nexus-public#580
        self.plain = self.realm.startswith("http:") and self.hop.request.url.startswith("https:")
        self.where = (f" ({where_it_is(self.at)})" if self.local else "") + (", over plain http" if self.plain else "")
        self.no_follower = case.client in NO_FOLLOWERS
        families = ("containerd", "buildkit", "curl", "brew", "bazel")
        self.containerd, self.buildkit, self.curl, self.brew, self.bazel = (case.family == one for one in families)
        behind = self.behind if self.known is None and self.to == self.by else None
        self.home = behind.at.get("host") if behind is not None else None
        self.itself = f"{registry_name(self.home)}/{self.name or 'NAME'}" if self.home else None
        self.unknown = case.family == UNKNOWN
        self.own_address, self.one_name = own_address(case, self.to), ONE_NAME
        of_hub = self.known is not None and self.known.id == "docker-hub"
        self.hubs_catalog = of_hub and self.hop.route.endpoint is Endpoint.CATALOG
        self.basic, token = not _shows_none(self.hop), next(iter(case.issuers.values()), None)
        self.instead = f"step {token.n}" if token is not None else None
        taken = {"acr": "the admin user's and a service principal's", "artifactory": "a user's"}
        whose = taken.get(self.known.id) if self.known is not None else None
        self.also = f"; or correct the login, as {self.to} takes {whose} as Basic, too" if whose is not None else ""
        self.version = case.pull.client.version
        self.mended = _ASKS_FOR_NONE.get((case.family, self.version or ""))
        self.no_scope = all(not challenge.scope for challenge in self.hop.challenges)


UNASKED = causes(
    """
moved no_follower: <redirected>: {one.client} answers only challenges of the host that it asked.
    <proxy>
moved: <redirected>: some clients, as oras and helm (one library), answer only the host that they asked.
    <proxy>
no_address !has_scheme: <no address>
    write it with its scheme, as https://HOST/PATH, in the settings of {one.to} (TOKEN_SERVER in Pulp and Automation Hub,
    auth.token.realm in distribution, external_url in Harbor, ROOT_URL in Gitea)
no_address null: <no address>
    update the registry at {one.to} (Nexus 3.77.0 and 3.77.1 write null:// there): no setting changes that
no_address: <no address>
    {one.one_name}{one.own_address}
basic instead: <basic> in the place of the token that it got in {one.instead}.
    let nothing between {one.client} and {one.to} write Authorization itself, where a request has a token already
basic curl: <basic>, and asked for none.
    <token>, and send that with -H 'Authorization: Bearer TOKEN' in the place of the login{one.also}
basic: <basic>, and asked for none.
    use a version of {one.client} that asks for tokens, or <token> and have it send Authorization: Bearer TOKEN{one.also}
gone !plain: {one.to} names a token server at {one.bare}, where {one.gone}; no request to it was seen.
    <address>
local: <no request>
    <address>
plain: <no request>
    <address>
# vendor/github.com/docker/docker/registry/auth.go: docker/cli#3161, #989, goharbor/harbor#10877
no_version: {one.to} sends its challenge without Docker-Distribution-Api-Version: docker manifest of old stops at that.
    let {one.to}, or the proxy in front of it, send Docker-Distribution-Api-Version: registry/2.0 with its 401 (nginx: add_header
    … always), or use a newer docker or docker buildx imagetools, which want none
mended: {one.to} wants a token from {one.at}, and {one.client} {one.version} asked for none: without a login it does not.
    update {one.client} to {one.mended} or later (until then a login helps: {one.login})
no_scope containerd: {one.to} wants a token from {one.at}, and its challenge names no scope: {one.client} asked for no token.
    let {one.to} name the scope in its challenge, or use another version of {one.client}: 1.3.0-rc.2 stops there
buildkit: {one.to} wants a token from {one.at}, and no request for one was seen: BuildKit asks from the client's process.
    set BUILDKIT_NO_CLIENT_TOKEN=1 for the client, or trace the client's process too
hubs_catalog: {one.to} lists no repositories to anyone: it wants a token from {one.at}, and gives none that is good for that.
    list those of an owner by the API of its website: curl https://hub.docker.com/v2/namespaces/OWNER/repositories
# Homebrew/brew#13313, #12825
brew: {one.to} wants a token from {one.at}, and brew asks for none by itself.
    set HOMEBREW_DOCKER_REGISTRY_TOKEN to a token for {one.to} where brew runs, or HOMEBREW_DOCKER_REGISTRY_BASIC_AUTH_TOKEN to
    the Base64 of NAME:PASSWORD
# bazel-contrib/rules_oci#755, #801, #238; bazelbuild/proposals, "Credential Helpers for Bazel"
bazel: {one.to} wants a token from {one.at}, and bazel's downloader asks for none by itself.
    give it a helper that gets one: --credential_helper={one.to}=PATH; rules_oci asks only where it knows that a token is wanted
curl: {one.to} wants a token from {one.at}, and {one.client} asks for none by itself.
    get one first (curl {one.wanted}), and send it with -H 'Authorization: Bearer TOKEN'
# getwud/wud#143
itself unknown: {one.to} passes on the challenge of {one.home}, and {one.client} was not seen asking {one.at} for a token.
    ask for {one.itself}, for which it may know tokens, or use a client that fetches them (crane ls {one.itself})
: {one.to} wants a token from {one.at}, and {one.client} was not seen asking for one.
    check that {one.client} can reach {one.at}, and that its requests go through this proxy (NO_PROXY, --only); else it may know
    no tokens: update it
""",
    **{
        "no address": '{one.to} names as its token server "{one.shown}", which is not an address that a client can ask.',
        "redirected": "{one.client} was redirected from {one.by} to {one.to}, which wants a token, and asked for none",
        "proxy": "let {one.by} proxy (200) instead of redirecting, or pull from {one.to} by its own name",
        "no request": "{one.to} names a token server at {one.at}{one.where}; no request to it was seen.",
        "address": "{one.own_address}",
        "basic": "{one.to} asks for a Bearer token from {one.at}, and {one.client} showed a login (Basic)",
        "token": "get a token with that login (curl -u NAME:PASSWORD {one.wanted})",
    },
)


def _unanswered(case: Case) -> Iterator[Step]:
    """Steps that ended at a challenge without an answer."""
    ends = [
        step
        for step in case.pings
        if step is case.stopped_at and (not _only_looks(case, step) or _leads_inside(step.last))
    ]
    for step in [*case.bad, *ends]:
        if step.is_token or not case.over:
            continue
        last = step.last
        if last.status != 401 or last.failed is not None or in_storage(last):
            continue
        if not _shows_none(last) and not is_basic_for_token(case, last):
            continue
        # a login is wanted with Basic, and for charts, which no token opens: `credentials-not-used`
        other = step.route.endpoint is Endpoint.CHARTS or any(one.scheme == "basic" for one in last.challenges)
        answers = not other and any(is_answerable(one) for one in last.challenges)
        # before it, too, where that gave none as far as is seen: skopeo goes on without (1.22: run)
        asked = any(
            token.is_token
            and (token.last.request.time >= step.started or token.token is None or token.token.number is None)
            for token in case.steps
        )
        if answers and not asked:
            yield step


def _shows_none(hop: Hop) -> bool:
    return hop.request.authorization == "none"


def _leads_inside(hop: Hop) -> bool:
    """Whether a host names a token server of its own machine or network, and is none itself: so it shows by /v2/ alone."""
    realms = [host_of(one.realm or "") for one in hop.challenges]
    return not is_local(hop.host) and any(realm and is_local(realm) for realm in realms)


def _only_looks(case: Case, ping: Step) -> bool:
    """Whether a version check may be all that a client wanted: dockerd 20.10 asks no more for a digest that it has (seen)."""
    if not _shows_none(ping.last):
        return False
    if case.family != "docker":
        return case.family in LOOKERS
    realms = [challenge.realm or "" for challenge in ping.last.challenges if challenge.scheme == "bearer"]
    return all(is_address(realm) and not is_local(host_of(realm)) and realm.startswith("https:") for realm in realms)
