"""What a registry answers about names and manifests: missing, of the wrong kind, too large, or without what it should say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pullscope.oci.documents import Index, Manifest
from pullscope.oci.media import MANIFESTS, MediaClass, media_class
from pullscope.oci.reference import registry_name
from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.case import (
    CONTAINERS_IMAGE,
    Case,
    codes,
    content_type,
    found,
    header,
    in_storage,
    is_page,
    listed,
    name_of,
)
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.model import Kind, Outcome, Step

LARGEST_MANIFEST = 4 * 1024 * 1024
"""What registries must take at least (distribution-spec 1.1, "Pushing Manifests"); many clients read no more."""

NO_HEAD = frozenset({403, 404, 405, 501})

# `os/linux arch/amd64` in the User-Agent of dockerd (moby dockerversion.DockerUserAgent): what it pulls unless told.
_PLATFORM = re.compile(r"\bos/([a-z]+) arch/([a-z0-9]+)")


def manifest_too_large(case: Case) -> Iterator[Finding]:
    """A manifest beyond what registries and clients take."""
    for step in case.steps:
        if step.route.endpoint is not Endpoint.MANIFEST:
            continue
        last = step.last
        length = header(last, "content-length") or ""
        came = max(last.bytes or 0, int(length) if length.isdecimal() and len(length) < 16 and last.ok else 0)
        if came <= LARGEST_MANIFEST and not (last.status == 413 and step.kind is Kind.MANIFEST_PUT):
            continue
        how = f"{came} bytes" if came > LARGEST_MANIFEST else "more than it takes"
        yield found(
            "manifest-too-large",
            case.severity(step, otherwise=Severity.ERROR if case.failed or not case.pull.images else Severity.WARNING),
            [step],
            f"the manifest at {last.host} has {how}; registries need not take, and clients do not read, more than 4 MiB.",
            "keep annotations and embedded data out of the manifest: they belong into a blob of their own",
        )
        return


def wrong_content_type(case: Case) -> Iterator[Finding]:
    """A manifest under a media type that is none of a manifest's."""
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
    yield found(
        "wrong-content-type",
        Severity.ERROR if not _went_on(case) and (case.failed or _ended_there(case, wrong)) else Severity.WARNING,
        wrong,
        f"{last.host} sends a manifest as {kind or 'no type at all'}, which is none of the four media types of "
        "manifests: docker and containerd refuse it or take it for something else.",
        "send the media type that the manifest names itself; a static host needs a headers file for it",
    )


def manifest_unreadable(case: Case) -> Iterator[Finding]:
    """Something else under the media type of a manifest."""
    wrong = [step for step in case.steps if step.instead is not None and step.outcome is Outcome.FAILED]
    if wrong:
        step = wrong[0]
        yield found(
            "manifest-unreadable",
            case.severity(*wrong),
            wrong,
            f"what {step.last.host} sent for {name_of(step)} as {content_type(step.last) or 'a manifest'} is none "
            f"({step.instead.removeprefix('no manifest: ') if step.instead else ''}), and {case.client} cannot go on from there.",
            f"push the image again; if it is sound where it was made, look at what stands between {step.last.host} and "
            "here: caches and static hosts send what they were given once",
        )


def _went_on(case: Case) -> bool:
    """Whether the client asked for something that only a manifest could have told it."""
    return any(step.expectation is not None for step in case.steps)


def _ended_there(case: Case, wrong: list[Step]) -> bool:
    """Whether a client that pulls, rather than looks, had the whole manifest and asked for nothing more."""
    pulls = case.pull.client.family in (*CONTAINERS_IMAGE, "docker", "containerd", "buildkit", "kaniko")
    return case.over and pulls and any(step.method == "GET" and step is case.steps[-1] for step in wrong)


def missing_content_digest(case: Case) -> Iterator[Finding]:
    """HEAD of a tag without Docker-Content-Digest: what it was asked for."""
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
    yield found(
        "missing-content-digest",
        case.severity(first.step) if heads else Severity.INFO,
        (hop.step for hop in heads or bare),
        f"{first.host} answers {first.request.method} of {first.step.route.reference} without Docker-Content-Digest: "
        + (
            f"{case.client} has to fetch the manifest to know its digest, as docker and containerd do."
            if heads
            else "docker and containerd would have to fetch it twice; podman and skopeo do not look at it."
        ),
        f"let {first.host} send Docker-Content-Digest with every manifest, also for HEAD",
    )


def head_not_allowed(case: Case) -> Iterator[Finding]:
    """HEAD is refused where GET is not."""
    for step in case.steps:
        if step.route.endpoint is not Endpoint.MANIFEST:
            continue
        heads = [hop for hop in step.hops if hop.request.method == "HEAD" and hop.status in NO_HEAD]
        served = any(hop.request.method == "GET" and hop.ok for hop in step.hops)
        if heads and (served or heads[-1].status in (405, 501)):
            yield found(
                "head-not-allowed",
                case.severity(step),
                [step],
                f"{heads[-1].host} said {heads[-1].status} to HEAD of {step.route.reference}"
                + (", and 200 to GET: every pull costs a request more" if served else "")
                + ", and clients that stop at that fail.",
                f"allow HEAD for manifests at {heads[-1].host}",
            )
            return


