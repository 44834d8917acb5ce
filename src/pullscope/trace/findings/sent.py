"""What to do about what was sent and not taken: uploads, manifests and deletes, by the codes and the form of what was sent.
One file, because of the rungs for one write each is right only after the others.
"""

from __future__ import annotations

import re
from itertools import pairwise

from pullscope.oci.amounts import period
from pullscope.oci.digest import as_digest
from pullscope.oci.documents import Index, Manifest
from pullscope.oci.media import MANIFESTS, OCI_MANIFEST, MediaClass, essence, media_class
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import parameters, query
from pullscope.trace.findings.advice import TOO_LARGE
from pullscope.trace.findings.answers import NOT_OFFERED, PART, Answer, by_its_words, look_at_the_log
from pullscope.trace.findings.asked import (
    LOOKERS,
    UNKNOWN_BLOB,
    host_within,
    is_build_cache,
    of_a_build_cache,
    other_bytes,
    thing,
    unknown_subject,
)
from pullscope.trace.findings.case import REFUSALS, is_write
from pullscope.trace.findings.connections import gave_up_sending
from pullscope.trace.findings.fronts import OF_BOTH, OF_SIZE, OF_TIME, calm, limits, patience, unnamed
from pullscope.trace.findings.put_before import artifact_type, of_its_type, of_what_was_taken
from pullscope.trace.findings.said import MOST, front, is_specific, says, tells_more
from pullscope.trace.model import Hop, Kind
from pullscope.trace.source_gaps import lacking

_TYPES = frozenset({MediaClass.INDEX, MediaClass.MANIFEST})
# Quay: GoogleContainerTools/jib#2163
_OF_VERSIONS = re.compile(r"\bschema version (?:is )?not supported", re.IGNORECASE)
_OF_SIZES = re.compile(r"(?:descriptor|manifest)\W+size|size.{0,40}does(?: not|n't) match|size mismatch", re.IGNORECASE)
_NO_SUCH_TYPE = frozenset({400, 404, 405, 406, 415, 422, 501})
_OF_TYPES = re.compile(
    r"\b(?:manifest|index|media ?type)\b.*\b(?:type|support)|schema version is not"
    r"|\b(?:un\w+|invalid|disallowed) (?:\w+ )?(?:media|artifact|config) ?type",
    re.IGNORECASE,
)
_NOT_PARSED = re.compile(r"\bfail(?:ed)? to parse '?manifest", re.IGNORECASE)
"""Huawei's words for an index or manifest of OCI's types: openbkn-ai/bkn-studio#153, vllm-project/vllm-ascend#16130."""
# skopeo-copy(1), buildah-push(1), podman-push(1); "regctl image mod"; BuildKit's README, "Image/Registry"
_DOCKER_TYPES = {
    "skopeo": "skopeo copy --format v2s2",
    "buildah": "buildah push --format v2s2, or BUILDAH_FORMAT=docker where it is built",
    **dict.fromkeys(("podman", "containers"), "podman push --format v2s2, or BUILDAH_FORMAT=docker where it is built"),
    "regctl": "regctl image mod --to-docker",
    "buildkit": "--provenance=false --output type=registry,oci-mediatypes=false",
    "docker-cli": "its images built with --provenance=false --output type=registry,oci-mediatypes=false",
    # docs.sigstore.dev, "Registry Support"
    "cosign": "COSIGN_DOCKER_MEDIA_TYPES=1 in its environment",
}
_OF_BYTES = frozenset({"DIGEST_INVALID", "SIZE_INVALID"})


