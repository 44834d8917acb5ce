"""Public registries: Docker Hub, GHCR, Quay, GitLab.com and registry.k8s.io."""

from __future__ import annotations

from pullscope.oci.reference import HUB_API
from pullscope.worlds.registries.row import (
    DENIED,
    UNAUTHORIZED,
    Anonymous,
    Asks,
    At,
    Blobs,
    Elsewhere,
    Fact,
    Form,
    Registry,
    Said,
    Scopes,
    Tokens,
    own_fault,
)

_GGCR_LOG = "https://github.com/buildpacks/pack/issues/537 2021-04-07"
_TOKEN_SPEC = "https://distribution.github.io/distribution/spec/auth/token/ 2026-11"
_PULLS = "https://docs.docker.com/docker-hub/usage/pulls/ 2026-11"
_REDIRECTS = "https://github.com/opencontainers/distribution-spec/issues/299 2021-09-20"

DOCKER_HUB = Registry(
    id="docker-hub",
    host=HUB_API,
    anonymous=Fact(Anonymous.TOKEN, _GGCR_LOG),
    asks=Fact(
        Asks.bearer("https://auth.docker.io/token", "registry.docker.io", UNAUTHORIZED, names_error=True), _GGCR_LOG
    ),
    tokens=Fact(
        Tokens(
            realm="https://auth.docker.io/token", fields=("token", "access_token"), expires_in=300, life=300, post=True
        ),
        _TOKEN_SPEC,
    ),
    scopes=Fact(Scopes.LEFT_OUT, "https://github.com/distribution/distribution/issues/1203 2015-11-23"),
    wrong_login=Fact(
        Said(status=401, code="UNAUTHORIZED", message="incorrect username or password"),
        "https://github.com/docker/for-mac/issues/2940 2018-05-24",
    ),
    blobs=Fact(
        Blobs(
            host="production.cloudflare.docker.com",
            path="/registry-v2/docker/registry/v2/blobs/{algorithm}/{ab}/{hex}/data",
            query="expires={expires}&signature={signature}",
            life=600,
            signer="Docker's CDN (in the source expiry and signature are one parameter, `verify`)",
            server=(
                ("x-amz-storage-class", "INTELLIGENT_TIERING"),
                ("cf-cache-status", "HIT"),
                ("cf-ray", "{hex16}-FRA"),
                ("Server", "cloudflare"),
            ),
        ),
        _REDIRECTS,
    ),
    rate_limit=Fact(
        "ratelimit-limit, ratelimit-remaining and docker-ratelimit-source on manifests, GET and HEAD; only GET counts; "
        "429 TOOMANYREQUESTS beyond it",
        _PULLS,
    ),
    head=Fact("HEAD of a manifest has all headers of GET", _PULLS),
)

_GHCR_CHALLENGE = "https://github.com/cloudflare/serverless-registry/issues/148 2026-08-08"

GHCR = Registry(
    id="ghcr",
    host="ghcr.io",
    anonymous=Fact(Anonymous.TOKEN, "https://github.com/Mic92/niks3/issues/229 2026-02-06"),
    asks=Fact(
        Asks(
            # A placeholder, not an image.
            ping=('Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:user/image:pull"',),
            other=('Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="{scope}"',),
            says=UNAUTHORIZED,
        ),
        _GHCR_CHALLENGE,
    ),
    tokens=Fact(Tokens(realm="https://ghcr.io/token"), "https://github.com/Mic92/niks3/issues/229 2026-02-06"),
    scopes=Fact(Scopes.REFUSED, "https://github.com/containerd/containerd/issues/9648 2024-01-16"),
    refusal=Fact(DENIED, _GHCR_CHALLENGE),
    wrong_login=Fact(
        Said(status=403, code="DENIED", message="denied"), "https://github.com/riverqueue/riverui/issues/182 2024-09-23"
    ),
    blobs=Fact(
        Blobs(
            host="pkg-containers.githubusercontent.com",
            path="/ghcr1/blobs/{algorithm}:{hex}",
            query="se={iso}&sig={signature}&sp=r&spr=https&sr=b&sv=2019-12-12",
            signer="Azure Blob Storage",
        ),
        "https://github.com/FiloSottile/mkcert/issues/397 2021-08-27",
    ),
    faults=(
        own_fault(
            "ghcr-login-expired",
            "the token behind a login has expired: 403 denied, for public images too",
            "https://github.com/riverqueue/riverui/issues/182 2024-09-23",
            at=At.TOKENS,
            says=Said(status=403, code="DENIED", message="denied"),
            login=True,
            client="docker-classic",
        ),
        own_fault(
            "ghcr-private",
            "a private package, asked for without a login: the token server says 401",
            "https://github.com/openai/tunnel-client/issues/75 2026-09-22",
            at=At.TOKENS,
            says=UNAUTHORIZED,
        ),
    ),
)

_V2AUTH = "https://github.com/quay/quay/blob/0488c73d82efe009233290ee9acc590e75466deb/endpoints/v2/v2auth.py 2026-11"
_QUAY_BLOB = "https://github.com/quay/quay/blob/01863755b5564b313d17f506e25201ff976dbdb2/endpoints/v2/blob.py"
_QUAY_ERRORS = (
    "https://github.com/quay/quay/blob/061951021445d239a7cc381f5801fdd127cc52c2/endpoints/v2/errors.py 2026-11"
)
_QUAY_FLAKES = "https://github.com/containers/podman/issues/17802 2023-03-15"

