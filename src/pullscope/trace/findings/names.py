"""Names that a registry does not have: repositories, tags, digests, blobs, platforms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from pullscope.oci.agents import CONTAINERS_IMAGE
from pullscope.oci.documents import Index, Manifest
from pullscope.oci.media import OCI_INDEX, OCI_MANIFEST
from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.case import (
    Case,
    Found,
    is_write,
    listed,
    name_of,
)
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Severity
from pullscope.trace.findings.row import row
from pullscope.trace.findings.said import MOST, answered_by, quoted, says, words
from pullscope.trace.model import Kind

# `os/linux arch/amd64` in the User-Agent of dockerd (moby dockerversion.DockerUserAgent): what it pulls unless told.
_PLATFORM = re.compile(r"\bos/([a-z]+) arch/([a-z0-9]+)")


_ACCEPT = re.compile(r"accept header|does not support OCI|not acceptable", re.IGNORECASE)


@row(
    "accept-too-narrow",
    explains="manifest-unknown wrong-content-type",
    suffers="old and home-made clients",
    remedy="the media type to add",
    recording="field/wire/accept-without-oci-404.mitm",
)
def accept_too_narrow(case: Case) -> Iterator[Found]:
    """404 or 406 for a manifest that is there: the request's Accept does not name its type.

    distribution answers 404 MANIFEST_UNKNOWN "OCI manifest found, but accept header does not support OCI manifests"
    (registry/handlers/manifests.go): docker/hub-feedback#2391, NotGlop/docker-drag#32, Mic92/niks3#229, sergi0g/cup#132. Told
    by those words, by 406, or because the index says a type that Accept lacks.
    """
    for step in case.bad:
        last = step.last
        if step.route.endpoint is not Endpoint.MANIFEST or last.status not in (404, 406) or is_write(step):
            continue
        accept = ", ".join(last.request.headers.get_all("accept")).lower()
        kind = step.expectation.descriptor.media_type if step.expectation is not None else ""
        lacks = bool(kind) and bool(accept) and "*/*" not in accept and kind.lower() not in accept
        if last.status != 406 and not lacks and not says(last, _ACCEPT):
            continue
        wanted = kind or _missing_type(accept, words(last))
        yield Found(
            [step],
            f"{last.host} has {name_of(step)}, as a type that the Accept header of {case.client} does not name"
            + (f": {words(last)}." if words(last) else f" ({last.status})."),
            f"add {wanted} to Accept, or use a current client",
        )


def _missing_type(accept: str, said: str) -> str:
    """The type to add where nothing names it: OCI's, an index if the words say so."""
    wanted = OCI_INDEX if "index" in said.lower() else OCI_MANIFEST
    return wanted if wanted not in accept else f"{OCI_MANIFEST} and {OCI_INDEX}"


# spec.md, "Pulling manifests": what a tag may be.
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_IN_TAGS = re.compile(r"[A-Za-z0-9._-]")


@row(
    "tag-invalid",
    explains="access-denied manifest-unknown path-not-redirected upload-refused write-denied",
    remedy="a tag of letters, digits, `_`, `.` and `-`",
    report="bazel-contrib/rules_oci#720",
)
def tag_invalid(case: Case) -> Iterator[Found]:
    """A manifest is asked for, or pushed, by a name that is not a valid tag, and the registry refuses that.

    A tag has at most 128 characters, letters, digits, `_`, `.` and `-`, and begins with none of the last two
    (distribution-spec 1.1, "Pulling manifests"). ECR says 400 without a word to HEAD: bazel-contrib/rules_oci#720 (a version
    with `+`, for which helm writes `_`). helm puts name and tag behind an address that has them already: helm/helm#10152.
    """
    for step in case.bad:
        tag = unquote(step.route.reference or "")
        if step.route.endpoint is not Endpoint.MANIFEST or step.last.status not in (400, 404, 405, 422):
            continue
        if not tag or (":" in tag and "/" not in tag) or step.route.digest is not None or _TAG.fullmatch(tag):
            continue
        wrong = listed(f'"{one}"' for one in tag if not _IN_TAGS.match(one))
        yield Found(
            [step],
            f"{answered_by(step.last)} said {step.last.status} to {step.method} of {tag[:MOST]}, which is not a valid tag: "
            + (
                f"{wrong} may not be in one"
                if wrong
                else "it is longer than 128 characters"
                if len(tag) > 128
                else "one begins with a letter, a digit or _"
            )
            + f"{quoted(step.last)}.",
            f"name the image or chart once: {case.client} adds name and tag to the address that it is given"
            if "/" in tag
            else "use a tag of letters, digits, _, . and -; where a version has +, helm writes _",
        )


