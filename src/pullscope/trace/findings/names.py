"""Names that a registry does not have: repositories, tags, digests, blobs, platforms.
One file, because these rules share how a missing name is told from a hidden one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from pullscope.oci.documents import Index
from pullscope.oci.known_registries import known_registry
from pullscope.oci.media import OCI_INDEX, OCI_MANIFEST
from pullscope.oci.reference import registry_name
from pullscope.oci.routes import Endpoint
from pullscope.trace.findings.asked import host_within
from pullscope.trace.findings.case import (
    Case,
    Found,
    codes,
    header,
    in_storage,
    is_page,
    is_write,
    listed,
    mirror_of,
    name_of,
)
from pullscope.trace.findings.facts import Fact
from pullscope.trace.findings.finding import Severity
from pullscope.trace.findings.row import row
from pullscope.trace.findings.said import MOST, answered_by, is_specific, is_usual, quoted, says, words
from pullscope.trace.model import Hop, Kind, Step

# `os/linux arch/amd64` in the User-Agent of dockerd (moby dockerversion.DockerUserAgent): what it pulls unless told.
_PLATFORM = re.compile(r"\bos/([a-z]+) arch/([a-z0-9]+)")


_ACCEPT = re.compile(r"accept header|does not support OCI|not acceptable", re.IGNORECASE)


@row(
    "accept-too-narrow",
    needs=Fact.FAILURE,
    explains="manifest-unknown wrong-content-type",
    severities="error",
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
    needs=Fact.FAILURE,
    explains="manifest-unknown path-not-redirected upload-refused write-denied",
    severities="error",
    suffers="all",
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
    "manifest-unknown",
    needs=Fact.FAILURE,
    severities="error",
    suffers="all",
    remedy="the tag, or the index entry that is missing",
)
def manifest_unknown(case: Case) -> Iterator[Found]:
    """404 for a tag or digest.

    Distribution specification, "Error Codes". The recording `dockerd-20.10-missing-tag`. containerd asks by HEAD only, so
    a missing repository looks the same there.
    """
    asked_at_home = {step.place for step in case.steps if mirror_of(step.first) is None}
    lost = [
        step
        for step in case.bad
        if step.route.endpoint is Endpoint.MANIFEST
        and step.last.status == 404
        and not is_page(step.last)
        and (step.kind is Kind.DELETE or not is_write(step))
        and not _lacks_repository(step.last)
        and (mirror_of(step.first) is None or step.place not in asked_at_home)  # what the registry itself says decides
    ]
    if not lost:
        return
    step = lost[0]
    last = step.last
    name = last.route.repository or step.route.repository
    asked = last.host if last.route.repository else step.first.host
    where = last.host if asked == last.host else f"{last.host}, to which {asked} redirects,"
    why = _why(last)
    if step.kind is Kind.DELETE:
        message, fix = (
            f"{where} has no {step.route.reference} in {name} to delete{why}.",
            f"do nothing if it was deleted before; else check the name: crane ls {registry_name(asked)}/{name} lists its tags",
        )
    elif step.route.digest is None:
        message = f"{where} has no tag {step.route.reference} in {name}{why}."
        fix = (
            f"leave /v2 out of the address of {last.host} in the client's settings, or set override_path = true beside it in "
            "hosts.toml: the path has it twice"
            if "/v2/" in f"/{name}/"
            else f"check the tag: crane ls {registry_name(asked)}/{name} lists those that exist"
            + ("" if known_registry(last.host) is not None else f"; {_CACHE.format(host=last.host)}")
        )
    else:
        listed_in = " that the image's index names" if step.expectation is not None else ""
        tag = _named_by(case, step)
        message = f"{where} has no manifest {name_of(step)}{listed_in} in {name}{why}" + (
            f", which it named for {tag} just before." if tag is not None else "."
        )
        fix = (
            f"push the image again with all its platforms; {_CACHE.format(host=last.host)}"
            if listed_in
            else f"look at {last.host}, which does not have what it names; {_CACHE.format(host=last.host)}"
            if tag is not None
            else "check the digest; what no tag names may be deleted"
        )
    yield Found(lost, message, fix)


_CACHE = "if {host} is a cache of another registry, check that it reaches that one, and where that one redirects"
"""What a cache or proxy repository lacks is behind it: kubernetes/registry.k8s.io#258, moby/moby#41687."""


