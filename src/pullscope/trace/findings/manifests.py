"""What a registry answers about names and manifests: missing, of the wrong kind, too large, or without what it should say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pullscope.oci.agents import CONTAINERS_IMAGE
from pullscope.oci.documents import Manifest
from pullscope.oci.media import MANIFESTS, MediaClass, media_class
from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.answers import Answer
from pullscope.trace.findings.case import Case, Found, content_type, header, is_page, name_of
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Severity
from pullscope.trace.findings.fixes import of_a_website
from pullscope.trace.findings.row import row
from pullscope.trace.findings.said import answered_by, front, reason
from pullscope.trace.model import Kind, Outcome, Step

LARGEST_MANIFEST = 4 * 1024 * 1024
"""What registries must take at least (distribution-spec 1.1, "Pushing Manifests"); many clients read no more."""

NEED_HEAD = frozenset({"docker", "containerd", "buildkit", "crane", "go-containerregistry", "kaniko"})
"""Families that take a descriptor from HEAD: distribution's client, containerd's resolver, go-containerregistry's remote.Head."""

_BODY = re.compile(r"InvalidBodyLength|Expected 0 bytes", re.IGNORECASE)
"""What h2, and so mitmproxy, says of a body where there must be none (RFC 9110, 9.3.2)."""

NO_HEAD = frozenset({403, 404, 405, 501})


@row(
    "manifest-too-large",
    needs=None,
    explains="digest-mismatch manifest-unreadable size-mismatch wrong-content-type",
    remedy="data into blobs",
)
def manifest_too_large(case: Case) -> Iterator[Found]:
    """Over 4 MiB.

    Distribution specification 1.1, "Pushing Manifests": registries should take 4 MiB at least.
    """
    for step in case.steps:
        if step.route.endpoint is not Endpoint.MANIFEST:
            continue
        last = step.last
        length = header(last, "content-length") or ""
        came = max(last.bytes or 0, int(length) if length.isdecimal() and len(length) < 16 and last.ok else 0)
        put = last.uploaded.bytes if last.uploaded is not None else LARGEST_MANIFEST
        if came <= LARGEST_MANIFEST and not (
            last.status == 413 and step.kind is Kind.MANIFEST_PUT and put >= LARGEST_MANIFEST
        ):
            continue
        how = f"{came} bytes" if came > LARGEST_MANIFEST else "more than it takes"
        yield Found(
            [step],
            f"the manifest at {last.host} has {how}; registries need not take, and clients do not read, more than 4 MiB.",
            "keep annotations and embedded data out of the manifest: they belong into a blob of their own",
            severity=case.severity(
                step, otherwise=Severity.ERROR if case.failed or not case.pull.images else Severity.WARNING
            ),
        )


@row(
    "wrong-content-type",
    needs=Fact.ODD,
    explains="digest-mismatch missing-content-digest no-matching-platform size-mismatch",
    severities="error, warning",
    suffers="docker, containerd; podman and skopeo guess",
    remedy="send the manifest's own",
)
def wrong_content_type(case: Case) -> Iterator[Found]:
    """A manifest whose Content-Type is none of a manifest's.

    moby#31318, containerd#3549, #4397; static hosts need a headers file (jpetazzo/registrish). skopeo 1.9.3, run:
    "unsupported schema version 2". An error where a client that pulls had the manifest and asked for nothing more.
    """
    wrong = [
        step
        for step in case.steps
        if step.route.endpoint is Endpoint.MANIFEST
        and step.method in ("GET", "HEAD")
        and step.last.ok
        and media_class(content_type(step.last)) not in MANIFESTS
    ]
    if not wrong:
        return
    last = wrong[0].last
    kind = content_type(last)
    yield Found(
        wrong,
        f"{answered_by(last)} answers with a web page where a manifest should be: it is not a registry, or something stands in "
        "front of it (a login page, a filter)."
        if is_page(last)
        else f"{last.host} sends a manifest as {kind or 'no type at all'}, which is not one of the four media types of "
        "manifests: docker and containerd refuse it or take it for something else.",
        of_a_website(Answer(case, wrong[-1]))
        or f"ask {last.host} by hand and see what answers, or use the registry's own address"
        if is_page(last)
        else "send the media type that the manifest names itself; a static host needs a headers file for it",
        severity=Severity.ERROR
        if not _went_on(case) and (case.failed or _ended_there(case, wrong))
        else Severity.WARNING,
    )


