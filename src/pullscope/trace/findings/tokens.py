"""Who got which token, for what, and who refused it. Tokens are numbers here.
One file, because these rules share what they know of a token's way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pullscope.oci.agents import RENEWS_BY_CLOCK
from pullscope.oci.amounts import period
from pullscope.oci.known_registries import known_registry
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import bare, parameters, query
from pullscope.trace.findings.asked import asked_by_the_registry
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
from pullscope.trace.findings.causes import cause_of, causes
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Severity
from pullscope.trace.findings.grants import (
    EXPIRED,
    issued_for,
    not_asked_for,
    public_front,
    pushes,
    refused_pings,
    refuses_access,
    rights,
)
from pullscope.trace.findings.login_commands import log_in, registry_at
from pullscope.trace.findings.logins import is_unknown_without_login
from pullscope.trace.findings.row import REFUSED, row
from pullscope.trace.findings.said import date_of, in_brackets, reason, says, words
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
        others = ("skopeo", "podman", "buildah", "crane up to 0.21.7")
        yield Found(
            [*(one for one, _ in dropped), *([issuer] if issuer else [])],
            f"{case.client} gave its {what} to {giver.host}, then followed the redirect to {last.host} without it: no login "
            f"helps. {listed(one for one in others if not one.startswith(case.client))} fail in the same way; docker does not.",
            f"let {giver.host} proxy (200) instead of redirecting ({giver.status}), or redirect to a registry that needs "
            "no token",
        )


def _gave_it_up(step: Step) -> Hop | None:
    """The hop that had a token or login of which nothing was left at the end of its redirects, where it was missed."""
    *before, last = step.passes[-1]
    if last.status != 401 or last.request.authorization != "none" or in_storage(last):
        return None
    return next((hop for hop in before if hop.request.authorization != "none" and hop.host != last.host), None)


@row(
    "authorization-leaked",
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
        means = (
            ". The token is anonymous: anyone can get one." if anonymous else ", which can pull with it while it lives."
        )
        yield Found(
            [issuer, *shown],
            f"{case.client} sent the token of {issuer.first.host}, made for {listed(sorted(homes))}, to {hop.host}{means}",
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
    """The token that was refused was asked for another repository than the registry wants, for none, or for less.

    Run with dockerd 20.10.24: it asks for the name of the reference, never the challenge's (session.go;
    distribution/registry.go). Real cases: nix-community/docker-nixpkgs#55, ciiiii/cloudflare-docker-proxy#17. Tags take
    metadata_read in ACR: argoproj-labs/argocd-image-updater#1502, #473, renovatebot/renovate#14708.
    """
    for step in (*case.bad, *case.made_good):
        last, issuer = step.last, case.issuer_of(step.last)
        if issuer is None or in_storage(last):
            continue
        have = asked_repositories(issuer)
        said = [name for challenge in last.challenges for name in repositories(challenge.scope)]
        if lacks := not_asked_for(issuer, last):
            asked, known = issuer.token.scope if issuer.token is not None else None, registry_at(case, last.host)
            takes = [
                known.rights[one] for one in (lack.partition(" ")[0] for lack in lacks) if known and one in known.rights
            ]
            yield Found(
                [step, issuer],
                f"{case.client} asked for a token {f'for {rights(asked)}' if asked else 'without a scope'}, and {last.host} "
                f"wants one for {listed(lacks)}.",
                f"let {case.client} ask for the scope that the challenge of {last.host} names"
                f"{'' if asked else '; quote the address in a shell'}{f'; that takes {listed(takes)}' if takes else ''}",
            )
        wanted = said or _UNAUTHORIZED.findall(words(last)) or [*filter(None, [last.route.repository])]
        if step in case.bad and last.status in REFUSALS and have and wanted and not set(have) & set(wanted):
            yield Found(
                [step, issuer],
                f"{case.client} has a token for {listed(have)}, but {last.host} wants one for {listed(wanted)}: the path is "
                "renamed between the two.",
                f"keep the path {wanted[0]} as it is at {last.host}, or use a proxy that rewrites realm and scope",
            )


_UNAUTHORIZED = re.compile(r"unauthorized to access repository: ([^\s,]+)")
"""Harbor's words, which name the repository that it looked at: goharbor/harbor#14128."""


