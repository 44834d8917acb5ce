"""Images that are told of under a name that they have left: where they went, by their owners' own words."""

from __future__ import annotations

# kubernetes.io/blog/2023/03/10/image-registry-redirect; argo-cd.readthedocs.io, "v1.8 to 2.0"; learn.microsoft.com, "Microsoft
# Artifact Registry"; kubernetes-sigs/kubebuilder, docs/book, "kube-rbac-proxy"; tektoncd/pipeline, "Installation";
# paketo-buildpacks/nginx#901; the READMEs of kiwigrid/k8s-sidecar, jimmidyson/configmap-reload, kubernetes/ingress-nginx,
# kubernetes-sigs/prometheus-adapter, jenkinsci/docker
_MOVED = dict(
    row.split(" ")
    for row in """
gcr.io/google-containers/ registry.k8s.io/
gcr.io/google_containers/ registry.k8s.io/
gcr.io/kubebuilder/kube-rbac-proxy quay.io/brancz/kube-rbac-proxy
gcr.io/paketo-buildpacks/ docker.io/paketobuildpacks/
gcr.io/tekton-releases/ ghcr.io/tektoncd/
docker.io/argoproj/ quay.io/argoproj/
docker.io/kiwigrid/k8s-sidecar quay.io/kiwigrid/k8s-sidecar
docker.io/jimmidyson/configmap-reload ghcr.io/jimmidyson/configmap-reload
docker.io/jettech/kube-webhook-certgen registry.k8s.io/ingress-nginx/kube-webhook-certgen
docker.io/directxman12/k8s-prometheus-adapter registry.k8s.io/prometheus-adapter/prometheus-adapter
docker.io/library/jenkins docker.io/jenkins/jenkins
docker.io/microsoft/ mcr.microsoft.com/
""".strip().split("\n")
)


MOVED = {"docker.pkg.github.com": "ghcr.io", "k8s.gcr.io": "registry.k8s.io"}
"""Registries that are closed, and what took their place: docs.github.com, "Migrating to the Container registry from the Docker
registry" (docker/buildx#780); kubernetes.io/blog/2023/02/06/k8s-gcr-io-freeze-announcement."""


def moved_to(registry: str, repository: str) -> str | None:
    """Where an image went that had this name; None where it is not known to have left."""
    name = f"{registry}/{repository}"
    old = next((one for one in _MOVED if name == one or (one.endswith("/") and name.startswith(one))), None)
    return f"{_MOVED[old]}{name[len(old) :]}" if old is not None else None