@row("manifest-unreadable", severities="error, warning", remedy="push it anew; caches and static hosts")
def manifest_unreadable(case: Case) -> Iterator[Found]:
    """Under a manifest's media type something that is none: no JSON, a list, nothing at all.

    Decided by the body, read up to 4 MiB: not JSON, JSON of another form, empty, or not packed as its Content-Encoding says,
    for who asked for that coding ("gzip: invalid header"). Without a manifest's media type it is `wrong-content-type`; where
    the digest is another's, `digest-mismatch` or `size-mismatch`. What only prints a manifest (`crane manifest`) does not mind.
    """
    wrong = [step for step in case.steps if step.instead and step.outcome is Outcome.FAILED and not step.is_token]
    if wrong:
        step = wrong[0]
        miscoded = step.last.finished.miscoded if step.last.finished else None
        yield Found(
            wrong,
            f"what {step.last.host} sent for {name_of(step)} as {content_type(step.last) or 'a manifest'} is not one "
            f"({step.instead.removeprefix('no manifest: ') if step.instead else ''}), so {case.client} cannot continue.",
            f"send no Content-Encoding with what is not {miscoded}: {step.last.host}, or what stands in front of it"
            if miscoded is not None
            else f"push the image again; if it is sound where it was made, check the caches between {step.last.host} and "
            "here: caches and static hosts send what they were given once",
        )


def _went_on(case: Case) -> bool:
    """Whether the client asked for something that only a manifest could have told it."""
    return any(step.expectation is not None for step in case.steps)


def _ended_there(case: Case, wrong: list[Step]) -> bool:
    """Whether a client that pulls, rather than looks, had the whole manifest and asked for nothing more."""
    pulls = case.pull.client.family in (*CONTAINERS_IMAGE, "docker", "containerd", "buildkit", "kaniko")
    return case.over and pulls and any(step.method == "GET" and step is case.steps[-1] for step in wrong)


