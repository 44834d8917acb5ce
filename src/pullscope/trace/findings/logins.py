"""Logins that are wanted and not shown. One that was shown and refused is an answer's matter: `answered`."""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.reference import registry_name
from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.answers import Answer
from pullscope.trace.findings.asked import LOOKERS, request, subject
from pullscope.trace.findings.case import asked_repositories, in_storage, listed, repositories, was_anonymous
from pullscope.trace.findings.fixes import of_a_name
from pullscope.trace.findings.grants import challenger, public_front, pushes, refuses_access
from pullscope.trace.findings.login_commands import as_typed, log_in, login, or_open
from pullscope.trace.findings.missing import chart_folder
from pullscope.trace.findings.row import Case, Fact, Found, Severity, row
from pullscope.trace.findings.said import answered_by, front, quoted
from pullscope.trace.model import Step
from pullscope.trace.settle import unused_token


@row(
    needs=Fact.TROUBLE,
    suffers="pages in a browser that are of another origin than the registry",
    remedy="answer OPTIONS without a login, or serve page and registry from one origin",
)
def preflight_refused(case: Case) -> Iterator[Found]:
    """OPTIONS is refused, which a browser asks by itself before a page of another origin may ask for something.

    It shows no login with that, and goes on after 2xx only (fetch.spec.whatwg.org, "CORS-preflight fetch"). distribution wants a
    login of it, too: Joxit/docker-registry-ui#232, #104, #266; so do proxies in front (#254), and others do not know the method
    (#435).
    """
    refused = [step for step in case.bad if step.method == "OPTIONS"]
    if refused:
        last = refused[-1].last
        who = front(last) or f"the proxy in front of {last.host}"
        yield Found(
            refused,
            f"{answered_by(last)} said {last.status}{quoted(last)} to {request(refused[-1])}, which a browser asks by itself for "
            "a page of another origin. It shows no login with that, and asks no more where that is refused.",
            f"let {who} answer OPTIONS below /v2/ itself, before it wants a login: 204 with Access-Control-Allow-Origin, "
            "-Methods and -Headers (Authorization); or serve page and registry from one origin (docker-registry-ui: "
            "NGINX_PROXY_PASS_URL)",
        )


@row(
    needs=Fact.TROUBLE,
    suffers="all without that login",
    remedy="log in to the registry itself, not to the host in front of it",
)
def credentials_not_used(case: Case) -> Iterator[Found]:
    """A login is wanted and none was shown, or to another host only.

    A login is kept for the host in the reference (docker config.json, containers auth.json), so one for a vanity host is
    not shown to its upstream: run with dockerd 20.10.24, dockerd 29.7.2 and skopeo 1.9.3. Artifact Registry and GHCR refuse
    the anonymous token itself: GoogleCloudPlatform/aactl#233, mubeng/mubeng#286. A version check that ends at Basic is a
    finding too, unless the client may only look. So is Basic beside Bearer, which Gitea 1.26.0 asked every client for:
    distribution's client answers every challenge or fails (go-gitea/gitea#37289; run with dockerd 20.10.24).
    """
    for step in case.pings:
        # Clients that know no password end here, before they have asked for anything.
        wants = {challenge.scheme for challenge in step.last.challenges} if step.last.status == 401 else set()
        bare = step.last.request.authorization == "none"
        why = None
        if "basic" in wants and step is case.stopped_at:
            why = f"wants a login, and {case.client} showed none, and"
        elif wants == {"basic", "bearer"} and case.family == "docker" and case.only_a_token:
            why = "asks for Basic beside Bearer; docker answers both or gives up: it got a token, had no login, and"
        if why is not None and bare and case.family not in LOOKERS:
            yield Found(
                [step],
                f"{step.last.host} {why} asked nothing more.",
                f"{log_in(case, step.last.host)}{or_open(case, step.last.host)}; if that is done, trace {case.client} to its end",
                severity=Severity.ERROR,
            )
    logged_in = {hop.host for hop in case.hops if hop.request.authorization == "basic" and not hop.step.is_token}
    logged_in |= {step.first.host for step in case.steps if step.token is not None and not step.token.anonymous}
    for step in case.bad:
        last = step.last
        if step.is_token:
            if is_unknown_without_login(case, step):
                yield _no_anonymous_token(case, step)
                return
            continue
        if last.status != 401 or in_storage(last) or case.writes:
            continue
        schemes = {challenge.scheme for challenge in last.challenges}
        issuer = case.issuer_of(last)
        anonymous = issuer is not None and was_anonymous(issuer)
        basic = "basic" in schemes and not any(one.is_token for one in case.steps)
        basic |= step.route.endpoint is Endpoint.CHARTS  # helm asks for these once, whatever is wanted
        basic &= last.request.authorization == "none"
        elsewhere = sorted(host for host in logged_in if host != last.host) if anonymous else []
        if not basic and not elsewhere:
            continue
        where = f"; its login for {elsewhere[0]} does not carry over" if elsewhere else ""
        yield Found(
            [step],
            f"{last.host} wants a login, and {case.client} asked without one{where}.",
            f"name the image {registry_name(last.host)}/{last.route.repository or 'NAME'} and log in there "
            f"({login(case, last.host)}), or let {step.first.host} proxy to it: a login goes by the host in an image's name"
            if step.first.host != last.host
            else f"{log_in(case, last.host)}{as_typed(login(case, last.host), last.host)}{or_open(case, last.host)}",
        )


