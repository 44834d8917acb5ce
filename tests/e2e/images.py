"""Images to pull, built in a folder as an OCI image layout: bytes and digests only, no registry and no client.

Every layer is random bytes of a seed, so that it has the size that was asked for whatever compresses it, two images share
no layer, and a digest in a trace can be compared with one that the code under test did not compute.
The shape is that of what `docker buildx build --provenance` pushes: an index, a manifest for each platform and an
attestation manifest for each of those (facts: docs/attestations/attestation-storage.md of BuildKit).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
IN_TOTO = "application/vnd.in-toto+json"

PLATFORMS: tuple[dict[str, str], ...] = (
    {"os": "linux", "architecture": "amd64"},
    {"os": "linux", "architecture": "arm64", "variant": "v8"},
    {"os": "linux", "architecture": "arm", "variant": "v7"},
)
SMALL_LAYERS = (146, 40_200, 141, 120_200)


@dataclass(frozen=True, kw_only=True)
class Built:
    """One manifest: what a pull of one platform has to fetch."""

    manifest: str
    config: str
    layers: tuple[str, ...]
    sizes: dict[str, int]
    """Of every blob and of the manifest, by digest."""

    @property
    def blobs(self) -> tuple[str, ...]:
        return (self.config, *self.layers)


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image layout in `directory`, and what is in it."""

    directory: Path
    index: str
    platforms: dict[str, Built]
    """By name: `linux/amd64`, `linux/arm64/v8`, `linux/arm/v7`."""


def build_image(directory: Path, *, seed: str, layers: tuple[int, ...] = SMALL_LAYERS) -> Image:
    """An image with three platforms and three attestations."""
    layout = _Layout(directory)
    platforms: dict[str, Built] = {}
    manifests: list[dict[str, Any]] = []
    attestations: list[dict[str, Any]] = []
    for platform in PLATFORMS:
        name = "/".join(platform.values())
        built, descriptor = _platform(layout, platform, f"{seed} {name}", layers)
        platforms[name] = built
        manifests.append({**descriptor, "platform": platform})
        attestations.append(_attestation(layout, built.manifest))
    index = layout.document(INDEX, {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests + attestations})
    named = {**index, "annotations": {"org.opencontainers.image.ref.name": "latest"}}
    (directory / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (directory / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [named]}))
    return Image(directory=directory, index=index["digest"], platforms=platforms)


class _Layout:
    """Writes blobs where the layout wants them and answers with their descriptors."""

    def __init__(self, directory: Path) -> None:
        self._blobs = directory / "blobs" / "sha256"
        self._blobs.mkdir(parents=True)

    def blob(self, media_type: str, content: bytes) -> dict[str, Any]:
        encoded = hashlib.sha256(content).hexdigest()
        (self._blobs / encoded).write_bytes(content)
        return {"mediaType": media_type, "digest": f"sha256:{encoded}", "size": len(content)}

    def document(self, media_type: str, document: dict[str, Any]) -> dict[str, Any]:
        return self.blob(media_type, json.dumps(document, indent=2).encode())


def _platform(
    layout: _Layout, platform: dict[str, str], seed: str, sizes: tuple[int, ...]
) -> tuple[Built, dict[str, Any]]:
    diff_ids: list[str] = []
    layers: list[dict[str, Any]] = []
    for number, size in enumerate(sizes, 1):
        tar = _tar(f"layer-{number}", random.Random(f"{seed} {number}").randbytes(size))  # noqa: S311 - filler, no secret
        diff_ids.append(f"sha256:{hashlib.sha256(tar).hexdigest()}")
        layers.append(layout.blob(LAYER, gzip.compress(tar, mtime=0)))
    config = layout.document(
        CONFIG,
        {**platform, "config": {}, "rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": []},
    )
    manifest = layout.document(
        MANIFEST, {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
    )
    built = Built(
        manifest=manifest["digest"],
        config=config["digest"],
        layers=tuple(layer["digest"] for layer in layers),
        sizes={each["digest"]: each["size"] for each in (manifest, config, *layers)},
    )
    return built, manifest


def _attestation(layout: _Layout, subject: str) -> dict[str, Any]:
    statement = {
        "_type": "https://in-toto.io/Statement/v0.1",
        "subject": [{"name": "_", "digest": {"sha256": subject}}],
    }
    layer = layout.document(IN_TOTO, statement)
    config = layout.document(
        CONFIG,
        {"os": "unknown", "architecture": "unknown", "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}},
    )
    manifest = layout.document(
        MANIFEST, {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
    )
    marks = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": subject}
    return {**manifest, "annotations": marks, "platform": {"os": "unknown", "architecture": "unknown"}}


def _tar(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
