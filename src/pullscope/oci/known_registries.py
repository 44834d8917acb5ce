"""What a registry is called and how one logs in to it: labels and advice on top of what was seen.

No role and no verdict hangs on a row here: they come from what a host did. A hosted registry is known by its host name,
a self-hosted one by its challenge. The advice for a registry without a row is a plain login.
What a registry does on the wire is in `worlds/registries`, by the same ids; docs/registries.md shows both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from pullscope.oci.challenge import Challenge
from pullscope.oci.urls import host_of

HOUR = 3600
PLAIN_LOGIN = "docker login {host}"
_DOCKER_LOGIN = "https://docs.docker.com/reference/cli/docker/login/"


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownRegistry:
    """A registry by its name, how it is logged in to, and what it is known by."""

    id: str
    name: str
    login: str | None = PLAIN_LOGIN
    """The shell command; words in capitals are the user's to fill in. None: it takes no login.

    In the table, `{host}` and the groups of `hosts` stand for what they are at one host, here and in `secret`.
    """
    piped: str | None = None
    """The same for clients that do not ask docker's credential helpers; None: `login` is such a command."""
    login_life: int | None = None
    """Seconds after which that login has to be made again; None where it has no end of its own, or it is not known."""
    source: str = _DOCKER_LOGIN
    """Where command and life are documented."""
    secret: str | None = None
    """What a good login there is made with, where a password may be refused."""
    refuses: frozenset[int] = frozenset()
    """Statuses beside 401 by which it refuses a login itself, where its answer says no more."""
    forbids: bool = False
    """Whether 403 of its token server means that the login is good and lacks the right."""
    voids: bool = False
    """Whether 403 of its token server without words means that the login is wrong or over, before it looks at a right."""
    doubt: str | None = None
    """What else may be wrong there where a token is refused that was given for a login."""
    rights: Mapping[str, str] = field(default_factory=dict)
    """What `pull`, `push` and `delete` take there, by the names that its own documentation has for it."""
    creates: str | None = None
    """The command that makes a repository, where a push does not."""
    is_cache: bool = True
    """Whether what it serves may come from a registry behind it."""
    hosts: str | None = None
    """A regular expression over the whole host name in lower case, without port 443."""
    service: str | None = None
    """The `service` of its challenge."""
    realm: str | None = None
    """A regular expression that finds something in its challenge's realm."""
    server: str | None = None
    """How its Server header begins, where it sends one of its own."""


