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
}
"""What a family's logins are made with; what is not here reads those of docker (~/.docker/config.json)."""

TAKES_A_PASSWORD = frozenset({"podman login", "buildah login", "skopeo login", "nerdctl login"})
"""Those that take --username and --password-stdin as `docker login` does."""


def login(case: Case, host: str) -> str:
    """The command by which this client is logged in to a host: the registry's own where it is known.

    Docker Hub's login goes by another name than its host: docker keeps it as https://index.docker.io/v1/, which is where
    `docker login` without a name puts it.
    """
    registry, command = registry_name(host), LOGINS.get(case.pull.client.family, "docker login")
    challenges = [challenge for hop in case.hops if hop.host == host for challenge in hop.challenges]
    known = known_registry(host, challenges)
    if known is not None and known.id == "docker-hub":
        registry = DOCKER_HUB
    elif known is not None and known.login is not None:
        if command == "docker login" or "docker login" not in known.login:
            return known.login
        if command in TAKES_A_PASSWORD:
            return known.login.replace("docker login", command)
    return command if registry == DOCKER_HUB and command == "docker login" else f"{command} {registry}"


def logout(case: Case, host: str) -> str:
    """The command by which this client forgets a login."""
    return login_of_its_own(case, host).replace("login", "logout")


def login_of_its_own(case: Case, host: str) -> str:
    """The client's own login command, whatever the registry's documentation says."""
    registry, command = registry_name(host), LOGINS.get(case.pull.client.family, "docker login")
    return command if registry == DOCKER_HUB and command == "docker login" else f"{command} {registry}"
