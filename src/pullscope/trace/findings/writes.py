"""Pushes and deletes: refused, too large, cut off, sent to the wrong address, or lost between two parts of a registry."""

from __future__ import annotations

from collections.abc import Iterator

from pullscope.oci.amounts import period, size
from pullscope.oci.known_registries import known_registry
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import host_of
from pullscope.trace.findings.answers import PART
from pullscope.trace.findings.case import Case, Found, client_left, codes, is_write
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Severity
from pullscope.trace.findings.row import row
from pullscope.trace.findings.said import answered_by, front, quoted, reason, says
from pullscope.trace.findings.whereabouts import where_it_is
from pullscope.trace.model import Hop

UPLOADS = frozenset({Endpoint.UPLOAD_START, Endpoint.UPLOAD})


@row(
    "upload-location-elsewhere",
    needs=Fact.WRITE,
    explains="upload-refused access-denied credentials-not-used push-over-redirect redirect-downgrade registry-failed "
    "upload-cut-off upload-lost upstream-unreachable write-denied",
    severities="error",
    suffers="all that push",
    remedy="X-Forwarded-Proto and X-Forwarded-Host in the proxy in front, or the registry's own external URL",
    recording="field/wire/push-http-location.mitm",
)
def upload_location_elsewhere(case: Case) -> Iterator[Found]:
    """The Location of an upload has another scheme, host or port than the registry was asked at, and the upload ends there.

    A registry behind a proxy writes the address that it knows: distribution/distribution#479, #1177, #970, moby/moby#18469.
    distribution builds it from X-Forwarded-Proto and X-Forwarded-Host, or `http.host`, or leaves the host out with
    `http.relativeurls`. Run with dockerd 20.10.24 and 28.5.2.
    """
    told: list[tuple[Hop, str]] = []
    for hop in case.hops:
        there = hop.response.location if hop.response is not None and hop.status in (201, 202) else None
        if there is None or hop.route.endpoint not in UPLOADS or not hop.host:
            continue
        host = host_of(there)
        downgraded = hop.request.url.startswith("https:") and there.startswith("http:")
        if host and (downgraded or host != hop.host) and not _got_on(case, hop):
            told.append((hop, there))
    if not told:
        return
    hop, there = told[0]
    host = host_of(there)
    seen = [
        one.step
        for one in case.hops
        if one.host == host and one.request.url.startswith(there[:5]) and is_write(one.step)
    ]
    plain = host == hop.host
    after = [step for step in seen if step in case.bad]
    if not after and not case.over:
        return  # it may go on there
    yield Found(
        [*(one.step for one, _ in told), *after],
        f"{hop.host} was asked over https and sends uploads to plain http: it does not know that it stands behind TLS."
        if plain
        else f"{hop.host} sends uploads to {there.partition('://')[0]}://{host} ({where_it_is(host)}), "
        + ("and the upload ended there." if after else "of which nothing more was seen."),
        f"let {hop.host} rewrite the Location of uploads to its own address (proxy_redirect in nginx), or push to {host} itself"
        if known_registry(host) is not None and not plain
        else f"send X-Forwarded-Proto{'' if plain else ' and X-Forwarded-Host'} in the proxy in front of {hop.host}, or set the "
        "registry's own address (http.host or http.relativeurls in distribution, external URL elsewhere)",
        severity=Severity.ERROR,
    )


def _got_on(case: Case, start: Hop) -> bool:
    """Whether what was sent to an upload's address was taken there."""
    target = start.response.location_id if start.response is not None else None
    return any(
        hop.request.url_id == target or hop.step.after is start.step
        for hop in case.hops
        if hop.ok and hop is not start and hop.request.method not in ("GET", "HEAD")
    )