_ROWS: tuple[KnownRegistry, ...] = (
    KnownRegistry(
        id="docker-hub",
        name="Docker Hub",
        # registry.docker.io is the service of its challenges.
        hosts=r"(?:registry-1\.|index\.|auth\.|registry\.)?docker\.io",
        login="docker login",
        # docs.docker.com/docker-hub/repos/manage/access, docs.docker.com/security/access-tokens
        rights={
            "pull": "an account that its owner has let in",
            "push": "the account of its owner or of a member, and of a token Read & Write",
        },
        is_cache=False,
        secret="an access token (no password where two-factor or single sign-on is on)",
    ),
    KnownRegistry(
        id="ghcr",
        name="GitHub Container Registry",
        hosts=r"ghcr\.io",
        login="echo TOKEN | docker login ghcr.io -u USERNAME --password-stdin",
        source="https://docs.github.com/en/packages/working-with-a-github-packages-registry/"
        "working-with-the-container-registry",
        rights={
            "pull": "a token with read:packages, and access to the package in its own settings",
            "push": "a token with write:packages (in a workflow, permissions: packages: write), and access to the package in its "
            "own settings",  # Snowfork/snowbridge#1272, tridz-dev/huf#349
            "delete": "a token with delete:packages, of an admin of the package",
        },
        is_cache=False,
        secret="a classic personal access token, authorized for SSO where the owner wants it",
        voids=True,
    ),
    KnownRegistry(
        id="ecr",
        name="Amazon ECR",
        hosts=r"[0-9]{12}\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)",
        login="aws ecr get-login-password --region {region} | docker login --username AWS --password-stdin {host}",
        login_life=12 * HOUR,
        source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html",
        # docs.aws.amazon.com/AmazonECR/latest/userguide: image-push-iam.html, repository-policies.html
        rights={
            "pull": "ecr:BatchGetImage and ecr:GetDownloadUrlForLayer, by IAM and by the repository's own policy",
            "push": "ecr:BatchCheckLayerAvailability, ecr:InitiateLayerUpload, ecr:UploadLayerPart, "
            "ecr:CompleteLayerUpload and ecr:PutImage, by IAM and by the repository's own policy",
            "delete": "ecr:BatchDeleteImage",
        },
        creates="aws ecr create-repository --region {region} --repository-name NAME",
        secret="a password made for {region}",
        refuses=frozenset({400}),  # to another region's (aws/aws-cli#5317), and one with a line end more (#4962)
    ),
    KnownRegistry(
        id="ecr-public",
        name="Amazon ECR Public",
        hosts=r"public\.ecr\.aws",
        # Whatever region is near: the public registry's tokens come from us-east-1.
        login="aws ecr-public get-login-password --region us-east-1 | "
        "docker login --username AWS --password-stdin public.ecr.aws",
        login_life=12 * HOUR,
        source="https://docs.aws.amazon.com/cli/latest/reference/ecr-public/get-login-password.html",
        refuses=frozenset({400}),  # aws/containers-roadmap#2835
    ),
    KnownRegistry(
        id="artifact-registry",
        name="Google Artifact Registry",
        hosts=r"(?:[a-z0-9-]+\.pkg\.dev|(?:[a-z]+\.)?gcr\.io)",
        login="gcloud auth configure-docker {host}",
        piped="gcloud auth print-access-token | docker login -u oauth2accesstoken --password-stdin {host}",
        source="https://docs.cloud.google.com/artifact-registry/docs/docker/authentication",
        # docs.cloud.google.com/artifact-registry/docs/access-control
        rights={
            "pull": "the role Artifact Registry Reader",
            "push": "the role Artifact Registry Writer",
            "delete": "the role Artifact Registry Repository Administrator",
        },
        creates="gcloud artifacts repositories create",
        secret="oauth2accesstoken and a new token of an hour, or _json_key and the whole key file",
    ),
    KnownRegistry(
        id="acr",
        name="Azure Container Registry",
        hosts=r"(?P<registry>[a-z0-9-]+)\.azurecr\.(?:io|cn|us)",
        login="az acr login --name {registry}",
        piped="az acr login --name {registry} --expose-token --output tsv --query accessToken | docker login "
        "-u 00000000-0000-0000-0000-000000000000 --password-stdin {host}",
        login_life=3 * HOUR,
        source="https://learn.microsoft.com/azure/container-registry/container-registry-authentication",
        # learn.microsoft.com/azure/container-registry/container-registry-rbac-built-in-roles-overview
        rights={
            "pull": "the role AcrPull",
            "push": "the role AcrPush",
            "delete": "the role AcrDelete",
            "metadata_read": "metadata/read in the scope map of its token",  # Azure/acr#690
        },
        secret="an identity or service principal whose secret has not ended",
    ),
    KnownRegistry(
        id="quay",
        name="Quay",
        hosts=r"quay\.io",
        # docs.quay.io/use_quay.html, "Robot accounts", "Repository permissions"
        rights={
            "pull": "Read on that repository, for a robot account too",
            "push": "Write on that repository, for a robot account too",
            "delete": "Admin on that repository",
        },
        secret="a robot account (ORG+NAME) and its token",
    ),
    KnownRegistry(
        id="gitlab",
        name="GitLab",
        hosts=r"registry\.gitlab\.com",
        service="container_registry",
        realm=r"/jwt/auth$",
        login="echo TOKEN | docker login {host} -u USERNAME --password-stdin",
        source="https://docs.gitlab.com/user/packages/container_registry/authenticate_with_container_registry/",
        rights={
            "pull": "a token with read_registry (a job's own token: that the project lets its project in)",
            "push": "a token with write_registry, of a Developer of the project",
        },
        secret="a token that has read_registry (in a job gitlab-ci-token and CI_JOB_TOKEN)",
        forbids=True,
    ),
    KnownRegistry(id="k8s", name="registry.k8s.io", hosts=r"registry\.k8s\.io", login=None, is_cache=False),
    KnownRegistry(
        id="mcr", name="Microsoft Artifact Registry", hosts=r"mcr\.microsoft\.com", login=None, is_cache=False
    ),
    # Self-hosted registries are known by a challenge that only they send.
    KnownRegistry(
        id="harbor",
        name="Harbor",
        service="harbor-registry",
        # goharbor.io/docs: managing-users/user-permissions-by-role; goharbor/harbor#11225, #13973
        rights={
            "pull": "a member of the project, or a robot account that has pull",
            "push": "a Developer of the project, or a robot account that has push and pull",
            "delete": "a Maintainer of the project, or a robot account that has delete",
        },
        secret="a robot's whole name in single quotes, or the CLI secret where OIDC is on",
        doubt="the login is wrong or over (Harbor gives such a token too)",  # goharbor/harbor#11632, #15110, #20930
    ),
    KnownRegistry(
        id="artifactory",
        name="JFrog Artifactory",
        realm=r"/api/docker/|^Artifactory Realm$",
        # jfrog.com/help: "Permissions"
        rights={
            "pull": "Read on that repository",
            "push": "Deploy/Cache on that repository, and Delete to write over a tag",
            "delete": "Delete on that repository",
        },
        secret="an identity token or API key",
        server="Artifactory/",
    ),
    KnownRegistry(
        id="nexus",
        name="Sonatype Nexus",
        realm=r"^Sonatype Nexus Repository Manager$",
        # help.sonatype.com/en/privileges.html
        rights={
            "pull": "the privilege nx-repository-view-docker-REPOSITORY-read",
            "push": "the privileges nx-repository-view-docker-REPOSITORY-add, -edit and -read",
            "delete": "the privilege nx-repository-view-docker-REPOSITORY-delete",
        },
        secret="the Docker Bearer Token Realm active in its security settings",
        doubt="Nexus takes no tokens (its Docker Bearer Token Realm is not active)",
        server="Nexus/",
    ),
    KnownRegistry(
        id="gitea",
        name="Gitea or Forgejo",
        service="container_registry",
        realm=r"/v2/token$",
        rights={"pull": "a token with read:package", "push": "a token with write:package"},
        secret="a token that has read:package",
    ),
    KnownRegistry(id="registry-2", name="distribution (registry:2)"),
    KnownRegistry(id="registry-3", name="distribution (registry:3)"),
    KnownRegistry(id="zot", name="Zot"),
    KnownRegistry(id="cloudflare", name="Cloudflare serverless registry"),
)