def of_deletes(one: Answer) -> str | None:
    """A delete that the registry does not allow, or not of a tag (distribution/distribution#3234).

    Docker Hub refuses every delete, to a login with 401 or 405: google/go-containerregistry#746, docker/hub-feedback#2360.
    """
    said = one.hop.codes
    by_other_means = one.hosted is not None and (
        one.status in (405, 501) or (not one.no_login and (one.status in NOT_OFFERED or one.hosted.id == "docker-hub"))
    )
    if one.act != "delete" or (one.status not in NOT_OFFERED and not by_other_means):
        return None
    if "DIGEST_INVALID" in said:
        return f"delete it by its digest, as crane digest {one.host}/{one.name}:TAG tells it, and not by a tag"
    if by_other_means and one.hosted is not None:
        page = one.step_there("deletes") or f"{one.hosted.name}'s own page or API"
        return f"delete it by other means ({page}): {one.host} takes no such request"
    if one.status == 400 and (tells_more(one.hop) or one.hosted is not None):
        return None
    by_tag = one.step.route.digest is None and one.step.route.endpoint is Endpoint.MANIFEST
    return ("delete it by its digest; if that is refused too, " if by_tag else "") + (
        f"switch deletes on at {one.host} (storage.delete.enabled in distribution: REGISTRY_STORAGE_DELETE_ENABLED=true), or "
        # distribution/distribution#3853, registry/proxy/proxymanifeststore.go
        "delete there by other means; if it is a cache of another registry (proxy.remoteurl), it deletes nothing: delete at "
        "that one"
    )


def of_writes(one: Answer) -> str | None:
    """405 to what is written; a page, where what was asked before was answered with pages too (go-gitea/gitea#23708, #24042)."""
    if one.act == "write" and one.by_page and any(step.last.is_page and step.last.ok for step in one.case.steps):
        return (
            f"let {front(one.hop) or 'the proxy'} hand everything below /v2/ on to the registry, with /v2/ in the path (in "
            "nginx: proxy_pass without a path of its own): pages in its place were answered with 200 before"
        )
    if one.act != "write" or one.status != 405 or one.code != "write-denied":
        return None
    if not one.hop.errors and front(one.hop) is not None:
        nginx = " (location /v2/ { proxy_pass http://REGISTRY; })" if "nginx" in (front(one.hop) or "") else ""
        return f"let {front(one.hop)} hand {one.hop.request.method} below /v2/ on to the registry behind it{nginx}"
    if is_specific(one.hop):
        return None
    sent, types = essence(one.hop.request.headers.get("content-type")), _DOCKER_TYPES.get(one.case.family)
    if one.step.kind is Kind.MANIFEST_PUT and (one.hosted is not None or ("oci" in sent and not is_read_only(one))):
        # podman-container-tools/podman#10309, heroku/cli#1807, #1081, akhilerm/tag-push-action#299
        build = "docker buildx build --platform linux/amd64 --provenance=false --output type=image,oci-mediatypes=false,push=true"
        single = (
            f"push one platform's image without attestations and in Docker's types ({build}, or crane copy --platform)"
        )
        others = one.hosted is not None and (types is None or "oci" not in sent)
        builds = others or one.case.family in ("docker", "buildkit", "docker-cli")
        if builds or types is not None:
            return single if builds else f"push it with Docker's types ({types}): {one.host} may not take {sent}"
    if not is_read_only(one) and one.step.route.endpoint is Endpoint.UPLOAD:
        both = f"{one.host}, and what is in front of it,"
        return f"have {both} take {one.hop.request.method} at the uploads that it begins"
    if not is_read_only(one):
        helm = " (helm push CHART.tgz oci://HOST/PATH, without chart and tag)" if one.case.family == "helm" else ""
        return f"name the image or chart once, as HOST/PATH{helm}: {one.host} takes no {one.hop.request.method} at that address"
    mode = "without one, switch its read-only mode off (storage.maintenance.readonly in distribution)"
    cache = "with a proxy section it is a cache, and pushes go to the registry behind it"
    return f"look into the configuration of {one.host}: {cache}; {mode}"


def is_read_only(one: Answer) -> bool:
    """Whether 405 can be the answer of a registry that only reads: nothing else was taken, and it says so itself."""
    if one.act != "write" or one.status != 405 or (not one.hop.errors and front(one.hop) is not None):
        return False
    if is_specific(one.hop) or (one.hosted is not None and one.step.kind is Kind.MANIFEST_PUT):
        return False
    return not any(is_write(step) and step.last.ok for step in one.case.steps)


def push_again(one: Answer) -> str:
    """To do that; a build's cache is exported anew by the next build (docs.docker.com, "Registry cache")."""
    anew = "build again, which exports the cache anew (ignore-error=true in --cache-to: a build ends well without it)"
    return anew if of_a_build_cache(one.case) else "push again"


