"""Media types: their classes, whatever stands around them."""

from __future__ import annotations

import pytest

from pullscope.oci.media import DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, MediaClass, essence, media_class


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        (OCI_INDEX, MediaClass.INDEX),
        (DOCKER_INDEX, MediaClass.INDEX),
        (OCI_MANIFEST, MediaClass.MANIFEST),
        (DOCKER_MANIFEST, MediaClass.MANIFEST),
        ("application/vnd.docker.distribution.manifest.v1+json", MediaClass.SCHEMA1),
        ("application/vnd.docker.distribution.manifest.v1+prettyjws", MediaClass.SCHEMA1),
        ("application/vnd.oci.image.config.v1+json", MediaClass.CONFIG),
        ("application/vnd.docker.container.image.v1+json", MediaClass.CONFIG),
        ("application/vnd.docker.plugin.v1+json", MediaClass.CONFIG),
        ("application/vnd.oci.empty.v1+json", MediaClass.CONFIG),
        ("application/vnd.oci.image.layer.v1.tar", MediaClass.LAYER),
        ("application/vnd.oci.image.layer.v1.tar+zstd", MediaClass.LAYER),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", MediaClass.LAYER),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", MediaClass.LAYER),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", MediaClass.LAYER),
        ("application/vnd.docker.container.image.rootfs.diff+x-gtar", MediaClass.LAYER),
        ("application/vnd.erofs.layer.v1", MediaClass.LAYER),
        ("application/vnd.in-toto+json", MediaClass.ATTESTATION),
        ("application/vnd.docker.attestation.manifest.v1+json", MediaClass.ATTESTATION),
        ("application/vnd.dev.cosign.artifact.sig.v1+json", MediaClass.SIGNATURE),
        ("application/vnd.dev.sigstore.bundle.v0.3+json", MediaClass.SIGNATURE),
        ("application/octet-stream", MediaClass.OTHER),
        ("application/json", MediaClass.OTHER),
        ("", MediaClass.OTHER),
        (None, MediaClass.OTHER),
    ],
)
def test_each_media_type_has_its_class(media_type: str | None, expected: MediaClass) -> None:
    """The table of the wire facts, one type after the other."""
    assert media_class(media_type) is expected


def test_parameters_and_case_are_no_part_of_a_media_type() -> None:
    """A Content-Type value is read as RFC 9110, 8.3.1 says."""
    value = " Application/vnd.OCI.image.index.v1+json ; charset=utf-8"

    assert essence(value) == OCI_INDEX
    assert media_class(value) is MediaClass.INDEX
    assert essence(None) == ""
