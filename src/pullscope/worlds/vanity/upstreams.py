"""What is known of the registries that vanity rules point to: whether they want tokens, and how strict their token server is.

Labels and defaults on top of what a rule says; no behaviour of a client or of a trace hangs on a name in this table.
Strictness of ghcr.io and Google rests on issue reports (facts: wire.md B1: containerd#9648, #8415, #4358), Docker Hub's
leniency on the specification and on what was seen.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Upstream:
    """A registry as its host name tells."""

    host: str
    label: str
    tokens: bool | None
    """Whether anonymous pulls need a token; None where it is not known."""
    strict: bool | None
    """Whether its token server refuses a request with a scope that it does not know."""

    @property
    def manner(self) -> str:
        """For a sentence: `lenient`, `strict`, `taken as lenient`."""
        if self.tokens is False:
            return "no tokens"
        return "taken as lenient" if self.strict is None else "strict" if self.strict else "lenient"


_KNOWN: tuple[tuple[str, str, bool, bool | None], ...] = (
    ("registry-1.docker.io", "Docker Hub", True, False),
    ("index.docker.io", "Docker Hub", True, False),
    ("docker.io", "Docker Hub", True, False),
    ("ghcr.io", "GitHub", True, True),
    ("gcr.io", "Google", True, True),
    (".gcr.io", "Google", True, True),
    (".pkg.dev", "Google", True, True),
    ("quay.io", "Quay", True, None),
    ("registry.gitlab.com", "GitLab", True, None),
    ("public.ecr.aws", "Amazon ECR Public", True, None),
    ("mcr.microsoft.com", "Microsoft", False, None),
    ("registry.k8s.io", "Kubernetes", False, None),
)

DOCKER_HUB_HOSTS = frozenset({"registry-1.docker.io", "index.docker.io", "docker.io"})


def upstream(host: str) -> Upstream:
    """What is known of `host`, an authority as a URL spells it."""
    name = host.lower().removesuffix(":443")
    for known, label, tokens, strict in _KNOWN:
        if name == known or (known.startswith(".") and name.endswith(known)):
            return Upstream(host=name, label=label, tokens=tokens, strict=strict)
    return Upstream(host=name, label=name, tokens=None, strict=None)