def of_size_and_time(one: Answer) -> str | None:
    """What was too large, cut off or lost."""
    host, known = one.hop.host, limits(one.hop)
    if calm(one.hop):
        how = {"regctl": "reqPerSec and parallel in regsync", "skopeo": "one skopeo at a time"}.get(one.case.family)
        return f"ask {host} less at a time{f' ({how})' if how else ''}: ENHANCE_YOUR_CALM is its word for too many requests"
    if one.code == "upload-too-large" and one.step.kind is Kind.MANIFEST_PUT and not says(one.hop, TOO_LARGE):
        small = f"{thing(one.step)} is the body, so that smaller layers are no help"
        if one.hosted is not None:
            return f"push from another network, or past the proxies and firewalls of this one and their limits: {small}"
        own = (
            known[0]
            if known is not None and "layers" not in known[0]
            else f"raise the body limit of {unnamed(one.hop, OF_SIZE)}"
        )
        return f"{own}: {small}"
    if one.code == "upload-cut-off" and gave_up_sending(one.hop):
        smaller = "push smaller layers (framework-dependent, not self-contained), or over a faster line"
        return f"update the .NET SDK, which sends a layer in parts then; else {smaller}"
    if one.code == "upload-cut-off" and hangs_up(one):
        ends = "a push makes none in Amazon ECR, which ends it like that"
        made, push = one.step_there("creates"), one.step_there("push")  # CircleCI-Public/aws-ecr-orb#259
        return f"create {one.name}, if it is not there ({made}): {ends}, and so to who lacks a right: {push}"
    if one.code in ("upload-too-large", "upload-cut-off") and one.hosted is not None and one.clue is None:
        again = "push in smaller layers" if one.code == "upload-too-large" else push_again(one)
        limits_of = f"their limits of size and time are the ones within reach, those of {one.hosted.name} are not"
        network = "push from another network, or past the proxies and firewalls of this one"
        return f"{again}; if that fails too, {network}: {limits_of}"
    if one.code == "upload-too-large":
        # goharbor/harbor#22353, #15823: the second of two
        return known[0] if known is not None else f"raise the body limit of {unnamed(one.hop, OF_SIZE)}"
    if one.code == "upload-cut-off":
        whose, look = patience(one.hop.seconds), look_at_the_log(one).partition(": after ")[0]
        if known is not None and one.hop.status is not None:
            return f"{known[1]}; where that is no help, {look}"
        if whose is not None:
            return f"raise the time limit of the proxy in front of {host}: {whose}; where that is no help, {look}"
        kinds, where = ("time and size limits", OF_BOTH) if one.hop.status is None else ("time limit", OF_TIME)
        return f"raise the {kinds} of {unnamed(one.hop, where)}; where that is no help, {look}"
    if one.code == "upload-lost":
        if one.hosted is not None:
            loses = f"report it to {one.hosted.name}: it loses the uploads that it began"
            return f"{push_again(one)}; if it keeps failing, {loses}"
        location = "let proxies pass on the Location of an upload with its whole query"
        # others than distribution have no such secret
        shares = one.behind is None or one.behind.id in ("harbor", "gitlab", "openshift")
        secret = (
            "the same storage and the same http.secret (REGISTRY_HTTP_SECRET)"
            if shares
            else "one storage and one database"
        )
        # biersoeckli/QuickStack#106
        storage = "; if there is one only, its storage may have refused it: " + look_at_the_log(one)
        again = storage if "BLOB_UPLOAD_INVALID" in one.hop.codes or not shares else ""
        return f"give all instances behind {host} {secret}, and {location}{again}"
    return None


def slow_storage(one: Answer) -> str | None:
    """What to do where a client did not wait until a registry had stored a blob: moby/moby#53700, moby/buildkit#4130."""
    if one.step.route.endpoint is not Endpoint.UPLOAD or one.hop.request.method != "PUT":
        return None
    classic = '"features": {"containerd-snapshotter": false} in daemon.json' if one.case.family == "docker" else ""
    waits = f", or wait longer: docker's classic store does ({classic})" if classic else ""
    return f"give {one.host} a faster storage for blobs, or push in smaller layers{waits}"


