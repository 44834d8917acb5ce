"""How long one hostile body holds the proxy's event loop, for which every client waits: the longest single call."""

from __future__ import annotations

import gzip
import json
import time

from pullscope.mitm.bodies import MOST_KEPT, Tap, WentBy
from pullscope.oci.documents import read_manifest
from pullscope.oci.scrub import redact_document

CHUNK = 65_536
PARTS = (1_000, 3_000, 10_000, 10_000_000)
"""Some are read whole, and the largest fill a document."""


def honest_index(manifests: int = 500) -> bytes:
    """The index of an image for very many platforms, with attestations."""
    entry = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": "sha256:" + "a" * 64,
        "size": 1000,
        "platform": {"os": "linux", "architecture": "arm", "variant": "v7"},
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
    }
    return json.dumps({"schemaVersion": 2, "manifests": [entry] * manifests}).encode()


def hostile_documents() -> dict[str, bytes]:
    """Documents that are slow to read, of each of the sizes."""
    made = {}
    for name, unit in {"objects": b'{"a":1},', "lists": b"[],", "strings": b'"a=",', "numbers": b"1,"}.items():
        for parts in PARTS:
            made[f"{parts} {name}"] = b"[" + unit * min(parts, (MOST_KEPT - 20) // len(unit)) + b'"token"]'
    return made


def seconds_to_read(raw: bytes) -> float:
    """From the bytes to what the trace knows; the best of three, for the machine has other things to do."""
    return min(_once(raw) for _ in range(3))


def _once(raw: bytes) -> float:
    began = time.perf_counter()
    content = WentBy(None, raw).body(keep=True).content
    if content is not None:
        redact_document(content.decode())
        read_manifest(content)
    return time.perf_counter() - began


def seconds_to_unpack(unpacked: int = 200_000_000) -> float:
    """The slowest chunk of a gzip bomb."""
    bomb, tap, longest = gzip.compress(bytes(unpacked)), Tap(coding="gzip"), 0.0
    for at in range(0, len(bomb), CHUNK):
        began = time.perf_counter()
        tap.see(bomb[at : at + CHUNK])
        longest = max(longest, time.perf_counter() - began)
    return longest
