"""Who uses containerd's resolver, and how they differ: names, header fields, authorizers, attestations, and whose login.

The requests themselves are in `docker_containerd`. Each dialect says what it was compared with.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class WhoseLogin(StrEnum):
    """For which host a login is used when that host asks."""

    OWN_HOST = "own"
    """The host for which it was given, and no other."""
    ANY_HOST = "any"
    """Any host that asks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """One program that pulls with containerd's resolver."""

    user_agent: str
    token_agent: str
    """On requests for tokens."""
    extra: tuple[tuple[str, str], ...] = ()
    """On every request."""
    fetch_encoding: str = "gzip"
    shared_authorizer: bool = False
    """One authorizer for the whole pull; else resolver, fetcher and referrers have one each."""
    attestations: bool = False
    moby: bool = False
    """Says errors in moby's words (image_pull.go), else in containerd's own."""
    client_id: str = "containerd-client"
    login: WhoseLogin = WhoseLogin.OWN_HOST


# moby v29.7.2 daemon/containerd/resolver.go: "Host doesn't match" where the login is for another host. Run, 29.7.2.
MOBY = Dialect(
    user_agent=(
        "docker/{version} go/go1.27.3 git-commit/library-import kernel/6.1.0-28-amd64 os/linux arch/amd64 "
        "containerd-client/{containerd}+unknown storage-driver/overlayfs "
        "UpstreamClient(Docker-Client/{version} \\(linux\\))"
    ),
    token_agent="containerd/{containerd}+unknown",
    extra=(("Baggage", "trigger=api"),),  # moby's OpenTelemetry propagation
    fetch_encoding="zstd;q=1.0, gzip;q=0.8, deflate;q=0.5",  # fetcher.go, since 2.1
    attestations=True,  # since 29.1
    moby=True,
)

# ctr 1.6.20 on the wire; nerdctl and CRI are read. `ctr --user` gives the login to any host (commands/resolver.go);
# CRI's and nerdctl's are for their host only (internal/cri/server/images/image_pull.go ParseAuth), which is played here.
CONTAINERD = Dialect(
    user_agent="containerd/{containerd}",
    token_agent="containerd/{containerd}",
)

# Read: moby/buildkit util/resolver/{resolver,authorizer}.go, session/auth/authprovider. The handlers live in the
# resolver's pool, so one token serves all of a pull. Tokens are asked for by the client's process (buildx, docker),
# which looks for a login by the host that asked; docker.io's is kept under index.docker.io.
BUILDKIT = Dialect(
    user_agent="buildkit/v0.26",
    token_agent="buildkit/v0.26",
    shared_authorizer=True,
    client_id="buildkit-client",
)
