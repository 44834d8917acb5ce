"""What a registry says of tokens, and whether one could be had there.
One file, because these rules share what they read of a challenge.
"""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from pullscope.oci.known_registries import known_registry
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import bare, host_of, path_of
from pullscope.oci.whereabouts import is_loopback
from pullscope.trace.findings.advice import POLICIES, clue
from pullscope.trace.findings.answers import Answer, look_at_the_log
from pullscope.trace.findings.asked import LOOKERS, act
from pullscope.trace.findings.case import CONTENT, asked_repositories, in_storage, is_write, listed
from pullscope.trace.findings.causes import cause_of, causes
from pullscope.trace.findings.compared import realm_lost
from pullscope.trace.findings.fixes import if_yours, where_to_ask
from pullscope.trace.findings.grants import is_answerable, refuses_access
from pullscope.trace.findings.login_commands import own_address
from pullscope.trace.findings.paths import of_a_short_name
from pullscope.trace.findings.row import Case, Fact, Found, Severity, row
from pullscope.trace.findings.said import answered_by, front, quoted, reason
from pullscope.trace.findings.storage_steps import of_where_it_was_named
from pullscope.trace.model import Hop, Kind, Step
from pullscope.trace.settle import tokens_read_early


@row(
    needs=Fact.TROUBLE,
    remedy="send WWW-Authenticate with a realm",
)
def challenge_unreadable(case: Case) -> Iterator[Found]:
    """401 without a challenge, or with none that a client can answer: a Bearer without realm, or another scheme.

    Without a realm no client knows where to ask. docker says "no realm specified for token auth challenge",
    crane "missing realm". A 401 without any challenge has the same effect: pages and gateways that answer in the registry's place
    send none (distribution/distribution#3010; API Gateway's are set by PutGatewayResponse), some proxies remove WWW-Authenticate.
    helm shows a login to chart repositories unasked.
    """
    refused = [step for step in case.bad if _is_told_nothing(step)]
    # Who learns nothing from its version check ends there; some look at that for its own sake.
    for step in case.pings:
        ended = step is case.stopped_at and case.family not in LOOKERS
        if ended and step not in refused and _is_told_nothing(step):
            refused.append(step)
    if not refused:
        return
    last = refused[0].last
    what = f"not what it wants: there is no WWW-Authenticate, without which {case.client} shows no login"
    if last.challenges:
        known = any(one.scheme == "bearer" for one in last.challenges)
        what = "not where to get a token: its challenge has no realm" if known else "wants neither Basic nor Bearer"
        what += f". No login helps {case.client}"
    who, bearer = front(last) or "what is in front", 'Bearer realm="https://TOKEN-SERVER/token",service="NAME"'
    see = f"run curl -si {quote(where_to_ask(Answer(case, refused[0])))} past {who}"
    yield Found(
        refused,
        f"{answered_by(last)} said 401{reason(last)}, and {what}.",
        f"{see}: if WWW-Authenticate is there, let {who} pass it on ({_kept_by(last)}); else let {last.host} send "
        f'WWW-Authenticate: {bearer}, or Basic realm="NAME"',
        severity=case.severity(*refused) if any(step in case.bad for step in refused) else Severity.ERROR,
    )


def _is_told_nothing(step: Step) -> bool:
    """Whether a 401 without a token of ours holds no challenge that a client can answer."""
    last = step.last
    if step.is_token or last.status != 401 or last.request.authorization != "none" or in_storage(last):
        return False
    if (said := clue(last, act(step))) is not None and said.name in POLICIES:
        return False
    shown_unasked = (step.kind is Kind.CHARTS or step.route.endpoint is Endpoint.BESIDE) and not last.challenges
    return not shown_unasked and all(one.scheme != "basic" and not is_answerable(one) for one in last.challenges)


def _kept_by(hop: Hop) -> str:
    """What makes a front's own 401 name a login: nginx.org, ngx_http_headers_module, ngx_http_proxy_module."""
    if hop.header("x-amzn-errortype") is not None:
        return (
            "aws apigateway put-gateway-response --response-type UNAUTHORIZED, gatewayresponse.header.WWW-Authenticate"
        )
    return "no error page of its own for 401: in nginx proxy_intercept_errors off, or add_header WWW-Authenticate VALUE always"


