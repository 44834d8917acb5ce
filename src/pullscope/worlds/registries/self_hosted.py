"""Self-hosted registries: Harbor, Artifactory, Nexus, Gitea and Forgejo, distribution, Zot, Cloudflare's."""

from __future__ import annotations

from dataclasses import replace

from pullscope.worlds.registries.row import (
    EVERYWHERE,
    UNAUTHORIZED,
    Anonymous,
    Asks,
    Blobs,
    Fact,
    OwnFault,
    Registry,
    Said,
    Scopes,
    Tokens,
    not_logged_in,
    own_fault,
)

_HARBOR = "https://github.com/goharbor/harbor/blob/017132611e0d69a19c6e951b66b50949375d2ef6/src"
_HARBOR_AUTH = f"{_HARBOR}/server/middleware/v2auth/auth.go 2026-11"
_HARBOR_TOKEN = f"{_HARBOR}/core/service/token/creator.go 2026-11"
_HARBOR_REFUSES = Said(
    status=401,
    code="UNAUTHORIZED",
    message="unauthorized to access repository: {repository}, action: pull: "
    "unauthorized to access repository: {repository}, action: pull",
)
_HARBOR_REALM = "https://harbor.example.com/service/token"

HARBOR = Registry(
    id="harbor",
    host="harbor.example.com",
    anonymous=Fact(Anonymous.OPEN, _HARBOR_AUTH),
    asks=Fact(
        replace(
            Asks.bearer(_HARBOR_REALM, "harbor-registry", _HARBOR_REFUSES),
            # After a token that is not enough, it asks for a password.
            refused=('Basic realm="harbor"',),
            head_always=True,
        ),
        _HARBOR_AUTH,
    ),
    tokens=Fact(
        Tokens(realm=_HARBOR_REALM, expires_in=1800, life=1800, post=False),
        "https://github.com/containerd/containerd/issues/11103 https://github.com/goharbor/harbor/issues/23799 2024-12",
    ),
    scopes=Fact(Scopes.LEFT_OUT, _HARBOR_TOKEN),
    faults=(
        own_fault(
            "harbor-basic-after-bearer",
            "a token that grants nothing, and then a Basic challenge for a client that sends it",
            "https://github.com/goharbor/harbor/issues/18856 2026-09-10",
            private=True,
            client="crane",
        ),
    ),
)

_ART_HOST = "docker.artifactory.example.com"
_ART_REALM = f"https://{_ART_HOST}/artifactory/api/docker/docker-local/v2/token"
_ART_LOG = "https://github.com/moby/moby/issues/38662 2019-01-31"

ARTIFACTORY = Registry(
    id="artifactory",
    host=_ART_HOST,
    anonymous=Fact(
        Anonymous.NOTHING,
        "https://jfrog.com/help/r/how-to-troubleshoot-docker-problems/docker-login-docker.art.local 2018-05-23",
    ),
    asks=Fact(Asks.everywhere(f'Bearer realm="{_ART_REALM}",service="{_ART_HOST}"', UNAUTHORIZED), _ART_LOG),
    tokens=Fact(
        Tokens(realm=_ART_REALM),
        "https://jfrog.com/help/r/how-to-troubleshoot-docker-problems/docker-login-docker.art.local 2018-05-23",
    ),
    head=Fact(
        "HEAD of /v2/ has no WWW-Authenticate in some releases; GET has",
        "https://github.com/vmware/vic/pull/6590 2017-10-19",
    ),
    faults=(
        own_fault(
            "artifactory-http-realm",
            "the realm is http, as behind a proxy that hides https; there it is redirected, and the login is lost",
            _ART_LOG,
            endpoints=EVERYWHERE,
            challenges=(f'Bearer realm="{_ART_REALM.replace("https", "http")}",service="{_ART_HOST}"',),
            login=True,
            client="docker-classic",
            survived=True,
        ),
        not_logged_in("artifactory-not-logged-in", _ART_LOG),
    ),
)

_NEXUS_921 = "https://github.com/sonatype/nexus-public/issues/921 2026-02-19"
_NEXUS_ASKS = 'BASIC realm="Sonatype Nexus Repository Manager"'

NEXUS = Registry(
    id="nexus",
    host="nexus.example.com",
    anonymous=Fact(Anonymous.NOTHING, _NEXUS_921),
    asks=Fact(Asks.everywhere(_NEXUS_ASKS, None), _NEXUS_921),
    faults=(
        not_logged_in(
            "nexus-anonymous-off",
            _NEXUS_921,
            "forceBasicAuth, which is on unless it is turned off (Allow anonymous docker pull): no anonymous pulls",
        ),
    ),
)