def _named_by(case: Case, step: Step) -> str | None:
    """The tag for which the same host named, in Docker-Content-Digest, the digest that it has not got."""
    return next(
        (
            one.route.reference
            for one in case.steps
            if one.route.endpoint is Endpoint.MANIFEST
            and one.route.digest is None
            and one.last.ok
            and one.last.host == step.last.host
            and one.started <= step.started
            and header(one.last, "docker-content-digest") == str(step.route.digest)
        ),
        None,
    )


def _why(hop: Hop) -> str:
    """What an answer says beside that something is missing, in brackets."""
    if hop.errors:
        said = next((one.message for one in hop.errors if one.message and not is_usual(one.message)), "")
        return f" ({said[:MOST]})" if said else ""
    return f" ({words(hop)})" if is_specific(hop) else ""


_NO_REPOSITORY = re.compile(r"^[\w: ]*repository \S+ not found", re.IGNORECASE)


def _lacks_repository(hop: Hop) -> bool:
    return "NAME_UNKNOWN" in codes(hop) or (hop.status == 404 and says(hop, _NO_REPOSITORY))


@row("name-unknown", needs=Fact.FAILURE, severities="error", suffers="all", remedy="the repository")
def name_unknown(case: Case) -> Iterator[Found]:
    """404 NAME_UNKNOWN, or words of a repository that is not found, or 404 for the tags of a repository.

    Distribution specification, "Error Codes". Harbor says NOT_FOUND "repository … not found", also where its cache does not
    reach the registry behind it: goharbor/harbor#23051.
    """
    lost = [
        step
        for step in case.bad
        if step.last.status == 404
        and not is_write(step)
        and (_lacks_repository(step.last) or (step.route.endpoint is Endpoint.TAGS and not is_page(step.last)))
    ]
    if lost:
        last = lost[0].last
        yield Found(
            lost,
            f"{last.host} has no repository {last.route.repository}{_why(last)}.",
            (
                f"leave {within} out of the name, if it is the registry that was meant; else check the name; "
                if (within := host_within(last.route.repository)) is not None
                else "check the name, and where a redirect or proxy renames it, the rule; "
            )
            + _CACHE.format(host=last.host),
        )


@row(
    "blob-unknown",
    needs=Fact.FAILURE,
    severities="error",
    suffers="all that have not got it",
    remedy="push the image again",
)
def blob_unknown(case: Case) -> Iterator[Found]:
    """404 for a blob at the registry itself.

    Distribution specification, "Error Codes" (BLOB_UNKNOWN).
    """
    lost = [
        step
        for step in case.bad
        if step.route.endpoint is Endpoint.BLOB
        and step.last.status in (404, 410)
        and not in_storage(step.last)
        and not is_page(step.last)
        and not is_write(step)
    ]
    if lost:
        last = lost[0].last
        yield Found(
            lost,
            f"{last.host} does not have {name_of(lost[0])}{_why(last)}"
            + (
                f", which the manifest of {last.route.repository} names."
                if lost[0].expectation
                else f" in {last.route.repository}."
            ),
            f"look at {lost[0].first.host}, which sends on to where the content is not, or keeps an old manifest in a cache"
            if lost[0].first.host != last.host
            else f"push the image again: its manifest is there, its content is not; {_CACHE.format(host=last.host)}"
            if lost[0].expectation
            else "check the digest, and the repository that it is asked for in",
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
    the index is info. What is there for the platform may be on the host already: no finding.
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
    own = _PLATFORM.search(case.pull.client_key[1])
    if not shown or went_on or not there or not case.over:
        return
    if own is None:
        yield Found(
            shown,
            f"{case.client} read the index at {shown[-1].last.host} and asked for nothing that is in it: {listed(there)}.",
            "if it was to pull, choose one of these platforms; to look at an index only is not a failure",
            severity=Severity.INFO,
        )
        return
    platform = f"{own[1]}/{own[2]}"
    if any(one == platform or one.startswith(f"{platform}/") for one in there):
        return  # another one was wanted, or it is on the client's host already
    yield Found(
        shown,
        f"the index at {shown[-1].last.host} has nothing for {platform}, which {case.client} runs on; it has {listed(there)}.",
        f"build for {platform} too, or ask for another with --platform {there[0]}",
        severity=Severity.ERROR,
    )
