"""What is pushed and not taken: refused for what it is, sent to another address, left out, or mounted in vain."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pullscope.oci.digest import Digest
from pullscope.oci.documents import Index, Manifest
from pullscope.oci.media import MediaClass, essence, media_class
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import bare, parameters, query
from pullscope.trace.findings.case import REFUSALS, Case, codes, found, is_page, is_write, listed
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.findings.names import host_within
from pullscope.trace.findings.row import row
from pullscope.trace.findings.said import answered_by, quoted, says, tells_more, words
from pullscope.trace.model import Hop, Kind, Step

_QUOTES_THE_REQUEST = re.compile(
    r"(?:un-?recogni[sz]ed|unknown|unsupported|invalid) request: [A-Z]+ /v2/", re.IGNORECASE
)
"""Harbor's words for a path that it does not know: goharbor/harbor#19787."""
PART = re.compile(r"first byte of|layer part|out of order|content-range|invalid range", re.IGNORECASE)
"""Parts that do not follow on each other: ECR's InvalidLayerPartException (GoogleContainerTools/kaniko#607)."""
_THE_MANIFEST = re.compile(r"image ?manifest|media ?type|artifact", re.IGNORECASE)
_NO_SUCH_TYPE = frozenset({400, 405, 406, 415, 422, 501})
_CACHE = "application/vnd.buildkit.cacheconfig.v0"
"""What BuildKit's cache has beside layers in an index, which some registries refuse (pulp/pulp_container#1587)."""
_KNOWN = frozenset({MediaClass.INDEX, MediaClass.MANIFEST})
_MANIFEST_TYPE = re.compile(r"\b(?:manifest|index|media ?type)\b.*\b(?:type|support)", re.IGNORECASE)
REFUSED = frozenset({400, 404, 406, 409, 411, 415, 416, 422, 501})
"""Statuses that are about what is written. 501 is Gitea's for artifacts (go-gitea/gitea#25846)."""


@row(
    "upload-address-changed",
    needs=Fact.FAILURE,
    explains=("access-denied", "token-rejected", "upload-lost", "upload-refused", "write-denied"),
    severities="error",
    suffers="home-made clients; all behind a proxy that rewrites paths",
    remedy="use Location as it is; let proxies hand on path and query unchanged",
    report="oras-project/oras-dotnet#132",
)
def upload_address_changed(case: Case) -> Iterator[Finding]:
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
        elif says(last, _QUOTES_THE_REQUEST):
            message = f"{answered_by(last)} does not recognise the request that reached it, and said {last.status}{quoted(last)}."
            fix = (
                f"let what stands between {case.client} and {last.host} hand on path and query unchanged: rewrite rules of nginx "
                "decode them"
            )
        else:
            continue
        yield found("upload-address-changed", case.severity(step), [step], message, fix)
        return


def _left_out(case: Case, hop: Hop) -> list[str]:
    """The parameters that a request of an upload lacks: those of its Location, and the digest at its end."""
    there = set(parameters(query(hop.request.url)))
    told = [
        one.response.location
        for one in case.hops
        if one.response is not None
        and one.response.location is not None
        and one.request.time < hop.request.time
        and bare(one.response.location) == bare(hop.request.url)
    ]
    lost = [name for name in parameters(query(told[-1])) if name not in there] if told else []
    if not lost and hop.request.method == "PUT" and "digest" not in there:
        return ["digest"]
    return lost


@row(
    "upload-not-begun",
    needs=Fact.WRITE,
    explains=("path-not-redirected",),
    severities="error",
    suffers="all that push",
    remedy="hand POST below /v2/ on to the registry",
    report="goharbor/harbor#10398",
)
def upload_not_begun(case: Case) -> Iterator[Finding]:
    """POST of an upload is answered 2xx without the address of one: by a portal or a page, not by a registry.

    A registry says 202 with Location, or 201 (distribution-spec 1.1, "Pushing blobs"). docker says "received unexpected HTTP
    status: 200 OK": goharbor/harbor#10398.
    """
    for step in case.steps:
        last = step.last
        if step.route.endpoint is not Endpoint.UPLOAD_START or step.method != "POST" or not last.ok:
            continue
        if last.status == 201 or (last.response is not None and last.response.location is not None):
            continue
        yield found(
            "upload-not-begun",
            Severity.ERROR,
            [step],
            f"{answered_by(last)} said {last.status} to POST of an upload{' with a web page' if is_page(last) else ''}, and not "
            "where to send it: no registry answered, and nothing was pushed.",
            f"let {last.host}, or what stands in front of it, hand POST below /v2/ on to the registry; check the host and port",
        )
        return


