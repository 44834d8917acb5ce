"""Registries that come with a cloud account: Amazon ECR and ECR Public, Google Artifact Registry, Azure."""

from __future__ import annotations

from pullscope.worlds.registries.row import (
    EVERYWHERE,
    Anonymous,
    Asks,
    At,
    Blobs,
    Fact,
    Form,
    Registry,
    Said,
    Scopes,
    Tokens,
    not_logged_in,
    own_fault,
)

_AWS_AUTH = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html 2026-11"
_ENROOT = "https://github.com/NVIDIA/enroot/issues/59 2021-02-17"
_ECR_HOST = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
_ECR_ASKS = f'Basic realm="https://{_ECR_HOST}/",service="ecr.amazonaws.com"'
_EXPIRED = "Your authorization token has expired. Reauthenticate and try again."

ECR = Registry(
    id="ecr",
    host=_ECR_HOST,
    anonymous=Fact(Anonymous.NOTHING, _AWS_AUTH),
    asks=Fact(Asks.everywhere(_ECR_ASKS, Said(status=401, message="Not Authorized\n", form=Form.TEXT)), _ENROOT),
    blobs=Fact(
        Blobs(
            host="prod-eu-central-1-starport-layer-bucket.s3.eu-central-1.amazonaws.com",
            path="/e501-123456789012-{opaque}/{opaque}",
            query="X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={date}&X-Amz-SignedHeaders=host&X-Amz-Expires={life}"
            "&X-Amz-Signature={signature}",
            life=3600,
            signer="Amazon S3",
            server=(("Server", "AmazonS3"),),
        ),
        "https://docs.aws.amazon.com/cli/latest/reference/ecr/get-download-url-for-layer.html 2019-08-14",
    ),
    faults=(
        own_fault(
            "ecr-login-expired",
            "a login of more than twelve hours ago: 403 without a challenge",
            "https://github.com/awslabs/soci-snapshotter/pull/1196 2024-04-24",
            says=Said(status=403, code="DENIED", message=_EXPIRED),
            endpoints=EVERYWHERE,
            login=True,
            client="docker-classic",
        ),
        not_logged_in(
            "ecr-not-logged-in",
            "https://github.com/enix/kube-image-keeper/issues/172 2023-09-12",
            "no login: 401, a Basic challenge and plain text",
        ),
    ),
)

_ECR_PUBLIC_400 = "https://github.com/aws/containers-roadmap/issues/2835 2026-07-13"
_ECR_PUBLIC_ASKS = 'Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"'

ECR_PUBLIC = Registry(
    id="ecr-public",
    host="public.ecr.aws",
    anonymous=Fact(Anonymous.TOKEN, "https://github.com/aws/aws-lambda-web-adapter/issues/429 2024-04-12"),
    asks=Fact(
        Asks.everywhere(_ECR_PUBLIC_ASKS, None),  # `aws` is the name of no image
        _ECR_PUBLIC_400,
    ),
    tokens=Fact(Tokens(realm="https://public.ecr.aws/token/", life=12 * 3600, named=False), _ECR_PUBLIC_400),
    scopes=Fact(Scopes.LEFT_OUT, _ECR_PUBLIC_400),
    blobs=Fact(
        Blobs(host="d2glxqk2uabbnd.cloudfront.net", path="/{opaque}", signer=None),
        "https://anywhere.eks.amazonaws.com/docs/getting-started/vsphere/vsphere-prereq/ 2026-11",
    ),
    rate_limit=Fact(
        "429 `toomanyrequests: Rate exceeded`: one pull a second without a login, ten with one",
        "https://github.com/aws/aws-lambda-web-adapter/issues/429 2024-04-12",
    ),
    faults=(
        own_fault(
            "ecr-public-token-expired",
            "a token that was kept for twelve hours: 400 without a challenge, so that no client renews it",
            _ECR_PUBLIC_400,
            endpoints=("manifest", "blob"),
            says=Said(status=400, code="DENIED", message=_EXPIRED),
        ),
        own_fault(
            "ecr-public-rate-exceeded",
            "more than one pull a second without a login",
            "https://github.com/openreplay/openreplay/issues/4076 2025-12-15",
            says=Said(status=429, code="TOOMANYREQUESTS", message="Rate exceeded"),
        ),
    ),
)

