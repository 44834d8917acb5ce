"""Tests of content codings: whole, broken, too large, and never more at once than was asked for."""

from __future__ import annotations

import gzip
import zlib

import pytest
from mitmproxy.net import encoding

from pullscope.mitm import decoders
from pullscope.mitm.decoders import PIECE, Gunzip, Inflate, Unzstd, UnzstdByZstandard, decoded

DATA = b"manifest " * 1000
ZEROS = bytes(64_000_000)
ZSTD = [
    pytest.param(kind, marks=pytest.mark.skipif(library is None, reason="this mitmproxy brings the other library"))
    for kind, library in ((Unzstd, decoders.ZSTD), (UnzstdByZstandard, decoders.ZSTANDARD))
]


def zstd(data: bytes) -> bytes:
    """By whichever library mitmproxy has brought."""
    coded = encoding.encode(data, "zstd")
    assert isinstance(coded, bytes)
    return coded


def test_one_of_the_libraries_for_zstd_is_there() -> None:
    """Every mitmproxy from 11.0.2 on brings one: containerd asks for zstd first."""
    assert decoders.decoder_for("zstd") is not None


@pytest.mark.parametrize("kind", ZSTD)
@pytest.mark.parametrize("chunk", [1, 100, 100_000])
def test_zstd_by_either_library(kind: type[Unzstd | UnzstdByZstandard], chunk: int) -> None:
    """Several frames, cut anywhere; and ValueError for what is none."""
    raw = zstd(DATA) + zstd(DATA)
    stream = kind()

    assert (
        b"".join(piece for at in range(0, len(raw), chunk) for piece in stream.feed(raw[at : at + chunk])) == DATA * 2
    )
    with pytest.raises(ValueError, match=r"\S"):
        list(kind().feed(b"no zstd, though long enough"))


@pytest.mark.parametrize(
    ("kind", "raw", "most"),
    [
        (Gunzip, gzip.compress(ZEROS), PIECE),
        (Inflate, zlib.compress(ZEROS), PIECE),
        pytest.param(Unzstd, zstd(ZEROS), PIECE, marks=ZSTD[0].marks),
        pytest.param(UnzstdByZstandard, zstd(ZEROS), 128 // 4 * 128 * 1024, marks=ZSTD[1].marks),
    ],
)
def test_a_piece_is_small(kind: type[Gunzip | Inflate | Unzstd | UnzstdByZstandard], raw: bytes, most: int) -> None:
    """Nothing is unpacked before it is asked for, so that the caller can stop."""
    sizes = [len(piece) for piece in kind().feed(raw)]

    assert sum(sizes) == len(ZEROS)
    assert max(sizes) <= most


@pytest.mark.parametrize(("coding", "raw"), [("gzip", gzip.compress(ZEROS)), ("zstd", zstd(ZEROS)), ("", ZEROS)])
def test_a_document_that_is_too_large_is_none(coding: str, raw: bytes) -> None:
    """Coded or not."""
    assert decoded(raw, coding, most=1_000_000) is None


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "gzip"])
def test_what_cannot_be_decoded_is_none(coding: str) -> None:
    """An unknown coding, and a body that is not what its header says."""
    assert decoded(DATA, coding, most=1_000_000) is None
