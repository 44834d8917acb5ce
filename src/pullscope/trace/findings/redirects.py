"""Redirects and vanity domains: where a request ended up, and which ways the rules of the domain leave out.

What clients do at a redirect was seen on the wire with dockerd 20.10.24 and 29.7.2, ctr 1.6.20, skopeo 1.9.3 and crane
0.20.2 and 0.21.9, and read in the sources of others (docs/findings.md names them for each code).
"""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.routes import Endpoint, below, route
from pullscope.oci.urls import pairs, path_of, query, split
from pullscope.trace.findings.case import in_storage
from pullscope.trace.findings.client_settings import by_tls_only
from pullscope.trace.findings.facts import LISTS
from pullscope.trace.findings.row import Case, Fact, Found, Severity, row
from pullscope.trace.model import REDIRECTS, Hop
from pullscope.trace.settle import MOST_HOPS

PASSED_ON = frozenset({"ns", "n", "last", "digest"})
"""Parameters without which a registry answers something else (distribution-spec, "Endpoints")."""

WRITES = frozenset({Endpoint.UPLOAD_START, Endpoint.UPLOAD, Endpoint.MANIFEST})


@row(
    needs=Fact.REDIRECT,
    explains="query-dropped redirect-permanent",
    remedy="correct the rule that sends it back",
)
def redirect_loop(case: Case) -> Iterator[Found]:
    """A chain comes back to an address, or has ten hops and no end.

    Go's net/http stops after ten requests (client.go defaultCheckRedirect), containerd repeats the number.
    """
    for step in case.steps:
        if len({hop.request.url_id for hop in step.hops}) == len(step.hops) < MOST_HOPS:
            continue
        for chain in step.passes:
            # Only what redirected before: a client may ask where it was led to again, with a token (crane from 0.21.8).
            turns = [hop.request.url_id if hop.redirects else None for hop in chain]
            again = next((hop for place, hop in enumerate(chain) if hop.request.url_id in turns[:place]), None)
            if again is None and (len(chain) < MOST_HOPS or not chain[-1].redirects):
                continue
            culprit = again or chain[-1]
            looping = [other for other in case.bad if len(other.hops) >= 2 and other.last.redirects]
            yield Found(
                [step, *looping],
                f"{culprit.host} leads {split(step.first.request.url).path} "
                + ("back to an address that was asked before" if again else "on and on")
                + f"; {case.client} gave up after {len(chain)} requests.",
                f"change the rule of {culprit.host} for this path: its target must be the registry, not the vanity host",
            )


@row(
    needs=None,
    severities="warning, error",
    suffers="all follow it, unencrypted",
    remedy="write https:// in the rule",
)
def redirect_downgrade(case: Case) -> Iterator[Found]:
    """An answer over https names an address with plain http: a redirect, or the next page of a list.

    Go follows it, and only leaves out the Referer (net/http client.go refererForURL). An error where the pull ended
    there. The Location of an upload is `upload-location-elsewhere`, a realm `token-server-insecure`.
    """
    secure = [hop for hop in case.hops if hop.request.url.startswith("https:")]
    down = [hop for hop in secure if _names_plain_http(hop)]
    if down:
        steps = [hop.step for hop in down]
        hosts = " and ".join(dict.fromkeys(hop.host for hop in down))
        yield Found(
            steps,
            f"{hosts} redirects from https to plain http, at {down[0].target}: anyone on the network path can read "
            "the tokens and change the image."
            if down[0].redirects
            else f"{hosts} names the next page of a list with plain http: clients go there unencrypted.",
            "give the registry its storage's address with https:// (secure and regionendpoint in distribution), or let it serve "
            "blobs itself (storage.redirect.disable)"
            if down[0].redirects and not case.pointing and all(step.route.endpoint is Endpoint.BLOB for step in steps)
            else f"write https:// in the rule of {hosts}"
            if down[0].redirects
            else f"send X-Forwarded-Proto in the proxy in front of {hosts}",
            # a storage that answers says itself what is wrong: containerd/containerd#10374
            severity=Severity.WARNING if any(in_storage(step.last) and step.last.response for step in steps) else None,
        )


