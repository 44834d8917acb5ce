"""What is pushed and not taken: sent to another address, cancelled, left out, or mounted without success.
One file, because these rules share what they read of an upload's way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from pullscope.oci.client_steps import step as step_of
from pullscope.oci.documents import Index, Manifest
from pullscope.oci.known_registries import known_registry
from pullscope.oci.routes import Endpoint, route
from pullscope.oci.urls import bare, host_of, parameters, query
from pullscope.oci.whereabouts import is_address, where_it_is
from pullscope.trace.clues import UPLOADS
from pullscope.trace.findings.asked import UNKNOWN_BLOB, is_build_cache, request, unknown_subject
from pullscope.trace.findings.case import is_write, listed
from pullscope.trace.findings.compared import lost, upload_address
from pullscope.trace.findings.login_commands import ONE_NAME, own_address
from pullscope.trace.findings.row import Case, Fact, Found, Severity, row
from pullscope.trace.findings.said import MOST, answered_by, quoted, said_status, says, words
from pullscope.trace.findings.storage_steps import is_storages_own
from pullscope.trace.model import Hop, Kind, Step
from pullscope.trace.source_gaps import lacking

_FOREIGN = {
    "docker": 'by docker 28 or later (before it: "allow-nondistributable-artifacts": ["{}"] in daemon.json, and a restart)',
    **dict.fromkeys(("crane", "nerdctl"), "--allow-nondistributable-artifacts"),
}
"""How clients push layers that have an address of their own."""
_ANY_FOREIGN = "by what the client has for them, or by another client that has it"


@row(
    needs=Fact.WRITE,
    explains="query-dropped redirect-downgrade push-over-redirect upload-refused blob-not-pushed lost-after-push blob-unknown",
    suffers="all that push",
    remedy="set X-Forwarded-Proto and X-Forwarded-Host in the proxy in front, or the registry's external URL",
    recording="field/wire/push-http-location.mitm",
)
def upload_location_elsewhere(case: Case) -> Iterator[Found]:
    """The Location of an upload has another scheme, host, port or repository than was asked, and the push ends there, or at the
    manifest, which does not find what was taken elsewhere.

    A registry behind a proxy writes the address that it knows: distribution/distribution#479, #1177, #970, moby/moby#18469.
    distribution builds it from X-Forwarded-Proto and X-Forwarded-Host, or `http.host`, or leaves the host out with
    `http.relativeurls`. Run with dockerd 20.10.24 and 28.5.2.
    """
    told: list[tuple[Hop, str]] = []
    for hop in case.hops:
        there = hop.location if hop.status in (201, 202) else None
        if there is None or hop.route.endpoint not in UPLOADS or not hop.host or is_storages_own(case, there):
            continue
        host = host_of(there)
        downgraded = hop.request.url.startswith("https:") and there.startswith("http:")
        elsewhere = bool(host) and (downgraded or host != hop.host)
        if ((not is_address(there) or elsewhere) and not _got_on(case, hop)) or _in_vain(case, hop, there):
            told.append((hop, there))
    if not told:
        return
    hop, there = told[0]
    if (missed := _in_vain(case, hop, there)) is not None:
        place = bare(there).partition("/blobs/")[0]
        yield Found(
            [*(one.step for one, _ in told), missed],
            f"{hop.host} sends uploads for {hop.route.repository} to {place}, where they were taken. {said_status(missed.last)} "
            f"to {request(missed)}: it looks for them at {hop.host}, in {missed.route.repository}.",
            f"let the proxy in front of {hop.host} change the path and host of requests and of Location alike (proxy_redirect in "
            f"nginx), so that uploads and manifest come to one place, or push to {place.partition('//')[2].replace('/v2/', '/')}",
            severity=Severity.ERROR,
        )
        return
    host = host_of(there)
    seen = (one for one in case.hops if one.host == host and one.request.url.startswith(there[:5]))
    after = [one.step for one in seen if one.step in case.bad and is_write(one.step)]
    plain, where = host == hop.host, lost(hop.request.url, there) or where_it_is(host)
    if not after and not case.over:
        return  # it may go on there
    yield Found(
        [*(one.step for one, _ in told), *after],
        f'{hop.host} names "{there[:MOST]}" as the address of an upload, which is none that a client can ask.'
        if not is_address(there)
        else f"{hop.host} was asked over https and sends uploads to plain http: it does not know that it stands behind TLS."
        if plain
        else f"{hop.host} sends uploads to {there.partition('://')[0]}://{host} ({where}), "
        + ("and the upload ended there." if after else "of which nothing more was seen."),
        f"let {hop.host} rewrite the Location of uploads to its own address (proxy_redirect in nginx), or push to {host} itself"
        if known_registry(host) is not None and not plain
        else ("" if is_address(there) else ONE_NAME) + own_address(case, hop.host, "http.host"),
        severity=Severity.ERROR,
    )


def _in_vain(case: Case, start: Hop, there: str) -> Step | None:
    """What did not find, at the place that was asked first, blobs that were taken at another: goharbor/harbor#19787, #8129."""
    at = (host_of(there) or start.host, route(there).repository)
    if at == (start.host, start.route.repository) or at[1] is None or not _got_on(case, start):
        return None
    ended = case.stopped_at if case.failed else None
    return next(
        (
            step
            for step in case.steps
            if (step.first.host, step.route.repository) == (start.host, start.route.repository)
            and step.started > start.request.time
            and (
                (step.kind is Kind.MANIFEST_PUT and step.last.codes & UNKNOWN_BLOB)
                or (
                    step.route.endpoint is Endpoint.BLOB
                    and step.last.status == 404
                    and (step in case.bad or step is ended)
                )
            )
        ),
        None,
    )