@row(
    needs=Fact.PING,
    suffers="docker's classic store, podman, skopeo, buildah, crane; not containerd or docker 29",
    remedy="let /v2/ answer 401 as the rest does, or open all of it",
)
def ping_hides_challenge(case: Case) -> Iterator[Found]:
    """`/v2/` says 200, and a manifest of the same host then says 401 with a challenge that no client answers.

    docker's classic store, containers/image and crane learn from `/v2/` whether tokens are wanted, and never ask again
    (moby registry/auth.go, containers/image docker_client.go detectProperties, go-containerregistry ping.go); containerd
    answers the challenge of any request. podman-container-tools/skopeo#2502, container-libs#192: registries with public and
    private repositories, and proxies, leave `/v2/` open.
    """
    for step in case.pings:
        last = step.last
        refused = [
            one
            for one in case.bad
            if one.route.endpoint in (*CONTENT, Endpoint.UPLOAD_START, Endpoint.TAGS)
            and one.last.status == 401
            and one.last.request.authorization == "none"
            and any(is_answerable(challenge) or challenge.scheme == "basic" for challenge in one.last.challenges)
            and one.last.host == last.host
        ]
        if last.status != 200 or last.is_page or not refused:
            continue
        asked = f"{refused[0].method} of {refused[0].route.repository}"
        yield Found(
            [step, *refused],
            f"{last.host} answers /v2/ with 200 and {asked} with 401, so {case.client} does not know that a "
            "login or token is wanted.",
            f"let the proxy or cache on the way hand /v2/ on to {last.host}, which says 401 to that, or go past it"
            if known_registry(last.host) is not None  # rpardini/docker-registry-proxy#104
            else f"let /v2/ of {last.host} answer 401 with the same WWW-Authenticate"
            + ("" if is_write(refused[0]) else ", or let everything be read without a login"),
        )


@row(
    needs=Fact.TROUBLE,
    severities="warning, info",
    suffers="all that are logged in",
    remedy="set the registry's public https address",
    recording="field/wire/token-301-empty-body.mitm",
)
def token_server_insecure(case: Case) -> Iterator[Found]:
    """A registry with https names a realm with plain http, also where that redirects to https.

    A login goes to the realm first and can be read on the way; where http redirects, it may get lost (`authorization-dropped`).
    moby/moby#38662 (Artifactory), artifact-keeper/artifact-keeper#316 (Caddy), Finsys/dockhand#1428: proxies in front that
    send no X-Forwarded-Proto.
    """
    for hop in case.hops:
        if hop.status != 401 or not hop.request.url.startswith("https:"):
            continue
        realm = next((one.realm for one in hop.challenges if (one.realm or "").startswith("http:")), None)
        if realm is None or is_loopback(host_of(realm)):
            continue
        asked = [step for step in case.steps if step.is_token and bare(step.first.request.url) == bare(realm)]
        if not asked:
            return
        shown = [step for step in asked if step.token is not None and not step.token.anonymous]
        redirected = any(step.first.redirects for step in asked)
        yield Found(
            [hop.step, *asked],
            f"{hop.host} names a token server with plain http, {host_of(realm)}: "
            + (f"the login of {case.client} went there unencrypted" if shown else "a login would go there unencrypted")
            + (", though it redirects to https." if redirected else "."),
            own_address(case, hop.host),
            severity=Severity.WARNING if shown else Severity.INFO,
        )


@row(
    needs=Fact.TOKEN,
    explains="mirror-failed token-server-insecure access-denied token-not-requested",
    remedy="repair the token server that the realm names",
)
def token_server_failed(case: Case) -> Iterator[Found]:
    """The realm answers with another error than a refusal, or with 200 and no token.

    distribution docs/content/spec/auth/token.md: `token` or `access_token`. A POST that is refused and asked again by GET is
    containerd's and helm's way (goharbor/harbor#23799); containerd 2.2.0 stops at a POST that is answered with a page
    (containerd/containerd#12822). Names and ways to ask that a token server does not take are its
    own words (GoogleContainerTools/kaniko#702, podman-desktop#9786); plain http on a port with TLS is sonatype/nexus-public#435.
    Where a registry offers Basic beside a Bearer that leads nowhere,
    docker takes Bearer: siderolabs/image-factory#573.
    """
    broken = [step for step in case.steps if step.is_token and _gave_nothing(case, step)]
    if broken:
        last = case.stopped_at  # skopeo goes on without a token, and is asked for one again
        ended = last in broken or (last is not None and last.last.status == 401)
        severity = Severity.ERROR if ended else Severity.WARNING
        one = TokenServer(case, broken[0])
        yield Found(broken, *cause_of(one, FAILED), severity=case.severity(*broken, otherwise=severity))


