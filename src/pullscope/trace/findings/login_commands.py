"""How a client is logged in and out: the registry's own command where it is known, else the client's."""

from __future__ import annotations

from pullscope.oci.known_registries import known_registry
from pullscope.oci.reference import DOCKER_HUB, registry_name
from pullscope.trace.findings.case import Case

LOGINS = {
    "podman": "podman login",
    "buildah": "buildah login",
    "skopeo": "skopeo login",
    "containers": "podman login",
    "cri-o": "podman login",
    "containerd": "nerdctl login",
    "crane": "crane auth login",
    "regctl": "regctl registry login",
    "helm": "helm registry login",
    "oras": "oras login",
    "cosign": "cosign login",
}
"""What a family's logins are made with; what is not here reads those of docker (~/.docker/config.json)."""

_OF_NODES = frozenset({"containerd", "cri-o"})
"""Families that a kubelet drives, which hands on the login of a pod: kubernetes/kubernetes#66162, containerd/cri#848."""


def login(case: Case, host: str) -> str:
    """The command by which this client is logged in to a host: the registry's own where it is known.

    Docker Hub's login goes by another name than its host: docker keeps it as https://index.docker.io/v1/, which is where
    `docker login` without a name puts it.
    """
    command = LOGINS.get(case.pull.client.family, "docker login")
    challenges = [challenge for hop in case.hops if hop.host == host for challenge in hop.challenges]
    known = known_registry(host, challenges)
    own = login_of_its_own(case, host)
    if known is not None and known.id != "docker-hub" and known.login is not None:
        piped = known.piped or known.login
        if command == "docker login" or "docker login" not in piped:
            own = known.login
        elif "--password-stdin" in piped and not command.startswith("regctl"):
            own = piped.replace("docker login", command)
    return own + (f" (under Kubernetes an imagePullSecret for {host})" if case.pull.client.family in _OF_NODES else "")


def logout(case: Case, host: str) -> str:
    """The command by which this client forgets a login."""
    return login_of_its_own(case, host).replace("login", "logout")


def login_of_its_own(case: Case, host: str) -> str:
    """The client's own login command, whatever the registry's documentation says."""
    known, command = known_registry(host), LOGINS.get(case.pull.client.family, "docker login")
    registry = DOCKER_HUB if known is not None and known.id == "docker-hub" else registry_name(host)
    return command if registry == DOCKER_HUB and command == "docker login" else f"{command} {registry}"