KNOWN: Mapping[str, KnownRegistry] = {row.id: row for row in _ROWS}
"""The table, by id."""

WEBSITES: Mapping[str, str] = {
    **dict.fromkeys(
        ("docker.io", "docker.com", "www.docker.com", "hub.docker.com", "cloud.docker.com"), "registry-1.docker.io"
    ),
    "github.com": "ghcr.io",
    "gitlab.com": "registry.gitlab.com",
    "www.redhat.com": "registry.redhat.io",
    "catalog.redhat.com": "registry.redhat.io",
    "kubernetes.io": "registry.k8s.io",
    "gallery.ecr.aws": "public.ecr.aws",
    "console.cloud.google.com": "gcr.io",
    "portal.azure.com": "NAME.azurecr.io",
}
"""Pages for people that are taken for a registry, and the host of the registry itself: containerd/containerd#7400."""

_HOSTS = tuple((re.compile(row.hosts), row) for row in _ROWS if row.hosts)


def known_registry(
    host: str, challenges: Iterable[Challenge] = (), servers: Iterable[str] = ()
) -> KnownRegistry | None:
    """What is known of `host`, an authority as a URL spells it, and of the challenges and Server that it was seen to send."""
    name = host.lower().removesuffix(":443")
    for pattern, row in _HOSTS:
        if found := pattern.fullmatch(name):
            return _at(name, row, **found.groupdict())
    said = [row for challenge in challenges for row in _ROWS if _says(row, challenge)]
    said += [row for server in servers for row in _ROWS if row.server is not None and server.startswith(row.server)]
    return _at(name, said[0]) if said else None


def registry_behind(challenges: Iterable[Challenge]) -> KnownRegistry | None:
    """The hosted registry whose own challenge this is, at whatever host: mirrors, proxies and vanity domains pass it on."""
    named = (name for one in challenges for name in (host_of(one.realm or ""), one.service or ""))
    return next((known for name in named if (known := known_registry(name)) is not None), None)


def login_command(host: str) -> str | None:
    """The registry's own way to log in, the plain one where it is not known; None where it takes no login at all."""
    known = known_registry(host)
    return PLAIN_LOGIN.format(host=host) if known is None else known.login


def _at(host: str, row: KnownRegistry, **groups: str) -> KnownRegistry:
    texts = {name: getattr(row, name) for name in ("login", "piped", "creates", "secret")}
    return replace(row, **{name: text and text.format(host=host, **groups) for name, text in texts.items()})


def _says(row: KnownRegistry, challenge: Challenge) -> bool:
    known = row.service is not None or row.realm is not None
    by_realm = row.realm is None or re.search(row.realm, challenge.realm or "") is not None
    return known and row.service in (None, challenge.service) and by_realm