@row(
    "blob-not-pushed",
    needs=Fact.FAILURE,
    explains=("upload-refused",),
    severities="error",
    suffers="what comes from that client",
    remedy="upload each blob, also after a mount that was answered 202",
    report="goharbor/harbor#18541",
)
def blob_not_pushed(case: Case) -> Iterator[Finding]:
    """A manifest is refused for a blob, or an index for a manifest, that this client was not seen pushing, and that no answer
    said is there.

    202 to a mount begins an upload, 201 alone is a mount (distribution-spec 1.1, "Mounting a blob from another repository"):
    goharbor/harbor#18541. Tools that leave a layer out: cloudflare/serverless-registry#59. An index of which one platform was
    pulled, and is pushed whole: go-gitea/gitea#26839. What was pushed and is missing all
    the same is `upload-refused`.
    """
    for step in case.bad:
        last, sent = step.last, step.document
        if step.kind is not Kind.MANIFEST_PUT or not codes(last) & _UNKNOWN or _unknown_subject(step) is not None:
            continue
        there = {digest for one in case.steps if one.last.ok and one.last.status != 202 for digest in _told_of(one)}
        missing = [digest for digest in dict.fromkeys(_named_in(sent)) if digest not in there]
        if not missing:
            continue
        begun = [one for one in case.steps if one.last.status == 202 and one.route.mount in missing]
        of_index = isinstance(sent, Index)
        yield found(
            "blob-not-pushed",
            case.severity(step),
            [*begun, step],
            f"{answered_by(last)} refused the {'index' if of_index else 'manifest'} {step.route.reference} with "
            f"{last.status}{quoted(last)}: it names {listed(digest.short for digest in missing[:3])}"
            f"{' and more' if len(missing) > 3 else ''}, which {case.client} was not seen pushing."
            + (" The mount was answered 202: that is no mount, but the start of an upload." if begun else ""),
            "push the manifest of each platform that the index names before it, or one platform alone "
            "(docker push --platform)"
            if of_index
            else "upload each blob that the manifest names before the manifest"
            + (", also after a mount that is answered 202" if begun else ""),
        )
        return


_UNKNOWN = frozenset({"MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"})


def _named_in(sent: object) -> list[Digest]:
    """What a manifest or an index cannot be without."""
    if isinstance(sent, Index):
        parts = list(sent.manifests)
    elif isinstance(sent, Manifest):
        parts = [one for one in (sent.config, *sent.layers) if one is not None]
    else:
        parts = []
    return [one.digest for one in parts if one.digest is not None]


def _unknown_subject(step: Step) -> Digest | None:
    """What a manifest refers to, where that is what the registry says that it does not know."""
    sent = step.document
    subject = sent.subject if isinstance(sent, Manifest | Index) else None
    if subject is None or subject.digest is None:
        return None
    return subject.digest if any(str(subject.digest) in error.detail for error in step.last.errors) else None


def _told_of(step: Step) -> list[object]:
    """The blobs and manifests of which a good answer says that they are there."""
    route = step.route
    if route.endpoint is Endpoint.UPLOAD_START:
        return [route.mount, route.digest]
    return [route.digest] if route.endpoint in (Endpoint.BLOB, Endpoint.UPLOAD, Endpoint.MANIFEST) else []


@row(
    "mount-refused",
    needs=Fact.WRITE,
    explains=("access-denied", "name-unknown", "upload-refused", "write-denied"),
    severities="error",
    suffers="clients that mount and do not go on to upload",
    remedy="the right to read there, or an upload instead",
    report="google/go-containerregistry#1393",
)
def mount_refused(case: Case) -> Iterator[Finding]:
    """A mount is refused with words about the repository that it is to come from, and no upload follows.

    A registry that cannot mount should answer 202 (distribution-spec 1.1, "Mounting a blob from another repository"). crane
    0.10 names repositories of other registries, and Harbor says 401 to projects that it has not got:
    google/go-containerregistry#1393.
    """
    for step in case.bad:
        last, source = step.last, step.route.from_repository
        if step.route.mount is None or source is None or last.status not in (*REFUSALS, 400, 404):
            continue
        said = words(last).lower()
        if source.lower() not in said and source.partition("/")[0].lower() not in said.replace(",", " ").split():
            continue
        yield found(
            "mount-refused",
            case.severity(step),
            [step],
            f"{answered_by(last)} refused to mount {step.route.mount.short} from {source} with {last.status}{quoted(last)}.",
            f"push without mounting, or with another version of {case.client}; a mount needs {source} at {last.host} itself, and "
            "the right to read it",
        )
        return