class TokenServer(Answer):
    """An answer without a token, and how the client was led to who gave it."""

    def __init__(self, case: Case, step: Step) -> None:
        super().__init__(case, step)
        hop, self.realm, self.client = self.hop, bare(self.hop.request.url), case.client
        self.url = quote(hop.request.url if hop.request.method == "GET" else self.realm)
        self.log = if_yours(self) + look_at_the_log(self)
        self.names = listed(asked_repositories(step)) if self.status < 500 and not hop.ok else ""
        self.own, self.named = realm_lost(case, hop), of_a_short_name(self) or of_where_it_was_named(self)
        self.own_said = f" {self.own[1]}" if self.own is not None else ""
        self.by_post = hop.request.method == "POST" and self.status in (404, 405) and self.own is None
        self.too_slow = self.status == 408
        self.keycloak = self.status == 404 and self.realm.endswith("/protocol/docker-v2")  # keycloak/keycloak#29132
        self.fails, self.page, self.filtered = self.status >= 500, hop.is_page, hop.is_page and self.status == 403
        self.elsewhere = self.status in (200, 404, 410) or self.page
        self.unreadable = self.status in (400, 422) and self.names
        self.bearer = hop.request.authorization == "bearer"
        self.who, self.there = answered_by(hop), front(hop) or hop.host
        tried = {one.host for one in case.hops if one.request.authorization == "basic" and not one.step.is_token}
        both = (one.host for one in case.hops if {"basic", "bearer"} <= {kind.scheme for kind in one.challenges})
        self.basic = next((host for host in both if host not in tried), None)
        secure = {one.host for one in case.hops if one.request.url.startswith("https:")}
        homes = case.challengers.get(bare(step.first.request.url), set()) & secure
        self.plain = min(homes, default=None) if hop.request.url.startswith("http:") else None
        self.own_plain = own_address(case, self.plain or self.host)
        self.advice = self.asks_for
        # podman-container-tools/skopeo#1180: at quay.io, and by the path of its token server
        own = "NAME_INVALID" in hop.codes and path_of(hop.request.url) == "/v2/auth"
        if (self.known.id == "quay" if self.known is not None else own) and self.name and self.name.count("/") > 1:
            self.advice = f"name it ORG/NAME, for {self.host} takes no name of more parts"
        kind = step.instead or hop.content_type
        self.said = (
            f"{self.status} and no token in it{f' ({kind})' if kind else ''}"
            if hop.ok
            else "nothing"
            if hop.status is None
            else f"{self.status}{quoted(hop)}{f' to the request for {self.names}' if self.names else ''}"
        ) + (
            " to POST"
            if self.by_post
            else " and its answer was cut off"
            if hop.status and hop.failed and not hop.ok
            else ""
        )


FAILED = causes(
    """
basic: <nothing> {one.basic} offers Basic too, which {one.client} did not try.
    let {one.basic} offer Basic only, or a realm that is a token server
plain fails !own: <nothing>
    start the token server behind {one.who}, and {one.own_plain}
plain !own: <nothing>
    {one.own_plain}
by_post: <nothing>
    use a version of {one.client} that asks by GET next, as the token specification has it, or let the realm answer POST
named: <nothing><own>
    {one.named}
advice: <nothing><own>
    {one.advice}; if it keeps failing, <look>
keycloak: <nothing>
    correct the realm to {one.realm}/auth (auth.token.realm in distribution): Keycloak's token server is there
too_slow: <nothing>
    if it is so each time, set a smaller MTU where {one.client} runs (ip link set dev DEVICE mtu 1400): the request came in part
fails hosted: <nothing><own>
    {one.later}; if it keeps failing, see {one.hosted.status}
fails: <nothing><own>
    {one.later}; if it keeps failing, {one.log}
bearer: <nothing> It showed a token there, and no login.
    use a version of {one.client} that shows its login to the token server, not an earlier token
filtered: <nothing>
    get this address allowed at {one.there}: a web page answered in place of the token server, which saw no login
unreadable: <nothing>
    <look>; check how {one.names} is spelled
hosted: <nothing>
    {one.later}; if it keeps failing, <look>
elsewhere: <nothing>
    let the proxy in front pass {one.realm} on to the token server, or name that server's address as realm; <look>, and some say
    404 to a name that is not there
: <nothing><own>
    <look>
""",
    own="{one.own_said}",
    nothing="the token server {one.who} answered {one.said}, so {one.client} has no token.",
    look="run curl -i {one.url}: token servers answer with JSON",
)


def _gave_nothing(case: Case, step: Step) -> bool:
    """Whether a token request came to nothing for a reason of the server's, and was not repeated with success."""
    last = step.last
    realm = bare(step.first.request.url)
    again = any(
        one.is_token and one.token is not None and one.token.number is not None and bare(one.first.request.url) == realm
        for one in case.steps
        if one.started >= step.started
    )
    asked_otherwise = (
        last.request.method == "POST"
        and last.status in (404, 405)
        and any(one.is_token and one.first.request.method == "GET" and one.started > step.started for one in case.steps)
    )
    if again or asked_otherwise or last.redirects or tokens_read_early(case.pull, step):
        return False
    if last.ok:
        none = step.token is None or step.token.number is None
        return step.kind is Kind.TOKEN and none and step in case.pull.failing
    cut = last.failed is not None and last.response is not None
    # Who is refused is another matter, and so is a limit.
    return cut or ((last.status or 0) >= 400 and last.status != 429 and not refuses_access(last))
