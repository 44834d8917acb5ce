"""Tests of the image maker, and of its gzip writer."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullscope.oci.digest import Digest
from pullscope.oci.documents import Index, Manifest, read_config, read_manifest
from pullscope.worlds.hub.image import Repository, gzip_file, hello_image, sample_image


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


runs = st.lists(st.tuples(st.integers(0, 255), st.integers(1, 700)), max_size=6)


@given(runs, st.binary(max_size=300))
def test_unpacks_to_what_was_packed(found: list[tuple[int, int]], plain: bytes) -> None:
    """Whatever the runs and whatever stands between them, gunzip gives it back."""
    data = plain.join(bytes([byte]) * count for byte, count in found)

    assert gzip.decompress(gzip_file(data)) == data


def test_large_noise_is_stored_and_unpacks() -> None:
    """Data over one stored block is cut into several."""
    data = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(5000))

    assert gzip.decompress(gzip_file(data)) == data
    assert len(gzip_file(data)) < len(data) + 100


def test_the_bytes_never_change() -> None:
    """The file is pinned: other bytes would move every digest of the sample image."""
    packed = gzip_file(b"ustar\0" + b"\0" * 500 + b"0000644\0")

    assert packed.hex() == "1f8b08000000000000ff2a2d2e492c028861148c3c00908181818199890903600042c0c73c02020000"