def _got_on(case: Case, start: Hop) -> bool:
    """Whether what was sent to an upload's address was taken there."""
    target = start.response.location_id if start.response is not None else None
    return any(
        hop.request.url_id == target or hop.step.after is start.step
        for hop in case.hops
        if hop.ok and hop is not start and hop.request.method not in ("GET", "HEAD")
    )


_QUOTES_THE_REQUEST = re.compile(
    r"(?:un-?recogni[sz]ed|unknown|unsupported|invalid) request: [A-Z]+ /v2/", re.IGNORECASE
)
"""Harbor's words for a path that it does not know: goharbor/harbor#19787."""


@row(
    suffers="home-made clients; all behind a proxy that rewrites paths",
    remedy="use Location as it is; let proxies pass on path and query unchanged",
)
def upload_address_changed(case: Case) -> Iterator[Found]:
    """An upload goes to another address than its Location, or the registry does not recognise the one that arrived.

    Location is opaque, and `digest` is added to its query (distribution-spec 1.1, "Pushing a blob monolithically");
    distribution keeps the state of an upload in `_state` there: oras-project/oras-dotnet#132, distribution/distribution#2867 (a
    second `?`, so that `digest` is a part of `_state`). Harbor says 401 and quotes the request, where nginx rewrites the path
    and decodes the query with it: goharbor/harbor#19787.
    """
    for step in case.bad:
        last = step.last
        if step.route.endpoint is not Endpoint.UPLOAD or not is_write(step) or last.status not in (400, 401, 403, 404):
            continue
        missing = _left_out(case, last)
        if missing:
            message = (
                f"{case.client} left {listed(missing)} out of the address at which {last.host} wants the upload, and it said "
                f"{last.status}{quoted(last)}."
            )
            fix = "use the Location of an upload as it is, and add digest to its query: with & where it has a query already"
        elif (elsewhere := upload_address(case, last)) is not None:
            given = f"an upload at an address that it did not give: {elsewhere}"
            message = f"{answered_by(last)} said {last.status} to {given}."
            fix = "use the Location of an upload as it is, path and query; a proxy that rewrites one must rewrite both ways"
        elif says(last, _QUOTES_THE_REQUEST):
            message = f"{answered_by(last)} does not recognise the request that reached it, and said {last.status}{quoted(last)}."
            fix = (
                f"let proxies between {case.client} and {last.host} pass on path and query unchanged: rewrite rules of nginx "
                "decode them"
            )
        else:
            continue
        yield Found([step], message, fix)


def _left_out(case: Case, hop: Hop) -> list[str]:
    """The parameters that a request of an upload lacks: those of its Location, and the digest at its end."""
    there = set(parameters(query(hop.request.url)))
    told = [
        one.location
        for one in case.hops
        if one.location is not None
        and one.request.time < hop.request.time
        and bare(one.location) == bare(hop.request.url)
    ]
    lost = [name for name in parameters(query(told[-1])) if name not in there] if told else []
    if not lost and hop.request.method == "PUT" and "digest" not in there:
        return ["digest"]
    return lost


