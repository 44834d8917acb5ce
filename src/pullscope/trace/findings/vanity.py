"""Vanity domains: which paths the rules of a domain leave out, and who notices."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pullscope.oci.known_registries import known_registry
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import bare, host_of, path_of, split
from pullscope.trace.findings.answers import Answer, look_at_the_log
from pullscope.trace.findings.asked import LOOKERS, check
from pullscope.trace.findings.case import CONTENT, is_write
from pullscope.trace.findings.facts import LISTS
from pullscope.trace.findings.missing import of_a_website
from pullscope.trace.findings.row import Case, Fact, Found, Severity, row
from pullscope.trace.findings.said import answered_by, front, quoted, says
from pullscope.trace.model import Step
from pullscope.trace.source_gaps import lacking


def _unanswered(case: Case) -> list[Step]:
    """Manifests and blobs that were refused to a client that never had a token to show."""
    return [
        step
        for step in case.bad
        if step.route.endpoint in CONTENT and step.last.status == 401 and step.last.request.authorization == "none"
    ]


@row(
    needs=Fact.PING,
    severities="error, info",
    suffers="docker up to 28, podman, skopeo, buildah, crane; not containerd or docker 29",
    remedy="redirect `/v2/` too",
)
def ping_not_redirected(case: Case) -> Iterator[Found]:
    """`/v2/` fails at the host that redirects everything else.

    Run with dockerd 20.10.24, skopeo 1.9.3, crane 0.20.2 and 0.21.9: all fail; ctr 1.6.20 and dockerd 29.7.2 send no ping
    and pull. Where the client asked nothing after a 404 at `/v2/`, that is enough. Info where this client did not need
    it: an upstream without tokens, for classic dockerd.
    """
    for step in case.pings:
        last = step.last
        status = last.status or 0
        if last.follows is not None or (status not in (403, 404) and status < 500) or last.is_registrys:
            continue
        host = last.host
        gave_up = case.over and status == 404 and not case.reading
        refused = _unanswered(case)
        answers_itself = host in case.pointing or any(one.first.host == host for one in refused)
        if not gave_up and (not answers_itself or not (refused or case.over)):
            continue
        severity = case.severity(*([step] if gave_up else refused), otherwise=Severity.INFO)
        path = path_of(last.request.url)
        one, inside = Answer(case, step), last.request.authorization != "none"  # bitnami/charts#8354
        newer = " to 0.16.1 or later" if case.family == "nerdctl" else ""
        consequence = (
            "it asked for a login there and got one; what it hands /v2/ on to has no such path."
            if inside
            else f"{case.client} takes it for no registry and asks nothing more."
            if gave_up
            else f"{case.client} never learns where to get a token."
            if refused
            else "docker up to 28, podman, skopeo, buildah and crane cannot pull from it."
        )
        yield Found(
            [step, *refused],
            f"{host} answers {path} itself with {status} and redirects only other paths: {consequence}"
            if host in case.pointing
            else f"{answered_by(last)} answers {path} with {status}{quoted(last)}: {consequence}",
            f"correct where {host} hands /v2/ on to behind its login, with that path as it is; {look_at_the_log(one)}"
            if inside
            # containerd/nerdctl#715, #750, rancher-sandbox/rancher-desktop#1673
            else f"update {case.client}{newer}, or write the slash: it asked /v2, and registries have /v2/; "
            f"curl -sI {bare(last.request.url)}/ says 200 or 401, if {host} is one"
            if path == "/v2"
            else of_a_website(one)
            or one.asks_for
            or "name the host and port where curl -sI https://HOST:PORT/v2/ says 200 or 401 (a domain of yours: redirect /v2/); "
            f"if the registry is below a path of {host}, hand /v2/ on to it: clients ask for it at the root of the host"
            if host not in case.pointing
            else f"redirect /v2/ of {host} to the registry's /v2/ too, with the slash",
            severity=severity,
        )


@row(
    needs=Fact.PING,
    severities="error, warning, info",
    suffers="docker up to 28, podman, skopeo, buildah, crane; not containerd or docker 29",
    remedy="redirect `/v2/` to the registry that wants tokens",
)
def ping_not_a_registry(case: Case) -> Iterator[Found]:
    """`/v2/` says 200 without being a registry, and a manifest is then answered 401, or nothing more is asked.

    Run as above: dockerd 20.10.24, skopeo, crane (also 0.21.9, which then builds no bearer transport) fail. 200 alone is
    fine where the backends need no token, and is what registry.k8s.io does on purpose
    (cmd/archeio/docs/request-handling.md). docker login takes any 200 for a success: docker/for-linux#802.
    """
    wanting = [hop for hop in case.hops if hop.status == 401 and hop.challenges and hop.step.route.endpoint in CONTENT]
    for step in case.pings:
        last, path = step.last, path_of(step.last.request.url)
        looks = case.family in LOOKERS
        if case.over and step is case.stopped_at and last.status == 200 and last.is_page and not looks:
            yield Found(
                [step],
                f"{answered_by(last)} answers {path} with a web page{quoted(last)}, and {case.client} asked for nothing more: no "
                "registry answered, and a login that was to be checked there was not.",
                of_a_website(Answer(case, step))
                or f"log in where curl -i https://HOST/v2/ says 401, and not at {step.first.host}: a login "
                "counts as good wherever /v2/ answers 200",
                severity=Severity.WARNING,
            )
        if last.status != 200 or not wanting or (last.is_registrys and not last.is_page):
            continue
        if wanting[0].host == last.host and not last.is_page:
            continue  # `ping-hides-challenge`
        refused = _unanswered(case)
        what = "a web page" if last.is_page else "200, though it is not a registry"
        yield Found(
            [step, *refused],
            f"{last.host} answers {path} with {what}, so {case.client} believes that no token is needed; {wanting[0].host} "
            "wants one. docker up to 28, podman, skopeo, buildah and crane fail in the same way.",
            f"redirect /v2/ of {last.host} to {wanting[0].host} too; where a page or a catch-all shadows it, force the "
            "rule or put it first",
            severity=case.severity(step, *refused, otherwise=Severity.INFO),
        )


@row(
    needs=Fact.ODD,
    explains="access-denied manifest-unknown missing-content-digest",
    remedy="add the missing rule, if you serve this name",
)
def path_not_redirected(case: Case) -> Iterator[Found]:
    """The host that was asked answers a manifest or blob with a page of its own.

    docker 20.10 shows this as "invalid character '<' looking for beginning of value"; Traefik and other servers in Go say "404
    page not found" where they have no route (distribution/distribution-library-image#100). A registry's own 404 carries an
    error body or `Docker-Distribution-Api-Version`, and is told as what it is. Token servers: nicholas-fedor/watchtower#761.
    """
    lost = [
        step
        for step in case.steps
        if (step.route.endpoint in CONTENT or (step.route.endpoint in LISTS and step.last.status == 200))
        and not is_write(step)
        and not (case.writes and step.method == "HEAD")
        and step.last.follows is None
        and (step.last.status in (404, 410, 200) or (step.last.status == 403 and step.last.host in case.pointing))
        and not step.last.is_registrys
        and not (step.last.ok and step.route.endpoint is Endpoint.MANIFEST and step.last.host not in case.pointing)
        and (
            step.last.is_page
            or (step.last.host in case.pointing and step.last.content_type in ("text/plain", ""))
            or (step.last.status == 404 and says(step.last, _NO_ROUTE))
        )
    ]
    if not lost:
        return
    first = lost[0]
    folder = f"/v2/{first.route.repository}/" if first.route.repository else split(first.last.request.url).path
    pings = [step for step in case.steps if step.route.endpoint is Endpoint.PING and step.last.host == first.last.host]
    rest = "/v2/" if any(step.last.status == 404 for step in pings) else folder  # go-gitea/gitea#32058
    takes = {hop.host for hop, _ in case.challenges} if first.last.status == 404 else set()
    site = of_a_website(Answer(case, first))
    served = {step.last.host for step in case.reading if step.last.ok and not step.last.is_page}
    names_it = (hop.host for hop, one in case.challenges if host_of(one.realm or "") == first.last.host)
    named_by = min(names_it, default=None) if first.last.host not in takes | served else None
    yield Found(
        lost,
        f"no rule covers {folder}, so {first.last.host} itself said {first.last.status}, with a page that no client can "
        "read as a registry's answer."
        if first.last.host in case.pointing
        else f"{answered_by(first.last)} said {first.last.status} to {folder}"
        + (" with a web page" if first.last.is_page else "")
        + quoted(first.last)
        + (
            f": it is the token server of {named_by}, and no registry."
            if named_by
            else ": something stands in front of the registry."
            if first.last.host in served
            else ": a registry is there, and has nothing under that name."
            if first.last.host in takes
            else ": no registry answers there."
        ),
        f"ask {named_by} for it, as another version of {case.client} may: {first.last.host} gives out tokens alone"
        if named_by
        else site or f"add a rule for {folder}* if you serve this name; otherwise the answer is right"
        if site or first.last.host in case.pointing
        else f"open {first.last.request.url} in a browser there: its page shows who answers in the place of the registry (a "
        "login, a filter, a portal of the network), and what it wants"
        if first.last.host in served and first.last.ok
        else f"have {front(first.last) or 'what is in front'} hand all paths below {folder} on to the registry, as it did others"
        if first.last.host in served
        else f"correct the name, if it is not {first.route.repository}; else try again later, and see {known.status}"
        if (known := known_registry(first.last.host)) is not None
        else check(first.route.repository or "")
        if first.last.host in takes
        else f"name the host where curl -sI https://HOST/v2/ says 200 or 401; if {first.last.host} is yours, redirect {rest}* to "
        "the registry, or hand it on (proxy_pass in nginx)",
    )


_NO_ROUTE = re.compile(r"^404 page not found", re.IGNORECASE)
"""Go's net/http (http.NotFound)."""