def _names_plain_http(hop: Hop) -> bool:
    if hop.redirects:
        return (hop.location or "").startswith("http:") and hop.target is not None
    return hop.step.route.endpoint in LISTS and (hop.header("link") or "").lstrip().startswith("<http:")


@row(
    needs=Fact.REDIRECT,
    severities="warning, info",
    suffers="those that keep redirects",
    remedy="redirect with 302 or 307 while you may still move",
)
def redirect_permanent(case: Case) -> Iterator[Found]:
    """301 or 308 where a vanity host points to its registry.

    RFC 9110, 15.4.2 and 15.4.9: such an answer may be kept without limit. For pulls the status makes no difference: run
    with 301, 302 and 308. So it is a warning only beside what failed.
    """
    permanent = (hop for hop in case.hops if hop.status in (301, 308) and hop.follows is None and hop.crosses)
    read = (hop for hop in permanent if not hop.step.is_token and hop.step.route.endpoint is not Endpoint.BLOB)
    kept = [hop for hop in read if not hop.step.last.is_page]
    for first in kept[:1]:
        yield Found(
            (hop.step for hop in kept),
            f"{first.host} redirects to {first.target} with {first.status} (permanent): clients, proxies and CDNs may "
            "keep following it after you have moved.",
            f"answer with {'302' if first.status == 301 else '307'} while the registry behind {first.host} may still change",
            severity=Severity.WARNING if case.failed else Severity.INFO,
        )


@row(
    needs=Fact.REDIRECT,
    severities="warning",
    suffers="those that list or push",
    remedy="let the platform pass on the query",
)
def query_dropped(case: Case) -> Iterator[Found]:
    """`?n=`, `?last=`, `?digest=` or `?ns=` is gone after a redirect that stays within a registry's paths.

    The parameters are those of the distribution specification and of containerd's mirrors. A redirect to a storage has a
    query of its own and is left alone; so is a mirror that points home without `?ns=`. Cloudflare's Bulk Redirects drop
    the query unless told otherwise (developers.cloudflare.com).
    """
    for hop in case.hops:
        to, asked = hop.location or "", hop.route.endpoint
        if "?" not in hop.request.url or not hop.redirects or Endpoint.NONE is asked or route(to).endpoint is not asked:
            continue
        before, after = (dict(pairs(query(url))) for url in (hop.request.url, to))
        lost = sorted(name for name in before if name in PASSED_ON and name not in after)
        if before.get("ns") is not None and hop.target in (before["ns"], f"registry-1.{before['ns']}"):
            lost = [name for name in lost if name != "ns"]  # its own host needs no `ns`
        if lost:
            names = ", ".join(f"?{name}=" for name in lost)
            yield Found(
                [hop.step],
                f"{hop.host} redirects to {hop.target} and drops {names} from the address: lists begin again at their "
                "first page, and uploads have no digest.",
                f"keep the query in the rule of {hop.host}: {{uri}} in Caddy, $request_uri in nginx, preserve query string "
                "at Cloudflare, no query in the target at Netlify",
            )


