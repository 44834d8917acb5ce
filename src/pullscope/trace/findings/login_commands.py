"""How a client is logged in and out: the registry's own command where it is known, else the client's.

`docker login` is what a client without a row reads (~/.docker/config.json). A row is what a family's logins are made with, where
{} stands for the registry, and in brackets who else sends the same User-Agent, or where else it reads logins.
"""

from __future__ import annotations

from pullscope.oci.known_registries import known_registry
from pullscope.oci.reference import DOCKER_HUB, registry_name
from pullscope.trace.findings.case import Case

LOGINS = {
    "podman": "podman login {}",
    "buildah": "buildah login {}",
    "skopeo": "skopeo login {}",
    "containers": "podman login {}",
    # crio.conf(5)
    "cri-o": "podman login {} (in Kubernetes: the pod's imagePullSecret, or the file that global_auth_file in crio.conf names)",
    # containerd/containerd#5586, #7682, containerd/cri#835; kubernetes.io, "Configure a kubelet image credential provider"
    "containerd": "nerdctl login {} (ctr takes --user NAME:PASSWORD alone, Kubernetes the pod's imagePullSecret or the kubelet's "
    "credential provider)",
    "nerdctl": "nerdctl login {}",
    "crane": "crane auth login {}",
    "regctl": "regctl registry login {}",
    "helm": "helm registry login {}",
    "oras": "oras login {}",
    "cosign": "cosign login {}",
    # apptainer.org/docs, "apptainer registry login"
    "apptainer": "apptainer registry login --username NAME docker://{}",
    # kaniko's README, "Pushing to Docker Hub"
    "kaniko": "docker login {} (kaniko reads that as /kaniko/.docker/config.json)",
}

NOT_PIPED = ("regctl", "apptainer")
"""Commands that do not take the --username and --password-stdin of `docker login`."""


def login(case: Case, host: str) -> str:
    """The command by which this client is logged in to a host: the registry's own where it is known.

    Docker Hub's login goes by another name than its host: docker keeps it as https://index.docker.io/v1/, which is where
    `docker login` without a name puts it.
    """
    command, _, where = LOGINS.get(case.pull.client.family, "docker login {}").partition(" {}")
    challenges = [challenge for hop in case.hops if hop.host == host for challenge in hop.challenges]
    known = known_registry(host, challenges)
    if known is not None and known.id != "docker-hub" and known.login is not None:
        piped = known.piped or known.login
        if command == "docker login" or "docker login" not in piped:
            return known.login + where
        if "--password-stdin" in piped and not command.startswith(NOT_PIPED):
            return piped.replace("docker login", command) + where
    return _own(case, host)


def logout(case: Case, host: str) -> str:
    """The command by which this client forgets a login."""
    return _own(case, host).partition(" (")[0].replace("login", "logout").replace(" --username NAME", "")


def _own(case: Case, host: str) -> str:
    """The client's own command, whatever the registry's documentation says."""
    known = known_registry(host)
    registry = DOCKER_HUB if known is not None and known.id == "docker-hub" else registry_name(host)
    command = LOGINS.get(case.pull.client.family, "docker login {}")
    return command.replace(
        " {}", "" if registry == DOCKER_HUB and command.startswith("docker login") else f" {registry}"
    ).replace("{}", registry)
