"""What a registry answers about names and manifests: missing, of the wrong kind, too large, or without what it should say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pullscope.oci.bounds import count
from pullscope.oci.media import MANIFESTS, media_class
from pullscope.oci.moved_images import MOVED
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import path_of
from pullscope.trace.findings.answers import OF_GGCR
from pullscope.trace.findings.asked import takes
from pullscope.trace.findings.case import name_of
from pullscope.trace.findings.row import Case, Fact, Found, Severity, row
from pullscope.trace.findings.said import answered_by, front, quoted, reason
from pullscope.trace.model import Kind

LARGEST_MANIFEST = 4 * 1024 * 1024
"""What registries must take at least (distribution-spec 1.1, "Pushing Manifests"); many clients read no more."""

NEED_HEAD = frozenset({"docker", "containerd", "buildkit", "crane", "go-containerregistry", "kaniko"})
"""Families that take a descriptor from HEAD: distribution's client, containerd's resolver, go-containerregistry's remote.Head."""

_BODY = re.compile(r"InvalidBodyLength|Expected 0 bytes", re.IGNORECASE)
"""What h2, and so mitmproxy, says of a body where there must be none (RFC 9110, 9.3.2)."""

NO_HEAD = frozenset({403, 404, 405, 501})

AGAIN_WITHOUT = (
    "try again; if it fails again, push the image without attestations (buildx: --provenance=false --sbom=false)"
)


@row(
    needs=None,
    remedy="move data into blobs",
)
def manifest_too_large(case: Case) -> Iterator[Found]:
    """Over 4 MiB.

    Distribution specification 1.1, "Pushing Manifests": registries should take 4 MiB at least.
    """
    for step in case.steps:
        if step.route.endpoint is not Endpoint.MANIFEST:
            continue
        last = step.last
        came = max(last.bytes or 0, (last.ok and count(last.header("content-length"))) or 0)
        put = last.uploaded.bytes if last.uploaded is not None else LARGEST_MANIFEST
        refused = last.status == 413 and step.kind is Kind.MANIFEST_PUT and put >= LARGEST_MANIFEST
        if came <= LARGEST_MANIFEST and not refused:
            continue
        how = f"{came} bytes" if came > LARGEST_MANIFEST else "more than it takes"
        stops = case.failed or not case.pull.images
        yield Found(
            [step],
            f"the manifest at {last.host} has {how}; registries need not take, and clients do not read, more than 4 MiB.",
            "keep annotations and embedded data out of the manifest: they belong into a blob of their own",
            severity=case.severity(step, otherwise=Severity.ERROR if stops else Severity.WARNING),
        )


@row(
    needs=Fact.TAG,
    severities="warning, info",
    suffers="docker, containerd (one request more)",
    remedy="send Docker-Content-Digest",
)
def missing_content_digest(case: Case) -> Iterator[Found]:
    """HEAD of a tag without `Docker-Content-Digest`; info for GET, and where GET followed and the client has what it wanted.

    A SHOULD in distribution-spec 1.1. Classic dockerd and containerd ask again with GET and hash what comes (distribution
    repository.go; resolver.go); containers/image does not look at it.
    """
    bare = [
        hop
        for hop in case.hops
        if hop.ok
        and hop.route.endpoint is Endpoint.MANIFEST
        and hop.step.route.digest is None
        and hop.request.method in ("GET", "HEAD")
        and hop.route.fallback_for is None
        and hop.header("docker-content-digest") is None
    ]
    if not bare:
        return
    heads = [hop for hop in bare if hop.request.method == "HEAD"]
    first = (heads or bare)[0]
    others = "docker and containerd would have to fetch it twice; podman and skopeo do not look at it"
    got = {hop.step.place for hop in case.hops if hop.ok and hop.request.method == "GET"}
    fetched = not case.failed and all(hop.step.place in got for hop in heads)
    own = f"{case.client} has to fetch the manifest to know its digest, as docker and containerd do"
    yield Found(
        (hop.step for hop in heads or bare),
        f"{first.host} answers {first.request.method} of {first.step.route.reference} without Docker-Content-Digest: "
        f"{own if heads else others}.",
        f"let {first.host} send Docker-Content-Digest with every manifest, also for HEAD",
        severity=Severity.INFO if fetched or not heads else case.severity(first.step),
    )