@row(
    needs=Fact.LIST,
    explains="access-denied credentials-not-used name-unknown path-not-redirected token-not-requested",
    severities="warning, error",
    suffers="those that list",
    remedy="rewrite it to your host in the proxy",
)
def link_points_elsewhere(case: Case) -> Iterator[Found]:
    """`Link`, or the name in a list of tags, is of another host or repository than asked.

    chainguard-dev/registry-redirect rewrites both, "or clients loop on page 1" (pkg/redirect/redirect.go). Nexus names
    the path of another port: sonatype/nexus-public#1011. Artifactory's lacks its key: renovatebot/renovate#15030.
    """
    for step in case.steps:
        link = step.last.next_page
        if step.route.endpoint not in LISTS or not step.last.ok:
            continue
        there = link or step.last.request.url
        host, name, asked = split(there).netloc, route(there).repository, step.last.route.repository
        listed_as = step.listed if step.listed is not None else asked
        same = host == step.last.host and name == asked and below(there) == below(step.last.request.url)
        if same and listed_as == asked:
            continue
        elsewhere = listed_as or step.last.host
        if link and not same:
            listed_there = route(there).endpoint in LISTS and not below(there)
            elsewhere = f"{host}/{name or ''}" if listed_there else f"{host}{path_of(there)}"
        lists = (one for one in case.steps if one.route.endpoint in LISTS and one is not step)
        followed = [one for one in lists if path_of(one.first.request.url) == path_of(there)]
        if followed and host == step.last.host and all(one.last.ok for one in followed):
            continue
        yield Found(
            [step, *followed],
            f"{step.last.host} was asked for the list of {asked} and points to {elsewhere} for more"
            + (f", which said {followed[-1].last.status} to {case.client}." if followed else "")
            + ("" if followed else ": clients go there, or read the first page again and again."),
            ("update it, if it is Artifactory before 7.46.17; else " if (asked or "").endswith(f"/{name}") else "")
            + f"rewrite Link and the list's name in the proxy at {step.last.host}, so that they name {asked}",
        )


@row(
    needs=Fact.REDIRECT,
    suffers="all that push",
    remedy="push to the registry by its own name",
)
def push_over_redirect(case: Case) -> Iterator[Found]:
    """POST, PUT or PATCH met 301, 302 or 303.

    Run with dockerd 20.10.24 (`dockerd-20.10-push-vanity-302`): the blobs are there already, `PUT manifests/1.0` through a
    302 becomes GET, gets 200, and docker prints the digest as if it had pushed. Go: net/http client.go redirectBehavior.
    """
    sent = (hop for hop in case.hops if hop.request.method in ("POST", "PUT", "PATCH") and hop.redirects)
    turned = [hop for hop in sent if hop.route.endpoint in WRITES and hop.status in (301, 302, 303)]
    if not turned:
        return
    first = turned[0]
    read = any(hop.follows in turned and hop.request.method in ("GET", "HEAD") for hop in case.hops)
    written = "became a GET there: nothing was written, even if the client reports success" if read else "ended there"
    yield Found(
        (hop.step for hop in turned),
        f"{first.host} answered {first.request.method} with {first.status}, to {first.target}; the push {written}.",
        f"push to {first.host} over https: {by_tls_only(first.host, case.pull.client)}"
        if first.target == first.host and first.request.url.startswith("http:")
        else f"push to {first.target} by its own name; a vanity host that redirects is for pulling only",
        severity=Severity.ERROR if read or case.failed else Severity.WARNING,
    )


@row(remedy="write the whole address in the rule")
def redirect_unreadable(case: Case) -> Iterator[Found]:
    """A redirect without Location, or to what is not an address, that the client did not follow.

    Go's net/http hands such an answer on as it is: containerd calls its status unexpected (resolver.go), containers/image no
    registry's (docker_client.go), and neither names the Location. Told apart from a redirect to a host that cannot be
    reached, which is `upstream-unreachable`.
    """
    lost = [step for step in case.bad if step.last.status in REDIRECTS and not step.last.names_address]
    if not lost:
        return
    last = lost[0].last
    said = last.location
    yield Found(
        lost,
        f"{last.host} said {last.status} and "
        + (f"sent {case.client} to {said!r}, which is not an address" if said else "not where: there is no Location")
        + f", so {case.client} has nothing to follow.",
        # S3 says so of a bucket in another region (docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses, PermanentRedirect)
        f"set the region of the bucket in the storage settings of {last.follows.host} (storage.s3.region in distribution)"
        if in_storage(last) and last.follows is not None
        else f"write the whole target address in the rule of {last.host}; a variable that is empty makes such a redirect",
    )