@row(
    "upload-too-large",
    needs=Fact.FAILURE,
    explains="upload-refused manifest-too-large registry-failed retried upload-cut-off write-denied",
    severities="error",
    suffers="all that push layers of that size",
    remedy="raise the limit of what answered (client_max_body_size in nginx)",
    recording="field/live/push28-413.mitm",
)
def upload_too_large(case: Case) -> Iterator[Found]:
    """413 to an upload or a manifest.

    nginx takes 1 MB unless client_max_body_size says more (nginx.org, ngx_http_core_module), Cloudflare 100 MB on its free
    plan (developers.cloudflare.com, "Connection limits"); docker/for-mac and distribution's nginx recipe name both. Run
    with dockerd 28.5.2.
    """
    large = [step for step in case.bad if is_write(step) and step.last.status == 413]
    if not large:
        return
    last = large[0].last
    sent = last.uploaded.bytes if last.uploaded is not None else 0
    much = f" of {size(sent)}" if sent > 100_000 else ""
    name = front(last) or ""
    yield Found(
        large,
        f"{answered_by(last)} said 413 to an upload{much}{reason(last)}: it takes no body of that size.",
        "raise client_max_body_size in nginx (0 for no limit)"
        if "nginx" in name.lower()
        else "push past Cloudflare, or in smaller layers: its limit belongs to the plan"
        if name == "Cloudflare"
        else f"raise the body limit of what answers at {last.host}",
    )


@row(
    "upload-cut-off",
    needs=Fact.FAILURE,
    explains="upload-refused upload-lost registry-failed retried",
    severities="error, warning",
    suffers="all that push large layers, or slowly",
    remedy="time and size limits of what stands in front",
    recording="field/live/push-server-closed.mitm",
)
def upload_cut_off(case: Case) -> Iterator[Found]:
    """The server ended the connection in the middle of an upload, or said 408, 499 or 504 to it.

    Proxies end what takes longer than they wait: rpardini/docker-registry-proxy#70 (60 s), docker-archive/docker-registry#900
    (504). Run with dockerd 28.5.2 and a server that closes the connection: docker says `unexpected status`, or EOF.
    """
    cut = [
        step
        for step in case.bad
        if is_write(step)
        and (step.last.status in (408, 499, 504, 524) or (step.last.failed is not None and not client_left(step.last)))
    ]
    if not cut:
        return
    last = cut[0].last
    sent = last.uploaded.bytes if last.uploaded is not None else None
    what = f" of {size(sent)}" if sent and sent > 100_000 else ""
    took = f" after {period(last.seconds)}" if last.seconds is not None and last.seconds >= 1 else ""
    yield Found(
        cut,
        f"{answered_by(last)} said {last.status} to an upload{what}{took}{quoted(last)}."
        if last.status is not None
        else f"{last.host} ended the connection in the middle of an upload{what}{took}.",
        f"raise the time and size limits of what stands in front of {last.host} (proxy_read_timeout and "
        "client_max_body_size in nginx), and look at the registry's log and its disk",
    )


@row(
    "upload-lost",
    needs=Fact.FAILURE,
    explains="upload-refused manifest-unknown name-unknown blob-unknown retried",
    severities="error",
    suffers="all that push",
    remedy="one storage and one http.secret for all instances; keep the query of Location",
    report="distribution/distribution#1402",
)
def upload_lost(case: Case) -> Iterator[Found]:
    """An upload that the registry has just begun is not known to it any more (404, BLOB_UPLOAD_UNKNOWN or BLOB_UPLOAD_INVALID).

    Several instances behind one name need one storage and one `http.secret` (distribution, docs/content/about/deploying.md,
    "Load balancing considerations"); a proxy that changes the query of Location has the same effect.
    distribution/distribution#1402, #2519, #1576, deis/registry#84.
    """
    lost = [
        step
        for step in case.bad
        if step.route.endpoint is Endpoint.UPLOAD
        and is_write(step)
        and (step.last.status == 404 or codes(step.last) & {"BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID"})
        and step.last.request.method != "GET"
        and not says(step.last, PART)
    ]
    if not lost:
        return
    last = lost[0].last
    yield Found(
        lost,
        f"{answered_by(last)} said {last.status} to an upload that it had begun itself{quoted(last)}.",
        f"push again; if it stays, report it to {known.name}: it loses the uploads that it began"
        if (known := known_registry(last.host)) is not None
        else f"give all instances behind {last.host} the same storage and the same http.secret, and let proxies hand on the "
        "Location of an upload with its whole query",
    )
