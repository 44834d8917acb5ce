"""A token that is refused for what it is: over, not valid yet, of another service, or signed with another key."""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.agents import RENEWS_BY_CLOCK
from pullscope.oci.amounts import period
from pullscope.oci.known_registries import known_registry
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import parameters, query
from pullscope.trace.findings.case import in_storage, listed, was_anonymous
from pullscope.trace.findings.causes import cause_of, causes
from pullscope.trace.findings.grants import ACCESS, EXPIRED, issued_for, not_asked_for, refused_pings, refuses_access
from pullscope.trace.findings.login_commands import log_in, registry_at
from pullscope.trace.findings.row import Case, Fact, Found, Severity, row
from pullscope.trace.findings.said import date_of, in_brackets, reason, says
from pullscope.trace.model import Hop

DEFAULT_LIFE = 60.0
"""Seconds that a token lives whose answer has no expires_in (distribution, docs/content/spec/auth/token.md)."""


@row(
    needs=Fact.REJECTED,
    severities="error, warning",
    remedy="check how long tokens live, and the clocks",
)
def token_rejected(case: Case) -> Iterator[Found]:
    """A token is refused that was taken before, has just been issued, is called invalid_token, or is said to have expired.

    RFC 6750, 3.1. A client that gets another token when the old one is over does as it should: no finding. ECR Public says
    400 without a challenge after 12 hours, so clients do not ask for a new token: aws/containers-roadmap#2835,
    lablup/backend.ai#2549. Tokens that are over before a layer has been pushed: cesanta/docker_auth#240, moby/moby#33558,
    zebox/registry-admin#22. A second is too early for its nbf: docker/hub-feedback#647, moby/moby#22158, cesanta/docker_auth#41,
    distribution/distribution#1686, notaryproject/notary#999. A token that its own registry refuses at `/v2/`:
    goharbor/harbor#23799.
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
        self.both = listed((self.host, self.by))
        self.at_once = hop.step in refused_pings(case) and hop is hop.step.last and self.issued is not None
        self.invalid = any(challenge.error == "invalid_token" for challenge in hop.challenges)
        self.wants_a_token = any(challenge.scheme == "bearer" for challenge in hop.challenges)
        self.age = hop.request.time - self.issued.time if self.issued is not None else None
        self.lifetime = self.issued.facts.expires_in if self.issued is not None else None
        self.soon = self.age is not None and self.age < 60 and self.issued is not None and self.issued.host == hop.host
        self.says_expired = hop.status in (400, 401, 403) and self.issued is not None and says(hop, EXPIRED)
        known, said, now = known_registry(hop.host), hop.response, date_of(hop)
        self.hosted, self.status = known is not None, f", and see {known.status}" if known is not None else ""
        since, until, own = (said.valid_from, said.valid_until, said.valid_at) if said else (None, None, None)
        early = since - now if since is not None and now is not None else 0.0
        late = now - until if until is not None and now is not None else -1.0
        life = DEFAULT_LIFE if self.lifetime is None else self.lifetime
        ahead = late if self.age is not None and self.age < min(life, DEFAULT_LIFE) else 0.0  # of a token just issued
        self.over, self.ended = self.says_expired or late >= 0 or (self.age or 0.0) >= life, late >= 0
        with_login = self.issuer is not None and self.issuer.last.request.authorization != "none"
        self.fresh = self.says_expired and with_login and self.age is not None and self.age < DEFAULT_LIFE
        self.log_in_again = log_in(case, hop.host, again=True)
        self.no_challenge = self.over and not hop.challenges
        asked = parameters(query(self.issuer.first.request.url if self.issuer is not None else ""))
        self.wanted = next((one.service for one in hop.challenges if one.scheme == "bearer" and one.service), None)
        service = next(iter(asked.get("service", ())), None)
        own = own if not self.hosted else None
        self.asked, self.made = own or service, "is" if own else "was asked"
        self.agree = (
            f"let {self.by} make tokens for {self.wanted} (their aud), or {self.host} name another (auth.token.service)"
            if own and service == self.wanted
            else f"ask for a token with service={self.wanted}, as the challenge of {self.host} has it"
        )
        services = (self.asked, *(self.asked or "").split())
        self.other_service = self.asked is not None and self.wanted is not None and self.wanted not in services
        self.takes = "no longer takes" if self.taken or (self.over and not ahead >= 1) else "does not take"
        # NVIDIA/nvidia-container-toolkit#1945: of a realm that is another than the first
        tokens = (one for one in case.bad if one.is_token and one.under is hop.step and refuses_access(one.last))
        refusal = next(tokens, None)
        self.not_renewed, self.renewer = refusal is not None, refusal.last.host if refusal is not None else ""
        self.new_login = log_in(case, hop.host, again=refusal is not None and not was_anonymous(refusal))
        self.end = f"{period(self.lifetime)} are over" if self.lifetime is not None else "it expires"
        self.seconds, self.brackets = period(self.age or 0.0), "" if self.says_expired else in_brackets(hop)
        lives = f" for {period(self.lifetime)}" if self.lifetime is not None else ""
        ended = f", {period(late)} after its exp" if self.ended else ""
        self.after = (f", {self.seconds} after it was issued" if self.age is not None else ended) + lives
        self.clocked = self.lifetime is not None and case.family in RENEWS_BY_CLOCK
        self.name, self.log_in = hop.route.repository, log_in(case, hop.host)
        same = [other for other in case.hops if other.ok and other.request.credential == hop.request.credential]
        blobs = any(other.route.endpoint is hop.route.endpoint is Endpoint.BLOB for other in same)
        self.one_of_many = blobs and self.issued is not None and self.issued.anonymous
        self.says = f"with {hop.status}{reason(hop)}"
        self.clocks = (self.skew > 0 or early >= 1 or ahead >= 1) and not taken
        claim = "nbf" if early >= 1 else "exp" if ahead >= 1 else None
        self.by_what = f"by the {claim} of the token and the Date of its answer" if claim else "by their Date headers"
        behind = f"{period(max(self.skew, early))} behind, and the token is not valid there yet"
        self.off = f"{period(ahead)} ahead, and the token has run out there" if claim == "exp" else behind

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
        outlived = self.over and (self.lifetime is not None or self.ended)
        refused = self.hop.status == 401 and (self.invalid or self.taken or outlived or self.other_service)
        renewed = (self.over or self.age is None) and self.hop.step not in self.case.bad
        return self.at_once or ((self.says_expired or refused) and not renewed)


REJECTED = causes(
    """
