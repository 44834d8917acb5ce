"""Hosts that registries keep blobs on, for advice on NO_PROXY. No role and no verdict depends on a name here.

Each is whole, or a domain below which only storage is; NO_PROXY takes both (golang.org/x/net/http/httpproxy), and no
pattern, so buckets of S3 stand here one for each region. Google Artifact Registry and Container Registry are not in it: they
send blobs from their own host, which is the registry's (docs/registries.md).
"""

from __future__ import annotations

from collections.abc import Mapping

# kubernetes/registry.k8s.io at 012f74b, cmd/archeio/internal/app/buckets.go: the regions of AWS that have a bucket of its own.
_IN_AWS = """
af-south-1 ap-east-1 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1 ap-southeast-2
ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1 eu-central-1 eu-central-2
eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1 mx-central-1 sa-east-1
us-east-1 us-east-2 us-west-1 us-west-2
"""
_REGIONS = _IN_AWS.split()
_BUCKETS = {"eu-west-2": "767373bbdcb8270361b96548387bf2a9ad0d48758c35-eu-west-2"}
"""The same: the one with another name."""

STORAGE: Mapping[str, str] = {
    # docs.docker.com, "Allowlist for Docker Desktop" (docker/docs allow-list.md)
    "production.cloudflare.docker.com": "Docker Hub",
    "production.cloudfront.docker.com": "Docker Hub",
    "docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com": "Docker Hub",
    # The others as docs/registries.md has them, with a source each.
    "pkg-containers.githubusercontent.com": "GitHub Container Registry",
    "cdn01.quay.io": "Quay",
    "cdn.registry.gitlab-static.net": "GitLab",
    "d2glxqk2uabbnd.cloudfront.net": "Amazon ECR Public",
    "blob.core.windows.net": "Azure Container Registry",
    # docs.aws.amazon.com, Amazon ECR User Guide, "Amazon ECR interface VPC endpoints": prod-REGION-starport-layer-bucket
    **{f"prod-{each}-starport-layer-bucket.s3.{each}.amazonaws.com": "Amazon ECR" for each in (*_REGIONS, "ap-east-2")},
    **{
        f"prod-{each}-starport-layer-bucket.s3.{each}.amazonaws.com.cn": "Amazon ECR"
        for each in ("cn-north-1", "cn-northwest-1")
    },
    # It redirects clients in AWS there, and others to Google Artifact Registry (handlers.go beside that file).
    **{
        f"{_BUCKETS.get(each, f'prod-registry-k8s-io-{each}')}.s3.dualstack.{each}.amazonaws.com": "registry.k8s.io"
        for each in _REGIONS
    },
}
"""The host, and whose blobs are there."""