_GITEA = (
    "https://github.com/go-gitea/gitea/blob/00dbfe2bd95e5d6d7c6e2a5147e16ad037187dda/"
    "routers/api/packages/container/container.go 2026-11"
)
_GITEA_REALM = "https://gitea.example.com/v2/token"
_GITEA_ASKS = f'Bearer realm="{_GITEA_REALM}",service="container_registry",scope="*"'

GITEA = Registry(
    id="gitea",
    host="gitea.example.com",
    anonymous=Fact(Anonymous.TOKEN, _GITEA),
    asks=Fact(
        Asks.everywhere(_GITEA_ASKS, Said(status=401, code="UNAUTHORIZED", message="")),
        "https://github.com/go-gitea/gitea/issues/36907 2026-03-16",
    ),
    tokens=Fact(Tokens(realm=_GITEA_REALM, named=False), _GITEA),
    scopes=Fact(Scopes.LEFT_OUT, _GITEA),
    blobs=Fact(Blobs(), _GITEA),
    head=Fact("HEAD of manifests and blobs has digest and length", _GITEA),
    body_limit=Fact("10 MiB for a manifest", _GITEA),
    faults=(
        own_fault(
            "gitea-realm-elsewhere",
            "the realm is made from ROOT_URL, which is not set: localhost:3000",
            "https://github.com/go-gitea/gitea/issues/31002 2024-05-17",
            endpoints=EVERYWHERE,
            challenges=('Bearer realm="http://localhost:3000/v2/token",service="container_registry",scope="*"',),
            client="docker-classic",
        ),
        own_fault(
            "gitea-basic-too",
            "1.26.0: Basic is asked for besides, and docker with its own image store takes both or nothing",
            "https://github.com/go-gitea/gitea/issues/37289 2026-04-19",
            endpoints=EVERYWHERE,
            challenges=(_GITEA_ASKS, "Basic"),
            client="docker-classic",
        ),
    ),
)

_DISTRIBUTION = "https://distribution.github.io/distribution/about/deploying/ 2026-11"
_HTPASSWD = (
    "https://github.com/distribution/distribution/blob/01c6f40b6e2fadd5ecc931a87e3afb2395a91327/"
    "registry/auth/htpasswd/access.go"
)


def _htpasswd(registry: str, realm: str, source: str) -> Fact[OwnFault]:
    title, asks = "htpasswd is on, and the client has no login", (f'Basic realm="{realm}"',)
    how = {"endpoints": EVERYWHERE, "says": UNAUTHORIZED, "challenges": asks, "client": "docker-classic"}
    return own_fault(f"{registry}-htpasswd", title, f"{source} 2026-11", **how)


def _distribution(version: str) -> Registry:
    return Registry(
        id=f"registry-{version}",
        host="registry.example.com",
        anonymous=Fact(Anonymous.OPEN, _DISTRIBUTION),
        blobs=Fact(Blobs(), _DISTRIBUTION),
        faults=(_htpasswd(f"registry-{version}", "Registry Realm", _HTPASSWD),),
    )


REGISTRY_2, REGISTRY_3 = _distribution("2"), _distribution("3")

_ZOT = "https://github.com/project-zot/zot/blob/029f6f0a292bcaf2fc4029a2c22435f7e499bcc7/pkg/api/authn.go 2026-11"
_ZOT_FAIL = "https://github.com/project-zot/zot/blob/000bbedf5679e7b0c21a9963af490c2f932445c9/pkg/common/http_server.go"

ZOT = Registry(
    id="zot",
    host="zot.example.com",
    anonymous=Fact(Anonymous.OPEN, _ZOT),
    blobs=None,
    faults=(_htpasswd("zot", "Authorization Required", _ZOT_FAIL),),
)

_CF = "https://github.com/cloudflare/serverless-registry/blob"
_CF_ERRORS = f"{_CF}/13522df51215c8f87b5afb2c1be1e0c2887b1844/src/errors.ts 2026-11"
_CF_HOST = "r2-registry.example.workers.dev"

CLOUDFLARE = Registry(
    id="cloudflare",
    host=_CF_HOST,
    anonymous=Fact(Anonymous.NOTHING, f"{_CF}/1c983be933eac001ba8e45dbf7a908b7db866b5f/index.ts 2026-11"),
    asks=Fact(
        # The realm is the very address that was asked for.
        Asks.everywhere('Basic realm="{url}"', UNAUTHORIZED),
        _CF_ERRORS,
    ),
    body_limit=Fact(
        "the edge in front takes 100 MB (500 MB on large plans): 413 and a web page for larger layers of `docker push`",
        "https://github.com/cloudflare/serverless-registry/issues/67 2024-10-15",
    ),
    faults=(not_logged_in("cloudflare-not-logged-in", _CF_ERRORS),),
)