_GAR_HOST = "europe-west4-docker.pkg.dev"
_GAR_LOG = "https://github.com/docker/setup-buildx-action/issues/79 2021-05-18"
_GAR_DENIED = Said(
    status=403,
    code="DENIED",
    message="Unauthenticated request. Unauthenticated requests do not have permission "
    '"artifactregistry.repositories.downloadArtifacts" on resource '
    '"projects/sample/locations/europe-west4/repositories/sample" (or it may not exist)',
)

ARTIFACT_REGISTRY = Registry(
    id="artifact-registry",
    host=_GAR_HOST,
    anonymous=Fact(Anonymous.TOKEN, "https://github.com/google/fuzzbench/issues/1981 2024-05-08"),
    asks=Fact(
        Asks(
            ping=(f'Bearer realm="https://{_GAR_HOST}/v2/token"',),
            other=(f'Bearer realm="https://{_GAR_HOST}/v2/token",service="{_GAR_HOST}",scope="{{scope}}"',),
            says=None,
        ),
        _GAR_LOG,
    ),
    tokens=Fact(Tokens(realm=f"https://{_GAR_HOST}/v2/token"), _GAR_LOG),
    scopes=Fact(Scopes.REFUSED, "https://github.com/containerd/containerd/issues/8415 2023-04-19"),
    refusal=Fact(_GAR_DENIED, "https://github.com/GoogleCloudPlatform/aactl/issues/233 2024-12-09"),
    blobs=Fact(
        Blobs(
            path="/artifacts-downloads/namespaces/sample/repositories/sample/downloads/{opaque}{signature}",
            status=302,
            signer="Artifact Registry, in the path",
        ),
        "https://github.com/ahmetb/serverless-registry-proxy/issues/8 2020-12-21",
    ),
    faults=(
        own_fault(
            "gar-unauthenticated",
            "a private repository, asked for without a login: the token server says 403",
            "https://github.com/GoogleCloudPlatform/aactl/issues/233 2024-12-09",
            private=True,
        ),
    ),
)

_ACR_HOST = "contoso.azurecr.io"
_ACR_DOC = "https://github.com/Azure/acr/blob/048a81e318f1d6f79e6b98dcc26dc63bb6fcf5b4/docs/AAD-OAuth.md 2026-11"
_ACR_REDIRECT = "https://github.com/Azure/azure-sdk-for-js/issues/20957"

ACR = Registry(
    id="acr",
    host=_ACR_HOST,
    anonymous=Fact(
        Anonymous.NOTHING, "https://learn.microsoft.com/azure/container-registry/anonymous-pull-access 2026-11"
    ),
    asks=Fact(
        Asks.bearer(
            f"https://{_ACR_HOST}/oauth2/token",
            _ACR_HOST,
            Said(
                status=401,
                code="UNAUTHORIZED",
                message="authentication required, visit https://aka.ms/acr/authorization for more information.",
            ),
        ),
        "https://github.com/Azure/acr/issues/207 2019-03-29",
    ),
    tokens=Fact(
        Tokens(realm=f"https://{_ACR_HOST}/oauth2/token", fields=("access_token",), life=4500, post=True), _ACR_DOC
    ),
    blobs=Fact(
        Blobs(
            host="contosoblobs.blob.core.windows.net",
            path="/docker/registry/v2/blobs/{algorithm}/{ab}/{hex}/data",
            query="se={iso}&sig={signature}&sp=r&sr=b&sv=2018-03-28",
            life=1200,
            signer="Azure Blob Storage",
        ),
        f"{_ACR_REDIRECT} https://github.com/distribution/distribution/issues/3574 2022-01-26",
    ),
    faults=(
        own_fault(
            "acr-storage-refuses-token",
            "the storage refuses what a client sends on: it takes the address's signature or a token, not both",
            "https://github.com/Azure/acr/issues/217 2019-05-08",
            at=At.STORAGE,
            says=Said(
                status=400,
                code="InvalidAuthenticationInfo",
                message="Authentication information is not given in the correct format.",
                form=Form.XML,
            ),
        ),
        not_logged_in(
            "acr-not-logged-in",
            "https://learn.microsoft.com/azure/container-registry/anonymous-pull-access 2026-11",
            "no login: anonymous pulls are off unless the owner turns them on",
        ),
    ),
)
