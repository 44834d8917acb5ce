"""What is wrong with a name that a client did not take for an image's: the part that breaks the rule, and how to write it.

The rules are those of distribution/reference (regexp.go), which docker, containerd, podman and BuildKit share.
"""

from __future__ import annotations

import re

from pullscope.oci.reference import is_registry, is_tag

REFUSED = re.compile(
    r"invalid reference format|could not parse reference|(?:invalid|bad) (?:image )?(?:tag|reference|image name)\b(?! not)|"
    r"repository name (?:\([^)]*\) )?must (?:be lowercase|have at least one component)|InvalidImageName|can only contain the "
)
_QUOTED = re.compile(
    r"(?:tag|reference(?: format)?|name|image|parse|repository)[: ]+(?:as a reference )?\\?[\"'`]([^\"'`\n]*?)\\?[\"'`]"
)
_CALLED = re.compile(
    r"\b(?:docker|podman|buildah|nerdctl)\b.* (?:-t|--tag|--destination|pull|push)[ =]([^\s\"']*[/:][^\s\"']*)"
)
_OF_DISTRIBUTION = re.compile(r"repository name \(([^)\n]+)\) must be lowercase")
"""distribution/reference (reference.go) names what follows the host."""
_OPEN = re.compile(r"\$\{\{?[^}]*\}\}?|\$\(?\w+\)?|<[\w -]+>|%\w+%|\bYOUR[-_]?[A-Z][A-Z_-]*")
"""What should have been replaced: a variable of a shell, of a workflow or of Windows, a placeholder of a guide."""


_PART = re.compile(r"\b(tag|repository) can only contain the \w+ `[^`]+`: ([^\n]*)")
"""go-containerregistry's words of a part of a name (pkg/name/check.go), of which a line end cuts off the rest."""
_WITHOUT_TAG = re.compile(r"\"([^\"\s]+)\": invalid reference: no tag or digest")
"""notation's (notaryproject/notation#810)."""


def wrong_name(text: str) -> str:
    """What is wrong with the name that a message refuses, and how to write it; empty where that is not seen."""
    if REFUSED.search(text) is None:
        return ""
    if part := _PART.search(text):
        why = (
            "is none: letters, digits, _ . and -"
            if part[1] == "tag"
            else "is none: lower case, digits, and _ - . / between"
        )
        if is_tag(part[2]) and (part[1] == "tag" or part[2] == part[2].lower()):
            why = "has a character that is not seen, a line end as a rule: take it out where the value is made (tr -d '\\r\\n')"
        return f"{part[1]} {part[2]!r}: it {why}"
    if bare := _WITHOUT_TAG.search(text):
        return f"{bare[1]!r}: a tag or digest is missing: write {bare[1]}:TAG, or {bare[1]}@sha256:..."
    named = [*_QUOTED.findall(text), *_CALLED.findall(text), *_OF_DISTRIBUTION.findall(text)]
    return next((f"{name!r}: {why}" for name in named for why in [_why(name)] if why), "")


def _why(name: str) -> str:
    if not name:
        return "it is empty: the variable that holds it is not set where the client runs"
    if (left := _OPEN.search(name)) is not None:
        return f"{left[0]} was not replaced: set that value, or write the name in its place"
    if (scheme := re.match(r"\w+://", name)) is not None:
        return f"write it without {scheme[0]}"
    if re.search(r"\s|\\[nrt]", name) is not None:
        return "a space or line end is in it: take it out (a variable that was read from a file or a command may end with one)"
    rest, _, digest = name.partition("@")
    if digest and re.fullmatch(r"sha256:[0-9a-f]{64}", digest) is None:
        return "behind @ stands sha256: and 64 hex digits; a tag stands behind : alone"
    host, slash, path = rest.partition("/")
    if not slash or not (is_registry(host) and ("." in host or ":" in host or host == "localhost")):
        host, path = "", rest
    parts = path.split("/")
    if "" in re.sub(r":[^/]*\Z", "", path).split("/"):
        return "a part of it is empty: the variable for it (owner, project or name) is not set where the client runs"
    _, colon, tag = parts[-1].partition(":")
    if any(":" in part for part in parts[:-1]) or ":" in tag:
        at = re.split(r":", path, maxsplit=1)[1]
        return f"a tag has no / and no :, so {at!r} is none: write it with - in their place (of a git ref its last part alone)"
    if (above := re.sub(r":[^/]*\Z", "", path)) != above.lower():
        whole = "/".join(filter(None, (host, above.lower()))) + (f":{tag}" if colon else "")
        return f"names are lower case: {whole}"
    if colon and not tag:
        return "nothing stands behind the colon: the variable for the tag is not set where the client runs"
    if tag and not is_tag(tag):
        return f"{tag!r} is no tag: letters, digits, _ . and -, at most 128, and neither . nor - first"
    return ""
