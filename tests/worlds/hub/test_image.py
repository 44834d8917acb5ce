"""Tests of the image maker."""

from __future__ import annotations

import gzip
import io
import json
import tarfile

import pytest

from pullscope.oci.digest import Digest
from pullscope.oci.documents import Index, Manifest, read_config, read_manifest
from pullscope.worlds.hub.image import Repository, hello_image, sample_image


def names(layer: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        return archive.getnames()


def index_of(image: Repository) -> Index:
    stored = image.manifests[image.tags["latest"]]
    read = read_manifest(stored.body, stored.media_type)
    assert isinstance(read, Index)
    return read


def manifest_of(image: Repository, digest: Digest | None) -> Manifest:
    assert digest is not None
    stored = image.manifests[digest]
    read = read_manifest(stored.body, stored.media_type)
    assert isinstance(read, Manifest)
    return read


def test_the_sample_has_three_platforms_and_an_attestation_for_each() -> None:
    """The index lists what BuildKit pushes for three platforms, each attestation naming its manifest."""
    entries = index_of(sample_image()).manifests
    images, attestations = entries[:3], entries[3:]

    assert [str(entry.platform) for entry in images] == ["linux/amd64", "linux/arm64/v8", "linux/arm/v7"]
    assert [entry.attests for entry in attestations] == [entry.digest for entry in images]
    assert all(entry.is_attestation and str(entry.platform) == "unknown/unknown" for entry in attestations)


@pytest.mark.parametrize("image", [sample_image(), hello_image()], ids=["index", "schema2"])
def test_every_digest_and_size_is_that_of_the_bytes(image: Repository) -> None:
    """Whatever a manifest names is there, with the digest and size that it says."""
    documents = [read_manifest(stored.body, stored.media_type) for stored in image.manifests.values()]
    for document in documents:
        assert document is not None
        if isinstance(document, Index):
            named = [(entry, image.manifests[entry.digest].body) for entry in document.manifests if entry.digest]
        else:
            assert document.config is not None
            everything = (document.config, *document.layers)
            named = [(entry, image.blobs[entry.digest]) for entry in everything if entry.digest]
        assert [(entry.digest, entry.size) for entry, _ in named] == [(Digest.of(body), len(body)) for _, body in named]


def test_layers_are_tar_files_whose_diff_ids_the_config_lists() -> None:
    """A config's diff_ids are the digests of the unpacked layers, and each layer holds its one file."""
    image = sample_image()
    manifest = manifest_of(image, index_of(image).manifests[0].digest)
    assert manifest.config is not None
    assert manifest.config.digest is not None
    config = image.blobs[manifest.config.digest]
    unpacked = [gzip.decompress(image.blobs[layer.digest]) for layer in manifest.layers if layer.digest]

    assert str(read_config(config)) == "linux/amd64"
    assert json.loads(config)["rootfs"]["diff_ids"] == [Digest.of(layer) for layer in unpacked]
    assert [names(layer) for layer in unpacked] == [["etc/motd"], ["bin/app"], ["etc/app.conf"], ["usr/share/app/data"]]


def test_the_sample_is_the_same_everywhere() -> None:
    """The digest is pinned: golden files and documents name it."""
    assert sample_image().tags["latest"] == "sha256:2e93c61426ed47e7bcfd7f1c2185f612014e0b1ddf2be7810d7a243f16ac83f2"
    assert hello_image().tags["1.0"] == "sha256:0a555a6c6d81b93b3d6fbd3422d9becf92df5f2d8db05d2ca4147c8aefb6261b"


def test_another_seed_is_another_image() -> None:
    """Two seeds share no layer."""
    assert not sample_image(seed=1).blobs.keys() & sample_image(seed=2).blobs.keys()
