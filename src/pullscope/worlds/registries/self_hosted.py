"""Registries that anybody can run: Harbor, Artifactory, Nexus, Gitea and Forgejo, distribution, Zot, Cloudflare's."""

from __future__ import annotations

from pullscope.worlds.registries.row import Anonymous, Asks, Blobs, Fact, OwnFault, Registry, Said, Scopes, Tokens

_UNAUTHORIZED = Said(status=401, code="UNAUTHORIZED", message="authentication required")

_HARBOR = "https://github.com/goharbor/harbor/blob/017132611e0d69a19c6e951b66b50949375d2ef6/src"
_HARBOR_AUTH = f"{_HARBOR}/server/middleware/v2auth/auth.go"
_HARBOR_TOKEN = f"{_HARBOR}/core/service/token/creator.go"
_HARBOR_REFUSES = Said(
    status=401,
    code="UNAUTHORIZED",
    message="unauthorized to access repository: {repository}, action: pull: "
    "unauthorized to access repository: {repository}, action: pull",
)
_HARBOR_REALM = 'Bearer realm="https://harbor.example.com/service/token",service="harbor-registry"'

HARBOR = Registry(
    id="harbor",
    name="Harbor",
    host="harbor.example.com",
    anonymous=Fact(Anonymous.OPEN, _HARBOR_AUTH, "2026-11"),
    asks=Fact(
        Asks(
            ping=(_HARBOR_REALM,),
            other=(_HARBOR_REALM + ',scope="{scope}"',),
            says=_HARBOR_REFUSES,
            # Whoever has shown a token that is not enough is asked for a password.
            refused=('Basic realm="harbor"',),
            head_always=True,
        ),
        _HARBOR_AUTH,
        "2026-11",
    ),
    tokens=Fact(
        Tokens(realm="https://harbor.example.com/service/token", expires_in=1800, life=1800, post=False),
        "https://github.com/containerd/containerd/issues/11103 https://github.com/goharbor/harbor/issues/23799",
        "2024-12",
    ),
    scopes=Fact(Scopes.LEFT_OUT, _HARBOR_TOKEN, "2026-11"),
    faults=(
        (
            OwnFault(
                code="harbor-basic-after-bearer",
                title="a token that grants nothing, and then a Basic challenge for whoever shows it",
                private=True,
                client="crane",
            ),
            "https://github.com/goharbor/harbor/issues/18856",
            "2026-09-10",
        ),
    ),
)

_ART_HOST = "docker.artifactory.example.com"
_ART_REALM = f"{_ART_HOST}/artifactory/api/docker/docker-local/v2/token"
_ART_LOG = "https://github.com/moby/moby/issues/38662"

ARTIFACTORY = Registry(
    id="artifactory",
    name="JFrog Artifactory",
    host=_ART_HOST,
    anonymous=Fact(
        Anonymous.NOTHING,
        "https://jfrog.com/help/r/how-to-troubleshoot-docker-problems/docker-login-docker.art.local",
        "2018-05-23",
    ),
    asks=Fact(
        Asks(
            ping=(f'Bearer realm="https://{_ART_REALM}",service="{_ART_HOST}"',),
            other=(f'Bearer realm="https://{_ART_REALM}",service="{_ART_HOST}"',),
            says=_UNAUTHORIZED,
        ),
        _ART_LOG,
        "2019-01-31",
    ),
    tokens=Fact(
        Tokens(realm=f"https://{_ART_REALM}"),
        "https://jfrog.com/help/r/how-to-troubleshoot-docker-problems/docker-login-docker.art.local",
        "2018-05-23",
    ),
    head=Fact(
        "HEAD of /v2/ has no WWW-Authenticate in some releases; GET has",
        "https://github.com/vmware/vic/pull/6590",
        "2017-10-19",
    ),
    faults=(
        (
            OwnFault(
                code="artifactory-http-realm",
                title="the realm is http, as behind a proxy that hides https; there it is redirected, and the login is lost",
                endpoints=("ping", "manifest", "blob"),
                challenges=(f'Bearer realm="http://{_ART_REALM}",service="{_ART_HOST}"',),
                login=True,
                client="docker-classic",
                survived=True,
            ),
            _ART_LOG,
            "2019-01-31",
        ),
        (
            OwnFault(code="artifactory-not-logged-in", title="no login", private=True, client="docker-classic"),
            _ART_LOG,
            "2019-01-31",
        ),
    ),
)

_NEXUS_921 = "https://github.com/sonatype/nexus-public/issues/921"
_NEXUS_ASKS = 'BASIC realm="Sonatype Nexus Repository Manager"'

NEXUS = Registry(
    id="nexus",
    name="Sonatype Nexus",
    host="nexus.example.com",
    anonymous=Fact(Anonymous.NOTHING, _NEXUS_921, "2026-02-19"),
    asks=Fact(Asks(ping=(_NEXUS_ASKS,), other=(_NEXUS_ASKS,), says=None), _NEXUS_921, "2026-02-19"),
    faults=(
        (
            OwnFault(
                code="nexus-anonymous-off",
                title="forceBasicAuth, which is on unless it is turned off by the API: no anonymous pulls",
                private=True,
                client="docker-classic",
            ),
            _NEXUS_921,
            "2026-02-19",
        ),
    ),
)

