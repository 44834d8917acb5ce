"""What a registry is called and how one logs in to it: labels and advice on top of what was seen.
One file, because the registries are one table.

No role and no verdict hangs on a row here: they come from what a host did. A hosted registry is known by its host name,
a self-hosted one by its challenge. The advice for a registry without a row is a plain login.
What a registry does on the wire is in `worlds/registries`, by the same ids; docs/registries.md shows both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pullscope.oci.challenge import Challenge
from pullscope.oci.registry_steps import RIGHTS, STEPS
from pullscope.oci.text_table import rows
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
    all_may_read: bool = False
    """Whether all that it has is public."""
    doubt: str | None = None
    """What else may be wrong there where a token is refused that was given for a login."""
    steps: Mapping[str, str] = field(default_factory=dict)
    """What is to be done there (`registry_steps`), with the names of `step`."""
    at: Mapping[str, str] = field(default_factory=dict)
    """Its host, and the groups of `hosts`."""
    helper: str | None = None
    """The credential helper for it that kaniko's image has (kaniko's README, "Pushing to Different Registries")."""
    copies: str | None = None
    """The registry of whose images it keeps some, for all who ask."""
    names: str | None = None
    """How names are made there, where none has fewer parts."""
    is_cache: bool = True
    """Whether what it serves may come from a registry behind it."""
    hosts: str | None = None
    """A regular expression over the whole host name in lower case, without port 443."""
    service: str | None = None
    """The `service` of its challenge."""
    realm: str | None = None
    """A regular expression that finds something in its challenge's realm."""
    mark: str | None = None
    """How its own Server header or its words begin, or a path that only it has."""
    inside: str | None = None
    """A regular expression for how its names begin where it is run."""

    def step(self, need: str, name: str | None = None, role: str | None = None) -> str | None:
        """One of its steps, for a repository and for who asks; None where none is known, or its names are not."""
        owner, _, rest = (name or "OWNER/NAME").partition("/")
        names = {"name": name, "owner": owner, "path": rest.replace("/", "%2F"), "repository": rest.partition("/")[0]}
        fields = {key: text or key.upper() for key, text in {**self.at, **names, "role": role}.items()}
        text = self.steps.get(need) or (self.steps.get("grant") if need in RIGHTS else None)
        one = (
            re.sub(r"\[(.+?)\]", lambda ways: ways[1].split("|")[RIGHTS.index(need)], text)
            if need in RIGHTS and text
            else text
        )
        return one.format_map(fields) if one is not None else None

    @property
    def status(self) -> str:
        """Where its faults are told."""
        return self.steps.get("status", f"the status page of {self.name}")