@row(
    needs=Fact.WRITE,
    explains="upload-refused upload-lost",
    suffers="clients that check what was acknowledged: buildx, regctl, skopeo, podman, oras",
    remedy="let the registry answer as the specification says, and what is in front hand on bodies and methods",
)
def upload_given_up(case: Case) -> Iterator[Found]:
    """An upload fails after a good answer: its status or its Range is not the one that is due, or the client cancels it.

    202 is due to PATCH, 201 to PUT, and `Range` is what the registry has by then (distribution-spec 1.1,
    "Pushing a blob in chunks"). A client that reads something else gives up, some with DELETE: regclient/regclient#961 (Zot),
    pulp/pulp_container#2199 (204 to PATCH), go-gitea/gitea#34724 (0--1). What it asks after that is its own cleaning up. One
    that goes on fails at the end, where less came than was sent, or something in front answered: cloudflare/cloudflared#1485,
    goharbor/harbor-helm#1833.
    """
    if not case.over or not case.failed:
        return
    uploads: dict[tuple[str, str | None], list[Step]] = {}
    for step in case.steps:
        if step.route.endpoint is Endpoint.UPLOAD and is_write(step):
            uploads.setdefault((step.first.host, step.route.upload_id), []).append(step)
    in_order = [sorted(upload, key=lambda step: step.started) for upload in uploads.values()]
    each = ((step, steps[:n], steps[n + 1 :]) for steps in in_order for n, step in enumerate(steps))
    for step, before, after in each:
        last = step.last
        wrong = _against_the_protocol(last, before)
        ended = [one for one in after if one.method in ("PATCH", "PUT")]
        if wrong is None or any(one.last.ok for one in ended):
            continue
        if ended and (known_registry(last.host) or not 400 <= (ended[-1].last.status or 0) < 500 or _in_parts(last)):
            continue  # that answer is its own way
        if ended:
            yield Found(
                [step, *ended],
                f"{answered_by(last)} {wrong}; then {said_status(ended[-1].last)} to {ended[-1].method} of it.",
                f"let what is in front of {last.host} hand on bodies that have no Content-Length{_BY_QUIC}, and all of each body"
                if last.header("range") is not None
                else f"let what is in front of {last.host} hand {last.request.method} on to it: a registry gives no such answer",
                severity=Severity.ERROR,
            )
            continue
        yield Found(
            [step],
            f"{answered_by(last)} {wrong}: {case.client} gave the upload up.",
            f"look at what in front of {last.host} takes Location out of its answers, and at that registry"
            if wrong.endswith(_LOST)
            else f"update {case.client}, which has to take that from {known.name} too, or have it send each blob in one piece"
            if (known := known_registry(last.host)) is not None
            else f"update or repair {last.host}, whose answer is not the one that the specification has; some clients take it",
            severity=Severity.ERROR,
        )
    for earlier, step in (pair for steps in in_order for pair in pairwise(steps)):
        if step.kind is Kind.DELETE and earlier.last.ok:
            yield Found(
                [earlier, step],
                f"{case.client} cancelled its upload to {step.last.host}, whose last answer was {earlier.last.status} to "
                f"{earlier.method}: that answer names no error.",
                f"read the output of {case.client}: it stopped by itself",
                severity=Severity.ERROR,
            )
    end = case.stopped_at
    if end is not None and end.last.status == 202 and end.route.endpoint in UPLOADS and not case.bad:
        yield Found(
            [end],
            f"{case.client} asked nothing more after {end.last.host} had said 202 to {request(end)}: why it stopped is not seen.",
            f"read what {case.client} printed: it was stopped, or asks on past this proxy (NO_PROXY)",
            severity=Severity.WARNING,
        )


def _in_parts(hop: Hop) -> bool:
    return hop.request.headers.get("content-range") is not None


_DUE = {"PATCH": 202, "PUT": 201}
_BY_QUIC = " (cloudflared: --protocol http2, as by QUIC it may drop them)"
_LOST = "Location, which says where to go on"


def _against_the_protocol(hop: Hop, before: list[Step]) -> str | None:
    """What is wrong with a good answer to an upload."""
    method, end = hop.request.method, _end_of(span := hop.header("range"))
    if not hop.ok:
        return None
    if method == "PATCH" and span is not None and end is None:
        return f"said {hop.status} to {method} of an upload with Range: {span[:40]}, which is no range"
    if method == "PATCH" and end is not None and (sent := _last_sent(hop, before)) is not None and end != sent:
        return f"acknowledges bytes 0-{end} of an upload (Range) of which 0-{sent} had been sent"
    if method == "PATCH" and hop.status == 202 and hop.location is None and not lacking(hop.request, "headers"):
        return f"said 202 to PATCH of an upload without {_LOST}"  # podman-container-tools/podman#4516
    due = _DUE.get(method, hop.status)
    return f"said {hop.status} to {method} of an upload, where {due} is due" if hop.status != due else None


def _last_sent(hop: Hop, before: list[Step]) -> int | None:
    """The last byte that had been sent by then: by Content-Range, or by the bytes of each request."""
    told = _end_of(hop.request.headers.get("content-range"))
    if told is not None:
        return told
    sizes = [one.last.uploaded.bytes for one in before if one.last.uploaded is not None]
    own = hop.uploaded.bytes if hop.uploaded is not None else None
    return sum(sizes) + own - 1 if own and len(sizes) == len(before) else None


def _end_of(span: str | None) -> int | None:
    found = re.fullmatch(r"(?:bytes[= ])?[0-9]{1,15}-([0-9]{1,15})(?:/[0-9*]+)?", (span or "").strip())
    return int(found[1]) if found else None


