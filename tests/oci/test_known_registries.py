"""Tests of the names that registries have, and of the login commands that advice quotes."""

from __future__ import annotations

import pytest

from pullscope.oci.challenge import read_challenges
from pullscope.oci.known_registries import HOUR, KNOWN, known_registry, login_command

ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("registry-1.docker.io", "Docker Hub"),
        ("docker.io", "Docker Hub"),
        ("GHCR.io:443", "GitHub Container Registry"),
        (ECR, "Amazon ECR"),
        ("123456789012.dkr-ecr.eu-west-1.on.aws", "Amazon ECR"),
        ("public.ecr.aws", "Amazon ECR Public"),
        ("europe-west4-docker.pkg.dev", "Google Artifact Registry"),
        ("eu.gcr.io", "Google Artifact Registry"),
        ("contoso.azurecr.io", "Azure Container Registry"),
        ("registry.gitlab.com", "GitLab"),
    ],
)
def test_a_hosted_registry_is_known_by_its_host(host: str, name: str) -> None:
    """Whatever the case, and with the port that https has anyway."""
    known = known_registry(host)
    assert known is not None
    assert known.name == name


@pytest.mark.parametrize(
    "host",
    [
        "notghcr.io",
        "ghcr.io.example.com",
        "docker.example.com",
        "evil-azurecr.io",
        "-a1b2.azurecr.io",
        "localhost:5000",
        "",
        "ghcr.io:8443",
    ],
)
def test_a_host_that_only_looks_alike_is_not_known(host: str) -> None:
    """The whole name counts, and another port is another server."""
    assert known_registry(host) is None


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('Bearer realm="https://h.example/service/token",service="harbor-registry"', "Harbor"),
        ('Bearer realm="https://a.example/artifactory/api/docker/d/v2/token",service="a.example"', "JFrog Artifactory"),
        ('BASIC realm="Sonatype Nexus Repository Manager"', "Sonatype Nexus"),
        ('Bearer realm="https://git.example/v2/token",service="container_registry",scope="*"', "Gitea or Forgejo"),
        ('Bearer realm="https://git.example/jwt/auth",service="container_registry"', "GitLab"),
    ],
)
def test_a_self_hosted_registry_is_known_by_its_challenge(header: str, name: str) -> None:
    """Service and realm tell, two that share a service are told apart by the realm."""
    known = known_registry("registry.example.com", read_challenges([header]))
    assert known is not None
    assert known.name == name
    assert "registry.example.com" in (known.login or "")


def test_a_challenge_that_many_send_tells_nothing() -> None:
    """distribution's own token challenge and a plain htpasswd realm are of no known registry."""
    headers = ['Bearer realm="https://auth.example/token",service="registry.example"', 'Basic realm="Registry Realm"']
    assert known_registry("registry.example", read_challenges(headers)) is None


def test_the_login_is_written_out_for_the_host() -> None:
    """Region and registry name come from the host, so that the line can be pasted."""
    assert login_command(ECR) == (
        f"aws ecr get-login-password --region eu-central-1 | docker login --username AWS --password-stdin {ECR}"
    )
    assert login_command("contoso.azurecr.io") == "az acr login --name contoso"
    assert login_command("contoso-a1b2c3d4.azurecr.io") == "az acr login --name contoso"
    assert login_command("europe-west4-docker.pkg.dev") == "gcloud auth configure-docker europe-west4-docker.pkg.dev"
    assert login_command("registry.example.com:5000") == "docker login registry.example.com:5000"
    assert login_command("registry.k8s.io") is None


def test_how_long_a_login_lasts_is_said_only_where_it_is_documented() -> None:
    """ECR's twelve hours are; a personal access token's life is the user's own choice."""
    ecr, ghcr = known_registry(ECR), known_registry("ghcr.io")
    assert ecr is not None
    assert ghcr is not None
    assert (ecr.login_life, ghcr.login_life) == (12 * HOUR, None)


def test_every_login_names_its_source() -> None:
    """A command without documentation is not given as advice."""
    for known in KNOWN.values():
        assert known.source.startswith("https://"), known.name
