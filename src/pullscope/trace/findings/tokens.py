"""Who got which token, for what, and who refused it. Tokens are numbers here."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pullscope.oci.agents import CONTAINERS_IMAGE
from pullscope.oci.reference import registry_name
from pullscope.oci.routes import Endpoint, route
from pullscope.oci.urls import bare
from pullscope.trace.findings.answers import Answer
from pullscope.trace.findings.asked import PLACEHOLDER, asked_by_the_registry, challenger, host_within
from pullscope.trace.findings.case import (
    REFUSALS,
    asked_repositories,
    in_storage,
    listed,
    lost_its_login,
    repositories,
    was_anonymous,
)
from pullscope.trace.findings.grants import (
    allows,
    issued_for,
    not_asked_for,
    public_front,
    pushes,
    refuses_access,
    rights,
)
from pullscope.trace.findings.login_commands import by_hand, login, registry_at
from pullscope.trace.findings.logins import is_unknown_without_login
from pullscope.trace.findings.paths import unscoped
from pullscope.trace.findings.row import Case, Fact, Found, Severity, row
from pullscope.trace.findings.said import quoted, words
from pullscope.trace.model import Hop, Step
from pullscope.trace.source_gaps import lacking


@row(
    softens="authorization-leaked token-server-insecure",
    suffers="podman, skopeo, buildah, crane up to 0.21.7, oras, helm; not docker",
    remedy="proxy (200) instead of redirecting",
)
def authorization_dropped(case: Case) -> Iterator[Found]:
    """A token or login went to the first host, not over the redirect, and was missed there; or a realm redirects a login.

    Run with skopeo 1.9.3 (the recording `skopeo-1.9-vanity-302`) and crane 0.20.2. Go takes Authorization away when a
    redirect leaves the host (net/http client.go shouldCopyHeaderOnRedirect) and containers/image sets it on the first
    request only. Open: containers/image#641, podman#15187. crane from 0.21.8 asks for a token of the second host
    (go-containerregistry#2360). podman and buildah read. A realm with plain http that redirects to https loses the login in
    the same way, and the token that comes is anonymous: moby/moby#38662.
    """
    lost = next((step for step in case.steps if lost_its_login(step)), None)
    missed = [step for step in case.bad if step is lost or (lost is not None and case.issuer_of(step.last) is lost)]
    if lost is not None and any(step.last.status in REFUSALS for step in missed):
        homes = listed(sorted(case.challengers.get(bare(lost.first.request.url), set()))) or lost.last.host
        where = "https" if lost.first.host == lost.last.host else lost.last.host
        yield Found(
            [lost, *missed],
            f"{case.client} showed its login at {bare(lost.first.request.url)}, was redirected to {where} and asked there "
            f"without it: {'the token that it got is anonymous, and ' if lost.last.ok else ''}{missed[-1].last.host} said "
            f"{missed[-1].last.status}.",
            f"let {homes} name {bare(lost.last.request.url)} in its challenge: its public https address, and "
            "X-Forwarded-Proto from the proxy in front",
        )
    dropped = [(step, giver) for step in case.bad if (giver := _gave_it_up(step)) is not None]
    if dropped:
        giver, last = dropped[0][1], dropped[0][0].last
        issuer, what = case.issuer_of(giver), "token" if giver.request.authorization == "bearer" else "login"
        clients = ("skopeo", "podman", "buildah", "crane up to 0.21.7")
        others = [one for one in clients if not one.startswith(case.client)]
        own = "" if case.family == "docker" else "; docker does not"
        direct = "/".join(filter(None, (registry_name(last.host), last.route.repository)))
        yield Found(
            [*(one for one, _ in dropped), *([issuer] if issuer else [])],
            f"{case.client} gave its {what} to {giver.host}, then followed the redirect to {last.host} without it: no login "
            f"helps. {listed(others)} fail in the same way{own}.",
            f"let {giver.host} proxy (200) instead of redirecting ({giver.status}), or redirect to a registry without tokens; "
            f"until then name {direct}",
        )


def _gave_it_up(step: Step) -> Hop | None:
    """The hop that had a token or login of which nothing was left at the end of its redirects, where it was missed."""
    *before, last = step.passes[-1]
    if last.status != 401 or last.request.authorization != "none" or in_storage(last):
        return None
    return next((hop for hop in before if hop.request.authorization != "none" and hop.host != last.host), None)


@row(
    needs=Fact.CREDENTIAL,
    severities="warning, info",
    suffers="docker, and other clients that keep the header over a redirect",
    remedy="redirect to the registry only from hosts that you trust",
)
def authorization_leaked(case: Case) -> Iterator[Found]:
    """A token or login went to a host that it was not made for.

    A token is made for the hosts whose challenge named its realm. containers/image and go-containerregistry send it to
    the vanity host by which they were led there. A proxy that answers the challenge itself is such a host, and gets its
    own. An anonymous token is not a secret, so that is info. Beside `authorization-dropped` it is info: it explains, it is
    not what failed.
    """
    for hop in case.hops:
        if hop.step.is_token or hop.request.authorization == "none":
            continue
        if hop.request.authorization == "basic":
            before = hop.follows
            if before is None or before.host == hop.host or before.request.authorization != "basic":
                continue
            yield Found(
                [hop.step],
                f"{case.client} sent the login that it has for {before.host} on to {hop.host}, after a redirect.",
                f"the operator of {hop.host} can use that login: change the password if that is not you",
                severity=Severity.WARNING,
            )
        issuer = case.issuer_of(hop)
        homes = case.challengers.get(bare(issuer.first.request.url), set()) if issuer else set()
        if issuer is None or not homes or hop.host in homes:
            continue
        anonymous = issuer.token is not None and issuer.token.anonymous
        shown = [one.step for one in case.hops if one.host == hop.host and case.issuer_of(one) is issuer]
        own = ", which can pull with it while it lives."
        means = ". The token is anonymous: anyone can get one." if anonymous else own
        yield Found(
            [issuer, *shown],
            f"{case.client} sent the token of {issuer.first.host}, made for {listed(sorted(homes))}, to {hop.host}{means}",
            f"let only hosts that you trust redirect to {listed(sorted(homes))}, or answer the challenge at {hop.host} itself, "
            "as a proxy does",
            severity=Severity.INFO if anonymous else Severity.WARNING,
        )


@row(
    severities="error, warning",
    remedy="keep the path, or rewrite realm and scope in a proxy",
)
def scope_mismatch(case: Case) -> Iterator[Found]:
    """The token that was refused was asked for another repository than the registry wants, for none, or for less.

    Run with dockerd 20.10.24: it asks for the name of the reference, never the challenge's (session.go;
    distribution/registry.go). Real cases: nix-community/docker-nixpkgs#55, ciiiii/cloudflare-docker-proxy#17. Tags take
    metadata_read in ACR: argoproj-labs/argocd-image-updater#1502, #473, renovatebot/renovate#14708.
    """
    for step in (*case.bad, *case.made_good):
        last, issuer = step.last, case.issuer_of(step.last)
        if step in case.bad and (other := _of_another_name(case, last)) is not None:
            name, again = (
                last.route.repository,
                "" if last.challenges else ", and no challenge, after which clients ask anew",
            )
            yield Found(
                [step, *([issuer] if issuer is not None else [])],
                f"{case.client} showed {last.host} for {name} a token that was asked for {listed(other)} alone, and "
                f"{last.host} said {last.status}{quoted(last)}{again}.",
                f"{_get_one(case, last)}: a token is good for what its scope names",
            )
        if issuer is None or in_storage(last):
            continue
        have = asked_repositories(issuer)
        said = [name for challenge in last.challenges for name in repositories(challenge.scope)]
        if lacks := not_asked_for(issuer, last):
            asked, known = issuer.token.scope if issuer.token is not None else None, registry_at(case, last.host)
            steps = (known.step(lack.partition(" ")[0], last.route.repository) for lack in lacks if known)
            takes = [take for take in steps if take]
            yield Found(
                [step, issuer],
                f"{case.client} asked for a token {f'for {rights(asked)}' if asked else 'without a scope'}, and {last.host} "
                f"wants one for {listed(lacks)}.",
                unscoped(case, last.host)
                if step.route.endpoint is Endpoint.CATALOG and case.family in CONTAINERS_IMAGE and not asked
                else f"let {case.client} ask for the scope that the challenge of {last.host} names"
                f"{'' if asked else '; quote the address in a shell'}{f'; {listed(takes)}' if takes else ''}",
            )
        wanted = said or _UNAUTHORIZED.findall(words(last)) or [*filter(None, [last.route.repository])]
        if step in case.bad and last.status in REFUSALS and have and wanted and not set(have) & set(wanted):
            yield Found(
                [step, issuer],
                f"{case.client} has a token for {listed(have)}, but {last.host} wants one for {listed(wanted)}: the path is "
                "renamed between the two.",
                f"name it {wanted[0]}, if it is an official image of Docker Hub; else OWNER/{have[0]}, as what stands in front "
                "puts library/ before names of one part"
                if wanted[0] == f"library/{have[0]}"  # kubesre/docker-registry-mirrors#7
                else f"give {last.host} a login of its own for {within}, whose challenge it passes on as it is"
                if (within := host_within(have[0])) is not None and have[0] == f"{within}/{wanted[0]}"
                else f"keep the path {wanted[0]} as it is at {last.host}, or use a proxy that rewrites realm and scope",
            )


def _get_one(case: Case, hop: Hop) -> str:
    if (how := by_hand(case, hop.host)) is not None:
        return f"get a token for {hop.route.repository} ({how})"
    return f"update {case.client}, which has to ask for a token for {hop.route.repository} before"


def _of_another_name(case: Case, hop: Hop) -> list[str] | None:
    """The repositories of a token that was taken for one of them, and is shown for another: regclient/regclient#149."""
    issued, name = issued_for(case, hop), hop.route.repository
    facts = issued.facts if issued is not None else None
    if issued is None or facts is None or name is None or hop.status not in REFUSALS or in_storage(hop):
        return None
    issuer = case.issuer_of(hop)
    if hop.follows is not None or (issuer is not None and issuer.under is hop.step) or lacking(hop.request, "headers"):
        return None  # renamed on the way, or so by a challenge that was not seen
    # a token for the catalog opens no repository: Joxit/docker-registry-ui#165
    of_all = [one for one in (facts.scope or "").split() if one.startswith("registry:")]  # ECR Public's `aws` opens any
    have = tuple(one for one in repositories(facts.scope) or of_all if one != PLACEHOLDER)
    named = {one for challenge in hop.challenges for one in repositories(challenge.scope)}
    covers = facts.granted is not None and allows(facts.granted, name, "pull")
    if not have or name in have or covers or (named and name not in named):
        return None
    return [*have]