@row(
    "missing-content-digest",
    needs=Fact.TAG,
    severities="warning, info",
    suffers="docker, containerd (one request more)",
    remedy="send it",
)
def missing_content_digest(case: Case) -> Iterator[Found]:
    """HEAD of a tag without `Docker-Content-Digest`; info for GET.

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
        and header(hop, "docker-content-digest") is None
    ]
    if not bare:
        return
    heads = [hop for hop in bare if hop.request.method == "HEAD"]
    first = (heads or bare)[0]
    yield Found(
        (hop.step for hop in heads or bare),
        f"{first.host} answers {first.request.method} of {first.step.route.reference} without Docker-Content-Digest: "
        + (
            f"{case.client} has to fetch the manifest to know its digest, as docker and containerd do."
            if heads
            else "docker and containerd would have to fetch it twice; podman and skopeo do not look at it."
        ),
        f"let {first.host} send Docker-Content-Digest with every manifest, also for HEAD",
        severity=case.severity(first.step) if heads else Severity.INFO,
    )


@row(
    "head-unusable",
    needs=None,
    explains="missing-content-digest no-matching-platform",
    suffers="docker's classic store, containerd, crane",
    remedy="what removes it: compression, or a cache that answers HEAD itself",
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
    if case.pull.client.family not in NEED_HEAD:
        return
    if last.request.method != "HEAD" or last.status != 200 or media_class(content_type(last)) not in MANIFESTS:
        return
    length = header(last, "content-length")
    no_digest = step.route.digest is None and header(last, "docker-content-digest") is None
    if length not in (None, "", "0") and not no_digest:
        return
    lacks = (
        "no Content-Length"
        if length in (None, "")
        else "a Content-Length of 0"
        if length == "0"
        else "no Docker-Content-Digest"
    )
    name = front(last)
    yield Found(
        [step],
        f"HEAD of {step.route.reference} at {last.host} has {lacks}, and {case.client} stops at that"
        + (f"; the answer is from {name}." if name else "."),
        f"let HEAD of manifests through unchanged at {last.host}: no compression, and no cache that answers HEAD itself",
        severity=Severity.ERROR,
    )


@row(
    "head-not-allowed",
    needs=Fact.TROUBLE,
    severities="warning, error",
    suffers="docker, containerd, crane",
    remedy="allow HEAD",
)
def head_not_allowed(case: Case) -> Iterator[Found]:
    """HEAD fails with 403, 404, 405 or 501 where GET is 200.

    containerd: GET after 405, and after 403 (resolver.go); classic dockerd: GET after any failure (repository.go).
    containerd#7390.
    """
    for step in case.steps:
        # What is written is asked for before it is there, and again after.
        if step.route.endpoint is not Endpoint.MANIFEST or (case.writes and step.hops[0].status == 404):
            continue
        heads = [hop for hop in step.hops if hop.request.method == "HEAD" and hop.status in NO_HEAD]
        served = any(hop.request.method == "GET" and hop.ok for hop in step.hops)
        if heads and (served or (heads[-1].status in (405, 501) and heads[-1] is step.last)):
            yield Found(
                [step],
                f"{heads[-1].host} said {heads[-1].status} to HEAD of {step.route.reference}{reason(step.last)}"
                + (", and 200 to GET: every pull costs a request more" if served else "")
                + ", and clients that stop at that fail.",
                f"allow HEAD for manifests at {heads[-1].host}",
            )


@row(
    "schema1-only",
    needs=Fact.ODD,
    severities="error, warning",
    suffers="docker from 26.0, containerd from 2.0",
    remedy="convert it: `skopeo copy --format=v2s2`",
)
def schema1_only(case: Case) -> Iterator[Found]:
    """A schema 1 manifest.

    docker refuses it by default from 26.0 (moby/moby#47459, docker/cli#4938), and always from 28.5 (#50036); containerd from 2.0
    (containerd.io, "Deprecated features"). docker 20.10 was run and pulls it. skopeo copies it as it is, which registries of
    today refuse with 500 or keep, unless told --format=v2s2 (podman-container-tools/skopeo#651, #959, #1624).
    """
    old = [
        step
        for step in case.steps
        if step.last.ok
        and step.method != "PUT"
        and (
            (isinstance(step.document, Manifest) and step.document.schema_version == 1)
            or (step.route.endpoint is Endpoint.MANIFEST and media_class(content_type(step.last)) is MediaClass.SCHEMA1)
        )
    ]
    if not old or case.pull.pushing:
        return  # a push looks at the tag, and writes over what is there
    took = any(layer.digest in case.pull.fetched for image in case.pull.images for layer in image.manifest.layers)
    client = case.pull.client
    refuses = client.store == "containerd" or client.family in ("containerd", "buildkit")
    refuses = refuses or (client.family == "docker" and bool(re.match(r"2[6-9]|[3-9]\d", client.version or "")))
    yield Found(
        old,
        f"{old[0].last.host} offers {case.pull.repository} as a schema 1 manifest only: docker refuses that by default from "
        "26.0, containerd from 2.0; older ones, podman and skopeo still read it.",
        "build it anew, or make a manifest of today of it: skopeo copy --format=v2s2 (without that it is copied as it is)",
        severity=Severity.ERROR if not took and refuses else Severity.WARNING,
    )
