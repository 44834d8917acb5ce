"""Which client is asking, by its User-Agent, and which image store a docker daemon uses.

The table holds product names that clients send; the first one known, from the left, is the client, because those
that are built on a library name themselves before it. What is not in the table is `unknown`: nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

UNKNOWN = "unknown"
CONTAINERD_STORE = "containerd"
GRAPHDRIVER_STORE = "graphdriver"


class Process(StrEnum):
    """What a run of a client is."""

    COMMAND = "command"
    """A process of its own, which does one thing and ends: no connection is shared by two runs."""
    DAEMON = "daemon"
    """One process does many things, also on one connection."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """A client by what is known of it."""

    products: tuple[str, ...] = ()
    """The names that it sends, in lower case."""
    process: Process | None = None
    fetches_layers: bool = False
    """Whether it asks for an image manifest only to run what it names: what it leaves out, it has."""
    starts_over: bool = False
    """Whether it begins the whole thing anew after a server error or a blob that is not there, version check and all (podman
    5.8, skopeo 1.22 with `--retry-times`: seen)."""


_DAEMON, _COMMAND = Process.DAEMON, Process.COMMAND
# Products, seen on the wire: docker, containerd, skopeo, crane. The rest from the clients' sources: podman sends libpod/
# (podman#3793), CRI-O cri-o/ (cri-o#1555), buildah Buildah/ (pkg/parse), kaniko kaniko/ (executor/push.go:75), BuildKit
# buildkit/, containers/image containers/ by default (useragent.go), SingularityCE singularity-ce/ (mconfig). Processes: seen, or
# by documentation.
FAMILIES: Mapping[str, Family] = {
    "docker": Family(products=("docker",), process=_DAEMON, fetches_layers=True),
    # docker manifest, buildx imagetools, login: the CLI's own requests
    "docker-cli": Family(products=("docker-client",), process=_COMMAND),
    "containerd": Family(products=("containerd",), process=_DAEMON),
    "nerdctl": Family(products=("nerdctl",)),
    "ctr": Family(products=("ctr",)),
    "buildkit": Family(products=("buildkit",), process=_DAEMON),
    # podman 5.8 sends the name of its library; skopeo, buildah and CRI-O set their own (seen)
    "podman": Family(products=("libpod", "podman", "containers"), process=_COMMAND, starts_over=True),
    "skopeo": Family(products=("skopeo",), process=_COMMAND, starts_over=True),
    "buildah": Family(products=("buildah",), process=_COMMAND, starts_over=True),
    "cri-o": Family(products=("cri-o",), process=_DAEMON, fetches_layers=True, starts_over=True),
    "crane": Family(products=("crane", "gcrane"), process=_COMMAND),
    "kaniko": Family(products=("kaniko",), process=_COMMAND),
    "cosign": Family(products=("cosign",), process=_COMMAND),
    "notation": Family(products=("notation",), process=_COMMAND),
    "ko": Family(products=("ko",), process=_COMMAND),
    "go-containerregistry": Family(products=("go-containerregistry",)),
    "oras": Family(products=("oras", "oras-go"), process=_COMMAND),
    "helm": Family(products=("helm",), process=_COMMAND),
    "bootc": Family(products=("bootc",), process=_COMMAND),
    "trivy": Family(products=("trivy",)),
    "jib": Family(products=("jib",), process=_COMMAND),
    "apptainer": Family(products=("apptainer",), process=_COMMAND),
    "singularity": Family(products=("singularity", "singularity-ce"), process=_COMMAND),
    "renovate": Family(products=("renovate", "renovatebot")),
    "flux": Family(products=("flux", "source-controller", "image-reflector-controller")),
    "ollama": Family(products=("ollama",), fetches_layers=True),
    "curl": Family(products=("curl",), process=_COMMAND),
    "bazel": Family(products=("bazel",)),  # its downloader (HttpConnector.java)
    "brew": Family(products=("homebrew",)),  # several runs of curl (Homebrew/brew#12825, #13878)
    "regctl": Family(process=_COMMAND),  # it sends its name in a way of its own: _REGCLIENT
    "regsync": Family(process=_COMMAND),
}
"""One row a client. Of one that is not here, or whose row is silent, nothing is known."""

_FAMILIES = {product: name for name, family in FAMILIES.items() for product in family.products}
COMMANDS = frozenset(name for name, family in FAMILIES.items() if family.process is _COMMAND)
DAEMONS = frozenset(name for name, family in FAMILIES.items() if family.process is _DAEMON)
FETCHES_LAYERS = frozenset(name for name, family in FAMILIES.items() if family.fetches_layers)
CONTAINERS_IMAGE = ("skopeo", "podman", "buildah", "cri-o")
"""Families that share containers/image, and so its ways (facts: containers/image docker_client.go)."""
SEARCHES = frozenset({"podman", "buildah", "cri-o"})
"""Of these, those that ask several registries in turn for a name without one (registries.conf, unqualified-search-registries)."""
NO_MIRRORS = frozenset({"crane", "ko", "cosign", "oras", "helm"})
"""Families that ask no mirror: google/go-containerregistry#1200, helm/community#391 (and in it oras-go#918)."""
TOKEN_WITHIN = frozenset({"docker", "containerd", "nerdctl", "buildkit", *CONTAINERS_IMAGE})
"""Families that ask for a token within the request that needs it, so that no token is all that they want: distribution session.go
(ModifyRequest), containerd authorizer.go, containers/image docker_client.go (setupRequestAuth)."""
RENEWS_BY_CLOCK = frozenset({"docker", "docker-cli", *CONTAINERS_IMAGE})
"""Families that ask for a new token once the old one's time is over, by the clock of their own machine: distribution session.go
(getToken), containers/image docker_client.go (bearerToken); DeepVAC/TorchPod#60, docker/hub-feedback#645."""
STARTS_OVER = frozenset(name for name, family in FAMILIES.items() if family.starts_over)
PAIRS = frozenset(
    {
        frozenset({"docker", "containerd"}),  # dockerd 28 and 29, containerd store: tokens as `containerd/…` (seen)
        frozenset({"buildkit", "containerd"}),
        frozenset({"crane", UNKNOWN}),  # crane 0.20: the first ping as `Go-http-client/2.0` (seen)
        frozenset({"go-containerregistry", UNKNOWN}),
        frozenset({"cosign", UNKNOWN}),
        frozenset({"buildkit", "docker-cli"}),  # BuildKit's tokens are fetched by the process of the command
    }
)
"""Families of which one process sends both names."""

