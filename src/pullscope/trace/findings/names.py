"""Names that a registry does not have: repositories, tags, digests, blobs, platforms."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pullscope.oci.digest import as_digest
from pullscope.oci.documents import Index
from pullscope.oci.media import OCI_INDEX, OCI_MANIFEST
from pullscope.oci.reference import DOCKER_HUB, registry_name
from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.asked import takes
from pullscope.trace.findings.case import is_write, listed, name_of
from pullscope.trace.findings.media_types import is_before
from pullscope.trace.findings.row import Case, Fact, Found, Severity, row
from pullscope.trace.findings.said import says, words
from pullscope.trace.model import Kind
from pullscope.trace.source_gaps import lacking

# `os/linux arch/amd64` in the User-Agent of dockerd (moby dockerversion.DockerUserAgent): what it pulls unless told.
_PLATFORM = re.compile(r"\bos/([a-z]+) arch/([a-z0-9]+)")


_ACCEPT = re.compile(r"accept header|does not support OCI|not acceptable|\bclient accepts\b", re.IGNORECASE)
_HAS = re.compile(r"has media type \W?([\w.+-]+/[\w.+-]+)", re.IGNORECASE)
"""Google's words for the type that it has: apptainer/singularity#1158."""


@row(
    suffers="old and home-made clients",
    remedy="add the media type to Accept",
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
        kind = step.expectation.descriptor.media_type if step.expectation is not None else ""
        unseen = lacking(last.request, "headers")
        if not says(last, _ACCEPT) and (unseen or (last.status != 406 and takes(last, kind))):
            continue
        has = _HAS.search(words(last))
        named = has[1] if has is not None else OCI_INDEX if "index" in words(last).lower() else OCI_MANIFEST
        wanted = kind or (f"{OCI_MANIFEST} and {OCI_INDEX}" if takes(last, named) and has is None else named)
        yield Found(
            [step],
            f"{last.host} has {name_of(step)}, as a type that the Accept header of {case.client} does not name"
            + (f": {words(last).removesuffix('.')}." if words(last) else f" ({last.status})."),
            f"add {wanted} to Accept, or use a current client"
            + (
                "; or name one platform's digest (crane digest --platform linux/amd64 IMAGE)"
                if "index" in wanted
                else ""
            ),
        )


@row(
    needs=Fact.SIGNATURE,
    explains="no-matching-platform",
    severities="warning, info",
    suffers="cosign; podman, buildah, CRI-O and bootc with a policy that wants one; skopeo before 1.16 at Harbor",
    remedy="sign it, change policy.json, or update skopeo",
)
def signature_missing(case: Case) -> Iterator[Found]:
    """A client that pulls looks for a signature, gets 404, and asks for nothing more of the image.

    "A signature was required, but no signature exists" (containers/image signature/policy_eval_sigstore.go): ublue-os/brew#4,
    ublue-os/bluefin#1885, #1292 of bluefin-lts, JasonN3/build-container-installer#146. Of an index the signature of the
    platform's own manifest is looked for, after that manifest and before any blob (run with skopeo 1.9.3, both with sigstore's
    attachments and with a lookaside), which `cosign sign` without -r does not make: blue-build/cli#147, containers/image#1953.
    Without such a policy the config comes before it (run with podman 4.3.1). skopeo copies, too, and what it copies may be there
    already (skopeo sync compares the two manifests then).

    Harbor says NOT_FOUND, which containers/image before 5.31 takes for an error, and ends: containers/image#2203, #2413
    (skopeo 1.13.3, 1.15.0), podman-container-tools/skopeo#2310, cnrancher/hangar#43. cosign verify: FairwindsOps/goldilocks#858.
    """
    step = case.stopped_at
    if step is None or step.kind is not Kind.SIGNATURE or step.last.status != 404:
        return
    name, family = step.route.repository or case.pull.repository or "it", case.family
    if _OLD_SKOPEO.match(str(case.pull.client)) and step.method == "GET" and step.last.codes == {"NOT_FOUND"}:
        yield Found(
            [step],
            f"{step.last.host} says NOT_FOUND of a signature of {name} that is not there, where {case.pull.client} waits for "
            "MANIFEST_UNKNOWN: it takes that for an error, and ends.",
            "update skopeo to 1.16 or later: that there is no signature yet is normal",
        )
    elif (
        (family in _CHECKERS or (family == "skopeo" and case.failed))
        and not case.writes
        and all(one.route.endpoint is not Endpoint.BLOB for one in case.steps)
    ):
        digits = re.search(r"sha256[-=]([0-9a-f]{64})", step.first.request.url)
        digest = as_digest(f"sha256:{digits[1]}") if digits is not None else None
        listed_in = digest is not None and any(one.route.digest == digest and one.expectation for one in case.steps)
        whose = f"{name}, for {digest.short}{', which its index names' * listed_in}" if digest is not None else name
        sign = f"sign {f'each image that the index of {name} names (cosign sign -r)' if listed_in else 'the image (cosign sign)'}"
        if step.route.repository is None:
            sign = f"put its signature where lookaside in registries.d says ({step.last.host})"
        why = ": it stops there where its policy wants one"
        other = f"change what /etc/containers/policy.json wants of {name}; where signatures are kept is in registries.d"
        if family == "skopeo":
            why = ": where its policy wants one, it ends there"
            sign = f"none needed, if it ended well; else {sign}"
        if family == "cosign":  # which for sign looks first, and for tree and copy for attestations too
            looked, tag = {one.route.reference for one in case.steps if one.route.cosign}, str(step.route.reference)
            found = any(one.kind is Kind.SIGNATURE for one in case.pull.expected.values())
            if (
                found
                or looked != {tag}
                or not tag.endswith(".sig")
                or (registry_name(step.first.host), name, tag) in case.put
            ):
                return
            why = ": verify ends there, and sign wrote nothing"
            other = "ask its publisher to; where signatures are kept elsewhere, name that in COSIGN_REPOSITORY"
            if (case.pull.client.version or "").startswith("3."):  # kyverno/kyverno#15950
                other += f"; cosign from 3 keeps bundles as referrers: cosign tree {step.first.host}/{name}@DIGEST lists them"
        yield Found(
            [step],
            f"{step.last.host} has no signature of {whose} (404), and {case.client} asked for nothing more{why}.",
            f"{sign}, or {other}",
            severity=Severity.INFO if family == "skopeo" else None,
        )


_CHECKERS = frozenset({"podman", "buildah", "cri-o", "bootc", "cosign"})
_OLD_SKOPEO = re.compile(r"skopeo 1\.(?:9|1[0-5])\b")
"""Those that look for signatures beside the image, and have a containers/image before 5.31."""


@row(
    needs=Fact.INDEX,
    severities="error, info",
    suffers="those on that platform",
    remedy="pull with --platform, or build for it",
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
    if case.pull.action == "delete" or case.family in ("cosign", "notation"):
        return  # neither wants an entry of it
    named = {entry.digest for entry in index.manifests}
    shown = [step for step in case.steps if isinstance(step.document, Index) and step.route.fallback_for is None]
    went_on = any(step.route.digest in named for step in case.steps if step.route.digest is not None)
    offered = [entry.platform for entry in index.manifests if entry.platform and not entry.is_attestation]
    there = [str(one) for one in offered if one.is_known] or [str(one) for one in offered]
    own = _PLATFORM.search(case.pull.client_key[1])
    if not shown or went_on or not there or not case.over:
        return
    host, client = shown[-1].last.host, case.client
    alone = _ONE_ARCHITECTURE.fullmatch(case.pull.repository or "") if registry_name(host) == DOCKER_HUB else None
    others = f"docker buildx imagetools inspect {registry_name(host)}/{case.pull.repository}:TAG lists those of a tag"
    whole = f"ask for {alone[2]}, of which {alone[1]}/ has one architecture" if alone else ""
    if own is None:
        runs = case.family in ("containerd", "cri-o") and case.pull.action == "pull"
        yield Found(
            shown,
            f"{client} read the index at {host} and asked for none of its entries: {listed(there)}."
            + ("" if runs else " Whether it only looked, or stopped there, is not seen."),
            whole
            or f"run it on a node with one of these (kubectl get nodes -L kubernetes.io/arch; nodeSelector in the pod), or pull "
            f"a tag that has that of the node ({others}); if the image is yours, build for that too"
            if runs
            else "none needed, if it only looked; if it was to pull, choose one of these platforms",
            severity=Severity.ERROR if runs else Severity.INFO,
        )
        return
    system, machine = own[1], own[2]
    besides = _of(there, system, _RUNS.get(machine))
    if _of(there, system, machine) or (besides and not is_before(case, "docker", 23)):
        return  # another one was wanted, or it is on the client's host already
    # docs.docker.com, "Multi-platform builds"
    platforms = ",".join([*(one for one in there if one.partition("/")[0] == system), f"{system}/{machine}"])
    build = f"docker buildx build --push --platform {platforms}"
    yield Found(
        shown,
        f"the index at {host} has nothing for {system}/{machine}, which {client} runs on; it has {listed(there)}.",
        (whole or f"pull a tag that has {system}/{machine}, if there is one ({others})")
        + _or_another(case.pull.client_key[1], system, machine, there)
        + ("" if whole else f"; if the image is yours, build for {system}/{machine} too ({build})"),
        severity=Severity.ERROR,
    )


_RUNS = {"amd64": "386", "arm64": "arm"}
"""What else a machine runs, and docker takes from an index by itself from 23.0 (containerd platforms/compare.go, platformVector);
20.10 does not (jasonish/docker-suricata#14)."""
_ONE_ARCHITECTURE = re.compile(r"(amd64|arm32v[567]|arm64v8|i386|mips64le|ppc64le|riscv64|s390x)/(.+)")
"""Names of one architecture of official images (docker-library/official-images, README): nginx/docker-nginx#889."""
_OF_64_BITS = {"arm": "arm64", "386": "amd64"}


def _of(there: list[str], system: str, machine: str | None) -> str | None:
    return next((one for one in there if f"{one}/".startswith(f"{system}/{machine}/")), None)


def _or_another(agent: str, system: str, machine: str, there: list[str]) -> str:
    """Which of those that are there may be run after all, and by what; empty where none is."""
    if (narrower := _of(there, system, _RUNS.get(machine))) is not None:
        return f", or ask for --platform {narrower}, which most of these machines run"
    wider = _of(there, system, _OF_64_BITS.get(machine))
    same = next((one for one in there if one.startswith(f"{system}/")), None)
    if wider is not None:
        return f"; where the kernel is one of 64 bits, ask for --platform {wider}, or use a system of 64 bits"
    if same is None:
        if there[0].startswith("unknown/"):
            return ""
        return f", or use a docker that runs on {listed(one.partition('/')[0] for one in there)}: nothing of it runs on {system}"
    if "linuxkit" in agent:
        return f", or ask for --platform {same}, which Docker Desktop emulates"
    return f"; nothing of it runs there but by emulation: --platform {same}, once QEMU is set up (tonistiigi/binfmt)"
