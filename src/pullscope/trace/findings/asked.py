"""What a request was for, in words: one place for what findings call a request, and for whom it was made.

Nothing here looks at the answer, but for a token's, whose request says what it is to be good for.
"""

from __future__ import annotations

import re

from pullscope.oci.digest import Digest, as_digest
from pullscope.oci.documents import Index, Manifest
from pullscope.oci.reference import is_registry
from pullscope.oci.routes import Endpoint
from pullscope.oci.urls import path_of
from pullscope.trace.clues import LISTS
from pullscope.trace.findings.case import Case, asked_repositories, is_write, repositories
from pullscope.trace.model import Hop, Kind, Step
from pullscope.trace.tokens import rights_asked

LOOKERS = frozenset({"unknown", "curl"})
"""Families that may ask `/v2/` for its own sake."""


def act(step: Step) -> str:
    """What a request is: `token`, `delete`, `write`, `list` or `read`."""
    if step.is_token:
        return "token"
    if step.kind is Kind.DELETE:
        return "delete"
    return "write" if is_write(step) else "list" if step.route.endpoint in LISTS else "read"


def thing(step: Step) -> str:
    """What was asked for or sent: `the manifest 1.0`, `a blob of team/app`, `the catalog`, `/v2/`."""
    route = step.route
    of = f" of {route.repository}" if route.repository else ""
    if step.is_token:
        return "a token"
    if step.kind is Kind.SIGNATURE and not is_write(step):
        return f"a signature{of}"
    if route.endpoint is Endpoint.MANIFEST:
        return f"the manifest {route.digest.short if route.digest is not None else route.reference}"
    if route.endpoint in (Endpoint.BLOB, Endpoint.UPLOAD, Endpoint.UPLOAD_START):
        return f"a blob{of}"
    named = {Endpoint.TAGS: f"the tags{of}", Endpoint.CATALOG: "the catalog", Endpoint.REFERRERS: f"the referrers{of}"}
    return named.get(route.endpoint, path_of(step.first.request.url))


def trusted(step: Step) -> str | None:
    """The repository whose trust data a request is for (notary server/server.go)."""
    found = re.search(r"/v2/(.+)/_trust/tuf/", step.first.request.url)
    return found[1] if found is not None else None


def request(step: Step) -> str:
    """Method and thing: `GET of the tags of team/app`."""
    return f"{step.last.request.method} of {thing(step)}"


def doing(step: Step) -> str:
    """What is refused; skopeo asks for a token for `*` before a delete: podman-container-tools/skopeo#856."""
    if not step.is_token:
        return "a delete" if step.kind is Kind.DELETE else "a push"
    actions = rights_asked(step)
    asked = (("push", "a push"), ("delete", "a delete"), ("*", "every right (*)"))
    return next((said for action, said in asked if action in actions), "a pull")


PLACEHOLDER = "user/image"
"""What ghcr.io's challenges name where they name nothing: kube-logging/logging-operator#1522."""


def challenger(token: Step) -> Hop | None:
    """The hop that a token was needed for: of its step the last with a challenge, else the last."""
    needy = token.under or token.answers
    hops = needy.hops if needy is not None else []
    return next((hop for hop in reversed(hops) if hop.challenges), hops[-1] if hops else None)


def asked_by_the_registry(token: Step) -> tuple[str, ...]:
    """The repositories for which a token was asked, without those that a client adds to what the challenge names."""
    asked, asking = asked_repositories(token), challenger(token)
    wanted = {name for one in asking.challenges for name in repositories(one.scope)} if asking is not None else set()
    real = tuple(name for name in asked if name != PLACEHOLDER)
    return tuple(name for name in real if name in wanted) or real


def subject(case: Case, step: Step) -> str | None:
    """The repository that a step is about: its own, or the first that a scope names."""
    named = asked_by_the_registry(step) if step.is_token else ()
    said = [name for challenge in step.last.challenges for name in repositories(challenge.scope)]
    return next(
        iter((*named, *([step.route.repository] if step.route.repository else []), *said)), case.pull.repository
    )


def action(case: Case, step: Step) -> str:
    """The right that is wanted: `pull`, `push`, `delete`."""
    what = doing(step)
    if step.is_token:
        return {"a push": "push", "a delete": "delete", "a pull": "pull"}.get(what, "also delete")
    return "delete" if step.kind is Kind.DELETE else "push" if case.writes else "pull"


# docs.docker.com/accounts/create-account: 4 to 30 lower-case letters and digits; and what machines are called in those reports.
_NO_OWNER = re.compile(
    r"[^a-z0-9]|^.{1,3}$|^.{31}|regist|docker|harbor|nexus|artifactory|server|intern|host|proxy|mirror|cache"
)


