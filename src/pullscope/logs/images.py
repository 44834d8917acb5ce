"""An image that a log names, and the addresses that a client asks for it."""

from __future__ import annotations

import re
from dataclasses import replace

from pullscope.logs.entries import Entry
from pullscope.oci.reference import DOCKER_HUB, Reference


def parsed(name: str) -> Reference | None:
    """The image of that name, where it is one."""
    try:
        return Reference.parse(name.replace(":443/", "/", 1))  # the port of https, which some clients write
    except ValueError:
        return None


_ARN = re.compile(r"\becr:\w+ on resource: arn:aws[\w-]*:ecr:([a-z0-9-]+):(\d{12}):repository/([\w./-]*\w)")
"""What IAM says of a repository of ECR (ZhangYuanhan-AI/CelebASpoofChallengeSubmissionExample#9)."""


def of_arn(text: str) -> Reference | None:
    """The image of the repository that a refusal of IAM names."""
    found = _ARN.search(text)
    return parsed(f"{found[2]}.dkr.ecr.{found[1]}.amazonaws.com/{found[3]}") if found is not None else None


def manifest_of(image: Reference) -> str:
    """The address of its manifest, over https as clients ask first; a chart without a version is looked for among the tags."""
    named = image.digest or image.tag
    return f"{at(image)}/manifests/{named}" if named is not None else f"{at(image)}/tags/list"


def at(image: Reference) -> str:
    """The address of its repository."""
    return f"https://{image.api_host}/v2/{image.repository}"


_MASKED = re.compile(r"(?:(?<=\w/)|(?<=3A))\*{3}(?=[/:]\w|%2F)|(?<![\w/*])\*{3}(?=\.\w)")
"""What GitHub and others print for a secret, in a name."""


_NAMED_MASK = re.compile(
    r"(?:(?<=[/.@])|(?=<[^<>]*>[./:]\w|\[[^\[\]]*\]\.\w))[<\[]"
    r"(?!(?:br|hr|p|a|b|i|code|pre|div|span|html|head|body|title|center|h\d|t[dr]|li|ul|nil)>)([A-Za-z][\w -]{0,30})[>\]]"
)
"""What people write for a name that they keep to themselves (regclient/regclient#699)."""


def without_masks(text: str, image: Reference | None) -> str:
    """The text with the owner of the image where a job hides it, or with a word in its place (shish/shimmie2#1255)."""
    owner, _, name = image.repository.rpartition("/") if image is not None else ("", "", "")
    text = re.sub(rf"\*{{3}}(?=(?:/|%2F){re.escape(name)}\b)", owner, text) if owner and "/" not in owner else text
    text = _NAMED_MASK.sub(lambda mask: mask[1].lower().replace(" ", "-"), text)
    return _MASKED.sub("masked", text)


def of_fields(fields: dict[str, str]) -> Reference | None:
    """The image that an entry has among its fields, as argocd-image-updater and scanners write it."""
    path, host, tag = (fields.get(key, "") for key in ("image_name", "registry", "image_tag"))
    whole = "/".join(filter(None, (host, path))) + (f":{tag}" if tag else "") if path else fields.get("image-id", "")
    return parsed(whole) if whole else None


_SOMEWHERE = re.compile(
    r"(?i)(?:(?:docker|oci|oras|registry)://|['\"](?=(?:[\w-]+\.)+[a-z]+(?::\d+)?/[^\s'\"]+[:@][^\s'\"]+['\"])|"
    r"^(?=\S+@sha256:[0-9a-f]{64}: Pulling )|"
    r"\b(?:(?<!base )images?|(?<!Pulling )from|ref|reference|source|target|tag|fetching|"
    r"building|(?:Retriev|pull|scann)ing|found for)"
    r"(?: (?:image|registry|repository|at))?[=: \"'\[(]+)(?=[\w./-]+[:@/]\w)"
    r"(?!\w*-?sha256:|(?:manifest|index|layer|config|attestation|unknown)-\S*@sha256:)"
    r"((?:[\w.-]+(?::\d+)?/)*[a-z0-9][\w.-]*(?::(?!sha256-)\w(?:[\w.-]*\w)?)?"
    r"(?:@sha256:[0-9a-f]{64})?)(?![\w/@-]|:\w)"
)
"""An image that is named beside a failure: enough to say what to ask for, not that it was asked for."""

FULL_NAME = re.compile(
    r"(?<![\w/.@:-])((?:(?:[a-z0-9-]+\.)+[a-z]{2,}|localhost|[\w.-]+(?=:\d+/))(?::\d+)?(?:/[a-z0-9][\w.-]*)+"
    r"(?<!\.go)(?<!\.java)(?::(?!sha256-|\d+:\d)\w[\w.-]*|@sha256:[0-9a-f]{64}))(?=[:;,)\]'\"]*(?:\s|\Z))"
)
"""An image with its registry and tag, in a sentence that says what was answered (woodpecker-ci/helm#314)."""


def named_beside(entry: Entry) -> Reference | None:
    """The image that a sentence names beside its failure."""
    named = [*_SOMEWHERE.finditer(entry.message), *FULL_NAME.finditer(entry.message)]
    names = [*(name[1] for name in named), entry.fields.get("image", "")]
    return next(filter(None, map(parsed, names)), None)


def as_known(named: Reference, known: Reference | None, text: str) -> Reference:
    """The image that was named before, where a sentence leaves a part of its name out: the tag, or of old docker the registry."""
    if known is None:
        return named
    if named.tag == "latest" and replace(known, tag="latest", digest=None) == named:
        return named if re.search(rf"{re.escape(named.repository)}:latest\b", text) else known
    # openshift/origin#17523: `Error: image OWNER/NAME:TAG not found`
    same = named.registry == DOCKER_HUB and named.repository.removeprefix("library/") == known.repository
    return replace(known, tag=named.tag) if same and re.search(r"\bimage \S+ not found", text) else named
