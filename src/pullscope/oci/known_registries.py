"""What a registry is called and how one logs in to it: labels and advice on top of what was seen.

No role and no verdict hangs on a row here: they come from what a host did. A hosted registry is known by its host name,
one that anybody can run by its own challenge. What is not in the table is None, and the advice is then a plain login.
Every row names where it is from; docs/registries.md shows them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pullscope.oci.challenge import Challenge

HOUR = 3600


@dataclass(frozen=True, kw_only=True, slots=True)
class Login:
    """How a registry is logged in to: `{host}` and the groups of the row's host pattern are filled in."""

    command: str
    source: str
    life: int | None = None
    """Seconds that what the command obtains is good for; None where it has no end of its own, or it is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    """A registry that is known by name or by its challenge."""

    id: str
    name: str
    login: Login | None = None
    hosts: str | None = None
    """A regular expression over the whole host name in lower case, without port 443."""
    service: str | None = None
    """The `service` of its challenge."""
    realm: str | None = None
    """A regular expression that finds something in its challenge's realm."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownRegistry:
    """A registry by its name, with the login command written out for one host."""

    id: str
    name: str
    login: str | None
    """The shell command; words in capitals are the user's to fill in. None: it takes no login."""
    login_life: int | None
    """Seconds after which that login has to be made again; None where that is not known."""
    source: str | None
    """Where command and life are documented."""


_AWS = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html"
_DOCKER_LOGIN = "https://docs.docker.com/reference/cli/docker/login/"
_PLAIN = Login(command="docker login {host}", source=_DOCKER_LOGIN)

_ROWS: tuple[_Row, ...] = (
    _Row(
        id="docker-hub",
        name="Docker Hub",
        hosts=r"(?:registry-1\.|index\.|auth\.)?docker\.io",
        login=Login(command="docker login", source=_DOCKER_LOGIN),
    ),
    _Row(
        id="ghcr",
        name="GitHub Container Registry",
        hosts=r"ghcr\.io",
        login=Login(
            command="echo TOKEN | docker login ghcr.io -u USERNAME --password-stdin",
            source="https://docs.github.com/en/packages/working-with-a-github-packages-registry/"
            "working-with-the-container-registry",
        ),
    ),
    _Row(
        id="ecr",
        name="Amazon ECR",
        hosts=r"[0-9]{12}\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)",
        login=Login(
            command="aws ecr get-login-password --region {region} | docker login --username AWS --password-stdin {host}",
            source=_AWS,
            life=12 * HOUR,
        ),
    ),
    _Row(
        id="ecr-public",
        name="Amazon ECR Public",
        hosts=r"public\.ecr\.aws",
        login=Login(
            # Whatever region is near: the public registry's tokens come from us-east-1.
            command="aws ecr-public get-login-password --region us-east-1 | "
            "docker login --username AWS --password-stdin public.ecr.aws",
            source="https://docs.aws.amazon.com/cli/latest/reference/ecr-public/get-login-password.html",
            life=12 * HOUR,
        ),
    ),
    _Row(
        id="artifact-registry",
        name="Google Artifact Registry",
        hosts=r"(?:[a-z0-9-]+\.pkg\.dev|(?:[a-z]+\.)?gcr\.io)",
        login=Login(
            command="gcloud auth configure-docker {host}",
            source="https://docs.cloud.google.com/artifact-registry/docs/docker/authentication",
        ),
    ),
    _Row(
        id="acr",
        name="Azure Container Registry",
        hosts=r"(?P<registry>[a-z0-9-]+)\.azurecr\.(?:io|cn|us)",
        login=Login(
            command="az acr login --name {registry}",
            source="https://learn.microsoft.com/azure/container-registry/container-registry-authentication",
            life=3 * HOUR,
        ),
    ),
    _Row(id="quay", name="Quay", hosts=r"quay\.io", login=_PLAIN),
    _Row(
        id="gitlab",
        name="GitLab",
        hosts=r"registry\.gitlab\.com",
        service="container_registry",
        realm=r"/jwt/auth$",
        login=Login(
            command="echo TOKEN | docker login {host} -u USERNAME --password-stdin",
            source="https://docs.gitlab.com/user/packages/container_registry/authenticate_with_container_registry/",
        ),
    ),
    _Row(id="k8s", name="registry.k8s.io", hosts=r"registry\.k8s\.io"),
    _Row(id="mcr", name="Microsoft Artifact Registry", hosts=r"mcr\.microsoft\.com"),
    # What anybody can run is known by what it says of itself.
    _Row(id="harbor", name="Harbor", service="harbor-registry", login=_PLAIN),
    _Row(id="artifactory", name="JFrog Artifactory", realm=r"/api/docker/|^Artifactory Realm$", login=_PLAIN),
    _Row(id="nexus", name="Sonatype Nexus", realm=r"^Sonatype Nexus Repository Manager$", login=_PLAIN),
    _Row(id="gitea", name="Gitea or Forgejo", service="container_registry", realm=r"/v2/token$", login=_PLAIN),
)

_HOSTS = tuple((re.compile(row.hosts), row) for row in _ROWS if row.hosts)


def known_registry(host: str, challenges: Iterable[Challenge] = ()) -> KnownRegistry | None:
    """What is known of `host`, an authority as a URL spells it, and of the challenges that it was seen to send."""
    name = host.lower().removesuffix(":443")
    for pattern, row in _HOSTS:
        found = pattern.fullmatch(name)
        if found:
            return _written_out(row, name, found.groupdict())
    for challenge in challenges:
        for row in _ROWS:
            if _says(row, challenge):
                return _written_out(row, name, {})
    return None


def login_command(host: str, challenges: Iterable[Challenge] = ()) -> str | None:
    """The registry's own way to log in, the plain one where it is not known; None where it takes no login at all."""
    known = known_registry(host, challenges)
    return _PLAIN.command.format(host=host) if known is None else known.login


def known_registries() -> tuple[tuple[str, str, Login | None], ...]:
    """Every row as (id, name, login), for the page that shows them."""
    return tuple((row.id, row.name, row.login) for row in _ROWS)


def _says(row: _Row, challenge: Challenge) -> bool:
    if row.service is None and row.realm is None:
        return False
    if row.service is not None and challenge.service != row.service:
        return False
    return row.realm is None or re.search(row.realm, challenge.realm or "") is not None


def _written_out(row: _Row, host: str, groups: dict[str, str]) -> KnownRegistry:
    login = row.login
    return KnownRegistry(
        id=row.id,
        name=row.name,
        login=login.command.format(host=host, **groups) if login else None,
        login_life=login.life if login else None,
        source=login.source if login else None,
    )
