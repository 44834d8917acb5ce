"""Where images went that have left the name under which they are told of."""

from __future__ import annotations

import pytest

from pullscope.oci.moved_images import moved_to


@pytest.mark.parametrize(
    ("registry", "repository", "other"),
    [
        ("docker.io", "argoproj/argocd", "quay.io/argoproj/argocd"),
        ("gcr.io", "kubebuilder/kube-rbac-proxy", "quay.io/brancz/kube-rbac-proxy"),
        ("docker.io", "argoprojlabs/argocd-image-updater", None),
        ("docker.io", "library/jenkins-agent", None),
        ("quay.io", "argoproj/argocd", None),
    ],
)
def test_an_image_that_moved_is_known_by_its_old_name_alone(registry: str, repository: str, other: str | None) -> None:
    """A name that only begins alike, or is the new one, is none."""
    assert moved_to(registry, repository) == other
