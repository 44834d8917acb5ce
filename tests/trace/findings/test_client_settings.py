"""A finding's step is for the client that asked: no command or file of another program stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest
from tests.trace.findings.reports import REPORTS
from tests.trace.wire import played

from pullscope.trace.findings.finding import Severity

AGENTS = {
    "docker": "docker/28.5.1 go/go1.24.8 kernel/6.1.0 os/linux arch/amd64 containerd-client/1.7.28 storage-driver/overlayfs",
    "docker-cli": "Docker-Client/28.5.1 (linux)",
    "containerd": "containerd/2.1.4",
    "k3s": "containerd/v2.0.2-k3s2",
    "nerdctl": "nerdctl/2.1.3",
    "buildkit": "buildkit/v0.24",
    "podman": "libpod/5.8.0",
    "skopeo": "skopeo/1.22.0",
    "buildah": "Buildah/1.40.0",
    "cri-o": "cri-o/1.33.0 go/go1.24 os/linux arch/amd64",
    "bootc": "bootc/1.5",
    "crane": "crane/0.20.6 go-containerregistry/v0.20.6",
    "ko": "ko/0.18",
    "cosign": "cosign/v2.6.0 (linux; amd64)",
    "notation": "notation/1.3",
    "helm": "Helm/3.19.0",
    "oras": "oras/1.3.0",
    "kaniko": "kaniko/v1.24.0",
    "trivy": "trivy/0.60",
    "jib": "jib 3.4.0 jib-maven-plugin",
    "apptainer": "Apptainer/1.4.2 (Linux amd64) Go/1.24",
    "singularity": "Singularity-ce/4.1.0 (Linux amd64) Go/1.21",
    "regctl": "regclient/regctl (v0.8.2)",
    "regsync": "regclient/regsync (v0.8.2)",
    "flux": "source-controller/v1.5",
    "renovate": "RenovateBot/40.1 (https://github.com/renovatebot/renovate)",
    "ollama": "ollama/0.11 (amd64 linux) Go/go1.24",
    "docker-20": "docker/20.10.24 go/go1.19.8 os/linux arch/amd64",
    "by-a-kubelet": "docker/20.10.24 go/go1.19.8 os/linux arch/amd64 UpstreamClient(Go-http-client/1.1)",
    "rke2": "containerd/v1.7.23-k3s2",
    "containers": "containers/5.34.0 (github.com/containers/image)",
    "gcrane": "gcrane/0.20.6 go-containerregistry/v0.20.6",
    "ctr": "ctr/2.1.4",
    "curl": "curl/8.5.0",
    "brew": "Homebrew/4.2.17 (Macintosh; Intel Mac OS X 14.4.1) curl/8.4.0",
    "bazel": "Bazel/release 7.4.1",
}
LIBRARIES = {
    "go-containerregistry": "go-containerregistry/v0.20.6",
    "grype": "grype/0.90 go-containerregistry/v0.20.2",
    "syft": "syft/1.20 go-containerregistry/v0.20.2",
    "regbot": "regclient/regbot (v0.8.2)",
    "go": "Go-http-client/1.1",
    "python": "python-requests/2.31.0",
    "somebody": "somebody/1.0",
    "tart": "Tart/2.20.0 (macOS 15; Mac15,12)",
    "gitlab-runner": "gitlab-runner 17.0",
    "harbor": "harbor-registry-client",
    "argocd-image-updater": "argocd-image-updater",
}
"""Programs that have no row of their own, and so are told in words, or by what a platform hands on."""
_DOCKER = {"docker", "docker-20", "by-a-kubelet", "docker-cli"}
_CONTAINERD, _K3S = {"containerd", "nerdctl", "ctr"}, {"k3s", "rke2"}
_CONF = {"podman", "skopeo", "buildah", "cri-o", "bootc", "containers"}
OWNERS = {
    # each of these reads what docker login writes, and has no login of its own
    r"docker log(?:in|out)\b": {*_DOCKER, "buildkit", "jib", "kaniko"},
    r"daemon\.json|insecure-registries|registry-mirrors": {*_DOCKER, "buildkit"},
    r"/etc/docker\b|systemctl edit docker|restart docker|dockerd": _DOCKER,
    r"hosts\.toml|/etc/containerd|override_path|systemctl edit containerd": _CONTAINERD,
    r"RegistryMirrorConfig|RegistryTLSConfig": {"containerd"},
    r"registries\.yaml(?! of k3s|: newer versions of k3s)": {*_K3S, "containerd", "ctr"},
    r"registries\.conf(?! of argocd)|/etc/containers": _CONF,
    r"podman log(?:in|out)": {"podman", "containers", "cri-o", "bootc"},
    r"nerdctl log(?:in|out)": {"nerdctl", "containerd"},
    r"crane auth": {"crane", "gcrane"},
    r"regctl registry": {"regctl"},
    r"helm registry": {"helm"},
    r"trivy registry": {"trivy"},
    r"buildkitd\.toml": {"buildkit"},
    **{rf"\b{name} log(?:in|out)\b": {name} for name in ("skopeo", "buildah", "oras", "cosign", "notation", "ko")},
}
"""Commands and files, and the clients that they are for."""
EACH = 4
"""Of the clients so many ask each conversation; which, its name decides."""


def _conversations() -> Iterator[tuple[str, str]]:
    for name, report in REPORTS.items():
        if report.finds:
            for client in Random(name).sample(sorted(AGENTS | LIBRARIES), EACH):  # noqa: S311 - no secret
                yield name, client


def test_no_step_is_another_programs() -> None:
    """Every conversation that fails, as some other client's."""
    wrong = []
    for name, client in _conversations():
        for pull in played(replace(REPORTS[name], agent=(AGENTS | LIBRARIES)[client]).play()).pulls:
            steps = [one.fix for one in pull.findings if one.severity is not Severity.INFO]
            wrong += [
                f"{name}, as {client}: {fix}"
                for fix in steps
                for words, owners in OWNERS.items()
                if client not in owners and re.search(words, fix)
            ]
    assert wrong == []


_FAMILIES = {
    **dict.fromkeys(("k3s", "rke2"), "containerd"),
    **dict.fromkeys(("docker-20", "by-a-kubelet"), "docker"),
    "containers": "podman",
    "gcrane": "crane",
}


@pytest.mark.parametrize("client", AGENTS)
def test_every_client_here_is_known(client: str) -> None:
    """Else the steps of an unknown one would be what is tested."""
    from pullscope.oci.agents import identify

    assert identify(AGENTS[client]).family == _FAMILIES.get(client, client)