QUAY = Registry(
    id="quay",
    host="quay.io",
    anonymous=Fact(Anonymous.OPEN, f"{_QUAY_BLOB} 2026-11"),
    asks=Fact(
        Asks.bearer(
            "https://quay.io/v2/auth",
            "quay.io",
            Said(status=401, code="UNAUTHORIZED", message="access to the requested resource is not authorized"),
        ),
        "https://github.com/quay/quay/blob/2307c0bdae1b89781dca0ef55ef9c6fb293e6d23/auth/registry_jwt_auth.py 2026-11",
    ),
    tokens=Fact(Tokens(realm="https://quay.io/v2/auth", life=3600, post=False), _V2AUTH),
    scopes=Fact(Scopes.LEFT_OUT, _V2AUTH),
    wrong_login=Fact(Said(status=401, code="UNAUTHORIZED", message="Specified credentials are invalid"), _QUAY_ERRORS),
    blobs=Fact(
        Blobs(
            host="cdn01.quay.io",
            path="/{opaque}",
            status=302,
            head=False,
            signer=None,
        ),
        f"{_QUAY_BLOB} https://github.com/openshift/openshift-docs/pull/70239 2026-11",
    ),
    head=Fact("HEAD of a blob is answered by quay.io itself, GET is a 302", f"{_QUAY_BLOB} 2026-11"),
    faults=(
        own_fault(
            "quay-502",
            "502 Bad Gateway for blobs",
            _QUAY_FLAKES,
            endpoints=("blob",),
            says=Said(status=502, message="<html><title>502 Bad Gateway</title></html>", form=Form.HTML),
        ),
    ),
)

_JWT_AUTH = (
    "https://github.com/gitlabhq/gitlabhq/blob/01d159b409d8b24d36204979a73de249843d71bf/"
    "app/services/auth/container_registry_authentication_service.rb 2016"
)
_GITLAB_COM = "https://docs.gitlab.com/user/gitlab_com/ 2026-11"
_GITLAB_FLOW = "https://gitlab.com/gitlab-org/container-registry (auth-request-flow.md) 2026-11"
_FORBIDDEN = Said(status=403, code="DENIED", message="access forbidden")

GITLAB = Registry(
    id="gitlab",
    host="registry.gitlab.com",
    anonymous=Fact(Anonymous.TOKEN, "https://github.com/oras-project/oras/issues/923 2023-04-10"),
    asks=Fact(
        Asks.bearer("https://gitlab.com/jwt/auth", "container_registry", UNAUTHORIZED, names_error=True), _GITLAB_FLOW
    ),
    tokens=Fact(Tokens(realm="https://gitlab.com/jwt/auth", life=900), _GITLAB_COM),
    scopes=Fact(Scopes.REFUSED_ALONE, _JWT_AUTH),
    refusal=Fact(_FORBIDDEN, _GITLAB_FLOW),
    wrong_login=Fact(
        Said(status=401, code="UNAUTHORIZED", message="HTTP Basic: Access denied."),
        "https://github.com/basecamp/kamal/issues/1498 2025-04-17",
    ),
    blobs=Fact(
        Blobs(
            host="cdn.registry.gitlab-static.net",
            path="/gitlab/docker/registry/v2/blobs/{algorithm}/{ab}/{hex}/data",
            query="Expires={expires}&KeyName=gprd-registry-cdn&Signature={signature}",
            life=1200,  # 16:23:22-07:00 to Expires=1681170202
            signer="Google Cloud CDN",
        ),
        "https://github.com/oras-project/oras/issues/923 2023-04-10",
    ),
    head=Fact("HEAD of a blob is a 307 as GET is", "https://github.com/oras-project/oras/issues/923 2023-04-10"),
    faults=(
        own_fault(
            "gitlab-forbidden",
            "a login that lacks read_registry, or a wrong path: the token server says 403",
            "https://github.com/canonical/microk8s/issues/4754 2024-11-24",
            at=At.TOKENS,
            says=_FORBIDDEN,
            login=True,
            client="docker-classic",
        ),
    ),
)

_HANDLERS = (
    "https://github.com/kubernetes/registry.k8s.io/blob/4c891774f382f0ae608796fa5647bc64ae53a510/"
    "cmd/archeio/internal/app/handlers.go 2026-11"
)

K8S = Registry(
    id="k8s",
    host="registry.k8s.io",
    anonymous=Fact(Anonymous.OPEN, _HANDLERS),
    asks=Fact(
        Asks(
            # Not for access: the token is a number by which one pull is found again in the logs.
            ping=('Bearer realm="https://registry.k8s.io/token",service="registry.k8s.io"',),
            other=(),
            says=Said(status=401, message="authentication required\n", form=Form.TEXT),
        ),
        _HANDLERS,
    ),
    tokens=Fact(Tokens(realm="https://registry.k8s.io/token", expires_in=3600, life=3600, post=False), _HANDLERS),
    scopes=Fact(Scopes.LEFT_OUT, _HANDLERS),
    blobs=Fact(
        Blobs(
            host="prod-registry-k8s-io-us-east-1.s3.dualstack.us-east-1.amazonaws.com",
            path="/containers/images/{algorithm}:{hex}",
            server=(("Server", "AmazonS3"),),
        ),
        _HANDLERS,
    ),
    manifests=Fact(Elsewhere(host="us-central1-docker.pkg.dev", prefix="/v2/k8s-artifacts-prod/images"), _HANDLERS),
    head=Fact("HEAD is redirected as GET is; every other method is 405", _HANDLERS),
    faults=(
        own_fault(
            "k8s-storage-blocked",
            "a firewall lets registry.k8s.io through and not the bucket behind it",
            "https://github.com/kubernetes/registry.k8s.io/issues/291 2024-07-26",
            at=At.STORAGE,
            says=Said(status=403, message="<html><title>403 Forbidden</title></html>", form=Form.HTML),
        ),
    ),
)
