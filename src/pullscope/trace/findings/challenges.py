"""What a registry says of tokens, and whether one could be had there.
One file, because these rules share what they read of a challenge.
"""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.challenge import Challenge
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import bare, host_of
from pullscope.oci.whereabouts import is_address, is_local, is_loopback, where_it_is
from pullscope.trace.findings.answers import Answer
from pullscope.trace.findings.case import (
    CONTENT,
    Case,
    Found,
    asked_repositories,
    content_type,
    in_storage,
    is_page,
    is_write,
    listed,
    pings,
)
from pullscope.trace.findings.compared import lost, realm_lost
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Severity
from pullscope.trace.findings.fixes import of_where_it_was_named
from pullscope.trace.findings.grants import refuses_access
from pullscope.trace.findings.logins import LOOKERS
from pullscope.trace.findings.row import row
from pullscope.trace.findings.said import MOST, answered_by, quoted, reason
from pullscope.trace.model import Hop, Kind, Step
from pullscope.trace.settle import tokens_read_early

NO_FOLLOWERS = frozenset({"oras", "helm"})
"""Families that answer a challenge only at the host that they asked (oras-go registry/remote/auth: by the request's host)."""


@row(
    "challenge-unreadable",
    needs=Fact.TROUBLE,
    explains="access-denied write-denied",
    remedy="WWW-Authenticate with a realm",
)
def challenge_unreadable(case: Case) -> Iterator[Found]:
    """401 without a challenge, or with one that has no realm.

    Without a realm no client knows where to ask. docker says "no realm specified for token auth challenge",
    crane "missing realm". A 401 without any challenge has the same effect; some proxies remove WWW-Authenticate.
    """
    refused = [step for step in case.bad if _is_told_nothing(step)]
    # Who learns nothing from its version check ends there; some look at that for its own sake.
    for step in pings(case):
        ended = step is case.stopped_at and case.pull.client.family not in LOOKERS
        if ended and step not in refused and _is_told_nothing(step):
            refused.append(step)
    if not refused:
        return
    last = refused[0].last
    yield Found(
        refused,
        f"{answered_by(last)} said 401{reason(last)}, and "
        + (
            "not where to get a token: its challenge has no realm."
            if last.challenges
            else "not what it wants: there is no WWW-Authenticate."
        )
        + f" No login helps {case.client}.",
        f'let {last.host} send WWW-Authenticate: Bearer realm="https://TOKEN-SERVER/token",service="NAME", and '
        "the proxy in front of it pass that on",
        severity=case.severity(*refused) if any(step in case.bad for step in refused) else Severity.ERROR,
    )


def _is_told_nothing(step: Step) -> bool:
    """Whether a 401 without a token of ours holds no challenge that a client can answer."""
    last = step.last
    if step.is_token or last.status != 401 or last.request.authorization != "none" or in_storage(last):
        return False
    return all(challenge.scheme == "bearer" and not challenge.realm for challenge in last.challenges)


@row(
    "ping-hides-challenge",
    needs=Fact.PING,
    explains="access-denied credentials-not-used token-not-requested write-denied",
    suffers="docker's classic store, podman, skopeo, buildah, crane; not containerd or docker 29",
    remedy="let /v2/ answer 401 as the rest does, or open all of it",
    report="podman-container-tools/skopeo#2502",
)
def ping_hides_challenge(case: Case) -> Iterator[Found]:
    """`/v2/` says 200, and a manifest of the same host then says 401 with a challenge that nobody answers.

    docker's classic store, containers/image and crane learn from `/v2/` whether tokens are wanted, and never ask again
    (moby registry/auth.go, containers/image docker_client.go detectProperties, go-containerregistry ping.go); containerd
    answers the challenge of any request. podman-container-tools/skopeo#2502, container-libs#192: registries with public and
    private repositories, and proxies, leave `/v2/` open.
    """
    for step in pings(case):
        last = step.last
        refused = [
            one
            for one in case.bad
            if one.route.endpoint in (*CONTENT, Endpoint.UPLOAD_START, Endpoint.TAGS)
            and one.last.status == 401
            and one.last.request.authorization == "none"
            and any(_is_answerable(challenge) or challenge.scheme == "basic" for challenge in one.last.challenges)
            and one.last.host == last.host
        ]
        if last.status != 200 or is_page(last) or not refused:
            continue
        yield Found(
            [step, *refused],
            f"{last.host} answers /v2/ with 200 and {_asked(refused[0])} with 401, so {case.client} does not know that a "
            "login or token is wanted.",
            f"let /v2/ of {last.host} answer 401 with the same WWW-Authenticate"
            + ("" if is_write(refused[0]) else ", or let everything be read without a login"),
        )


