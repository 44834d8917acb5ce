"""Names that no registry can have: tags, repositories and digests of a form that the specification does not allow, refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from pullscope.oci.digest import HEX_LENGTHS, as_digest
from pullscope.oci.reference import is_repository
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import path_of
from pullscope.trace.findings.asked import host_within, thing
from pullscope.trace.findings.case import listed
from pullscope.trace.findings.row import Case, Found, row
from pullscope.trace.findings.said import MOST, answered_by, quoted
from pullscope.trace.model import Step

# spec.md, "Pulling manifests": what a tag may be.
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_IN_TAGS = re.compile(r"[A-Za-z0-9._-]")


@row(
    remedy="use a tag of letters, digits, `_`, `.` and `-`",
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
        other = "it is longer than 128 characters" if len(tag) > 128 else "one begins with a letter, a digit or _"
        yield Found(
            [step],
            f"{answered_by(step.last)} said {step.last.status} to {step.method} of {tag[:MOST]}, which is not a valid tag: "
            f"{f'{wrong} may not be in one' if wrong else other}{quoted(step.last)}.",
            f"name the image or chart once: {case.client} adds name and tag to the address that it is given"
            if "/" in tag
            else "use a tag of letters, digits, _, . and -; where a version has +, helm writes _",
        )


@row(
    remedy="name it in lower case, as the distribution specification has it",
)
def name_invalid(case: Case) -> Iterator[Found]:
    """A repository is asked for, or pushed to, by a name that is not a valid one, and the registry refuses that.

    Parts of lower-case letters and digits, with one `.`, one or two `_` or any number of `-` between them, and `/` between the
    parts; at most 255 in all (distribution-spec 1.1, "Pulling manifests"; distribution/reference). distribution's router has no
    such address, and says 404 page not found; others NAME_INVALID. docker and podman refuse such a name themselves, scripts and
    libraries do not: distribution/distribution#1170, ollama/ollama#889, matootie/github-docker#1. That a registry takes such
    names (Azure's does) is no failure. A mirror's may be made by a rewrite: k3s-io/k3s#11191.
    """
    for step in case.bad:
        name, last = unquote(step.route.repository or ""), step.last
        if last.status not in (400, 404, 405, 422) or step.route.endpoint not in _OF_NAMES or host_within(name):
            continue
        if not name or is_repository(name) or step.route.repository in case.were_read:
            continue
        at_mirror = step.first.mirror_of is not None
        if last.is_page and not at_mirror:
            continue
        right = name.lower()
        how = f"name it {right}" if is_repository(right) else "give it a name of that form"
        if at_mirror:
            how = (
                f"correct what makes that name for {step.first.host}: a path in its address, or a rewrite ({_REWRITE})"
            )
        form = "lower-case letters and digits, with ., _ or - only between them, and / between its parts"
        yield Found(
            [step],
            f"{answered_by(last)} said {last.status} to {step.method} of {thing(step)}{quoted(last)}, and {name[:MOST]} is not a "
            f"valid repository name: {_what_is_wrong(name)}.",
            how if at_mirror else f"{how}: {form}",
        )


@row(
    remedy="name it in full: `sha256:` and 64 digits",
)
def digest_invalid(case: Case) -> Iterator[Found]:
    """A manifest or blob is asked for by a digest that is none, and the registry refuses that.

    sha256 has 64 hex digits in lower case (image-spec, descriptor.md, "Digests"). A digit too many: ghcr.io says DIGEST_INVALID,
    as it does of an upload's bytes (podman-container-tools/skopeo#1239). A short one, as docker prints it, or one without its
    algorithm: distribution's router has no such address, and says 404 page not found.
    """
    for step in case.bad:
        named, last = _named_digest(step), step.last
        if named is None or last.status not in (400, 404, 405, 422) or last.is_page:
            continue
        yield Found(
            [step],
            f"{answered_by(last)} said {last.status} to {step.method} of {thing(step)}{quoted(last)}, and {named[:MOST]} is no "
            f"digest: {_what_is_no_digest(named)}.",
            "name it in full, as sha256: and 64 digits of 0-9 and a-f: crane digest IMAGE tells that of a tag, crane manifest "
            "IMAGE those of its blobs",
        )


def _named_digest(step: Step) -> str | None:
    """What stands in a digest's place and is none."""
    url = step.first.request.url
    if step.route.endpoint in (Endpoint.BLOB, Endpoint.REFERRERS):
        named = unquote(path_of(url).rpartition("/")[2])
    elif step.route.endpoint is Endpoint.MANIFEST:
        named = unquote(step.route.reference or "")
        named = named if _LIKE_A_DIGEST.match(named) else ""
    else:
        named = ""
    return named if named not in ("", "-") and as_digest(named) is None else None


_LIKE_A_DIGEST = re.compile(r"sha(?:256|384|512):[^/]*\Z")


def _what_is_no_digest(named: str) -> str:
    algorithm, colon, digits = named.partition(":")
    length = HEX_LENGTHS.get(algorithm)
    if not colon:
        return "sha256: is missing before it"
    if length is None:
        return f"{algorithm[:MOST]} is not the name of an algorithm"
    if len(digits) != length:
        return f"it has {len(digits)} digits, and {algorithm} has {length}"
    return "it has more than digits and a to f in lower case"


_REWRITE = (
    '"^PATH/(.*)": "NEW/$1" in registries.yaml of k3s and rke2, where $1 is what the brackets hold, and none is nothing'
)
_OF_NAMES = frozenset(
    {Endpoint.MANIFEST, Endpoint.BLOB, Endpoint.UPLOAD_START, Endpoint.UPLOAD, Endpoint.TAGS, Endpoint.REFERRERS}
)


def _what_is_wrong(name: str) -> str:
    """What in a name the grammar does not have."""
    upper = listed(one for one in name if one.isascii() and one.isupper())
    other = listed(f'"{one}"' for one in name if not re.match(r"[A-Za-z0-9._/-]", one))
    if upper or other:
        said = [f"{upper} {'is' if len(upper) == 1 else 'are'} upper case"] * bool(upper)
        return " and ".join([*said, *[f"{other} may not be in one"] * bool(other)])
    if len(name) > 255:
        return f"it has {len(name)} characters, of 255 at most"
    if "//" in f"/{name}/":
        return "a part of it is empty"
    part = next((one for one in name.split("/") if not is_repository(one)), name)
    return f"{part[:MOST]} begins or ends with a sign, or has two in a row"