# RFC 9110, 10.1.5: product = token ["/" version]. kaniko puts a comma and its caller after the version. jib writes
# a space. crane built from source sends `crane/(devel)`.
_PRODUCT = re.compile(r"(?<![^\s(;,])([A-Za-z][A-Za-z-]*+)(?:[/ ]v?([0-9][^\s,;()]*)|/([^\s,;()]+)|/\([a-z]+\)|\Z)")
# regclient/regclient cmd/regctl: `regclient/regctl (v0.8.2)`; regsync, regbot and the library itself alike.
_REGCLIENT = re.compile(r"regclient/([a-z]+)(?:\s+\(v?([^\s()]+)\))?", re.IGNORECASE)
# moby: what the daemon adds to its User-Agent when containerd stores its images.
_CONTAINERD_MARKS = ("containerd-client/", "storage-driver/")

_MAX_LENGTH = 1024
_MAX_VERSION = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """A client as its User-Agent names it; `store` is the image store of a docker daemon."""

    family: str
    version: str | None = None
    store: str | None = None

    def __str__(self) -> str:
        return self.family if self.version is None else f"{self.family} {self.version}"


def identify(user_agent: str | None, accept: tuple[str, ...] = ()) -> Client:
    """The client that sends this User-Agent; the Accept lines of the same request tell docker's stores apart.

    Daemons before 25 or so do not name their store. Then the dialect does: containerd's resolver ends each Accept
    with `*/*`, the classic store lists its types on separate lines and takes no other.
    """
    if not user_agent:
        return Client(family=UNKNOWN)
    return _identify(user_agent[:_MAX_LENGTH], bool(accept) and "*/*" in " ".join(accept))


@lru_cache(maxsize=256)
def _identify(user_agent: str, anything: bool) -> Client:
    regclient = _REGCLIENT.match(user_agent)
    if regclient is not None:
        return Client(family=regclient[1].lower(), version=regclient[2])
    for product in _PRODUCT.finditer(user_agent):
        family = _FAMILIES.get(product[1].lower())
        if family is not None:
            store = None
            if product[1].lower() == "containers":
                return Client(family=family)  # the version is the library's
            if family == "docker":
                marked = anything or any(mark in user_agent for mark in _CONTAINERD_MARKS)
                store = CONTAINERD_STORE if marked else GRAPHDRIVER_STORE if product[2] or product[3] else None
            return Client(family=family, version=_version(product[2] or product[3]), store=store)
    return Client(family=UNKNOWN)


def _version(text: str | None) -> str | None:
    # containerd builds without a revision append "+unknown", which says nothing.
    return text.removesuffix("+unknown")[:_MAX_VERSION] if text else None