@row(
    needs=None,
    explains="missing-content-digest",
    suffers="docker's classic store, containerd, crane",
    remedy="turn off what removes it: compression, or a cache that answers HEAD itself",
    recording="field/wire/head-no-length-docker20.mitm",
)
def head_unusable(case: Case) -> Iterator[Found]:
    """HEAD of a manifest has no Content-Length, 0, no digest, or a body, and the client asks nothing more.

    docker says "missing or empty Content-Length header" (moby vendor …/registry/client/repository.go
    descriptorFromResponse): cloudflare/cloudflared#500, docker/for-mac#5143, ahmetb/serverless-registry-proxy#10,
    litespeedtech/openlitespeed#458, distribution/distribution#4895. Proxies that compress, or answer HEAD from a cache, do it.
    """
    step = case.stopped_at
    if step is None or step.route.endpoint is not Endpoint.MANIFEST:
        return
    last = step.last
    if last.request.method == "HEAD" and last.failed is not None and _BODY.search(last.failed.reason):
        yield Found(
            [step],
            f"{answered_by(last)} sends a body with its answer to HEAD of {step.route.reference}, which HTTP/2 does not allow: "
            f"{case.client} breaks off.",
            f"let {last.host} answer HEAD without a body, also where it says {last.status}",
            severity=Severity.ERROR,
        )
    usable = last.status == 200 and media_class(last.content_type) in MANIFESTS
    if case.family not in NEED_HEAD or last.request.method != "HEAD" or not usable:
        return
    said = last.header("content-length") or None
    if said not in (None, "0") and (step.route.digest is not None or last.header("docker-content-digest") is not None):
        return
    lacks = {None: "no Content-Length", "0": "a Content-Length of 0"}.get(said, "no Docker-Content-Digest")
    yield Found(
        [step],
        f"HEAD of {step.route.reference} at {last.host} has {lacks}, and {case.client} stops at that"
        + (f"; the answer is from {front(last)}." if front(last) else "."),
        f"let HEAD of manifests through unchanged at {last.host}: no compression, and no cache that answers HEAD itself "
        "(nginx: gzip off; proxy_cache_convert_head off;)",
        severity=Severity.ERROR,
    )


@row(
    explains="blob-unknown digest-invalid",
    severities="warning, error",
    suffers="docker, containerd, crane",
    remedy="allow HEAD",
)
def head_not_allowed(case: Case) -> Iterator[Found]:
    """HEAD fails with 403, 404, 405 or 501 where GET is 200.

    containerd: GET after 405, and after 403 (resolver.go); classic dockerd: GET after any failure (repository.go).
    containerd#7390. Up to 1.4 it asks for the tag below /blobs/ then: containerd/containerd#3291.
    """
    for step in case.steps:
        # What is written is asked for before it is there, and again after.
        if step.route.endpoint is not Endpoint.MANIFEST or (case.writes and step.hops[0].status == 404):
            continue
        kinds = [hop.content_type for hop in step.hops if hop.request.method == "GET" and hop.ok]
        heads = [hop for hop in step.hops if hop.request.method == "HEAD" and hop.status in NO_HEAD]
        heads, served = [hop for hop in heads if all(takes(hop, kind) for kind in kinds)], bool(kinds)
        if heads and (served or (heads[-1].status in (405, 501) and heads[-1] is step.last)):
            host, tag = heads[-1].host, step.route.reference
            path = f"/v2/{step.route.repository}/blobs/{tag}"
            instead = [other for other in case.bad if path_of(other.last.request.url) == path]
            moved = f", or name {MOVED[host]} in place of {host}, which is closed" if host in MOVED else ""
            yield Found(
                [step],
                f"{host} said {heads[-1].status} to HEAD of {tag}{reason(step.last)}"
                + (", and 200 to GET: every pull costs one more request" if served else "")
                + ", and clients that stop at that fail.",
                f"allow HEAD for manifests at {host}{moved}",
                severity=Severity.ERROR if instead else Severity.WARNING,
            )


