"""Redirects and vanity domains: where a request ended up, and which ways the rules of the domain leave out.

What clients do at a redirect was seen on the wire with dockerd 20.10.24 and 29.7.2, ctr 1.6.20, skopeo 1.9.3 and crane
0.20.2 and 0.21.9, and read in the sources of others (docs/findings.md names them for each code).
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, urljoin, urlsplit

from pullscope.oci.routes import Endpoint, route
from pullscope.trace.findings.case import (
    CONTENT,
    Case,
    content_type,
    crosses,
    found,
    header,
    in_storage,
    is_page,
    is_registrys,
    location_host,
    pings,
    reading,
)
from pullscope.trace.findings.facts import LISTS
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.model import Hop, Step
from pullscope.trace.settle import MOST_HOPS

PASSED_ON = frozenset({"ns", "n", "last", "digest"})
"""Parameters without which a registry answers something else (distribution-spec, "Endpoints")."""

WRITES = frozenset({Endpoint.UPLOAD_START, Endpoint.UPLOAD, Endpoint.MANIFEST})


def _unanswered(case: Case) -> list[Step]:
    """Manifests and blobs that were refused to a client that never had a token to show."""
    return [
        step
        for step in case.bad
        if step.route.endpoint in CONTENT and step.last.status == 401 and step.last.request.authorization == "none"
    ]


def ping_not_redirected(case: Case) -> Iterator[Finding]:
    """`/v2/` ends at the host that was asked, with an error, while other requests are sent on."""
    for step in pings(case):
        last = step.last
        status = last.status or 0
        if last.follows is not None or (status not in (403, 404) and status < 500) or is_registrys(last):
            continue
        host = last.host
        gave_up = case.over and status == 404 and not any(True for _ in reading(case))
        refused = _unanswered(case)
        if not gave_up and (host not in case.pointing or not (refused or case.over)):
            continue
        severity = case.severity(*([step] if gave_up else refused), otherwise=Severity.INFO)
        consequence = (
            f"{case.client} takes it for no registry and asks nothing more."
            if gave_up
            else f"{case.client} never learns where tokens are to be had."
            if refused
            else "docker up to 28, podman, skopeo, buildah and crane cannot pull from it."
        )
        yield found(
            "ping-not-redirected",
            severity,
            [step, *refused],
            f"{host} answers /v2/ itself, with {status}, and sends only other paths on: {consequence}"
            if host in case.pointing
            else f"{host} answers /v2/ with {status}: {consequence}",
            f"redirect /v2/ of {host} to the registry's /v2/ too, with the slash",
        )
        return


def ping_not_a_registry(case: Case) -> Iterator[Finding]:
    """`/v2/` says 200, so no client looks for a token, and then the registry behind it wants one."""
    wanting = [hop for hop in case.hops if hop.status == 401 and hop.challenges and hop.step.route.endpoint in CONTENT]
    for step in pings(case):
        last = step.last
        if last.status != 200 or not wanting or (is_registrys(last) and not is_page(last)):
            continue
        refused = _unanswered(case)
        what = "a web page" if is_page(last) else "200, though it is no registry"
        yield found(
            "ping-not-a-registry",
            case.severity(step, *refused, otherwise=Severity.INFO),
            [step, *refused],
            f"{last.host} answers /v2/ with {what}, so {case.client} believes that no token is needed; {wanting[0].host} "
            "wants one. docker up to 28, podman, skopeo, buildah and crane fail alike.",
            f"redirect /v2/ of {last.host} to {wanting[0].host} too; where a page or a catch-all shadows it, force the "
            "rule or put it first",
        )
        return


def path_not_redirected(case: Case) -> Iterator[Finding]:
    """A manifest or blob that the host answered with a page of its own."""
    lost = [
        step
        for step in reading(case)
        if step.last.follows is None
        and (step.last.status in (404, 403, 410) or step.last.status == 200)
        and not is_registrys(step.last)
        and (is_page(step.last) or (step.last.host in case.pointing and _is_text(step.last)))
    ]
    if not lost:
        return
    first = lost[0]
    folder = f"/v2/{first.route.repository}/"
    yield found(
        "path-not-redirected",
        case.severity(*lost),
        lost,
        f"no rule covers {folder}, so {first.last.host} itself said {first.last.status}, with a page that no client can "
        "read as a registry's answer.",
        f"add a rule for {folder}* if the name is yours; it is as it should be if it is not",
    )


def _is_text(hop: Hop) -> bool:
    return content_type(hop) in ("text/plain", "")


def ping_slash_lost(case: Case) -> Iterator[Finding]:
    """`/v2/` led to `…/v2`: classic dockerd stores the challenge under that, and never finds it again."""
    for step in pings(case):
        asked, ended = urlsplit(step.first.request.url).path, urlsplit(step.last.request.url).path
        if not asked.endswith("/v2/") or not ended.endswith("/v2") or step.last.follows is None:
            continue
        refused = _unanswered(case)
        classic = case.pull.client.store == "graphdriver"
        yield found(
            "ping-slash-lost",
            case.severity(*refused, otherwise=Severity.INFO) if classic else Severity.INFO,
            [step, *(refused if classic else ())],
            f"{step.last.follows.host} redirects /v2/ to {step.last.host}{ended}, without its slash: docker's classic store "
            "keeps what it learned there for that address only and asks for no token later.",
            f"write the target as https://{step.last.host}/v2/ with the slash at its end",
        )
        return


def ping_other_host(case: Case) -> Iterator[Finding]:
    """`/v2/` led to one registry and the manifests to another: classic dockerd has a token for the first only."""
    refused = [step for step in _unanswered(case) if not _lost_on_the_way(step)]
    for step in pings(case):
        homes = {other.last.host for other in refused} - {step.last.host}
        if step.last.status == 401 and step.last.challenges and homes and case.pull.client.family == "docker":
            home = min(homes)
            yield found(
                "ping-other-host",
                case.severity(*refused),
                [step, *refused],
                f"/v2/ of {step.first.host} led to {step.last.host}, but the manifests to {home}: docker's classic store "
                "sends a token only to the registry where /v2/ ended.",
                f"redirect /v2/ of {step.first.host} to https://{home}/v2/, or use a vanity host for each registry",
            )
            return


def _lost_on_the_way(step: Step) -> bool:
    return any(hop.request.authorization != "none" for hop in step.passes[-1])


def library_prefix_missing(case: Case) -> Iterator[Finding]:
    """Docker Hub knows its official images as library/NAME only; clients add that to names on docker.io alone."""
    for step in case.bad:
        last = step.last
        name = last.route.repository
        if step.is_token or last.host not in ("registry-1.docker.io", "index.docker.io"):
            continue
        if name and "/" not in name and last.status in (401, 403, 404):
            asked = step.first.host if step.first.host != last.host else "the client"
            yield found(
                "library-prefix-missing",
                case.severity(step),
                [other for other in case.bad if other.last.route.repository == name],
                f"{asked} asked Docker Hub for {name}, which it knows only as library/{name}.",
                f"add library/ in the rule that sends {name} to {last.host}, or pull {step.first.host}/library/{name}",
            )
            return


def redirect_loop(case: Case) -> Iterator[Finding]:
    """A chain that comes back to where it was, or is longer than clients follow."""
    for step in case.steps:
        for chain in step.passes:
            # Only what redirected before: a client may ask where it was led to again, with a token (crane from 0.21.8).
            turns = [hop.request.url_id if hop.redirects else None for hop in chain]
            again = next((hop for place, hop in enumerate(chain) if hop.request.url_id in turns[:place]), None)
            if again is None and (len(chain) < MOST_HOPS or not chain[-1].redirects):
                continue
            culprit = again or chain[-1]
            looping = [other for other in case.bad if len(other.hops) >= 2 and other.last.redirects]
            yield found(
                "redirect-loop",
                case.severity(step),
                [step, *looping],
                f"{culprit.host} leads {urlsplit(step.first.request.url).path} "
                + ("back to an address where the chain had been" if again else "on and on")
                + f"; {case.client} gave up after {len(chain)} requests.",
                f"look at the rule of {culprit.host} for this path: it must name the registry, not the vanity host",
            )
            return


def redirect_downgrade(case: Case) -> Iterator[Finding]:
    """From https to http."""
    down = [
        hop
        for hop in case.hops
        if hop.redirects
        and hop.request.url.startswith("https:")
        and hop.response is not None
        and (hop.response.location or "").startswith("http:")
    ]
    if down:
        steps = [hop.step for hop in down]
        hosts = " and ".join(dict.fromkeys(hop.host for hop in down))
        yield found(
            "redirect-downgrade",
            case.severity(*steps),
            steps,
            f"{hosts} redirects from https to plain http, at {location_host(down[0])}: whoever is on the way can read the "
            "tokens and change what comes.",
            f"write https:// in the rule of {hosts}",
        )


def redirect_permanent(case: Case) -> Iterator[Finding]:
    """301 or 308 where a vanity host points to its registry."""
    kept = [
        hop
        for hop in case.hops
        if hop.status in (301, 308)
        and hop.follows is None
        and crosses(hop)
        and hop.step.route.endpoint is not Endpoint.BLOB
    ]
    if kept:
        first = kept[0]
        yield found(
            "redirect-permanent",
            Severity.WARNING,
            (hop.step for hop in kept),
            f"{first.host} points to {location_host(first)} with {first.status}, which is for ever: clients, proxies and "
            "CDNs may go on following it after you have moved.",
            f"answer with {'302' if first.status == 301 else '307'} while the registry behind {first.host} may still change",
        )


def query_dropped(case: Case) -> Iterator[Finding]:
    """A parameter that changes the answer is gone after a redirect within a registry's paths."""
    for hop in case.hops:
        response = hop.response
        if response is None or not hop.redirects or hop.route.endpoint is Endpoint.NONE:
            continue
        target = route(response.location or "")
        if target.endpoint is not hop.route.endpoint:
            continue
        before, after = _query(hop.request.url), _query(response.location or "")
        lost = sorted(name for name in before if name in PASSED_ON and name not in after)
        if before.get("ns") is not None and location_host(hop) in (before["ns"], f"registry-1.{before['ns']}"):
            lost = [name for name in lost if name != "ns"]  # at home, nobody needs to be told whose image it is
        if lost:
            names = ", ".join(f"?{name}=" for name in lost)
            yield found(
                "query-dropped",
                case.severity(hop.step),
                [hop.step],
                f"{hop.host} redirects to {location_host(hop)} and loses {names} of the address: lists begin again at their "
                "first page, and uploads have no digest.",
                f"hand the query on in the rule of {hop.host}: {{uri}} in Caddy, $request_uri in nginx, preserve query string "
                "at Cloudflare, no query in the target at Netlify",
            )
            return


