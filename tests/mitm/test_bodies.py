"""Tests of what is read of a body: every client waits meanwhile, so there is an end to it."""

from __future__ import annotations

import gzip
import json

import pytest

from pullscope.mitm.bodies import MOST_PARTS, WentBy, parts_of
from pullscope.mitm.body_tap import MOST_KEPT

SIZE = MOST_KEPT - 100
DOCUMENTS = {
    "objects": b"[" + b'{"a":1},' * (SIZE // 8) + b"1]",
    "lists": b"[" + b"[]," * (SIZE // 3) + b"1]",
    "depth": b"[" * SIZE,
    "strings": b"[" + b'"a=",' * (SIZE // 5) + b'"token"]',
    "numbers": b"[" + b"1," * (SIZE // 2) + b"1]",
    "errors": b'{"errors":[' + b'{"code":"A"},' * (SIZE // 13) + b"{}]}",
}


@pytest.mark.parametrize("coding", ["", "gzip"])
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_of_a_million_parts_is_not_read(name: str, coding: str) -> None:
    """It is counted and hashed as any other; reading it would hold up every client of the proxy."""
    raw = gzip.compress(DOCUMENTS[name]) if coding else DOCUMENTS[name]
    body = WentBy(None, raw, coding).body(keep=True)

    assert body.content is None
    assert (body.length, body.sha256 is not None) == (len(raw), True)


def test_large_documents_of_real_registries_are_read() -> None:
    """An index of 500 manifests with platform and annotations, and a list of 15,000 tags."""
    manifest = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": "sha256:" + "a" * 64,
        "size": 1,
        "platform": {"os": "linux", "architecture": "arm", "variant": "v7"},
        "annotations": {"vnd.docker.reference.type": "attestation-manifest", "a": "b"},
    }
    for document in ({"manifests": [manifest] * 500}, {"name": "app", "tags": [f"v1.{n}" for n in range(15_000)]}):
        raw = json.dumps(document).encode()

        assert WentBy(None, raw).body(keep=True).content == raw


def test_what_is_read_is_bounded_by_its_parts() -> None:
    """One part more than there may be."""
    raw = b"[" + b"1," * (MOST_PARTS - 5)

    assert parts_of(raw) == MOST_PARTS
    assert WentBy(None, raw).body(keep=True).content == raw
    assert WentBy(None, raw + b"1,").body(keep=True).content is None