@row(
    severities="warning",
    suffers="docker with the containerd store",
    remedy="clear the cache in between, or build with --provenance=false",
)
def attestation_missing(case: Case) -> Iterator[Found]:
    """An attestation that the image's index names is not there, or is refused.

    All that runs has come by then. docker with the containerd store gives the pull up for it (sonatype/nexus-public#1070: a
    cache that asks its upstream with `sha256-` for `sha256:`), which the wire does not show.
    """
    asked = [step for step in case.steps if step.kind is Kind.ATTESTATION and step.route.endpoint is Endpoint.MANIFEST]
    came = {step.route.digest for step in asked if step.last.ok}
    missing = [
        step
        for step in asked
        if step.expectation
        and step.route.digest not in came
        and ((step.last.status or 0) >= 400 or (step.last.failed is not None and not step.last.client_left))
    ]
    if missing and case.over and not case.writes:
        last, digest = missing[0].last, name_of(missing[0])
        if last.status == 404:
            said = f"{last.host} has no attestation {digest} (404), which the image's index names: docker with the containerd "
            said += "store gives up a pull for it."
            fix = f"if {last.host} is a cache of another registry, update it or pull past it; else push the image again, or "
            fix += "build it with --provenance=false --sbom=false"
        else:
            answer = f"said {last.status}" if last.failed is None else "gave no whole answer"
            said = (
                f"{answered_by(last)} {answer} to the request for {digest}, an attestation that the image's index names"
            )
            said += f"{quoted(last)}. Who fetches attestations, as docker with the containerd store, may give up a pull for it."
            fix = AGAIN_WITHOUT
        yield Found(missing, said, fix)


@row(
    severities="warning, info",
    suffers="those that look for signatures and attestations: cosign, notation, oras, docker 29",
    remedy="answer 404, so that clients fall back to the tag",
)
def referrers_refused(case: Case) -> Iterator[Found]:
    """The referrers API is answered by neither 200 nor 404.

    After 404 clients ask for the fallback tag; after anything else notation fails (notaryproject/notation#659), and others
    believe that there are none (distribution-spec 1.1, "Listing Referrers"). goharbor/harbor#18418. ghcr.io sends them on to
    pages of github.com, whose limits are those of a website (artifacthub/hub#4785).
    """
    refused = [
        step
        for step in case.steps
        if step.route.endpoint is Endpoint.REFERRERS and (step.last.status or 0) >= 400 and step.last.status != 404
    ]
    if refused:
        last, first = refused[0].last, refused[0].first
        if last.route.endpoint is Endpoint.NONE and last.host != first.host:
            tag = str(refused[0].route.digest).replace(":", "-", 1)
            yield Found(
                refused,
                f"{first.host} has no referrers API: it sends requests for that on to a page of {last.host}, which said "
                f"{last.status}{quoted(last)}.",
                f"have {case.client} look at the tag {tag} of {first.route.repository}, where clients keep that list for such a "
                "registry; as long as it does not, try again later",
                severity=Severity.WARNING,
            )
            return
        digests = {step.route.digest for step in refused}
        went_on = any(step.route.fallback_for in digests for step in case.steps)
        then = (
            f"{case.client} then asked for the fallback tag, as after 404"
            if went_on
            else "only after 404 must clients ask for the fallback tag"
        )
        operator = f"who runs {last.host} can let it answer 404 to /v2/NAME/referrers/ until it serves them"
        # google/go-containerregistry#1962, #2026
        newer = (
            "0.20.3 or later of its library" if case.family in OF_GGCR else "a newer one falls back after more than 404"
        )
        stopped = "" if went_on else f"; if it stopped there, update {case.client} ({newer})"
        yield Found(
            refused,
            f"{answered_by(last)} said {last.status} to a request for referrers{quoted(last)}: {then}.",
            f"do nothing, if {case.client} went on{stopped}; {operator}",
            severity=Severity.INFO,
        )