other_service: {one.host} {one.takes} the token of {one.by}: it {one.made} for the service {one.asked}, and the challenge
        names {one.wanted}{one.brackets}.
    {one.agree}
clocks hosted: <clocks>.
    try again: both clocks are the registry's own
clocks: <clocks>.
    set the clocks of {one.both} (NTP)
at_once nexus: <at once>.
    activate the Docker Bearer Token Realm in the security settings of {one.host}: until then Nexus takes no token
at_once gitea: <at once>.
    log in with a personal access token, in place of a password or of a job's token
at_once invalid: <at once>: it calls it invalid.
    make <shared> the same, and their clocks
at_once wants_a_token: <at once> and the same challenge again.
    let the proxy in front of {one.host} pass Authorization on; if it does, make <shared> the same
at_once: <at once>.
    make <shared> the same (in each instance, if there are several), and their clocks
no_challenge fresh: {one.host} says that the token has expired which {one.by} issued {one.seconds} before for a
        login{one.brackets}: what has expired is that login.
    {one.log_in_again}
no_challenge hosted: <takes> it has expired{one.brackets}. It says {one.hop.status} without a challenge, so
        clients do not get a new one.
    get a new token: start {one.client} again, or have it ask for one before {one.end}
no_challenge: <takes> it has expired{one.brackets}. It says {one.hop.status} without a challenge, so clients do not get a new one.
    get a new token: start {one.client} again, or have it ask for one before {one.end}; for what takes longer than that let
    tokens live longer (<lives>)