@row(
    "no-matching-platform",
    needs=Fact.INDEX,
    severities="error, info",
    suffers="those on that platform",
    remedy="--platform, or build for it",
)
def no_matching_platform(case: Case) -> Iterator[Found]:
    """An index that has nothing for the platform in dockerd's User-Agent, and nothing more was asked.

    moby dockerversion.DockerUserAgent names os and arch. Other clients do not say what they run on; that they only read
    the index is info, and an error where they read one only to run what is in it: containerd and CRI-O say "no match for platform
    in manifest" (kubewarden/adm-controller#1378, aws-samples/bottlerocket-images-cache#7). What is there for the platform may be
    on the host already: no finding.
    """
    index = case.pull.index
    if index is None or case.pull.images or case.pull.pushing or case.bad:
        return
    named = {entry.digest for entry in index.manifests}
    shown = [step for step in case.steps if isinstance(step.document, Index) and step.route.fallback_for is None]
    went_on = any(step.route.digest in named for step in case.steps if step.route.digest is not None)
    there = [
        str(entry.platform) for entry in index.manifests if entry.platform is not None and not entry.is_attestation
    ]
    there = [one for one in there if not one.startswith("unknown/")] or there
    own = _PLATFORM.search(case.pull.client_key[1])
    if not shown or went_on or not there or not case.over:
        return
    host, client = shown[-1].last.host, case.client
    if own is None:
        runs = case.pull.client.family in ("containerd", "cri-o") and case.pull.action == "pull"
        yield Found(
            shown,
            f"{client} read the index at {host} and asked for nothing that is in it: {listed(there)}.",
            f"build for the platform of {client} too, if that is not one of these; or ask for one of them"
            if runs
            else "if it was to pull, choose one of these platforms; to look at an index only is not a failure",
            severity=Severity.ERROR if runs else Severity.INFO,
        )
        return
    platform = f"{own[1]}/{own[2]}"
    if any(one == platform or one.startswith(f"{platform}/") for one in there):
        return  # another one was wanted, or it is on the client's host already
    yield Found(
        shown,
        f"the index at {host} has nothing for {platform}, which {client} runs on; it has {listed(there)}.",
        f"build for {platform} too"
        + ("" if there[0].startswith("unknown/") else f", or ask for another with --platform {there[0]}"),
        severity=Severity.ERROR,
    )


_RUNNERS = frozenset({"docker", "podman", "buildah", "cri-o", "kaniko", "nerdctl"})
"""Families that take a manifest to run what it names."""
_CONFIGS = re.compile(r"\.image\.|/octet-stream|/json$|/html$|empty\.v1|docker\.plugin")
"""Types of a config that is, or may be, an image's: dockerd takes the generic ones for it too (moby distribution/registry.go)."""
_CONTENTS = (
    (re.compile("helm"), "a Helm chart", "pull it with helm (helm pull oci://{host}/{name})"),
    (re.compile("buildkit"), "a build's cache", "name the image's own tag: that of its cache is for --cache-from"),
    (re.compile("wasm"), "a WebAssembly module", "run it with a runtime for WebAssembly, or pull it with oras"),
    (re.compile(""), "no image", "pull it with what made it, or with oras (oras pull {host}/{name})"),
)
"""What the type of a config says that a manifest is of, and what takes that."""


@row(
    "content-unusable",
    needs=Fact.INDEX_OR_IMAGE,
    suffers="clients that are made for something else",
    remedy="the client that is made for it",
    report="opencost/opencost-helm-chart#375",
)
def content_unusable(case: Case) -> Iterator[Found]:
    """A manifest came, names what this client is not made for, and nothing that it names was fetched.

    By the type of its config: dockerd says "unsupported media type" to what is no image (moby distribution/pull_v2.go), helm
    "could not load config with mediatype" to what is no chart: opencost/opencost-helm-chart#375. By the types of its layers:
    containers/image says "unsupported docker v2s2 media type" to zstd in a manifest of Docker's, which only OCI's may have:
    imagegenius/docker-immich#717, triggerdotdev/trigger.dev#4184.
    """
    step, family = case.stopped_at, case.pull.client.family
    sent = step.document if step is not None and step.method == "GET" and step.last.ok else None
    if step is None or sent is None or sent.subject is not None or case.pull.pushing or step.kind is Kind.SIGNATURE:
        return
    config, layers = (sent.config, sent.layers) if isinstance(sent, Manifest) else (None, ())
    host, name, kind = step.last.host, step.route.repository or "", config.media_type if config is not None else ""
    if (
        any("docker" in layer.media_type and "zstd" in layer.media_type for layer in layers)
        and family in CONTAINERS_IMAGE
    ):
        what = "a manifest of Docker's type with layers in zstd, which only OCI's may have"
        fix = "push it as OCI (oci-mediatypes=true beside compression=zstd in buildx), or with gzip"
    elif kind and family in _RUNNERS and not _CONFIGS.search(kind):
        _, what, fix = next(one for one in _CONTENTS if one[0].search(kind))
        what += f" (its config is {kind})"
    elif family == "helm" and "helm" not in kind:
        what = f"no chart (its config is {kind})" if kind else "an index, and no chart"
        fix = f"name the chart: {name} at {host} is an image or something else; charts are often below a name of their own"
    else:
        return
    yield Found(
        [step],
        f"what {host} has as {name_of(step)} is {what}, and {case.client} asked for nothing that it names.",
        fix.format(host=host, name=name),
        severity=Severity.ERROR,
    )