_UNAUTHORIZED = re.compile(r"unauthorized to access repository: ([^\s,]+)")
"""Harbor's words, which name the repository that it looked at: goharbor/harbor#14128."""


@row(
    suffers="all, and first those that add scopes of their own",
    remedy="pull by the name that the registry knows",
)
def scope_refused(case: Case) -> Iterator[Found]:
    """The token server says 403 to a scope, or gives less than was asked and the registry says 401.

    containerd asks for its own scope together with the challenge's, always (core/remotes/docker/scope.go). ghcr.io, Harbor
    and Google's registries may refuse unknown scopes (containerd#9648, #8415, #4358), Docker Hub leaves them out; but one
    refusal does not show which name it is for: behind registry.k8s.io a client that asks for one alone was refused too
    (kubernetes/ingress-nginx#9151, registry.k8s.io#115). Run with a strict token server: dockerd 20.10.24 and 29.7.2, ctr
    1.6.20, skopeo 1.9.3 and crane 0.21.9.
    """
    for step in case.bad:
        anonymous = step.is_token and not pushes(step) and was_anonymous(step) and refuses_access(step.last)
        if not anonymous or is_unknown_without_login(case, step):  # `credentials-not-used`
            continue
        wanted = {name for _, one in case.challenges for name in repositories(one.scope)} - {PLACEHOLDER}
        names = listed(asked_by_the_registry(step)) or "no scope"
        renamed = bool(wanted) and wanted.isdisjoint(asked_repositories(step))
        others = set(asked_repositories(step)).difference(asked_by_the_registry(step), (PLACEHOLDER,))
        beside = listed(sorted(others))
        added = f", and in the same request for {beside}, which its challenge does not name" if beside else ""
        yield Found(
            [step, *([step.under] if step.under else [])],
            f"{step.last.host} said {step.last.status} to {case.client}, which asked for a token for {names} without a login"
            + added
            + (f", the name that it was given and not the registry's {listed(sorted(wanted))}." if renamed else "."),
            _unless_it_is_the_name(case, step, renamed=renamed, how=_how(case, step)),
        )
    for step in case.bad:
        issuer = case.issuer_of(step.last)
        if step.last.status not in REFUSALS or issuer is None or case.writes:
            continue
        have, errors = asked_repositories(issuer), {challenge.error for challenge in step.last.challenges}
        if len(have) > 1 and "insufficient_scope" in errors:
            yield Found(
                [step, issuer],
                f"{issuer.last.host} gave {case.client} a token when it asked for {listed(have)}, but {step.last.host} finds "
                "less in it than it wants.",
                _unless_it_is_the_name(case, issuer, how=_how(case, issuer)),
            )


