"""Tests of what is read of a body: every client waits meanwhile, so there is an end to it."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy.net import encoding

from pullscope.mitm.bodies import MOST_AT_ONCE, MOST_KEPT, MOST_PARTS, Tap, WentBy, parts_of
from pullscope.mitm.decoders import Decoder, decoder_for

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


DATA = b"manifest " * 1000


LARGEST_PIECE = 4 * 1024 * 1024
"""Of the older library for zstd; the others put out 64 kB."""


def zstd(data: bytes) -> bytes:
    """By whichever library mitmproxy has brought."""
    coded = encoding.encode(data, "zstd")
    assert isinstance(coded, bytes)
    return coded


BARE = zlib.compressobj(wbits=-zlib.MAX_WBITS)
CODED = {
    "": DATA,
    "identity": DATA,
    "gzip": gzip.compress(DATA),
    "GZIP": gzip.compress(DATA[:4000]) + gzip.compress(DATA[4000:]),
    "x-gzip": gzip.compress(DATA),
    "deflate": zlib.compress(DATA),
    " deflate": BARE.compress(DATA) + BARE.flush(),
    "zstd": zstd(DATA),
    "ZSTD": zstd(DATA[:4000]) + zstd(DATA[4000:]),
}


@pytest.mark.parametrize("coding", CODED)
@pytest.mark.parametrize("chunk", [1, 7, 100_000])
def test_hash_is_of_the_decoded_body(coding: str, chunk: int) -> None:
    """The digest is right however the body is coded and cut."""
    raw = CODED[coding]
    tap = Tap(coding=coding, keep=True)
    for at in range(0, len(raw), chunk):
        tap.see(raw[at : at + chunk])

    assert tap.sha256 == hashlib.sha256(DATA).hexdigest()
    assert (tap.bytes, tap.raw, tap.content) == (len(raw), raw, DATA)


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "\N{SNOWMAN}"])
def test_unknown_coding_has_no_hash(coding: str) -> None:
    """What cannot be decoded is counted, and nothing is claimed of it."""
    tap = Tap(coding=coding, keep=True)
    tap.see(DATA)

    assert (tap.bytes, tap.sha256, tap.content) == (len(DATA), None, None)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
@given(st.binary(min_size=1))
def test_broken_coding_passes(coding: str, data: bytes) -> None:
    """A body that is not what its header says is counted, whatever it is."""
    tap = Tap(coding=coding, keep=True)

    tap.see(data)
    assert tap.bytes == len(data)


@pytest.mark.parametrize(
    ("coding", "broken"), [("gzip", "gzip"), ("deflate", "deflate"), ("zstd", "zstd"), ("x-own", None), ("", None)]
)
def test_a_body_that_is_not_coded_as_it_says(coding: str, broken: str | None) -> None:
    """It is known by its name; of a coding that is not known here nothing is said."""
    tap = Tap(coding=coding, keep=True)
    tap.see(b'{"token":"a"}')
    assert tap.miscoded == broken


BOMBS = {
    "gzip": gzip.compress(bytes(200_000_000), 9),
    "deflate": zlib.compress(bytes(200_000_000)),
    "zstd": zstd(bytes(200_000_000)),
}


@pytest.mark.parametrize("coding", BOMBS)
def test_bomb_is_given_up(coding: str) -> None:
    """A small body that unpacks to much is neither kept nor hashed to its end."""
    raw = BOMBS[coding]
    tap = Tap(coding=coding, keep=True)
    tap.see(raw)

    assert (tap.sha256, tap.content) == (None, None)


@pytest.mark.parametrize("chunk", [1_000, 65_536, 1_000_000])
@pytest.mark.parametrize("coding", BOMBS)
def test_one_chunk_costs_so_much_at_the_most(coding: str, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However a body unpacks and is cut, every call unpacks at most `MOST_AT_ONCE` and a piece; then it is given up."""
    unpacked: list[int] = []

    class Counting:
        def __init__(self, inner: Decoder) -> None:
            self._inner = inner

        def feed(self, data: bytes) -> Iterator[bytes]:
            for piece in self._inner.feed(data):
                unpacked[-1] += len(piece)
                yield piece

    def counting(coding: str) -> Decoder | None:
        found = decoder_for(coding)
        return Counting(found) if found is not None else None

    monkeypatch.setattr("pullscope.mitm.bodies.decoder_for", counting)
    tap = Tap(coding=coding)
    raw = BOMBS[coding]
    for at in range(0, len(raw), chunk):
        unpacked.append(0)
        tap.see(raw[at : at + chunk])

    assert 0 < max(unpacked) <= MOST_AT_ONCE + LARGEST_PIECE


def test_a_layer_that_unpacks_as_layers_do_is_hashed() -> None:
    """The bound on a chunk is far from what real content has."""
    data = b"".join(hashlib.sha256(b"%d" % number).digest() * 50 for number in range(20_000))
    raw = gzip.compress(data)
    tap = Tap(coding="gzip")
    for at in range(0, len(raw), 65_536):
        tap.see(raw[at : at + 65_536])

    assert len(data) > 20 * len(raw)
    assert tap.sha256 == hashlib.sha256(data).hexdigest()


def test_keeps_no_more_than_a_document() -> None:
    """A "manifest" of any size is counted and hashed, and let go of."""
    tap = Tap(keep=True)
    chunk = bytes(1024 * 1024)
    for _ in range(100):
        tap.see(chunk)

    assert tap.bytes == 100 * len(chunk) > MOST_KEPT
    assert tap.raw is None
    assert tap.content is None
    assert tap.sha256 == hashlib.sha256(bytes(100 * 1024 * 1024)).hexdigest()


def test_keeps_nothing_unless_told() -> None:
    """A layer is not kept, however small it is."""
    tap = Tap()
    tap.see(b"layer")

    assert tap.raw is None