def registry_failed(case: Case) -> Iterator[Finding]:
    """The registry itself has a fault."""
    broken = [
        hop
        for hop in case.hops
        if (hop.status or 0) >= 500
        and hop.step.outcome is Outcome.FAILED
        and not hop.step.is_token
        and hop.step.route.endpoint is not Endpoint.BLOB
    ]
    if broken:
        hop = broken[0]
        steps = [one.step for one in broken]
        yield found(
            "registry-failed",
            case.severity(*steps),
            steps,
            f"{hop.host} said {hop.status}: the fault is there, not with {case.client}.",
            f"try again later, or look at the logs of {hop.host}",
        )


def manifest_unknown(case: Case) -> Iterator[Finding]:
    """The tag or digest is not there."""
    lost = [
        step
        for step in case.bad
        if step.route.endpoint is Endpoint.MANIFEST
        and step.last.status == 404
        and not is_page(step.last)
        and "NAME_UNKNOWN" not in codes(step.last)
    ]
    if not lost:
        return
    step = lost[0]
    last, name = step.last, step.last.route.repository
    why = next((one.message for one in last.errors if one.message.lower() != "manifest unknown"), "")
    if step.route.digest is None:
        message = f"{last.host} has no tag {step.route.reference} in {name}" + (f" ({why})" if why else "") + "."
        fix = f"check the tag: crane ls {registry_name(last.host)}/{name} lists those that exist"
    else:
        listed_in = " that the image's index names" if step.expectation is not None else ""
        message = f"{last.host} has no manifest {name_of(step)}{listed_in} in {name}."
        fix = (
            "push the image again with all its platforms"
            if listed_in
            else "check the digest; what no tag names may be deleted"
        )
    yield found("manifest-unknown", case.severity(*lost), lost, message, fix)


def name_unknown(case: Case) -> Iterator[Finding]:
    """The repository is not there."""
    lost = [step for step in case.bad if step.last.status == 404 and "NAME_UNKNOWN" in codes(step.last)]
    if lost:
        last = lost[0].last
        yield found(
            "name-unknown",
            case.severity(*lost),
            lost,
            f"{last.host} has no repository {last.route.repository}.",
            "check the name, and where a redirect or proxy renames it, the rule",
        )


def blob_unknown(case: Case) -> Iterator[Finding]:
    """A manifest names a blob that the registry does not have."""
    lost = [
        step
        for step in case.bad
        if step.route.endpoint is Endpoint.BLOB and step.last.status == 404 and not in_storage(step.last)
    ]
    if lost:
        last = lost[0].last
        yield found(
            "blob-unknown",
            case.severity(*lost),
            lost,
            f"{last.host} does not have {name_of(lost[0])}, which the manifest of {last.route.repository} names.",
            "push the image again: its manifest is there, its content is not",
        )


def schema1_only(case: Case) -> Iterator[Finding]:
    """A manifest of the form that was given up in 2017."""
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
    if not old:
        return
    took = bool(case.pull.fetched & set(case.pull.wanted_layers))
    refuses = case.pull.client.store == "containerd" or case.pull.client.family in ("containerd", "buildkit")
    major = (case.pull.client.version or "").partition(".")[0]
    refuses = refuses or (case.pull.client.family == "docker" and major.isdecimal() and int(major) >= 28)
    yield found(
        "schema1-only",
        Severity.ERROR if not took and refuses else Severity.WARNING,
        old,
        f"{old[0].last.host} offers {case.pull.repository} as a schema 1 manifest only: docker from 28.5, containerd from 2.0 "
        "and BuildKit do not read it; older docker, podman and skopeo still do.",
        "pull it with skopeo and push it again: that writes a manifest of today",
    )


def no_matching_platform(case: Case) -> Iterator[Finding]:
    """The index has nothing for this client, which then asked for nothing more."""
    index = case.pull.index
    if index is None or case.pull.images or case.pull.action == "push" or case.bad:
        return
    named = {entry.digest for entry in index.manifests}
    shown = [step for step in case.steps if isinstance(step.document, Index) and step.route.fallback_for is None]
    went_on = any(step.route.digest in named for step in case.steps if step.route.digest is not None)
    there = [
        str(entry.platform) for entry in index.manifests if entry.platform is not None and not entry.is_attestation
    ]
    own = _PLATFORM.search(case.pull.client_key[1])
    if not shown or went_on or not there or not case.over:
        return
    if own is None:
        yield found(
            "no-matching-platform",
            Severity.INFO,
            shown,
            f"{case.client} read the index at {shown[-1].last.host} and asked for nothing that is in it: {listed(there)}.",
            "if it was to pull, choose one of these platforms; to look at an index only is no failure",
        )
        return
    platform = f"{own[1]}/{own[2]}"
    if any(one == platform or one.startswith(f"{platform}/") for one in there):
        return  # another one was wanted, or it is on the client's host already
    yield found(
        "no-matching-platform",
        Severity.ERROR,
        shown,
        f"the index at {shown[-1].last.host} has nothing for {platform}, which {case.client} runs on; it has {listed(there)}.",
        f"build for {platform} too, or ask for another with --platform {there[0]}",
    )