@row(
    "scope-refused",
    explains="access-denied credentials-not-used",
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
        wanted = {name for _, one in case.challenges for name in repositories(one.scope)}
        names = listed(asked_by_the_registry(step)) or "no scope"
        renamed = bool(wanted) and wanted.isdisjoint(asked_repositories(step))
        yield Found(
            [step, *([step.under] if step.under else [])],
            f"{step.last.host} said {step.last.status} to {case.client}, which asked for a token for {names} without a login"
            + (f", the name that it was given and not the registry's {listed(sorted(wanted))}." if renamed else "."),
            _unless_it_is_the_name(step, renamed=renamed),
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
                _unless_it_is_the_name(issuer),
            )


def _unless_it_is_the_name(token: Step, *, renamed: bool = False) -> str:
    """What would tell a name too many in the scope from an image that is private; a host that takes no login has none."""
    if (first := public_front(token)) is not None:
        other = f"pull from a mirror or a copy of your own, and report it to {first}"
        return (
            f"try again later, and from another network: no login helps, {first} is public. If that fails too, {other}"
        )
    own, names, under = "keep the registry's own path", asked_by_the_registry(token), token.under
    if renamed or not names:
        return f"{own}, so that the name in the scope exists there; log in if it is private"
    if under is None or under.first.host == under.last.host:
        return f"log in, if {names[0]} is private; if it is not, ask by a client that asks for no other name beside it"
    return f"pull {under.last.host}/{names[0]}: if that works, {own}, so that one name is asked for; else log in to it"


@row(
    "token-rejected",
    needs=Fact.REJECTED,
    explains="access-denied credentials-not-used login-lacks-right write-denied",
    severities="error, warning",
    remedy="check how long tokens live, and the clocks",
)
def token_rejected(case: Case) -> Iterator[Found]:
    """A token is refused that was taken before, has just been issued, is called invalid_token, or is said to have expired.

    RFC 6750, 3.1. A client that gets another token when the old one is over does as it should: no finding. ECR Public says
    400 without a challenge after 12 hours, so clients do not ask for a new token: aws/containers-roadmap#2835,
    lablup/backend.ai#2549. Tokens that are over before a layer has been pushed: cesanta/docker_auth#240, moby/moby#33558,
    zebox/registry-admin#22. A token that its own registry refuses at `/v2/`: goharbor/harbor#23799.
    """
    welcome: set[tuple[int, str, str | None, bool]] = set()
    for hop in case.hops:
        number = hop.request.credential
        if number is None or in_storage(hop):
            continue
        place = (number, hop.host, hop.route.repository, hop.request.method not in ("GET", "HEAD"))
        if hop.status is not None and hop.status < 400:  # what may be read may not be written
            welcome |= {place, (*place[:3], False)}
        elif not _is_no_matter_of_age(case, hop):
            one = Rejected(case, hop, taken=place in welcome)
            if one.is_one:
                yield Found(
                    [hop.step, *([one.issuer] if one.issuer else [])],
                    *cause_of(one, REJECTED),
                    severity=case.severity(hop.step, otherwise=Severity.ERROR if one.at_once else Severity.WARNING),
                )


class Rejected:
    """A refused token, and what is known of its way: who gave it for which service, how old it is, whether it was taken."""

    def __init__(self, case: Case, hop: Hop, *, taken: bool) -> None:
        self.case, self.hop, self.taken, self.host, self.client = case, hop, taken, hop.host, case.client
        self.issued, self.issuer, registry = issued_for(case, hop), case.issuer_of(hop), registry_at(case, hop.host)
        self.nexus, self.gitea = (registry is not None and registry.id == name for name in ("nexus", "gitea"))
        self.by = self.issued.host if self.issued is not None else "an earlier time"
        self.at_once = hop.step in refused_pings(case) and hop is hop.step.last and self.issued is not None
        self.invalid = any(challenge.error == "invalid_token" for challenge in hop.challenges)
        self.wants_a_token = any(challenge.scheme == "bearer" for challenge in hop.challenges)
        self.age = hop.request.time - self.issued.time if self.issued is not None else None
        self.lifetime = self.issued.facts.expires_in if self.issued is not None else None
        self.soon = self.age is not None and self.age < 60 and self.issued is not None and self.issued.host == hop.host
        self.says_expired = hop.status in (400, 401, 403) and self.issued is not None and says(hop, EXPIRED)
        self.over = self.says_expired or (self.age or 0.0) >= (DEFAULT_LIFE if self.lifetime is None else self.lifetime)
        self.no_challenge = self.over and not hop.challenges
        asked = parameters(query(self.issuer.first.request.url if self.issuer is not None else ""))
        self.asked = next(iter(asked.get("service", ())), None)
        self.wanted = next((one.service for one in hop.challenges if one.scheme == "bearer" and one.service), None)
        self.other_service = self.asked is not None and self.wanted is not None and self.asked != self.wanted
        self.takes = "no longer takes" if self.taken or self.over else "does not take"
        self.end = f"{period(self.lifetime)} are over" if self.lifetime is not None else "it expires"
        self.seconds, self.brackets = period(self.age or 0.0), "" if self.says_expired else in_brackets(hop)
        lives = f" for {period(self.lifetime)}" if self.lifetime is not None else ""
        self.after = (f", {self.seconds} after it was issued" if self.age is not None else "") + lives
        self.hosted = known_registry(hop.host) is not None
        self.clocked = self.lifetime is not None and case.pull.client.family in RENEWS_BY_CLOCK
        self.name, self.log_in = hop.route.repository, log_in(case, hop.host)
        same = [other for other in case.hops if other.ok and other.request.credential == hop.request.credential]
        blobs = any(other.route.endpoint is hop.route.endpoint is Endpoint.BLOB for other in same)
        self.one_of_many = blobs and self.issued is not None and self.issued.anonymous
        self.says = f"with {hop.status}{reason(hop)}"
        self.behind, self.too_early = period(self.skew), self.skew > 0 and not taken

    @property
    def skew(self) -> float:
        """Seconds by which the clock of the host that refused is behind that of who issued, by their Date headers."""
        given = self.issuer.last if self.issuer is not None else self.hop
        dates = date_of(given), date_of(self.hop)
        if given.response is None or self.hop.response is None or dates[0] is None or dates[1] is None:
            return 0.0
        behind = dates[0] - dates[1] - given.response.time + self.hop.response.time
        return behind if behind >= 2 or dates[1] < dates[0] else 0.0  # docker/hub-feedback#647: whole seconds

    @property
    def is_one(self) -> bool:
        """Whether the token itself is refused, and the client did not just get a new one, as it should where one is over."""
        outlived = self.over and self.lifetime is not None
        refused = self.hop.status == 401 and (self.invalid or self.taken or outlived or self.other_service)
        renewed = (self.over or self.age is None) and self.hop.step not in self.case.bad
        return self.at_once or ((self.says_expired or refused) and not renewed)


REJECTED = causes(
    """
other_service: {one.host} {one.takes} the token of {one.by}: it was asked for the service {one.asked}, and the challenge
names {one.wanted}{one.brackets}.
    ask for a token with service={one.wanted}, as the challenge of {one.host} has it
too_early hosted: <too early>.
    try again: both clocks are the registry's own
too_early: <too early>.
    set the clocks of {one.host} and {one.by} (NTP)
at_once nexus: <at once>.
    activate the Docker Bearer Token Realm in the security settings of {one.host}: until then Nexus takes no token
at_once gitea: <at once>.
    log in with a personal access token, in place of a password or of a job's token, and look at the log of {one.host}
at_once invalid: <at once>: it calls it invalid.
    compare <shared>, and their clocks: the log of {one.host} says which it is
at_once wants_a_token: <at once> and the same challenge again.
    let the proxy in front of {one.host} pass Authorization on; if it does, compare <shared>: the log of {one.host} says which
    it is
at_once: <at once>.
    compare <shared> (in each instance, if there are several), and their clocks: the log of {one.host} says which it is
no_challenge: <takes> it has expired{one.brackets}. It says {one.hop.status} without a challenge, so clients do not get a new one.
    get a new token: start {one.client} again, or have it ask for one before {one.end}
over clocked: <takes> it has expired{one.brackets}.
    set the clock of the machine that {one.client} runs on, by which it renews tokens (timedatectl set-ntp true; wsl --shutdown)
over: <takes> it has expired{one.brackets}.
    let tokens live longer than a slow pull or push takes
invalid hosted !taken: <takes> it calls it invalid{one.brackets}.
    get a new token and try again: only {one.host} and {one.by} can make them agree
invalid !taken: <takes> it calls it invalid{one.brackets}.
    compare <shared>, and their clocks: the log of {one.host} says which it is
soon one_of_many !invalid: {one.host} gives {one.client} other blobs of {one.name} by the same anonymous token, and not
this{one.brackets}.
    try again; if it is that blob again, {one.log_in}
soon !invalid: <takes> it took it before{one.brackets}.
    try again: {one.host} gave this token itself, {one.seconds} before, so the fault is there
: <takes> it took it before{one.brackets}.
    compare the clocks of {one.host} and of its token server, and the key that they share
""",
    **{
        "at once": "{one.host} refuses at /v2/ the token that its own token server {one.by} has just issued to {one.client}, "
        "{one.says}",
        "takes": "{one.host} {one.takes} the token of {one.by}{one.after}:",
        "too early": "{one.host} {one.takes} the token of {one.by}{one.after}: by their Date headers the clock of {one.host} is "
        "{one.behind} behind, and the token is not valid there yet{one.brackets}",
        "shared": "the key, the issuer and the service that {one.host} and its token server share",
    },
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
    return issuer is not None and bool(not_asked_for(issuer, hop))