def _asked(step: Step) -> str:
    return f"{step.method} of {step.route.repository}"


@row(
    "token-not-requested",
    needs=Fact.TROUBLE,
    explains="access-denied credentials-not-used",
    suffers="all that cannot reach the realm; oras and helm behind a redirect",
    remedy="the registry's public address, in its own configuration and in the proxy in front of it",
    recording="field/wire/gitea-realm-localhost.mitm",
)
def token_not_requested(case: Case) -> Iterator[Found]:
    """A 401 names a token server, and no request for a token was seen after it.

    Gitea, docker_auth and others write the address that they know of themselves into the realm: go-gitea/gitea#37418, #31002,
    #28039, #29591, #31907, cesanta/docker_auth#390. Go sends nothing for a loopback address through a proxy, so the
    attempt itself is not seen. oras and helm do not answer the challenge of a host that they were redirected to (run with
    oras 1.3.3). Nexus puts together what proxies say of the host, to two ports or two hosts: sonatype/nexus-public#651, #582,
    #565.
    """
    for step in _unanswered(case):
        last = step.last
        challenge = next(one for one in last.challenges if one.scheme == "bearer" and one.realm)
        realm = challenge.realm or ""
        moved = step.first.host != last.host and any(hop.redirects and hop.host != last.host for hop in step.hops)
        told, fix = _behind_a_redirect(case, step) if moved else _why_not(case, last, realm)
        yield Found([step], told, fix, severity=Severity.ERROR)


def _unanswered(case: Case) -> Iterator[Step]:
    """Steps that ended at a challenge which nobody answered."""
    ends = [step for step in pings(case) if step is case.stopped_at and not _only_looks(case, step)]
    for step in [*case.bad, *ends]:
        if step.is_token or not case.over:
            continue
        last = step.last
        if last.status != 401 or last.failed is not None or last.request.authorization != "none" or in_storage(last):
            continue
        answers = any(_is_answerable(one) for one in last.challenges)
        asked = any(token.is_token and token.last.request.time >= step.started for token in case.steps)
        if answers and not asked:
            yield step


def _only_looks(case: Case, ping: Step) -> bool:
    """Whether a version check may be all that a client wanted: dockerd 20.10 asks no more for a digest that it has (seen)."""
    if case.pull.client.family != "docker":
        return case.pull.client.family in LOOKERS
    realms = [challenge.realm or "" for challenge in ping.last.challenges if challenge.scheme == "bearer"]
    return all(is_address(realm) and not is_local(host_of(realm)) and realm.startswith("https:") for realm in realms)


def _is_answerable(challenge: Challenge) -> bool:
    return challenge.scheme == "bearer" and bool(challenge.realm)


def _why_not(case: Case, hop: Hop, realm: str) -> tuple[str, str]:
    host = host_of(realm) or realm
    plain = realm.startswith("http:") and hop.request.url.startswith("https:")
    clear = ", over plain http" if plain else ""
    if not is_address(realm):
        return (
            f'{hop.host} names as its token server "{realm[:MOST]}", which is not an address that a client can ask.',
            f"set the public https address of {hop.host} in its configuration; proxies in front send one X-Forwarded-Host",
        )
    gone = lost(hop.request.url, realm)
    if gone is not None and not plain:
        return (
            f"{hop.host} names a token server at {bare(realm)}, where {gone}; no request to it was seen.",
            f"set the address of {hop.host} as clients have it in its configuration, and send Host in the proxy in front of it",
        )
    if is_local(host) or plain:
        where = f" ({where_it_is(host)}){clear}" if is_local(host) else clear
        return (
            f"{hop.host} names a token server at {host}{where}; no request to it was seen.",
            f"set the public https address of {hop.host} in its configuration, and send Host and X-Forwarded-Proto in the proxy",
        )
    scopeless = all(not challenge.scope for challenge in hop.challenges)
    if scopeless and case.pull.client.family == "containerd":
        return (
            f"{hop.host} wants a token from {host}, and its challenge names no scope: {case.client} asked for no token.",
            f"let {hop.host} name the scope in its challenge, or use another version of {case.client}: 1.3.0-rc.2 stops there",
        )
    if case.pull.client.family == "buildkit":
        return (
            f"{hop.host} wants a token from {host}, and no request for one was seen: BuildKit asks from the client's process.",
            "set BUILDKIT_NO_CLIENT_TOKEN=1 for the client, or trace the client's process too",
        )
    return (
        f"{hop.host} wants a token from {host}, and {case.client} was not seen asking for one.",
        f"check that {case.client} can reach {host}, and that its requests go through this proxy (NO_PROXY, --only)",
    )