TABLE = r"""
docker-hub: Docker Hub
    # registry.docker.io is the service of its challenges
    hosts (?:registry-1\.|index\.|auth\.|registry\.)?docker\.io|(?:auth|registry)\.ipv6\.docker\.com|registry\.hub\.docker\.com
    login docker login
    is_cache no
    # an e-mail address is no user name of docker login: docker/cli#961, docker/hub-feedback#1434, docker/for-win#3212
    secret the Docker ID (no e-mail address) and an access token (no password where two-factor or single sign-on is on)
ghcr: GitHub Container Registry
    hosts ghcr\.io
    names OWNER/NAME
    login echo TOKEN | docker login ghcr.io -u USERNAME --password-stdin
    source https://docs.github.com/en/packages/working-with-a-github-packages-registry/working-with-the-container-registry
    is_cache no
    secret a classic personal access token with read:packages (to push write:packages), authorized for SSO if the owner wants it
    voids yes
ecr: Amazon ECR
    hosts (?:(?!0{12})[0-9]{12}|masked)\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)
    login aws ecr get-login-password --region {region} | docker login --username AWS --password-stdin {host}
    login_life 12
    helper ecr-login
    source https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
    secret a password made for {region}
    # to another region's (aws/aws-cli#5317), and one with a line end more (#4962)
    refuses 400
# docs.localstack.cloud, "Elastic Container Registry"; its account is none of AWS: localstack/localstack#8128, #4643, #6228
localstack: LocalStack's ECR
    inside (?:.+\.)?localhost\.localstack\.cloud\b|0{12}\.dkr[.-]ecr
    login awslocal ecr get-login-password | docker login --username AWS --password-stdin {host}
    source https://docs.localstack.cloud/aws/services/ecr
# Whatever region is near: the public registry's tokens come from us-east-1. aws/containers-roadmap#2835
ecr-public: Amazon ECR Public
    hosts public\.ecr\.aws
    login aws ecr-public get-login-password --region us-east-1 | docker login --username AWS --password-stdin public.ecr.aws
    login_life 12
    source https://docs.aws.amazon.com/cli/latest/reference/ecr-public/get-login-password.html
    refuses 400
    # docs.aws.amazon.com/AmazonECR/latest/public, "Pulling": docker logout, for a token that has expired is refused
    all_may_read yes
# It keeps of Docker Hub what is asked for often: podman-container-tools/podman#19409, #7965, buildbuddy-io/buildbuddy#1861
mirror-gcr: Google's cache of Docker Hub
    hosts mirror\.gcr\.io
    login none
    source https://github.com/podman-container-tools/podman/issues/19409
    copies docker.io
artifact-registry: Google Artifact Registry
    hosts (?:(?P<location>[a-z0-9-]+?)(?:-[a-z]+)?\.pkg\.dev|(?:[a-z]+\.)?gcr\.io)
    # google-github-actions/deploy-cloudrun#420, gitpod-io/gitpod#3695
    names PROJECT/REPOSITORY/IMAGE
    login gcloud auth configure-docker {host}
    piped gcloud auth print-access-token | docker login -u oauth2accesstoken --password-stdin {host}
    source https://docs.cloud.google.com/artifact-registry/docs/docker/authentication
    secret oauth2accesstoken and a new token of an hour, or _json_key and the whole key file
acr: Azure Container Registry
    # NAME-HASH, and commands take NAME: learn.microsoft.com, "Configure Domain Name Label (DNL) option"
    hosts (?P<registry>[a-z0-9]+)(?:-[a-z0-9]+)?\.azurecr\.(?:io|cn|us)
    login az acr login --name {registry}
    piped az acr login --name {registry} --expose-token --output tsv --query accessToken | docker login
        -u 00000000-0000-0000-0000-000000000000 --password-stdin {host}
    login_life 3
    helper acr-env
    source https://learn.microsoft.com/azure/container-registry/container-registry-authentication
    secret an identity or service principal whose secret has not ended
# Oracle's: a login that it does not know is told as none (oracle/docker-images#2551)
ocir: Oracle Container Registry (OCIR)
    hosts [a-z-]+\.ocir\.io|ocir\.[a-z0-9-]+\.oci\.oraclecloud\.com
    login echo AUTH_TOKEN | docker login {host} -u NAMESPACE/USERNAME --password-stdin
    source https://docs.oracle.com/iaas/Content/Registry/Tasks/registrypullingimagesfromocir.htm
    secret the tenancy's namespace before the user's name (NAMESPACE/DOMAIN/USER in an identity domain) and an auth token
icr: IBM Cloud Container Registry
    hosts (?!cp\.)(?:[a-z0-9-]+\.)?icr\.io
    login ibmcloud cr login
    piped echo API_KEY | docker login {host} -u iamapikey --password-stdin
    source https://cloud.ibm.com/docs/Registry?topic=Registry-registry_access
    secret iamapikey and an API key
# IBM/DataStage and other products of IBM
cp-icr: IBM Entitled Registry
    hosts cp\.icr\.io
    login echo ENTITLEMENT_KEY | docker login cp.icr.io -u cp --password-stdin
    source https://www.ibm.com/docs/en/SSHPDZ_latest/features/entitled-registry.html
    secret cp and the entitlement key of the account (myibm.ibm.com/products-services/containerlibrary)
redhat: Red Hat Registry
    hosts registry\.redhat\.io
    source https://access.redhat.com/RegistryAuthentication
    secret a registry service account and its token, or a Red Hat login (its name, and not the e-mail address)
redhat-open: Red Hat Registry without logins
    hosts registry\.access\.redhat\.com
    login none
    source https://access.redhat.com/RegistryAuthentication
    is_cache no
ngc: NVIDIA NGC
    hosts nvcr\.io
    login echo NGC_API_KEY | docker login nvcr.io -u '$oauthtoken' --password-stdin
    source https://docs.nvidia.com/nim/speech/latest/get-started/ngc-access-setup.html
    secret the name $oauthtoken as it stands here, and an API key of NGC
quay: Quay
    hosts quay\.io
    secret a robot account (ORG+NAME) and its token
gitlab: GitLab
    hosts registry\.gitlab\.com
    service container_registry
    realm /jwt/auth$
    login echo TOKEN | docker login {host} -u USERNAME --password-stdin
    source https://docs.gitlab.com/user/packages/container_registry/authenticate_with_container_registry/
    secret a token that has read_registry (in a job gitlab-ci-token and CI_JOB_TOKEN)
    forbids yes
digitalocean: DigitalOcean Container Registry
    hosts registry\.digitalocean\.com
    # fluxcd/flux2#2477, #2454
    names REGISTRY/REPOSITORY
    login doctl registry login
    login_life 720
    source https://docs.digitalocean.com/reference/doctl/reference/registry/login/
# lyz7805/v2ray4flyio#18: an app for each name
fly: Fly's registry
    hosts registry\.fly\.io
    login fly auth docker
    source https://fly.io/docs/flyctl/auth-docker/
    is_cache no
heroku: Heroku Container Registry
    hosts registry\.heroku\.com
    names APP/PROCESS
    login heroku container:login
    source https://devcenter.heroku.com/articles/container-registry-and-runtime
    is_cache no
scaleway: Scaleway Container Registry
    hosts rg\.[a-z-]+\.scw\.cloud
    # developers.scaleway.com, "Container Registry API"
    names NAMESPACE/IMAGE
    login echo SECRET_KEY | docker login {host} -u nologin --password-stdin
    source https://github.com/scaleway/docs-content/pull/3999
    secret the secret key of an API key
aliyun: Alibaba Cloud Container Registry
    hosts registry(?:-[a-z]+)*\.[a-z0-9-]+\.aliyuncs\.com|(?:[a-z0-9-]+\.)+cr\.aliyuncs\.com
    login echo PASSWORD | docker login {host} -u ACCOUNT --password-stdin
    source https://www.alibabacloud.com/help/en/acr/user-guide/configure-access-credentials
    secret the account's full name (a RAM user's own: USER@ALIAS) and the password set for it at Access Credential in its console
huawei-swr: Huawei Cloud SWR
    hosts swr\.(?P<region>[a-z0-9-]+)\.(?:myhuaweicloud\.com|otc\.t-systems\.com)
    # support.huaweicloud.com, "Why Does an Image Fail to Be Uploaded on the SWR Console?"
    names ORGANIZATION/IMAGE
    login echo LOGIN_KEY | docker login {host} -u {region}@AK --password-stdin
    source https://support.huaweicloud.com/intl/en-us/usermanual-swr/swr_01_1000.html
    secret {region}@AK (the project's name before the @) and a key made of AK and SK (its console, Generate Login Command)
tencent: Tencent Container Registry
    # the second is its personal edition, whose token server has Harbor's path: tencentmusic/cube-studio#30
    hosts [a-z0-9-]+\.tencentcloudcr\.com|[a-z]*ccr\.ccs\.tencentyun\.com
    login echo PASSWORD | docker login {host} -u ACCOUNT_ID --password-stdin
    source https://www.tencentcloud.com/document/product/1051/54755
    secret the account's ID and a credential made in its console (a temporary one lives an hour)
chainguard: Chainguard's registry
    hosts cgr\.dev
    login chainctl auth configure-docker
    source https://edu.chainguard.dev/chainguard/containers/registry/authenticating/
    is_cache no
k8s: registry.k8s.io
    hosts registry\.k8s\.io|k8s\.gcr\.io
    login none
    is_cache no
mcr: Microsoft Artifact Registry
    hosts mcr\.microsoft\.com
    login none
    is_cache no
# docs.docker.com/dhi/how-to/use; docker-hardened-images/catalog#171
dhi: Docker Hardened Images
    hosts dhi\.io
    login docker login dhi.io
    is_cache no
    secret the Docker ID (no e-mail address) and an access token
# replicate.com/docs/guides/push-a-model; replicate/cog#1278, #1975, #3164
replicate: Replicate's registry
    hosts r8\.im
    names OWNER/MODEL
    login cog login
    is_cache no
# models alone; ollama/ollama#8873
ollama: Ollama's registry
    hosts registry\.ollama\.ai
    is_cache no
# Self-hosted registries are known by a challenge that only they send.
# docs.redhat.com: openshift_container_platform, "Accessing the registry"; minishift/minishift#817
openshift: OpenShift's registry
    realm /openshift/token$
    inside (?:(?:default-route-openshift-|image-registry\.openshift-)image-registry|docker-registry(?:\.default\.svc|-default))\b
    login oc whoami -t | docker login {host} -u USER --password-stdin
    source https://docs.openshift.com/container-platform/4.0/registry/accessing-the-registry.html
    is_cache no
    secret any name and the token of oc whoami -t
harbor: Harbor
    realm /service/token$
    # goharbor/harbor#19814, #2391, #56
    names PROJECT/NAME
    secret a robot's whole name in single quotes, or the CLI secret where OIDC is on
    # goharbor/harbor#11632, #15110, #20930
    doubt the login is wrong or over (Harbor gives such a token too)
    # goharbor/harbor#16429, #19067, #23750; #9726
    mark NOT_FOUND: artifact | /chartrepo/ | /api/chartrepo/
artifactory: JFrog Artifactory
    hosts [a-z0-9-]+\.jfrog\.io
    realm /api/docker/|^Artifactory Realm$
    secret an identity token or API key
    mark Artifactory/
nexus: Sonatype Nexus
    realm ^Sonatype Nexus Repository Manager$
    secret the Docker Bearer Token Realm active in its security settings
    doubt Nexus takes no tokens (its Docker Bearer Token Realm is not active)
    mark Nexus/
gitea: Gitea or Forgejo
    service container_registry
    realm /v2/token$
    secret a token that has read:package
# pulpproject.org/pulp_container, "Authentication"; Katello is built on it
pulp: Pulp
    realm /token/$
    mark /pulp/container/
registry-2: distribution (registry:2)
registry-3: distribution (registry:3)
# zot, examples/config-*.json; zotregistry.dev, "Searching Zot"; project-zot/zot#3538, #3300
zot: Zot
    realm ^zot$
    mark /v2/_zot/
cloudflare: Cloudflare serverless registry
"""
"""The registries: id and name, and below them the fields of `KnownRegistry`, by their names."""

