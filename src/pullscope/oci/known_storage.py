"""Hosts that registries keep blobs on, for whoever leaves them to NO_PROXY. No role and no verdict hangs on a name here.

Each is whole, or a domain below which nothing but storage is; NO_PROXY takes both (golang.org/x/net/http/httpproxy). S3 and
Google Cloud Storage have a name for each bucket, or one for everybody's data, so ECR, registry.k8s.io and Artifact Registry
are not in it.
"""

from __future__ import annotations

from collections.abc import Mapping

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
}
"""The host, and whose blobs are there."""