def _behind_a_redirect(case: Case, step: Step) -> tuple[str, str]:
    last, by = step.last, step.first.host
    family = case.client if case.client in NO_FOLLOWERS else "oras and helm (one library)"
    ways = (
        f"{family} answers a challenge of the host that it asked only."
        if case.client in NO_FOLLOWERS
        else f"some clients, as {family}, answer only the host that they asked."
    )
    return (
        f"{case.client} was redirected from {by} to {last.host}, which wants a token, and asked for none: {ways}",
        f"let {by} proxy (200) instead of redirecting, or pull from {last.host} by its own name",
    )


@row(
    "token-server-insecure",
    needs=Fact.TROUBLE,
    severities="warning, info",
    suffers="all that are logged in",
    remedy="the registry's public https address",
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
            f"set the public https address of {hop.host} in its configuration, or let the proxy in front of it send "
            "X-Forwarded-Proto",
            severity=Severity.WARNING if shown else Severity.INFO,
        )


@row(
    "token-server-failed",
    needs=Fact.TOKEN,
    explains="access-denied credentials-not-used token-not-requested token-server-insecure write-denied",
    remedy="the realm's host",
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
    if not broken:
        return
    last = broken[0].last
    names = listed(asked_repositories(broken[0])) if (last.status or 0) < 500 and not last.ok else ""
    said = f"{last.status}{quoted(last)}{f' to the request for {names}' if names else ''}"
    if last.ok:
        kind = broken[0].instead or content_type(last)
        said = f"{last.status} and no token in it" + (f" ({kind})" if kind else "")
    elif last.status is None:
        said = "nothing"
    elif last.failed is not None:
        said += " and its answer was cut off"
    own = realm_lost(case, last)
    by_post = last.request.method == "POST" and last.status in (404, 405) and own is None
    if by_post:
        said += " to POST"
    basic = [
        hop.host
        for hop in case.hops
        if hop.status == 401 and {"basic", "bearer"} <= {one.scheme for one in hop.challenges}
    ]
    yield Found(
        broken,
        f"the token server {answered_by(last)} answered {said}, so {case.client} has no token for the registry."
        + (f" {basic[0]} offers Basic too, which docker does not try then." if basic else f" {own[1]}" if own else ""),
        f"let {basic[0]} offer Basic only, or a realm that is a token server"
        if basic
        else f"set the public https address of {_registry_of(case, broken[0])} in its configuration, and send X-Forwarded-Proto"
        if last.request.url.startswith("http:") and own is None and _registry_of(case, broken[0]) is not None
        else f"use a version of {case.client} that asks by GET next, as the token specification has it, or let the realm "
        "answer POST"
        if by_post
        else _advised(case, broken[0]),
        severity=case.severity(*broken, otherwise=Severity.ERROR if case.stopped_at in broken else Severity.WARNING),
    )


def _advised(case: Case, token: Step) -> str:
    """What its words ask for, and the address that it has from the challenge."""
    named = of_where_it_was_named(Answer(case, token))
    if named is not None:
        return named
    look_at = f"ask {bare(token.last.request.url)} by hand (curl -i), the realm of its challenge: token servers answer with JSON"
    advised = Answer(case, token).asks_for or ("try again" if (token.last.status or 0) >= 500 else None)
    names = listed(asked_repositories(token)) if token.last.status in (400, 422) else ""
    look = f"{look_at}; check how {names} is spelled" if names else look_at
    return f"{advised}; if it keeps failing, {look_at}" if advised is not None else look


def _registry_of(case: Case, token: Step) -> str | None:
    """The host that was asked over https and named this realm."""
    homes = case.challengers.get(bare(token.first.request.url), set())
    secure = {hop.host for hop in case.hops if hop.request.url.startswith("https:")}
    return min(homes & secure, default=None)


def _gave_nothing(case: Case, step: Step) -> bool:
    """Whether a token request came to nothing for a reason of the server's, and was not repeated with success."""
    last = step.last
    realm = bare(step.first.request.url)
    again = any(
        one.is_token and one.token is not None and one.token.number is not None and bare(one.first.request.url) == realm
        for one in case.steps
        if one.started >= step.started
    )
    if again or last.redirects or tokens_read_early(case.pull, step):
        return False
    if last.ok:
        return (
            step.kind is Kind.TOKEN and (step.token is None or step.token.number is None) and step in case.pull.failing
        )
    cut = last.failed is not None and last.response is not None
    # Who is refused is another matter, and so is a limit.
    return cut or ((last.status or 0) >= 400 and last.status != 429 and not refuses_access(last))