def hangs_up(one: Answer) -> bool:
    """Whether a push ended where ECR ends one to what is not there: aws/containers-roadmap#1970, docker/build-push-action#850."""
    written = any(is_write(step) and step.last.ok for step in one.case.steps)
    ecr = one.known is not None and one.known.id == "ecr"
    return ecr and one.status == 0 and one.step.route.endpoint is Endpoint.UPLOAD_START and not written


def of_names(one: Answer) -> str | None:
    """A name to which nothing can be written."""
    said, host, name = one.hop.codes, one.hop.host, one.step.route.repository or "that name"
    if one.code != "upload-refused" or not said & {"NAME_UNKNOWN", "NAME_INVALID"}:
        return None
    within = host_within(name)
    if within is not None:
        return f"leave {within} out of the name: it is a host, and {host} takes it for a part of the repository"
    if "NAME_INVALID" in said and tells_more(one.hop):
        parts = "" if "/" in name else f" (many want two parts: NAMESPACE/{name})"  # pulp/pulp_container#490
        return f"name the image as the answer asks{parts}: {host} takes no name spelled {name}"
    own = "; ko adds a name of its own to KO_DOCKER_REPO, unless ko build has --bare" if one.case.family == "ko" else ""
    return f"create {name} at {host} first{created_by(one)}, if it is spelled right{own}"  # ko-build/ko#1322


def created_by(one: Answer) -> str:
    """The command that makes a repository, where a push does not, in brackets."""
    return f" (it is made by {made})" if (made := one.step_there("creates")) else ""


def of_uploads(one: Answer) -> str | None:
    """What the codes of the distribution specification mean for what was sent."""
    hop, host, said = one.hop, one.hop.host, one.hop.codes
    name = one.step.route.repository or "that name"
    if one.code != "upload-refused":
        return None
    if one.status == 411:
        return f"let the server at {host} accept bodies without Content-Length (chunked)"
    if one.status == 404 and one.step.route.endpoint is Endpoint.UPLOAD_START and not tells_more(hop):
        return (
            f"correct host and port of the image, or let the proxy in front of {host} hand /v2/ on to the registry: a web page "
            "answered, which takes no uploads"
            if one.by_page
            else "put the key of a docker repository that takes pushes (local, or virtual with a default one for them) before "
            f"the name, where no subdomain or port is its own: {host}/KEY/{'NAME' if '/' in name else name}"
            if one.known is not None
            and one.known.id == "artifactory"  # jfrog/charts#908, hazelcast/hazelcast-docker#1289
            else f"check the name {name}{created_by(one)}"
            if one.hosted is not None
            else takes
            if (takes := one.step_there("takes")) is not None
            else ("" if "/" in name else f"write its owner or project before the name, as in OWNER/{name}, or ")
            + f"push to a repository of {host} that takes uploads: a proxy or group in Nexus, remote or virtual in Artifactory, "
            "takes none"
        )
    if other_bytes(one.case, one.step) is not None:
        whole = "give curl --data-binary @FILE: -d takes line ends out; else " if one.case.family == "curl" else ""
        anew = f"{whole}have {one.case.client} send it to the address of its own digest, or by a tag"
        return f"{anew}; pushing again sends the same"  # distribution/distribution#2098
    if unknown_subject(one.step) is not None:
        there = f"if {host} gives that by its digest, it looks for a blob of that digest: report it there"
        return f"push what the manifest refers to (its subject) first; {there}"
    if said & UNKNOWN_BLOB:
        if one.step.document is None:
            return f"{push_again(one)}: a blob that the manifest names is not there"
        if one.behind is not None and one.behind.id == "nexus":  # sonatype/nexus-public#869
            says_so = "a group says of a blob that one of its members has it, and writes to another"
            return (
                f"push to the hosted repository itself, at its own port or path, if {host} is a group there: {says_so}"
            )
        own = f"report it to {one.hosted.name}" if one.hosted is not None else ""  # google/go-containerregistry#97
        own = own or "give all instances one storage, restart it after a garbage collection"
        return (
            f"{push_again(one)}; if it keeps failing, {own}: {host} said that all of it is there, and does not find it"
        )
    if one.status == 416 or says(hop, PART):
        from_there = f"from where {host} says that it is: the Range of its answers"
        return f"{push_again(one)}, and send the parts of a blob one after the other, {from_there}"
    if (
        "DIGEST_INVALID" in said
        and (named := parameters(query(hop.request.url)).get("digest"))
        and as_digest(named[0]) is None
    ):
        return f"name the digest whole, as sha256: and 64 digits of 0-9 and a-f: {named[0][:MOST]} is none"
    if said & _OF_BYTES and (first := sent_twice(one)) is not None:
        how = " (-Djib.httpTimeout=60000, in milliseconds; 0 has no end)" if one.case.family == "jib" else ""
        waits = f"{one.case.client} waited {period(first.seconds or 0)}, and sent the same part twice to one upload"
        return f"give {one.case.client} more time for an answer{how}, and push again: {waits}"
    bodies = {f"sha256:{hop.uploaded.sha256}" for hop in one.case.hops if hop.uploaded is not None}
    if said & _OF_BYTES and one.step.route.digest in bodies:  # distribution/distribution#1013
        log = f"{look_at_the_log(one)}, and at its storage"
        return f"{push_again(one)}; if it keeps failing, {log}: what was sent has that digest, and changes there or on the way"
    changed = f"{push_again(one)}; if it keeps failing, {one.case.client} takes the digest of other bytes than it sends"
    return f"{changed}, or something changes bodies on the way to {host}" if said & _OF_BYTES else None