@row(
    needs=Fact.WRITE,
    severities="error, warning",
    suffers="all that push",
    remedy="pass POST below /v2/ on to the registry",
)
def upload_not_begun(case: Case) -> Iterator[Found]:
    """POST of an upload is answered 2xx without the address of one: by a portal or a page, not by a registry.

    A registry says 202 with Location, or 201 (distribution-spec 1.1, "Pushing blobs"): goharbor/harbor#10398.
    """
    for step in (one for one in case.steps if one.route.endpoint is Endpoint.UPLOAD_START and one.method == "POST"):
        last = step.last
        told = last.location is not None or (last.status == 202 and lacking(last.request, "headers"))
        if told or last.status == 201 or not last.ok:
            continue
        began = last.status == 202 and not last.is_page
        yield Found(
            [step],
            f"{answered_by(last)} said {last.status} to POST of an upload{' with a web page' if last.is_page else ''}, and not "
            f"where to send it: {'there is no Location' if began else 'no registry answered'}"
            + ("." if case.pull.put else ", and nothing was pushed."),
            f"look at what in front of {last.host} takes Location out of its answers, and at that registry"
            if began
            else f"let {last.host}, or the proxy in front of it, pass POST below /v2/ on to the registry; else correct the host",
            severity=Severity.WARNING if case.pull.put else Severity.ERROR,
        )


@row(
    suffers="what comes from that client",
    remedy="upload each blob, also after a mount that was answered 202",
)
def blob_not_pushed(case: Case) -> Iterator[Found]:
    """A manifest is refused for a blob, or an index for a manifest, that this client was not seen pushing, and that no answer
    said is there.

    202 to a mount begins an upload, 201 alone is a mount (distribution-spec 1.1, "Mounting a blob from another repository"):
    goharbor/harbor#18541. Tools that leave a layer out: cloudflare/serverless-registry#59, and those of Windows, which have
    an address elsewhere: moby/moby#27580, #49065 (docker 28), containerd/nerdctl#803. An index of which one platform was pulled,
    and is pushed whole: go-gitea/gitea#26839. What was pushed and is missing all the same is `upload-refused`.
    """
    for step in case.bad:
        last, sent = step.last, step.document
        if step.kind is not Kind.MANIFEST_PUT or not last.codes & UNKNOWN_BLOB or unknown_subject(step) is not None:
            continue
        if isinstance(sent, Index) and is_build_cache(sent):  # an index of layers: goharbor/harbor#14774
            continue
        if any(map(_went_unseen, case.steps)) and not any(one.route.endpoint is Endpoint.UPLOAD for one in case.steps):
            continue
        there = {digest for one in case.steps if one.last.ok and one.last.status != 202 for digest in _told_of(one)}
        named = dict.fromkeys(one.digest for one in sent.parts) if sent is not None else ()
        missing = [digest for digest in named if digest is not None and digest not in there]
        missing = [digest for digest in missing if digest.short in words(last)] or missing  # the answer may name them
        if not missing:
            continue
        begun = [one for one in case.steps if one.last.status == 202 and one.route.mount in missing]
        of_index = isinstance(sent, Index)
        layers = sent.layers if isinstance(sent, Manifest) else ()
        elsewhere = [one for one in layers if one.urls and one.digest in missing]
        yield Found(
            [*begun, step],
            f"{answered_by(last)} refused the {'index' if of_index else 'manifest'} {step.route.reference} with "
            f"{last.status}{quoted(last)}: it names {listed(digest.short for digest in missing[:3])}"
            f"{' and more' if len(missing) > 3 else ''}, which {case.client} was not seen pushing."
            + (" The mount was answered 202: that is not a mount, but the start of an upload." if begun else ""),
            (
                step_of(case.family, "whole")
                or "push the manifest of each platform that the index names before it, or one alone"
            )
            if of_index
            else f"push what has an address elsewhere too: {_FOREIGN.get(case.family, _ANY_FOREIGN)}".format(last.host)
            if elsewhere
            else "upload each blob that the manifest names before the manifest"
            + (", also after a mount that is answered 202" if begun else ""),
        )


def _went_unseen(step: Step) -> bool:
    """Whether it began an upload, and where that went was not recorded: perhaps to another repository."""
    return (
        step.route.endpoint is Endpoint.UPLOAD_START
        and step.last.status == 202
        and lacking(step.last.request, "headers")
    )


def _told_of(step: Step) -> list[object]:
    """The blobs and manifests of which a good answer says that they are there."""
    route = step.route
    if route.endpoint is Endpoint.UPLOAD_START:
        return [route.mount, route.digest]
    return [route.digest] if route.endpoint in (Endpoint.BLOB, Endpoint.UPLOAD, Endpoint.MANIFEST) else []
