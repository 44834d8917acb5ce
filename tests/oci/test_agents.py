"""User agents: each client by what it sends."""

from __future__ import annotations

import pytest

from pullscope.oci.agents import Client, identify

DOCKER_20 = (
    r"docker/20.10.24+dfsg1 go/go1.19.8 git-commit/5d6db84 kernel/6.1.0-28-amd64 os/linux arch/amd64"
    r" UpstreamClient(Docker-Client/28.2.2 \(linux\))"
)
DOCKER_29 = (
    r"docker/29.7.2 go/go1.27.3 git-commit/lab kernel/6.1.0-28-amd64 os/linux arch/amd64"
    r" containerd-client/2.3.3+unknown storage-driver/overlayfs UpstreamClient(Docker-Client/28.2.2 \(linux\))"
)


@pytest.mark.parametrize(
    ("user_agent", "family", "version", "store"),
    [
        # seen on the wire
        (DOCKER_20, "docker", "20.10.24+dfsg1", "graphdriver"),
        (DOCKER_29, "docker", "29.7.2", "containerd"),
        (DOCKER_20.replace("20.10.24+dfsg1", "28.5.2"), "docker", "28.5.2", "graphdriver"),
        ("containerd/2.3.3+unknown", "containerd", "2.3.3", None),
        ("containerd/v1.5.2", "containerd", "1.5.2", None),
        ("skopeo/1.9.3", "skopeo", "1.9.3", None),
        ("crane/v0.20.2 go-containerregistry/v0.20.2", "crane", "0.20.2", None),
        # from the clients' sources and issues
        ("ollama/0.5.7 (amd64 linux) Go/go1.23.4", "ollama", "0.5.7", None),  # ollama/ollama#7244
        ("libpod/4.3.1", "podman", "4.3.1", None),
        ("Buildah/1.28.2", "buildah", "1.28.2", None),
        # kubernetes/registry.k8s.io#286
        (
            "cri-o/1.27.8-2.rhaos4.14.gitbfac241.el9 go/go1.20.12 os/linux arch/amd64",
            "cri-o",
            "1.27.8-2.rhaos4.14.gitbfac241.el9",
            None,
        ),
        ("containers/5.29.2 (github.com/containers/image)", "podman", None, None),
        ("crane/(devel) go-containerregistry/(devel)", "crane", None, None),
        ("gcrane/v0.15.2 go-containerregistry/v0.15.2", "crane", "0.15.2", None),  # google/go-containerregistry#1061
        ("buildkit/v0.12-dev", "buildkit", "0.12-dev", None),
        ("go-containerregistry/v0.19.0", "go-containerregistry", "0.19.0", None),
        ("kaniko/v1.23.2,tekton go-containerregistry/v0.20.0", "kaniko", "1.23.2", None),
        ("cosign/v2.2.4 (linux; amd64) go-containerregistry/v0.19.1", "cosign", "2.2.4", None),
        ("somebody/1.0 go-containerregistry/v0.19.1", "go-containerregistry", "0.19.1", None),
        ("regclient/regctl (v0.8.2)", "regctl", "0.8.2", None),
        ("regclient/regclient", "regclient", None, None),
        ("oras/1.2.0+Homebrew", "oras", "1.2.0+Homebrew", None),
        ("oras-go", "oras", None, None),
        ("Helm/3.14.0", "helm", "3.14.0", None),
        # what brew gives curl (--user-agent, in logs of brew install -v)
        (
            "Homebrew/4.2.17-33-g1bbfe76 (Macintosh; Intel Mac OS X 14.4.1) curl/8.4.0",
            "brew",
            "4.2.17-33-g1bbfe76",
            None,
        ),
        ("bootc/1.9 skopeo/1.20.0", "bootc", "1.9", None),
        ("jib 3.4.0 jib-maven-plugin Google-HTTP-Java-Client/1.42", "jib", "3.4.0", None),
        (r"Docker-Client/28.2.2 (linux)", "docker-cli", "28.2.2", None),
        ("docker/dev go/go1.19.9", "docker", "dev", "graphdriver"),
        # unknown clients
        ("Go-http-client/1.1", "unknown", None, None),
        ("mydocker/1.0", "unknown", None, None),
        ("Mozilla/5.0 (X11; Linux x86_64)", "unknown", None, None),
        ("", "unknown", None, None),
        (None, "unknown", None, None),
        ("\x00\x1b[31m/" + "9" * 5000, "unknown", None, None),
    ],
)
def test_clients_are_told_by_their_user_agent(
    user_agent: str | None, family: str, version: str | None, store: str | None
) -> None:
    """The first known product from the left is the client; the daemon's marks tell its store."""
    assert identify(user_agent) == Client(family=family, version=version, store=store)


def test_accept_tells_the_store_of_older_daemons() -> None:
    """A daemon that does not name its store speaks containerd's dialect if it accepts anything (moby#45671)."""
    docker_24 = "docker/24.0.2 go/go1.20.4 os/linux"
    oci = "application/vnd.oci.image.index.v1+json"

    assert identify(docker_24, (f"{oci}, */*",)).store == "containerd"
    assert identify(docker_24, (oci, "application/json")).store == "graphdriver"
    assert identify("containerd/2.0.0", (f"{oci}, */*",)).store is None


def test_a_client_reads_as_people_say_it() -> None:
    """Family and version, or the family alone."""
    assert str(identify(DOCKER_29)) == "docker 29.7.2"
    assert str(identify(None)) == "unknown"


def test_a_version_is_bounded() -> None:
    """A version without end is cut."""
    assert len(identify("docker/" + "9" * 5000).version or "") == 64
