"""The image maker: what a registry holds under one name, made of bytes that are the same on every machine.

`sample_image` is shaped as BuildKit pushes a build for three platforms: an OCI index, a manifest for each platform,
and beside each an attestation manifest (moby/buildkit docs/attestations/attestation-storage.md). `hello_image` is a
single Docker schema 2 manifest, as many images on Docker Hub still are. Nothing here knows HTTP.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from pullscope.oci.digest import Digest
from pullscope.oci.media import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from pullscope.worlds.hub.gzip_file import gzip_file

_CREATED = "2026-11-23T09:00:00Z"
_CREATED_EPOCH = 1795424400
_OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
_OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
_DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_IN_TOTO = "application/vnd.in-toto+json"
_PREDICATE = "https://slsa.dev/provenance/v0.2"

_PLATFORMS = (
    {"architecture": "amd64", "os": "linux"},
    {"architecture": "arm64", "os": "linux", "variant": "v8"},
    {"architecture": "arm", "os": "linux", "variant": "v7"},
)

# Path, mode and size of the one file of each layer; compressed they come to about 0.1, 40, 0.1 and 120 kB.
_LAYERS = (
    ("etc/motd", 0o644, 0),
    ("bin/app", 0o755, 40_000),
    ("etc/app.conf", 0o644, 0),
    ("usr/share/app/data", 0o644, 120_000),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredManifest:
    """A manifest or index: its bytes, and the media type under which it was pushed."""

    media_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Repository:
    """What a registry holds under one name."""

    name: str
    tags: Mapping[str, Digest]
    manifests: Mapping[Digest, StoredManifest]
    blobs: Mapping[Digest, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Layer:
    compressed: bytes
    diff_id: Digest


class _Shelf:
    """A repository in the making: what is put on it is answered as a descriptor."""

    def __init__(self) -> None:
        self.manifests: dict[Digest, StoredManifest] = {}
        self.blobs: dict[Digest, bytes] = {}

    def blob(self, media_type: str, body: bytes, **more: object) -> dict[str, object]:
        digest = Digest.of(body)
        self.blobs[digest] = body
        return {"mediaType": media_type, "digest": digest, "size": len(body), **more}

    def manifest(self, media_type: str, document: Mapping[str, object], **more: object) -> dict[str, object]:
        body = _json({"schemaVersion": 2, "mediaType": media_type, **document})
        digest = Digest.of(body)
        self.manifests[digest] = StoredManifest(media_type=media_type, body=body)
        return {"mediaType": media_type, "digest": digest, "size": len(body), **more}

    def repository(self, name: str, tag: str, descriptor: Mapping[str, object]) -> Repository:
        tags = {tag: Digest(str(descriptor["digest"]))}
        return Repository(name=name, tags=tags, manifests=self.manifests, blobs=self.blobs)


def sample_image(name: str = "timonback/zephykus", *, tag: str = "latest", seed: int = 0) -> Repository:
    """An OCI index with three platforms, an attestation for each, and one config and four layers for each."""
    shelf = _Shelf()
    images = [_platform_image(shelf, platform, name, seed) for platform in _PLATFORMS]
    attestations = [_attestation(shelf, image, name) for image in images]
    return shelf.repository(name, tag, shelf.manifest(OCI_INDEX, {"manifests": images + attestations}))


def hello_image(name: str = "library/hello", *, tag: str = "1.0", seed: int = 0) -> Repository:
    """One Docker schema 2 manifest for linux/amd64."""
    shelf = _Shelf()
    layers = _layers(f"{seed}/hello")
    config = shelf.blob(_DOCKER_CONFIG, _config(_PLATFORMS[0], layers))
    document = {"config": config, "layers": [shelf.blob(_DOCKER_LAYER, layer.compressed) for layer in layers]}
    return shelf.repository(name, tag, shelf.manifest(DOCKER_MANIFEST, document))


def _platform_image(shelf: _Shelf, platform: Mapping[str, str], name: str, seed: int) -> dict[str, object]:
    layers = _layers(f"{seed}/{name}/{platform['architecture']}")
    config = shelf.blob(_OCI_CONFIG, _config(platform, layers))
    document = {"config": config, "layers": [shelf.blob(_OCI_LAYER, layer.compressed) for layer in layers]}
    return shelf.manifest(OCI_MANIFEST, document, platform=platform)


def _attestation(shelf: _Shelf, image: Mapping[str, object], name: str) -> dict[str, object]:
    subject = Digest(str(image["digest"]))
    statement = _json(
        {
            "_type": "https://in-toto.io/Statement/v0.1",
            "predicateType": _PREDICATE,
            "subject": [{"name": f"pkg:docker/{name}", "digest": {subject.algorithm: subject.encoded}}],
            "predicate": {"builder": {"id": ""}, "buildType": "https://mobyproject.org/buildkit@v1"},
        }
    )
    unknown = {"architecture": "unknown", "os": "unknown"}
    # BuildKit writes a config for tools that insist on one: its diff_ids are the statements.
    config = _json({**unknown, "config": {}, "rootfs": {"type": "layers", "diff_ids": [Digest.of(statement)]}})
    document = {
        "config": shelf.blob(_OCI_CONFIG, config),
        "layers": [shelf.blob(_IN_TOTO, statement, annotations={"in-toto.io/predicate-type": _PREDICATE})],
    }
    annotations = {"vnd.docker.reference.digest": subject, "vnd.docker.reference.type": "attestation-manifest"}
    return shelf.manifest(OCI_MANIFEST, document, annotations=annotations, platform=unknown)


def _layers(label: str) -> list[_Layer]:
    return [_layer(f"{label}/{path}", path, mode, size) for path, mode, size in _LAYERS]


@lru_cache(maxsize=64)  # a matrix of clients pulls the same few layers again and again; each has 120 kB at the most
def _layer(label: str, path: str, mode: int, size: int) -> _Layer:
    content = _noise(label, size) if size else f"{hashlib.sha256(label.encode()).hexdigest()[:12]}\n".encode()
    tar = _tar(path, mode, content)
    return _Layer(gzip_file(tar), Digest.of(tar))


def _tar(path: str, mode: int, content: bytes) -> bytes:
    """One file of root's in the ustar format (POSIX.1-2017, pax); tarfile's bytes differ between releases of Python."""
    fields = (
        (path.encode(), 100),
        (b"%07o" % mode, 8),
        (b"%07o" % 0, 8),
        (b"%07o" % 0, 8),
        (b"%011o" % len(content), 12),
    )
    start = b"".join(value.ljust(width, b"\0") for value, width in fields) + b"%011o\0" % _CREATED_EPOCH
    rest = (b"0".ljust(101, b"\0") + b"ustar\x0000").ljust(512 - 156, b"\0")
    # The sum counts its own eight bytes as spaces.
    checksum = b"%06o\0 " % sum(start + b" " * 8 + rest)
    return start + checksum + rest + content + bytes(-len(content) % 512) + bytes(1024)


def _noise(label: str, size: int) -> bytes:
    """Bytes that no compressor makes smaller, the same for the same label."""
    return hashlib.shake_256(label.encode()).digest(size)


def _config(platform: Mapping[str, str], layers: list[_Layer]) -> bytes:
    history = [{"created": _CREATED, "created_by": f"COPY {path} /{path} # buildkit"} for path, _, _ in _LAYERS]
    return _json(
        {
            **platform,
            "config": {"Cmd": ["/bin/app"], "Env": ["PATH=/bin"]},
            "created": _CREATED,
            "history": history,
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        }
    )


def _json(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