@row(
    needs=Fact.PING,
    severities="error, info",
    suffers="docker's classic store",
    remedy="end the target with /v2/",
)
def ping_slash_lost(case: Case) -> Iterator[Found]:
    """`/v2/` is redirected to `…/v2`.

    Classic dockerd keeps its challenges under the URL at which the ping ended and looks for `…/v2/` later (distribution
    registry/client/auth/session.go; authchallenge.go). Run with dockerd 20.10.24. Info for all others, who do not mind.
    """
    for step in case.pings:
        if step.last.follows is None:
            continue
        asked, ended = split(step.first.request.url).path, split(step.last.request.url).path
        if not asked.endswith("/v2/") or not ended.endswith("/v2"):
            continue
        refused = _unanswered(case)
        classic = case.pull.client.store == "graphdriver"
        yield Found(
            [step, *(refused if classic else ())],
            f"{step.last.follows.host} redirects /v2/ to {step.last.host}{ended}, without its slash: docker's classic store "
            "keeps what it learned there for that address only and asks for no token later.",
            f"write the target as https://{step.last.host}/v2/ with the slash at its end",
            severity=case.severity(*refused, otherwise=Severity.INFO) if classic else Severity.INFO,
        )


@row(
    suffers="docker's classic store",
    remedy="use one vanity host for each registry",
)
def ping_other_host(case: Case) -> Iterator[Found]:
    """`/v2/` led to one registry, the manifests to another.

    The same rule of classic dockerd: a token goes only to the host where the ping ended (session.go ModifyRequest). Read,
    and played with the model that was compared with 20.10.24.
    """
    unanswered = _unanswered(case)
    refused = [one for one in unanswered if all(hop.request.authorization == "none" for hop in one.passes[-1])]
    for step in case.pings:
        homes = {other.last.host for other in refused} - {step.last.host}
        if step.last.status == 401 and step.last.challenges and homes and case.family == "docker":
            home = min(homes)
            yield Found(
                [step, *refused],
                f"/v2/ of {step.first.host} led to {step.last.host}, but the manifests to {home}: docker's classic store "
                "sends a token only to the registry where /v2/ ended.",
                f"redirect /v2/ of {step.first.host} to https://{home}/v2/, or use a vanity host for each registry",
            )


