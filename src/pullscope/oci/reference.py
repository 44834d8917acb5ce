"""Image references: what people type, and what it means.

Parsing follows Docker's rules to the letter, because that is what all clients agree on: `nginx` is
docker.io/library/nginx:latest, `localhost/foo` is on localhost, `foo/bar` is on Docker Hub.
https://github.com/distribution/reference/blob/v0.6.0/normalize.go, regexp.go
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from pullscope.oci.digest import Digest

DOCKER_HUB = "docker.io"
HUB_API = "registry-1.docker.io"
"""Docker Hub's host for dockerd and most others (moby registry/config.go, DefaultRegistryHost)."""
HUB_INDEX = "index.docker.io"
"""The same registry under the name by which go-containerregistry asks it (pkg/name/registry.go, DefaultRegistry)."""
_HUB_HOSTS = frozenset({HUB_API, HUB_INDEX})
_MAX_REPOSITORY = 255  # reference.go, RepositoryNameTotalLengthMax

# spec.md, "Pulling manifests": <name> and <reference> as a tag.
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|__|_|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|__|_|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
# regexp.go, domainAndPort.
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_REGISTRY = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")


def is_tag(text: str) -> bool:
    """Whether `text` is a well-formed tag."""
    return _TAG.fullmatch(text) is not None


def is_repository(text: str) -> bool:
    """Whether `text` is a well-formed repository name, without a registry."""
    return len(text) <= _MAX_REPOSITORY and _REPOSITORY.fullmatch(text) is not None


def is_registry(text: str) -> bool:
    """Whether `text` is a host as references name it, with or without a port."""
    return _REGISTRY.fullmatch(text) is not None


def registry_name(host: str) -> str:
    """The registry as references name it: Docker Hub's API hosts are docker.io, any other host is itself."""
    return DOCKER_HUB if host.lower().removesuffix(":443") in _HUB_HOSTS else host


def is_below(asked: str | None, meant: str | None) -> bool:
    """Whether a repository may be had elsewhere under the name `asked`: its own, one below a path, or it alone without library/.

    bitnami/nginx is not library/nginx below a path: it is another image.
    """
    if asked is None or meant is None:
        return False
    return f"/{asked}".endswith(f"/{meant}") or asked == meant.removeprefix("library/")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """An image, fully named. At least one of `tag` and `digest` is there when it was parsed."""

    registry: str
    repository: str
    tag: str | None = None
    digest: Digest | None = None

    def __post_init__(self) -> None:
        if not _REGISTRY.fullmatch(self.registry):
            raise ValueError(
                f"{self.registry[:100]!r} is not a registry: it should be a host, with a port if it needs one."
            )
        if not is_repository(self.repository):
            raise ValueError(f"{self.repository[:100]!r} is not a repository: {_why_no_repository(self.repository)}.")
        if self.tag is not None and not is_tag(self.tag):
            raise ValueError(
                f"{self.tag[:100]!r} is not a tag: letters, digits, '_', '.' and '-', at most 128 of them."
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """The image that `text` means to Docker; ValueError, in one sentence, where it means none."""
        if not text:
            raise ValueError("An image reference is missing: try docker.io/library/alpine:latest.")
        if "://" in text:
            # Not quoted: a URL may hold a password.
            raise ValueError("An image reference is not a URL: leave out what ends in ://.")
        # ParseNormalizedNamed: 64 hex digits are an image id to Docker, never a name.
        if _IDENTIFIER.fullmatch(text):
            raise ValueError(f"{text!r} is an image id, not a reference: ids cannot be pulled.")
        name, at, pinned = text.partition("@")
        digest = Digest(pinned) if at else None
        if digest is not None and not digest.is_registered:
            raise ValueError(
                f"{pinned[:100]!r} is not a digest that a client can check: it should read sha256: and 64 hex digits."
            )
        registry, rest = _split_registry(name)
        repository, colon, tag = rest.partition(":")
        if registry == DOCKER_HUB and "/" not in repository:
            repository = f"library/{repository}"
        if colon:
            return cls(registry=registry, repository=repository, tag=tag, digest=digest)
        return cls(registry=registry, repository=repository, tag=None if digest else "latest", digest=digest)

    @property
    def api_host(self) -> str:
        """The host that answers for this registry's API."""
        return HUB_API if self.registry == DOCKER_HUB else self.registry

    def __str__(self) -> str:
        tag = "" if self.tag is None else f":{self.tag}"
        digest = "" if self.digest is None else f"@{self.digest}"
        return f"{self.registry}/{self.repository}{tag}{digest}"


def _split_registry(name: str) -> tuple[str, str]:
    """normalize.go, splitDockerDomain: the first part is a registry only if it looks like a host."""
    first, slash, rest = name.partition("/")
    if not slash:
        return DOCKER_HUB, name
    if first == HUB_INDEX:
        return DOCKER_HUB, rest
    if first == "localhost" or "." in first or ":" in first or first != first.lower():
        return first, rest
    return DOCKER_HUB, name


def _why_no_repository(text: str) -> str:
    if len(text) > _MAX_REPOSITORY:
        return f"it is longer than {_MAX_REPOSITORY} characters"
    if text != text.lower():
        return "it must be lower case"
    return "parts between slashes are lower-case letters and digits, with '.', '_', '__' or '-' between them"