@row(
    needs=Fact.TOKEN,
    severities="error, warning",
    suffers="docker, containerd, podman, skopeo",
    remedy="send expires_in as a number and issued_at as RFC 3339; else read the client's own message",
)
def token_not_used(case: Case) -> Iterator[Found]:
    """A token for a repository was got and no request carries it, by a client that asks for one within a request.

    Go reads neither `"expires_in": "300"` nor an `issued_at` that is not of RFC 3339, so docker, containerd and podman stop
    there: distribution/distribution#1746, moby/moby#20970, Katello/katello#10768 (run with skopeo 1.9.3). Without that it is
    only known that the client stopped, a warning. `crane auth token` and curl may want no more than the token.
    """
    step = unused_token(case.pull) if case.over else None
    if step is None or step.token is None:
        return
    host, odd, client = step.last.host, step.token.odd, case.client
    yield Found(
        [step, *([step.under] if step.under is not None else [])],
        f"{client} got a token for {listed(asked_repositories(step))} from {host} and asked nothing with it: "
        + (f"in that answer {odd}, which {client} does not read." if odd else "why it stopped is not seen."),
        f"let {host} send expires_in as a number (300) and issued_at as 2006-01-02T15:04:05Z"
        if odd
        else f"read what {client} printed: it was stopped, or asks on past this proxy (NO_PROXY)",
        severity=Severity.ERROR if odd else Severity.WARNING,
    )


def is_unknown_without_login(case: Case, step: Step) -> bool:
    """Whether a token server gives nothing without a login, for a name that was not changed on the way."""
    if not was_anonymous(step) or not refuses_access(step.last) or pushes(step) or public_front(step) is not None:
        return False
    moved = any(one.first.host != one.last.host for one in case.steps if not one.is_token)
    # That of a version check names none, or a placeholder (ghcr.io: repository:user/image:pull).
    named_by = [one for hop, one in case.challenges if hop.step.route.endpoint is not Endpoint.PING]
    wanted = {name for one in named_by for name in repositories(one.scope)}
    # A challenge that names repositories has the last word: another name in the request is the client's own.
    named = bool(wanted) and set(asked_repositories(step)) <= wanted
    known = {hop.route.repository for hop in case.hops if hop.route.repository is not None}
    return named or (not moved and not wanted and (not known or set(asked_repositories(step)) <= known))


def _no_anonymous_token(case: Case, step: Step) -> Found:
    last = step.last
    name = subject(case, step)
    host = step.under.last.host if step.under is not None else challenger(case, step) or last.host
    by = step.under.first.host if step.under is not None and step.under.first.host != host else None
    one = Answer(case, step)
    page = one.step_there("page")  # most of what is there is public
    log = f"{log_in(case, host)}{f', or let {by} proxy to it' if by else ''}"
    return Found(
        [step, *([step.under] if step.under else [])],
        f"{case.client} showed no login, and {answered_by(last)} gives no token for {name or 'that'} without one"
        f" ({last.status}{quoted(last).replace(': ', ', ', 1)}).",
        of_a_name(one)
        or chart_folder(one)
        + (
            f"check the name {name} ({page} shows it, if it is public); if it is private, have its owner make it public, or {log}"
            if name and page
            else log
        )
        + ("; without the right to see it, the answer is the same for a name that does not exist" if name else "")
        + or_open(case, host),
        severity=case.severity(step, otherwise=Severity.ERROR if case.over else Severity.WARNING),
    )