def _how(case: Case, token: Step) -> str:
    return f" ({login(case, Answer(case, token).host)})"


def _unless_it_is_the_name(case: Case, token: Step, *, renamed: bool = False, how: str = "") -> str:
    """What would tell a name too many in the scope from an image that is private; a host that takes no login has none."""
    if (front := public_front(token)) is not None:
        other = f"If that fails too, pull from a mirror or a copy of your own, and report it to {front}"
        return f"try again later, and from another network: no login helps, {front} is public. {other}"
    own, names, asking = "keep the registry's own path", asked_by_the_registry(token), challenger(token)
    if (to := _renamed_on_the_way(case, token)) is not None:
        return f"keep the path {to[0]} as it is at {to[1]}, or use a proxy that rewrites realm and scope"
    if renamed or not names:
        return f"{own}, so that the name in the scope exists there; log in if it is private"
    first = asking.step.first if asking is not None else None
    if asking is None or first is None or (first.host == asking.host and first.mirror_of is None):
        return f"log in, if {names[0]} is private{how}; if it is not, ask by a client that asks for no other name beside it"
    there = f"pull {asking.host}/{names[0]}, or by the name that it has there"
    return f"{there}: if that works, {own}, so that one name is asked for; else log in to {asking.host}"


def _renamed_on_the_way(case: Case, token: Step) -> tuple[str, str] | None:
    """The name, and the host of it, to which a redirect led from a name that a token was asked for."""
    asked = asked_repositories(token)
    led = (
        (hop, route(hop.location or "").repository)
        for hop in case.hops
        if hop.redirects and hop.route.repository in asked
    )
    return next(((to, hop.target or "") for hop, to in led if to not in (None, hop.route.repository)), None)