over not_renewed: <takes> it has expired, and {one.renewer} gives {one.client} no other{one.brackets}.
    {one.new_login}; else try again, if it was without a login: what is there already is not sent again
over !issued: <takes> it has expired{one.brackets}.
    start {one.client} again, so that it gets a new one; one that was given to it (--registry-token, a header) has to be made anew
over clocked hosted: <takes> it has expired{one.brackets}.
    set the clock of the machine that {one.client} runs on, by which it renews tokens (timedatectl set-ntp true; wsl --shutdown)
over clocked: <takes> it has expired{one.brackets}.
    let tokens live longer than a slow push takes (<lives>), and check the clock of the machine that {one.client} runs on, by
    which it renews them
over hosted: <takes> it has expired{one.brackets}.
    update {one.client}, which should have got a new one, and try again: what is there already is not sent again
over: <takes> it has expired{one.brackets}.
    let tokens live longer than a slow pull or push takes (<lives>)
invalid hosted !taken !issued: <takes> it calls it invalid{one.brackets}.
    get a new token, from the realm and for the service and the scope that the challenge of {one.host} names
invalid hosted !taken: <takes> it calls it invalid{one.brackets}.
    get a new token and try again: only {one.host} and {one.by} can make them agree
invalid !taken: <takes> it calls it invalid{one.brackets}.
    make <shared> the same, and their clocks
soon one_of_many !invalid: {one.host} gives {one.client} other blobs of {one.name} by the same anonymous token, and not
        this{one.brackets}.
    try again; if it is that blob again, {one.log_in}
soon !invalid: <takes> it took it before{one.brackets}.
    try again{one.status}: {one.host} gave this token itself, {one.seconds} before, so the fault is there
hosted: <takes> it took it before{one.brackets}.
    try again, with a new token: {one.host} took this one before, and only it and its token server can make them agree
: <takes> it took it before{one.brackets}.
    make <shared> the same, and their clocks
""",
    **{
        "at once": "{one.host} refuses at /v2/ the token that its own token server {one.by} has just issued to {one.client}, "
        "{one.says}",
        "takes": "{one.host} {one.takes} the token of {one.by}{one.after}:",
        # cesanta/docker_auth, examples/reference.yml; goharbor.io/docs, "Configure Project and System Settings"; docs.gitlab.com
        "lives": "GitLab: Admin, Settings, CI/CD, Container Registry; Harbor: Configuration, Token Expiration; docker_auth: "
        "token.expiration",
        "clocks": "{one.host} {one.takes} the token of {one.by}{one.after}: {one.by_what} the clock of {one.host} is "
        "{one.off}{one.brackets}",
        # distribution, docs/content/about/configuration.md, "token"; distribution/distribution#4533, cesanta/docker_auth#401
        "shared": "key, issuer and service of {one.host} and its token server (in distribution auth.token.rootcertbundle, "
        "issuer and service: iss and aud of the token; distribution 3 wants as kid the thumbprint of RFC 7638, for docker_auth "
        "token.disable_legacy_key_id: true, of another, as Keycloak's or GitLab's, a jwks file with the kid of the token)",
    },
)


def _is_no_matter_of_age(case: Case, hop: Hop) -> bool:
    """Whether the same token was then taken for the same thing, or was asked for without the scope that is wanted here.

    ECR Public says 401 to HEAD of any blob (buildbuddy-io/buildbuddy#12566); pulp wants a scope for the second page of a list
    (pulp/pulp_container#2049). Nor where a write is refused for a reason: GoogleContainerTools/kaniko#2454 (Artifactory).
    """
    if not hop.challenges and any(not ACCESS.search(one.message or one.code) for one in hop.errors):
        return True
    issuer, others = case.issuer_of(hop), [one for one in hop.step.hops if one is not hop and one.ok]
    taken = any(one.request.credential == hop.request.credential for one in others)
    # RFC 6750, 3.1: the token is good, and grants too little
    too_little = any(challenge.error == "insufficient_scope" for challenge in hop.challenges)
    return taken or too_little or (issuer is not None and bool(not_asked_for(issuer, hop)))