@row(
    remedy="add `library/` in the rule",
)
def library_prefix_missing(case: Case) -> Iterator[Found]:
    """A one-word name reaches Docker Hub without `library/`.

    Clients add `library/` to names on docker.io only (distribution/reference). ciiiii/cloudflare-docker-proxy#17, #11: a proxy,
    known by Docker Hub's challenge.
    """
    for step in case.bad:
        one, last, name = Answer(case, step), step.last, step.last.route.repository
        if case.writes or one.is_known_to_be_there or one.behind is None or one.behind.id != "docker-hub":
            continue
        lists = step.route.endpoint is Endpoint.TAGS and lacking(last.request, "headers")
        if case.family == "helm" or lists:
            continue  # no chart is an official image
        if step.is_token or (last.status == 401 and last.request.authorization == "none"):
            continue  # a challenge says nothing of the name
        if name and "/" not in name and last.status in (401, 403, 404):
            hub = known_registry(last.host) is not None
            directly = hub and step.first.host == last.host
            asked = case.client if directly else step.first.host
            yield Found(
                [other for other in case.bad if other.last.route.repository == name],
                f"{asked} asked Docker Hub{'' if hub else ', whose challenge it passes on,'} for {name}, which it knows only as "
                f"library/{name}.",
                f"ask for {step.first.host}/library/{name}"
                if directly
                else f"add library/ in the rule that sends {name} to {last.host if hub else 'Docker Hub'}, or pull "
                f"{step.first.host}/library/{name}",
                severity=case.severity(step),
            )
