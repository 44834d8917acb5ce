"""Names that a registry does not have: repositories, tags, digests, blobs, platforms."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pullscope.oci.documents import Index
from pullscope.oci.reference import registry_name
from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.case import (
    Case,
    codes,
    found,
    in_storage,
    is_page,
    listed,
    name_of,
)
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Finding, Severity
from pullscope.trace.findings.row import row

# `os/linux arch/amd64` in the User-Agent of dockerd (moby dockerversion.DockerUserAgent): what it pulls unless told.
_PLATFORM = re.compile(r"\bos/([a-z]+) arch/([a-z0-9]+)")


@row(
    "manifest-unknown",
    needs=Fact.FAILURE,
    severities="error",
    suffers="all",
    remedy="the tag, or the index entry that is missing",
)
def manifest_unknown(case: Case) -> Iterator[Finding]:
    """404 for a tag or digest.

    Distribution specification, "Error Codes". The recording `dockerd-20.10-missing-tag`. containerd asks by HEAD only, so
    a missing repository looks the same there.
    """
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


@row(
    "name-unknown",
    needs=Fact.FAILURE,
    severities="error",
    suffers="all",
    remedy="the repository",
)
def name_unknown(case: Case) -> Iterator[Finding]:
    """404 NAME_UNKNOWN.

    Distribution specification, "Error Codes".
    """
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


@row(
    "blob-unknown",
    needs=Fact.FAILURE,
    severities="error",
    suffers="all that have not got it",
    remedy="push the image again",
)
def blob_unknown(case: Case) -> Iterator[Finding]:
    """404 for a blob at the registry itself.

    Distribution specification, "Error Codes" (BLOB_UNKNOWN).
    """
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


@row(
    "no-matching-platform",
    needs=Fact.INDEX,
    severities="error, info",
    suffers="those on that platform",
    remedy="--platform, or build for it",
)
def no_matching_platform(case: Case) -> Iterator[Finding]:
    """An index that has nothing for the platform in dockerd's User-Agent, and nothing more was asked.

    moby dockerversion.DockerUserAgent names os and arch. Other clients do not say what they run on; that they only read
    the index is info. What is there for the platform may be on the host already: no finding.
    """
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
