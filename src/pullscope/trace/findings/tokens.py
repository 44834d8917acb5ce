"""Who got which token, for what, and who refused it. Tokens are numbers here; what they hold is not known.
One file, because these rules share what they know of a token's way.

A token belongs to the hosts that sent the client to its realm. Scopes are what was asked for: what a token server really
granted is inside the token, which is not read.
"""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.agents import CONTAINERS_IMAGE
from pullscope.oci.amounts import period
from pullscope.oci.challenge import Challenge
from pullscope.oci.urls import bare
from pullscope.trace.findings.case import (
    REFUSALS,
    Case,
    Found,
    asked_repositories,
    in_storage,
    listed,
    lost_its_login,
    repositories,
    was_anonymous,
)
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Severity
from pullscope.trace.findings.grants import EXPIRED, pushes, refused_pings, refuses_access
from pullscope.trace.findings.logins import is_unknown_without_login
from pullscope.trace.findings.row import REFUSED, row
from pullscope.trace.findings.said import front, in_brackets, reason, says
from pullscope.trace.model import Hop, Step

DEFAULT_LIFE = 60.0
"""Seconds that a token lives whose answer has no expires_in (distribution, docs/content/spec/auth/token.md)."""


@row(
    "authorization-dropped",
    explains=REFUSED,
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
    the same way, and the token that comes is anybody's: moby/moby#38662.
    """
    lost = next((step for step in case.steps if lost_its_login(step)), None)
    missed = [step for step in case.bad if step is lost or (lost is not None and case.issuer_of(step.last) is lost)]
    if lost is not None and any(step.last.status in REFUSALS for step in missed):
        homes = listed(sorted(case.challengers.get(bare(lost.first.request.url), set()))) or lost.last.host
        where = "https" if lost.first.host == lost.last.host else lost.last.host
        yield Found(
            [lost, *missed],
            f"{case.client} showed its login at {bare(lost.first.request.url)}, was redirected to {where} and asked there "
            f"without it: the token that it got is anonymous, and {missed[-1].last.host} refused it.",
            f"let {homes} name {bare(lost.last.request.url)} in its challenge: its public https address, and "
            "X-Forwarded-Proto from the proxy in front",
        )
    dropped: list[tuple[Step, Hop]] = []
    for step in case.bad:
        chain = step.passes[-1]
        last = chain[-1]
        giver = next((hop for hop in chain[:-1] if hop.request.authorization != "none" and hop.host != last.host), None)
        dropped_it = last.status == 401 and last.request.authorization == "none" and not in_storage(last)
        if dropped_it and giver is not None:
            dropped.append((step, giver))
    if not dropped:
        return
    step, giver = dropped[0]
    last, family = step.last, case.pull.client.family
    what = "token" if giver.request.authorization == "bearer" else "login"
    alike = [name for name in ("skopeo", "podman", "buildah") if name != family]
    if family not in CONTAINERS_IMAGE and family not in ("crane", "go-containerregistry"):
        alike = ["skopeo", *alike[1:]]
    fails = listed([*alike, *([] if family in ("crane", "go-containerregistry") else ["crane up to 0.21.7"])])
    issuer = case.issuer_of(giver)
    status = giver.status or 302
    yield Found(
        [*(one for one, _ in dropped), *([issuer] if issuer else [])],
        f"{case.client} gave its {what} to {giver.host}, then followed the redirect to {last.host} without it: "
        f"no login helps. {fails} fail in the same way; docker does not.",
        f"let {giver.host} proxy (200) instead of redirecting ({status}), or redirect to a registry that needs no token",
    )


@row(
    "authorization-leaked",
    needs=Fact.CREDENTIAL,
    severities="warning, info",
    suffers="docker, and other clients that keep the header over a redirect",
    remedy="only hosts that you trust should redirect to the registry",
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
        yield Found(
            [
                issuer,
                *(other.step for other in case.hops if other.host == hop.host and case.issuer_of(other) is issuer),
            ],
            f"{case.client} sent the token of {issuer.first.host}, made for {listed(sorted(homes))}, to {hop.host}"
            + (
                ". The token is anonymous: anyone can get one."
                if anonymous
                else ", which can pull with it while it lives."
            ),
            f"let only hosts that you trust redirect to {listed(sorted(homes))}, or answer the challenge at {hop.host} itself, "
            "as a proxy does",
            severity=Severity.INFO if anonymous else Severity.WARNING,
        )


@row(
    "scope-mismatch",
    explains="access-denied credentials-not-used login-lacks-right scope-refused write-denied",
    severities="error, warning",
    remedy="keep the path, or rewrite realm and scope in a proxy",
)
def scope_mismatch(case: Case) -> Iterator[Found]:
    """The token that was refused names another repository than the registry wants, or none.

    Run with dockerd 20.10.24: it asks for the name of the reference, never the challenge's (session.go;
    distribution/registry.go). Real cases: nix-community/docker-nixpkgs#55, ciiiii/cloudflare-docker-proxy#17.
    """
    for step in (*case.bad, *case.made_good):
        issuer = case.issuer_of(step.last)
        if issuer is not None and _lacks_a_scope(issuer, step.last):
            wanted = [challenge.scope for challenge in step.last.challenges if challenge.scope]
            wanted = [name for scope in wanted for name in repositories(scope) or (scope,)]
            yield Found(
                [step, issuer],
                f"{case.client} asked for a token without a scope, and {step.last.host} wants one for {listed(wanted)}.",
                f"let {case.client} ask for the scope that the challenge of {step.last.host} names; quote the address in a shell",
            )
    for step in case.bad:
        last = step.last
        issuer = case.issuer_of(last)
        if last.status not in REFUSALS or issuer is None or in_storage(last):
            continue
        have = asked_repositories(issuer)
        said = [name for challenge in last.challenges for name in repositories(challenge.scope)]
        wanted = said or ([last.route.repository] if last.route.repository else [])
        if not have or not wanted or set(have) & set(wanted):
            continue
        yield Found(
            [step, issuer],
            f"{case.client} has a token for {listed(have)}, but {last.host} wants one for {listed(wanted)}: the path is "
            "renamed between the two.",
            f"keep the path {wanted[0]} as it is at {last.host}, or use a proxy that rewrites realm and scope",
        )


@row(
    "scope-refused",
    explains="access-denied credentials-not-used",
    suffers="all, and first those that add scopes of their own",
    remedy="names that exist at the registry only",
)
def scope_refused(case: Case) -> Iterator[Found]:
    """The token server says 403 to a scope, or gives less than was asked and the registry says 401.

    containerd asks for its own scope together with the challenge's (core/remotes/docker/scope.go). ghcr.io, Harbor and
    Google's registries refuse unknown scopes (containerd#9648, #8415, #4358); Docker Hub leaves them out. Run with a
    strict token server: dockerd 20.10.24 and 29.7.2, ctr 1.6.20, skopeo 1.9.3 and crane 0.21.9.
    """
    for step in case.bad:
        if not step.is_token or pushes(step) or not was_anonymous(step) or not refuses_access(step.last):
            continue
        if is_unknown_without_login(case, step):
            continue  # `credentials-not-used`
        names = asked_repositories(step)
        wanted = {
            name for hop in case.hops if hop.status == 401 for one in hop.challenges for name in repositories(one.scope)
        }
        yield Found(
            [step, *([step.under] if step.under else [])],
            f"{step.last.host} said {step.last.status} when {case.client} asked for {listed(names) or 'no scope'}"
            + _whose(names, wanted, case.client)
            + ".",
            "keep the registry's own path, so that every name in the scope exists there; log in if it is private",
        )
    for step in case.bad:
        issuer = case.issuer_of(step.last)
        if step.last.status not in REFUSALS or issuer is None or case.writes:
            continue
        have = asked_repositories(issuer)
        short = any(challenge.error == "insufficient_scope" for challenge in step.last.challenges)
        if len(have) > 1 and short:
            yield Found(
                [step, issuer],
                f"{issuer.last.host} gave {case.client} a token when it asked for {listed(have)}, but {step.last.host} finds "
                "less in it than it wants.",
                "keep the registry's own path, so that only one name is asked for; log in if it is private",
            )


def _whose(names: tuple[str, ...], wanted: set[str], client: str) -> str:
    own = [name for name in names if name not in wanted]
    asked = [name for name in names if name in wanted]
    if own and asked:
        return f"; {listed(asked)} is what the registry's challenge names, {listed(own)} was added by {client}"
    return f", which {client} made of the name it was given" if own and wanted else ""


@row(
    "token-rejected",
    needs=Fact.REJECTED,
    explains="access-denied credentials-not-used login-lacks-right write-denied",
    severities="error, warning",
    remedy="how long tokens live; clocks",
)
def token_rejected(case: Case) -> Iterator[Found]:
    """A token is refused that was taken before, has just been issued, is called invalid_token, or is said to have expired.

    RFC 6750, 3.1. A client that gets another token when the old one is over does as it should: no finding. ECR Public says
    400 without a challenge after 12 hours, so clients do not ask for a new token: aws/containers-roadmap#2835,
    lablup/backend.ai#2549. Tokens that are over before a layer has been pushed: cesanta/docker_auth#240, moby/moby#33558,
    zebox/registry-admin#22. A token that its own registry refuses at `/v2/`: goharbor/harbor#23799.
    """
    welcome: set[tuple[int, str, str | None, bool]] = set()
    at_the_end = refused_pings(case)
    for hop in case.hops:
        number = hop.request.credential
        if number is None or in_storage(hop):
            continue
        place = (number, hop.host, hop.route.repository, hop.request.method not in ("GET", "HEAD"))
        if hop.status is not None and hop.status < 400:  # what may be read may not be written
            welcome |= {place, (*place[:3], False)}
            continue
        invalid = any(challenge.error == "invalid_token" for challenge in hop.challenges)
        issued = case.issued.get(number)
        if _is_no_matter_of_age(case, hop):
            continue
        told_expired = hop.status in (400, 401, 403) and issued is not None and says(hop, EXPIRED)
        at_once = hop.step in at_the_end and hop is hop.step.last and number in case.issued
        if not told_expired and not at_once and (hop.status != 401 or not (invalid or place in welcome)):
            continue
        age = hop.request.time - issued.time if issued is not None else None
        lifetime = issued.facts.expires_in if issued is not None else None
        lives = DEFAULT_LIFE if issued is not None and lifetime is None else lifetime
        # A client that gets a new one when the old one is over does as it should.
        over = told_expired or (age is not None and lives is not None and age >= lives)
        if (over or age is None) and hop.step not in case.bad and not at_once:
            continue
        told = f", {period(age)} after it was issued" if age is not None else ""
        if lifetime is not None:
            told += f" for {period(lifetime)}"
        issuer = case.issuer_of(hop)
        no_challenge = told_expired and hop.status != 401 and not hop.challenges
        yield Found(
            [hop.step, *([issuer] if issuer else [])],
            f"{hop.host} no longer takes the token of {issued.host if issued else 'an earlier time'}{told}: "
            + ("it has expired" if over else "it calls it invalid" if invalid else "it took it before")
            + f"{'' if told_expired else in_brackets(hop)}."
            + (
                f" It says {hop.status} without a challenge instead of 401, so clients do not get a new one."
                if no_challenge
                else ""
            )
            if not at_once
            else f"{hop.host} refuses at /v2/ the token that its own token server {issued.host if issued else ''} has just "
            f"issued to {case.client}, with {hop.status}{reason(hop)}.",
            f"activate the Docker Bearer Token Realm in the security settings of {hop.host}: until then Nexus takes no token"
            if at_once and (front(hop) or "").startswith("Nexus")
            else "log in with another credential, if this may not use packages (a personal access token in place of a job's), "
            f"and look at the log of {hop.host}: its registry must take the key and the issuer of its tokens"
            if at_once and not invalid and issued is not None and issued.host == hop.host
            else f"compare the key and the issuer that {hop.host} and its token server share, and what the account may do there"
            if at_once
            else f"get a new token: start {case.client} anew, or have it ask for one before {period(age or 0)} are over"
            if no_challenge
            else "let tokens live longer than a slow pull or push takes"
            if over
            else f"try again: {hop.host} gave this token itself, {period(age)} before, so the fault is there"
            if issued is not None and issued.host == hop.host and age is not None and age < 60 and not invalid
            else f"compare the clocks of {hop.host} and of its token server, and the key that they share",
            severity=case.severity(hop.step, otherwise=Severity.ERROR if at_once else Severity.WARNING),
        )


def _is_no_matter_of_age(case: Case, hop: Hop) -> bool:
    """Whether the same token was then taken for the same thing, or was asked for without the scope that is wanted here.

    ECR Public says 401 to HEAD of any blob (buildbuddy-io/buildbuddy#12566); pulp wants a scope for the second page of a list
    (pulp/pulp_container#2049).
    """
    if any(one.ok and one.request.credential == hop.request.credential for one in hop.step.hops if one is not hop):
        return True
    if any(challenge.error == "insufficient_scope" for challenge in hop.challenges):
        return True  # RFC 6750, 3.1: the token is good, and grants too little
    issuer = case.issuer_of(hop)
    return issuer is not None and _lacks_a_scope(issuer, hop)


def _lacks_a_scope(issuer: Step, hop: Hop) -> bool:
    """Whether a token was asked for without the scope that is wanted where it was refused."""
    asked = issuer.token.scope if issuer.token is not None else None
    return hop.status == 401 and not asked and any(map(_names_something, hop.challenges))


def _names_something(challenge: Challenge) -> bool:
    """Whether a scope is wanted: of a repository, or of all, as a catalog's is (goharbor/harbor#13573)."""
    return bool(repositories(challenge.scope)) or (challenge.scope or "").startswith("registry:")
