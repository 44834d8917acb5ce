"""Media types of manifests and of what they name, and the few classes in which a pull knows them.

The table holds the types that image-spec, Docker, containerd, BuildKit and sigstore write; an unknown type is
OTHER, which says nothing against it. Content type parameters are not part of a media type.
"""

from __future__ import annotations

from enum import StrEnum

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"

SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"
SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"
# BuildKit docs/attestations/attestation-storage.md, util/attestation/types.go
DOCKER_ATTESTATION = "application/vnd.docker.attestation.manifest.v1+json"
IN_TOTO = "application/vnd.in-toto+json"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"


class MediaClass(StrEnum):
    """What a document or blob is to a pull."""

    INDEX = "index"
    MANIFEST = "manifest"
    SCHEMA1 = "schema1"
    CONFIG = "config"
    LAYER = "layer"
    ATTESTATION = "attestation"
    SIGNATURE = "signature"
    OTHER = "other"


MANIFESTS = frozenset({MediaClass.INDEX, MediaClass.MANIFEST, MediaClass.SCHEMA1, MediaClass.ATTESTATION})
"""The classes of documents that have a digest and a tag of their own."""

# image-spec media-types.md; containerd core/images/mediatypes.go:34-66; go-containerregistry
# pkg/v1/types/types.go:23-41; distribution v2.8.3 manifest/schema2.
_CLASSES = {
    OCI_INDEX: MediaClass.INDEX,
    DOCKER_INDEX: MediaClass.INDEX,
    OCI_MANIFEST: MediaClass.MANIFEST,
    DOCKER_MANIFEST: MediaClass.MANIFEST,
    "application/vnd.oci.artifact.manifest.v1+json": MediaClass.MANIFEST,  # of image-spec 1.1.0-rc2, withdrawn since
    SCHEMA1: MediaClass.SCHEMA1,
    SCHEMA1_SIGNED: MediaClass.SCHEMA1,
    "application/vnd.oci.image.config.v1+json": MediaClass.CONFIG,
    "application/vnd.docker.container.image.v1+json": MediaClass.CONFIG,
    "application/vnd.docker.plugin.v1+json": MediaClass.CONFIG,
    OCI_EMPTY: MediaClass.CONFIG,
    "application/vnd.cncf.helm.config.v1+json": MediaClass.CONFIG,
    "application/vnd.wasm.config.v0+json": MediaClass.CONFIG,
    "application/vnd.docker.container.image.rootfs.diff+x-gtar": MediaClass.LAYER,
    "application/vnd.erofs.layer.v1": MediaClass.LAYER,
    "application/vnd.cncf.helm.chart.content.v1.tar+gzip": MediaClass.LAYER,
    DOCKER_ATTESTATION: MediaClass.ATTESTATION,
    IN_TOTO: MediaClass.ATTESTATION,
    "application/vnd.dsse.envelope.v1+json": MediaClass.ATTESTATION,  # what `cosign attest` writes as a layer
    "application/vnd.dev.cosign.artifact.sig.v1+json": MediaClass.SIGNATURE,
    "application/vnd.dev.cosign.simplesigning.v1+json": MediaClass.SIGNATURE,
    "application/vnd.cncf.notary.signature": MediaClass.SIGNATURE,
}

# Families with a compression or version at the end: layer.v1.tar{,+gzip,+zstd}, layer.nondistributable.v1.tar…,
# rootfs.diff.tar{,.gzip,.gz,.zstd}, rootfs.foreign.diff.tar…, sigstore.bundle.v0.3+json.
_PREFIXES = (
    ("application/vnd.oci.image.layer.", MediaClass.LAYER),
    ("application/vnd.docker.image.rootfs.", MediaClass.LAYER),
    ("application/vnd.dev.sigstore.bundle", MediaClass.SIGNATURE),
)


def essence(content_type: str | None) -> str:
    """The media type of a Content-Type value, without parameters, in lower case; empty where there is none."""
    return "" if content_type is None else content_type.partition(";")[0].strip().lower()


def media_class(media_type: str | None) -> MediaClass:
    """The class of a media type or Content-Type value."""
    if not media_type:
        return MediaClass.OTHER
    plain = essence(media_type)
    known = _CLASSES.get(plain)
    if known is not None:
        return known
    for prefix, kind in _PREFIXES:
        if plain.startswith(prefix):
            return kind
    return MediaClass.OTHER