def sent_twice(one: Answer) -> Hop | None:
    """A body that had no answer, and went once more to the same address of an upload: GoogleContainerTools/jib#4526, #3994."""
    same = [hop for hop in one.case.hops if hop.route.upload_id == one.step.route.upload_id is not None]
    twice = (first for first, again in pairwise(same) if first.request.url == again.request.url and again.uploaded)
    return next((hop for hop in twice if hop.uploaded and hop.response is None), None)


def of_a_cache(one: Answer) -> str | None:
    """A build's cache that is pushed as an index: aws/containers-roadmap#876, pulp/pulp_container#1587."""
    if one.code not in ("upload-refused", "write-denied"):
        return None
    document, sent = one.step.document, media_class(essence(one.hop.request.headers.get("content-type")))
    named = one.status not in REFUSALS and sent is MediaClass.INDEX and of_a_build_cache(one.case)
    caches = is_build_cache(document) and isinstance(document, Index) if document is not None else named
    how = "image-manifest=true,oci-mediatypes=true beside type=registry in --cache-to"
    return f"export the cache as an image: {how}; {one.host} takes no index of layers" if caches else None


def of_a_manifest(one: Answer) -> str | None:
    """A manifest that is refused for its type, as far as the answer leaves that open."""
    host, document = one.hop.host, one.step.document
    if one.code not in ("upload-refused", "write-denied") or one.step.kind is not Kind.MANIFEST_PUT:
        return None
    if one.status == 409 and one.hosted is not None:  # docker/cli#5874
        each = "without attestations (--provenance=false --sbom=false in buildx)"
        return (
            f"{push_again(one)}; if it is so each time, push {each}, or under a new tag: {host} found that it conflicts"
        )
    if one.code == "write-denied":
        return of_what_was_taken(one)
    sent = essence(one.hop.request.headers.get("content-type"))
    of_types, not_parsed = says(one.hop, _OF_TYPES), "oci" in sent and says(one.hop, _NOT_PARSED)
    own = document.media_type if isinstance(document, Manifest | Index) else ""
    seen = sent or not lacking(one.hop.request, "headers")
    if seen and (media_class(sent) not in MANIFESTS or (own and media_class(own) is not media_class(sent))):
        # distribution/distribution#2892
        kind = own or f"the manifest's own ({OCI_MANIFEST} and the like)"
        known = sent and one.case.pull.client.family not in LOOKERS  # containerd/containerd#4252
        how = f"use another version of {one.case.client}, which has to send it" if known else "send it"
        return f"{how} with Content-Type: {kind}; {host} goes by that header, which was {sent or 'not there'}"
    if (
        isinstance(document, Index)
        and any(one.is_attestation for one in document.manifests)
        and not (of_types or not_parsed)
    ):
        # docker/buildx#1513
        without = "build it with --provenance=false --sbom=false (BUILDX_NO_DEFAULT_ATTESTATIONS=1 in the environment)"
        return f"{without}: {host} may not take an index with attestations, such as this"
    if says(one.hop, _OF_SIZES):  # google/go-containerregistry#1725
        return "push it by docker push, which writes its manifest anew, or build it again: the manifest has a wrong size in it"
    if tells_more(one.hop) and not (of_types or not_parsed):
        return by_its_words(one)
    artifact = (isinstance(document, Manifest) and artifact_type(document)) or (sent if "artifact" in sent else None)
    if artifact and one.step.route.cosign and one.status in _NO_SUCH_TYPE:
        takes = "" if one.hosted is not None else ", or let it (FEATURE_GENERAL_OCI_SUPPORT in Quay)"
        if (
            one.case.family == "ko"
        ):  # which writes no signature, and puts its SBOM where the image is: ko-build/ko#532, #970
            none = "build without an SBOM (ko build --sbom=none)"
            return f"{none}: the image itself goes before it, and {host} may not take {artifact}{takes}"
        how = "COSIGN_REPOSITORY in cosign, storage.oci.repository in Tekton Chains"
        return f"keep signatures and attestations elsewhere ({how}): {host} may not take {artifact}{takes}"
    if artifact and one.status in _NO_SUCH_TYPE:
        buildx = one.case.family == "buildkit"
        how = "oci-artifact=false in buildx" if buildx else "with an image's config"
        return f"push it as an image ({how}), or to a registry that takes artifacts: {host} may not take {artifact}"
    of_each = [one.media_type for one in document.manifests] if isinstance(document, Index) else []
    if any(("docker" in sent) != ("docker" in one) for one in of_each):
        # podman-container-tools/buildah#2594, #3604, #3550, podman-container-tools/podman#8242, #8353: Quay
        formats = "buildah or podman manifest push --all with --format v2s2, or --format oci"
        both = f"the list and its images in one family of types ({formats})"
        return f"push {both}: this list names manifests of the other"
    if (changed := of_its_type(one, sent) if one.status in _NO_SUCH_TYPE else None) is not None:
        return changed
    if says(one.hop, _OF_VERSIONS) and one.step.route.cosign:  # ko-build/ko#532: a form of OCI's that it does not know
        without = "leave the SBOM out (ko build --sbom=none), or " if one.case.family == "ko" else ""
        return (
            f"{without}keep it in a registry that takes it (COSIGN_REPOSITORY in cosign): {host} takes no such manifest"
        )
    if says(one.hop, _OF_VERSIONS) and one.hosted is not None:
        how = "--format v2s2 in skopeo, podman and buildah, oci-mediatypes=false in buildx"
        return f"push it in Docker's form ({how}): {host} takes no manifest of that form"
    if says(one.hop, _OF_VERSIONS):
        return f"let {host} take manifests of version 2, schema 2, for {one.step.route.repository}, or update that registry"
    if media_class(sent) in _TYPES and "docker" in sent and one.known is None:
        how = "skopeo copy --format oci, buildx with oci-mediatypes=true"
        other = f"let {host} take Docker's types (http.compat in Zot): it may take OCI's only"
        return f"push the image as OCI ({how}), or {other}; else {look_at_the_log(one)}"
    types = _DOCKER_TYPES.get(one.case.family)
    if of_types or one.status in (406, 415):
        return f"send a manifest of a type that {host} takes ({types or 'schema 2 of Docker'}, where it knows no OCI types)"
    if types and one.status in _NO_SUCH_TYPE and "oci" in sent:
        return f"push it with Docker's types ({types}): {host} may not take {sent}; else {look_at_the_log(one)}"
    may = f"; it may not take manifests of the type {sent or 'that was sent'}" if one.status in _NO_SUCH_TYPE else ""
    put = {step.route.digest for step in one.case.steps if step.last.ok}
    if isinstance(document, Index) and not put & {
        part.digest for part in document.manifests
    }:  # estesp/manifest-tool#190
        first = f"copy what the index names to {one.name} first (crane copy SOURCE@DIGEST {one.hop.host}/{one.name})"
        return f"{first}, which was not seen; else {look_at_the_log(one)}{may}"
    return look_at_the_log(one) + may