@row(
    "upload-refused",
    needs=Fact.FAILURE,
    explains=("manifest-unknown", "name-unknown", "blob-unknown"),
    severities="error",
    suffers="the client that sent it",
    remedy="the registry's own reason",
    report="moby/buildkit#3579",
)
def upload_refused(case: Case) -> Iterator[Finding]:
    """An upload or manifest is refused for what it is: 400, 404, 406, 409, 411, 415, 416, 422 or 501 to a request
    that writes.

    411 comes from proxies that take no chunked body; 400 MANIFEST_INVALID and DIGEST_INVALID, 404 MANIFEST_BLOB_UNKNOWN and
    NAME_UNKNOWN are the registry's (distribution-spec 1.1, "Error Codes"). Registries without OCI types refuse what buildx pushes
    since provenance is on by default: moby/buildkit#3579, docker/buildx#1513, #1653.
    """
    refused = [
        step
        for step in case.bad
        if is_write(step) and (step.last.status in REFUSED or refuses_manifest(step)) and step.kind is not Kind.DELETE
    ]
    if not refused:
        return
    step = refused[0]
    last = step.last
    name = step.route.repository or "that name"
    said = codes(last)
    sent = essence(last.request.headers.get("content-type"))
    if last.status == 411:
        fix = f"let what answers at {last.host} take bodies without Content-Length (chunked)"
    elif "NAME_UNKNOWN" in said or "NAME_INVALID" in said:
        within = host_within(name)
        fix = (
            f"leave {within} out of the name: it is a host, and {last.host} takes it for a part of the repository"
            if within is not None
            else f"name the image as the answer asks: {last.host} takes no name spelled {name}"
            if "NAME_INVALID" in said and tells_more(last)
            else f"create {name} at {last.host} first, and check how it is spelled"
        )
    elif last.status == 404 and step.route.endpoint is Endpoint.UPLOAD_START:
        fix = (
            f"check the name {name}; a repository that only hands on or collects others (proxy or group in Nexus, remote or "
            "virtual in Artifactory) takes no uploads: push to one that does"
        )
    elif _unknown_subject(step) is not None:
        fix = (
            f"push what the manifest refers to (its subject) first; if {last.host} gives that by its digest, it looks for a blob "
            "of that digest: report it there"
        )
    elif said & _UNKNOWN:
        fix = "push again: a blob that the manifest names is not there"
    elif last.status == 416 or says(last, PART):
        fix = (
            f"push again, and send the parts of a blob one after the other, from where {last.host} says that it is: the Range of "
            "its answers"
        )
    elif said & {"DIGEST_INVALID", "SIZE_INVALID"}:
        fix = f"push again, and look at what changes bodies on the way to {last.host}"
    elif (
        isinstance(step.document, Manifest) and step.document.artifact_type is not None and last.status in _NO_SUCH_TYPE
    ):
        fix = f"push it as an image (oci-artifact=false in buildx), or to a registry that takes artifacts: {last.host} may not"
    elif step.kind is Kind.MANIFEST_PUT and tells_more(last) and not says(last, _MANIFEST_TYPE):
        fix = f"do what the answer asks for, or look at the log of {last.host} for this request"
    elif isinstance(step.document, Index) and any(one.media_type == _CACHE for one in step.document.manifests):
        fix = "export the cache as an image: image-manifest=true,oci-mediatypes=true beside type=registry in --cache-to"
    elif step.kind is Kind.MANIFEST_PUT and media_class(sent) in _KNOWN and "docker" in sent:
        fix = (
            f"{last.host} may take OCI's types only: push the image as OCI (skopeo copy --format oci, buildx with "
            "oci-mediatypes=true), or let it take Docker's (http.compat in Zot)"
        )
    elif step.kind is Kind.MANIFEST_PUT:
        fix = f"send a manifest of a type that {last.host} takes (Docker's schema 2 where it knows no OCI types)"
    elif is_page(last):
        fix = (
            f"look at the log and the limits of what stands in front of {last.host}: a page answered, and registries answer with "
            "JSON"
        )
    else:
        fix = f"look at the log of {last.host} for this request"
    yield found(
        "upload-refused",
        case.severity(*refused),
        refused,
        f"{answered_by(last)} said {last.status} to {last.request.method} of {_part(step)}{quoted(last)}"
        + (
            f", and means {subject.short}, the subject of that manifest."
            if (subject := _unknown_subject(step)) is not None
            else "."
        ),
        fix,
    )


def refuses_manifest(step: Step) -> bool:
    """Whether 405 is about the manifest and not about writing: ECR, to what it cannot read (moby/buildkit#5747)."""
    return step.kind is Kind.MANIFEST_PUT and step.last.status == 405 and says(step.last, _THE_MANIFEST)


def _part(step: Step) -> str:
    if step.kind is Kind.MANIFEST_PUT:
        return f"the manifest {step.route.reference}"
    return f"a blob of {step.route.repository}" if step.route.repository else "a blob"