def meant_as_host(name: str | None) -> str:
    """How to write a name at Docker Hub whose first part may be a host: without a dot or a colon clients take it for an owner.

    moby/moby#36263, #28225, docker/cli#987, distribution/distribution#2511 (reference.ParseDockerRef).
    """
    first, _, rest = (name or "").partition("/")
    is_owner = not rest or first == "library" or host_within(name) is not None or not _NO_OWNER.search(first)
    return "" if is_owner else f"{first}:443/{rest}, if {first} is the host of a registry"


def host_within(name: str | None) -> str | None:
    """The host with which a repository's name begins, as if a registry were named twice; None where it begins with none.

    A host alone, taken for an official image of Docker Hub, stands behind `library/` (GoogleContainerTools/kaniko#2315).
    """
    first, _, rest = (name or "").partition("/")
    if first == "library" and rest.count(".") > 1 and is_registry(rest):
        return rest
    return first if rest and ("." in first or ":" in first) and not _REVERSED.match(first) else None


_REVERSED = re.compile(r"(?:com|org|net|io)\.\w+\Z")
"""What Java names packages by, and Maven images (kubernetes/minikube#9161)."""


def check(name: str) -> str:
    """What to look at in a name that is refused or not there."""
    within = host_within(name)
    return f"check the name {name}" + (
        f": {within} in it is a host, of a mirror or registry, taken for a part of the name"
        if within is not None
        else ""
    )


_BUILD_CACHE = "application/vnd.buildkit.cacheconfig.v0"
_NAMED_CACHE = re.compile(r"(?:^|[/_.-])(?:build)?-?caches?$", re.IGNORECASE)


def is_build_cache(document: object) -> bool:
    """Whether a manifest or index is a build's cache of BuildKit, by the type of its config."""
    parts = document.parts if isinstance(document, Manifest | Index) else ()
    return any(one.media_type == _BUILD_CACHE for one in parts)


def of_a_build_cache(case: Case) -> bool:
    """Whether an operation is about a build's cache, which the next build makes anew: by its manifest, or by its name."""
    named = (name for name in (case.pull.tag, case.pull.repository) if name is not None)
    by_name = case.family in ("buildkit", "kaniko") and any(_NAMED_CACHE.search(name) for name in named)
    return by_name or any(is_build_cache(step.document) for step in case.steps)


_CACHED = re.compile(
    r"(?:^|/)(?:dependency_proxy/containers|[^/]*(?:proxy|cache|mirror|remote|docker-?(?:hub|io)|quay|ghcr|k8s|mcr)[^/]*)(?=/.)"
)
_HOMES = {
    "hub|docker-?io": "docker.io",
    "quay": "quay.io",
    "ghcr": "ghcr.io",
    "k8s": "registry.k8s.io",
    "mcr": "mcr.microsoft.com",
}


def cached(name: str) -> tuple[str, str, str] | None:
    """What stands before the name in a cache, the registry behind it, and the name there, as the name itself has it.

    GitLab's Dependency Proxy asks Docker Hub alone (docs.gitlab.com, "Dependency Proxy").
    """
    if (found := _CACHED.search(name)) is None:
        return None
    part = found[0].replace("dependency_proxy/containers", "hub")
    home = next((host for known, host in _HOMES.items() if re.search(known, part)), "the registry behind it")
    return name[: found.end()], home, name[found.end() + 1 :]


UNKNOWN_BLOB = frozenset({"MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN"})


def unknown_subject(step: Step) -> Digest | None:
    """What a manifest refers to, where that is what the registry says that it does not know."""
    sent = step.document
    subject = sent.subject if isinstance(sent, Manifest | Index) else None
    if subject is None or subject.digest is None:
        return None
    return subject.digest if any(str(subject.digest) in error.detail for error in step.last.errors) else None


def other_bytes(case: Case, step: Step) -> Digest | None:
    """The digest of what was sent in one piece, where the address names another (enix/kube-image-keeper#74)."""
    sent, named = step.last.uploaded, step.route.digest
    whole = step.kind is Kind.MANIFEST_PUT or not any(one.kind is Kind.UPLOAD_CHUNK for one in case.steps)
    if "DIGEST_INVALID" not in step.last.codes or named is None or named.algorithm != "sha256" or not whole:
        return None
    if sent is None or sent.sha256 is None or not sent.bytes:
        return None
    own = as_digest(f"sha256:{sent.sha256}")
    return own if own != named else None


def takes(hop: Hop, kind: str) -> bool:
    """Whether the Accept of a request names a media type, or none at all."""
    accept = ", ".join(hop.request.headers.get_all("accept")).lower()
    return not accept or "*/*" in accept or kind.lower() in accept