_GITEA = (
    "https://github.com/go-gitea/gitea/blob/00dbfe2bd95e5d6d7c6e2a5147e16ad037187dda/"
    "routers/api/packages/container/container.go"
)
_GITEA_REALM = "https://gitea.example.com/v2/token"
_GITEA_ASKS = f'Bearer realm="{_GITEA_REALM}",service="container_registry",scope="*"'

GITEA = Registry(
    id="gitea",
    name="Gitea and Forgejo",
    host="gitea.example.com",
    anonymous=Fact(Anonymous.TOKEN, _GITEA, "2026-11"),
    asks=Fact(
        Asks(
            ping=(_GITEA_ASKS,),
            other=(_GITEA_ASKS,),
            says=Said(status=401, code="UNAUTHORIZED", message=""),
        ),
        "https://github.com/go-gitea/gitea/issues/36907",
        "2026-03-16",
    ),
    tokens=Fact(Tokens(realm=_GITEA_REALM, named=False), _GITEA, "2026-11"),
    scopes=Fact(Scopes.LEFT_OUT, _GITEA, "2026-11"),
    blobs=Fact(Blobs(), _GITEA, "2026-11"),
    head=Fact("HEAD of manifests and blobs has digest and length", _GITEA, "2026-11"),
    body_limit=Fact("10 MiB for a manifest", _GITEA, "2026-11"),
    faults=(
        (
            OwnFault(
                code="gitea-realm-elsewhere",
                title="the realm is made from ROOT_URL, which nobody set: localhost:3000",
                endpoints=("ping", "manifest", "blob"),
                challenges=('Bearer realm="http://localhost:3000/v2/token",service="container_registry",scope="*"',),
                client="docker-classic",
            ),
            "https://github.com/go-gitea/gitea/issues/31002",
            "2024-05-17",
        ),
        (
            OwnFault(
                code="gitea-basic-too",
                title="1.26.0: Basic is asked for besides, and docker with its own image store takes both or nothing",
                endpoints=("ping", "manifest", "blob"),
                challenges=(_GITEA_ASKS, "Basic"),
                client="docker-classic",
            ),
            "https://github.com/go-gitea/gitea/issues/37289",
            "2026-04-19",
        ),
    ),
)

_DISTRIBUTION = "https://distribution.github.io/distribution/about/deploying/"
_HTPASSWD = (
    "https://github.com/distribution/distribution/blob/01c6f40b6e2fadd5ecc931a87e3afb2395a91327/"
    "registry/auth/htpasswd/access.go"
)


def _distribution(version: str) -> Registry:
    return Registry(
        id=f"registry-{version}",
        name=f"distribution (registry:{version})",
        host="registry.example.com",
        anonymous=Fact(Anonymous.OPEN, _DISTRIBUTION, "2026-11"),
        blobs=Fact(Blobs(), _DISTRIBUTION, "2026-11"),
        faults=(
            (
                OwnFault(
                    code=f"registry-{version}-htpasswd",
                    title="htpasswd is on, and the client has no login",
                    endpoints=("ping", "manifest", "blob"),
                    says=_UNAUTHORIZED,
                    challenges=('Basic realm="Registry Realm"',),
                    client="docker-classic",
                ),
                _HTPASSWD,
                "2026-11",
            ),
        ),
    )


REGISTRY_2, REGISTRY_3 = _distribution("2"), _distribution("3")

_ZOT = "https://github.com/project-zot/zot/blob/029f6f0a292bcaf2fc4029a2c22435f7e499bcc7/pkg/api/authn.go"
_ZOT_FAIL = "https://github.com/project-zot/zot/blob/000bbedf5679e7b0c21a9963af490c2f932445c9/pkg/common/http_server.go"

ZOT = Registry(
    id="zot",
    name="Zot",
    host="zot.example.com",
    anonymous=Fact(Anonymous.OPEN, _ZOT, "2026-11"),
    blobs=None,
    faults=(
        (
            OwnFault(
                code="zot-htpasswd",
                title="htpasswd is on, and the client has no login",
                endpoints=("ping", "manifest", "blob"),
                says=_UNAUTHORIZED,
                challenges=('Basic realm="Authorization Required"',),
                client="docker-classic",
            ),
            _ZOT_FAIL,
            "2026-11",
        ),
    ),
)

_CF = "https://github.com/cloudflare/serverless-registry/blob"
_CF_ERRORS = f"{_CF}/13522df51215c8f87b5afb2c1be1e0c2887b1844/src/errors.ts"
_CF_HOST = "r2-registry.example.workers.dev"

CLOUDFLARE = Registry(
    id="cloudflare",
    name="Cloudflare serverless registry",
    host=_CF_HOST,
    anonymous=Fact(Anonymous.NOTHING, f"{_CF}/1c983be933eac001ba8e45dbf7a908b7db866b5f/index.ts", "2026-11"),
    asks=Fact(
        # The realm is the very address that was asked for.
        Asks(ping=('Basic realm="{url}"',), other=('Basic realm="{url}"',), says=_UNAUTHORIZED),
        _CF_ERRORS,
        "2026-11",
    ),
    body_limit=Fact(
        "the edge in front takes 100 MB (500 MB on large plans): 413 and a web page for larger layers of `docker push`",
        "https://github.com/cloudflare/serverless-registry/issues/67",
        "2024-10-15",
    ),
    faults=(
        (
            OwnFault(code="cloudflare-not-logged-in", title="no login", private=True, client="docker-classic"),
            _CF_ERRORS,
            "2026-11",
        ),
    ),
)