_READ: Mapping[str, Callable[[str], object]] = {
    "login": lambda text: None if text == "none" else text,
    "login_life": lambda hours: int(hours) * HOUR,
    "refuses": lambda statuses: frozenset(map(int, statuses.split())),
    **dict.fromkeys(("is_cache", "forbids", "voids", "all_may_read"), lambda text: text == "yes"),
}


def _rows() -> Iterator[KnownRegistry]:
    for key, name, said in rows(TABLE):
        known: dict[str, Any] = {one: _READ.get(one, str)(text) for one, text in said.items()}
        yield KnownRegistry(id=key, name=name, steps=STEPS.get(key, {}), **known)


_ROWS = tuple(_rows())

KNOWN: Mapping[str, KnownRegistry] = {row.id: row for row in _ROWS}
"""The table, by id."""

WEBSITES: Mapping[str, str] = {
    "docker.io": "registry-1.docker.io",
    **{f"{name}docker.com": "registry-1.docker.io" for name in ("", "www.", "hub.", "cloud.")},
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


SEARCHED = frozenset({"registry.access.redhat.com", "registry.fedoraproject.org", "registry.opensuse.org", "quay.io"})
"""Where podman and CRI-O look for short names: containers/shortnames; podman-container-tools/podman#336."""


def known_registry(host: str, challenges: Iterable[Challenge] = (), marks: Iterable[str] = ()) -> KnownRegistry | None:
    """What is known of `host`, as a URL spells it, of the challenges and Server that it sent, and of paths that it has."""
    name = host.lower().removesuffix(":443")
    for pattern, row in _HOSTS:
        if found := pattern.fullmatch(name):
            return _at(name, row, **found.groupdict())
    said = [row for challenge in challenges for row in _ROWS if _says(row, challenge)]
    said += [row for mark in marks for row in _ROWS if row.mark and mark.startswith(tuple(row.mark.split(" | ")))]
    return _at(name, said[0]) if said else None


def named_inside(host: str) -> KnownRegistry | None:
    """The self-hosted registry that has such a name where it is run."""
    return next((_at(host, row) for row in _ROWS if row.inside is not None and re.match(row.inside, host)), None)


def registry_behind(challenges: Iterable[Challenge]) -> KnownRegistry | None:
    """The hosted registry whose own challenge this is, at whatever host: mirrors, proxies and vanity domains pass it on."""
    named = (name for one in challenges for name in (host_of(one.realm or ""), one.service or ""))
    return next((known for name in named if (known := known_registry(name)) is not None), None)


def login_command(host: str) -> str | None:
    """The registry's own way to log in, the plain one where it is not known; None where it takes no login at all."""
    known = known_registry(host)
    return PLAIN_LOGIN.format(host=host) if known is None else known.login


def _at(host: str, row: KnownRegistry, **groups: str) -> KnownRegistry:
    texts = {name: getattr(row, name) for name in ("login", "piped", "secret")}
    at = {"host": host, **groups}
    own = None if None in groups.values() else row.names  # gcr.io has two parts, pkg.dev three
    return replace(row, at=at, names=own, **{name: text and text.format(**at) for name, text in texts.items()})


def _says(row: KnownRegistry, challenge: Challenge) -> bool:
    known = row.service is not None or row.realm is not None
    by_realm = row.realm is None or re.search(row.realm, challenge.realm or "") is not None
    return known and row.service in (None, challenge.service) and by_realm
