"""The image maker: what a registry holds under one name, made of bytes that are the same on every machine.

`sample_image` is shaped as BuildKit pushes a build for three platforms: an OCI index, a manifest for each platform,
and beside each an attestation manifest (moby/buildkit docs/attestations/attestation-storage.md). `hello_image` is a
single Docker schema 2 manifest, as many images on Docker Hub still are. Nothing here knows HTTP.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from pullscope.oci.digest import Digest
from pullscope.oci.media import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST

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


class _NewRepository:
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
    repository = _NewRepository()
    images = [_platform_image(repository, platform, name, seed) for platform in _PLATFORMS]
    attestations = [_attestation(repository, image, name) for image in images]
    return repository.repository(name, tag, repository.manifest(OCI_INDEX, {"manifests": images + attestations}))


def hello_image(name: str = "library/hello", *, tag: str = "1.0", seed: int = 0) -> Repository:
    """One Docker schema 2 manifest for linux/amd64."""
    repository = _NewRepository()
    layers = _layers(f"{seed}/hello")
    config = repository.blob(_DOCKER_CONFIG, _config(_PLATFORMS[0], layers))
    document = {"config": config, "layers": [repository.blob(_DOCKER_LAYER, layer.compressed) for layer in layers]}
    return repository.repository(name, tag, repository.manifest(DOCKER_MANIFEST, document))


def _platform_image(repository: _NewRepository, platform: Mapping[str, str], name: str, seed: int) -> dict[str, object]:
    layers = _layers(f"{seed}/{name}/{platform['architecture']}")
    config = repository.blob(_OCI_CONFIG, _config(platform, layers))
    document = {"config": config, "layers": [repository.blob(_OCI_LAYER, layer.compressed) for layer in layers]}
    return repository.manifest(OCI_MANIFEST, document, platform=platform)


def _attestation(repository: _NewRepository, image: Mapping[str, object], name: str) -> dict[str, object]:
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
        "config": repository.blob(_OCI_CONFIG, config),
        "layers": [repository.blob(_IN_TOTO, statement, annotations={"in-toto.io/predicate-type": _PREDICATE})],
    }
    annotations = {"vnd.docker.reference.digest": subject, "vnd.docker.reference.type": "attestation-manifest"}
    return repository.manifest(OCI_MANIFEST, document, annotations=annotations, platform=unknown)


def _layers(label: str) -> list[_Layer]:
    return [_layer(f"{label}/{path}", path, mode, size) for path, mode, size in _LAYERS]


@lru_cache(maxsize=64)  # a matrix of clients pulls the same few layers again and again; each has 120 kB at the most
def _layer(label: str, path: str, mode: int, size: int) -> _Layer:
    # Bytes that no compressor makes smaller, the same for the same label.
    noise = hashlib.shake_256(label.encode()).digest(size)
    content = noise or f"{hashlib.sha256(label.encode()).hexdigest()[:12]}\n".encode()
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


# Gzip files whose bytes are the same on every machine. zlib promises to decompress alike everywhere, not to compress alike:
# zlib-ng, which some builds of Python carry, makes other bytes, and so another digest. Runs of zeros, of which a tar file is
# full, are shortened, and all else is left as it is; the numbers are those of RFC 1951 and RFC 1952.

_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # deflate, no name, no time, unknown system (RFC 1952, 2.3)
_ZEROS = re.compile(rb"\0{8,}")
_LITERALS_WORTH_STORING = 64
_LARGEST_STORED_BLOCK = 0xFFFF  # RFC 1951, 3.2.4
_LONGEST_MATCH = 258


def gzip_file(data: bytes) -> bytes:
    """`data` as a gzip file with one member."""
    bits, position = "", 0
    for run in _ZEROS.finditer(data):
        bits = _plain(bits, data[position : run.start()]) + _zeros(run.end() - run.start())
        position = run.end()
    bits = _plain(bits, data[position:]) + _number(0b011, 3) + _symbol(256)  # the last block, and nothing in it
    packed = int(bits[::-1], 2).to_bytes((len(bits) + 7) // 8, "little")
    return _HEADER + packed + zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFFFFFF).to_bytes(4, "little")


def _number(value: int, width: int) -> str:
    """Packed from the low end (RFC 1951, 3.1.1)."""
    return f"{value:0{width}b}"[::-1] if width else ""


def _symbol(symbol: int) -> str:
    """A literal, the end of a block or a length, in the fixed code, which is packed from the high end (RFC 1951, 3.2.6)."""
    if symbol < 144:
        return f"{0b00110000 + symbol:08b}"
    if symbol < 256:
        return f"{0b110010000 + symbol - 144:09b}"
    return f"{symbol - 256:07b}" if symbol < 280 else f"{0b11000000 + symbol - 280:08b}"


def _plain(bits: str, data: bytes) -> str:
    """`bits` and data as it is: in the fixed code, or stored from the next whole byte on."""
    if 0 < len(data) < _LITERALS_WORTH_STORING:
        return bits + _number(0b010, 3) + "".join(map(_symbol, data)) + _symbol(256)
    for start in range(0, len(data), _LARGEST_STORED_BLOCK):
        piece = data[start : start + _LARGEST_STORED_BLOCK]
        stored = len(piece).to_bytes(2, "little") + (len(piece) ^ 0xFFFF).to_bytes(2, "little") + piece
        bits += "000"
        bits += "0" * (-len(bits) % 8) + _number(int.from_bytes(stored, "little"), 8 * len(stored))
    return bits


def _zeros(count: int) -> str:
    """One literal zero, then matches at distance 1; lengths by the table of RFC 1951, 3.2.5."""
    bits = _number(0b010, 3) + _symbol(0)
    count -= 1
    while count > 2:
        length = min(count, _LONGEST_MATCH)
        width = max(0, (length - 3).bit_length() - 3) if length < _LONGEST_MATCH else 0
        code = 257 + 4 * width + (length - 3 >> width) if length < _LONGEST_MATCH else 285
        bits += _symbol(code) + _number((length - 3) & ((1 << width) - 1), width) + "00000"
        count -= length
    return bits + count * _symbol(0) + _symbol(256)