def link_points_elsewhere(case: Case) -> Iterator[Finding]:
    """The next page of a list is said to be at another host, or under another name, than the one that was asked."""
    for step in case.steps:
        link = header(step.last, "link")
        if step.route.endpoint not in LISTS or not step.last.ok:
            continue
        target, _, _ = (link or "").partition(">")
        there = urljoin(step.last.request.url, target.lstrip("<")) if link else step.last.request.url
        host, name = urlsplit(there).netloc.lower(), route(there).repository
        asked = step.last.route.repository
        listed_as = step.listed if step.listed is not None else asked
        if host == step.last.host and name == asked and listed_as == asked:
            continue
        elsewhere = f"{host}/{name}" if link and (host != step.last.host or name != asked) else listed_as
        yield found(
            "link-points-elsewhere",
            case.severity(step),
            [step],
            f"{step.last.host} was asked for the list of {asked} and points to {elsewhere} for more: clients go "
            "there, or read the first page again and again.",
            f"rewrite Link and the list's name in the proxy at {step.last.host}, so that they say {asked}",
        )
        return


def push_over_redirect(case: Case) -> Iterator[Finding]:
    """A request that was to write met a redirect that turns it into GET."""
    turned = [
        hop
        for hop in case.hops
        if hop.request.method in ("POST", "PUT", "PATCH")
        and hop.route.endpoint in WRITES
        and hop.status in (301, 302, 303)
        and hop.redirects
    ]
    if not turned:
        return
    first = turned[0]
    read = any(hop.follows in turned and hop.request.method in ("GET", "HEAD") for hop in case.hops)
    written = (
        "became a GET there: nothing was written, even where the client says that it was" if read else "ended there"
    )
    yield found(
        "push-over-redirect",
        Severity.ERROR if read or case.failed else Severity.WARNING,
        (hop.step for hop in turned),
        f"{first.host} answered {first.request.method} with {first.status}, to {location_host(first)}; the push {written}.",
        f"push to {location_host(first)} by its own name; a vanity host that redirects is for pulling only",
    )


def two_auth_mechanisms(case: Case) -> Iterator[Finding]:
    """A signed address of a storage got an Authorization as well, and refused both."""
    refused = [
        step
        for step in case.bad
        if in_storage(step.last)
        and step.last.request.authorization != "none"
        and step.last.status in (400, 401, 403)
        and urlsplit(step.last.request.url).query
    ]
    if refused:
        last = refused[0].last
        yield found(
            "two-auth-mechanisms",
            case.severity(*refused),
            refused,
            f"{case.client} sent its {_kind(last)} to {last.host} too, whose address is signed already, and {last.host} "
            f"said {last.status}: storages take one of the two, never both.",
            f"let {last.host} answer signed addresses without a challenge; a client that sends its token to a "
            "storage of its own accord needs an update",
        )


def _kind(hop: Hop) -> str:
    return {"bearer": "token", "basic": "login"}.get(hop.request.authorization, "Authorization")


def _query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
